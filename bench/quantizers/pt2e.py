"""PT2E: torchao with ExecuTorch's XNNPACKQuantizer.  The quantized graph runs in torch, in float between pairs of
quantize and dequantize."""
from quantizers.quantizer import Quantizer


class Pt2e(Quantizer):
    name, packages = "pt2e", ("torch", "torchao", "executorch")
    reads = ("pt2", "onnx")
    methods = {"XNNPACKQuantizer": True}

    def load(self):
        import torch
        from executorch.backends.xnnpack.quantizer import xnnpack_quantizer
        from torchao.quantization.pt2e import quantize_pt2e
        from quantizers import onnx_module
        self.torch, self.read_onnx = torch, onnx_module.Module
        self.quantizers, self.pt2e = xnnpack_quantizer, quantize_pt2e
        torch.set_num_threads(1)

    def module(self, path, sample):
        """The float model as a graph of ATen's operators."""
        if path.endswith(".pt2"):
            return self.torch.export.load(path).module()
        return self.torch.export.export(self.read_onnx(path), (sample,)).module()

    def tensors(self, samples):
        """Every sample as a batch of one."""
        return [self.torch.from_numpy(sample[None]) for sample in samples]

    def quantize(self, path, method, calibration):
        samples = self.tensors(calibration)
        config = self.quantizers.get_symmetric_quantization_config(is_per_channel=self.methods[method])
        quantizer = self.quantizers.XNNPACKQuantizer().set_global(config)
        observed = self.pt2e.prepare_pt2e(self.module(path, samples[0]), quantizer)
        for sample in samples:
            observed(sample)
        return self.pt2e.convert_pt2e(observed)

    def evaluate(self, model, samples):
        ends = (self.torch.ops.aten.softmax.int, self.torch.ops.aten.log_softmax.int)
        last = [node for node in model.graph.nodes if node.target in ends]
        if last:
            self.add_result(model, last[-1].args[0])
        with self.torch.no_grad():
            found = [model(sample) for sample in self.tensors(samples)]
        parts = [self.torch.stack(part).numpy() for part in zip(*found)] if last else []
        return parts or (self.torch.stack(found).numpy(), None)

    def add_result(self, model, node):
        """Makes the model return (its result, this node)."""
        result = next(n for n in model.graph.nodes if n.op == "output")
        result.args = ((*self.torch.utils._pytree.tree_leaves(result.args), node),)
        model.graph.set_codegen(self.torch.fx.graph.CodeGen())
        model.recompile()
