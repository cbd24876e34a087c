"""ExecuTorch on its XNNPACK backend.  A model is named by the file that is to hold its program, NAME.pte: where
there is none it is made, quantized the way ExecuTorch's users do (PT2E with XNNPACKQuantizer; torchao's
quantize_ for int4), with NAME.pt2, what was exported, beside it.  Takes and gives floats."""
import os

from peers.peer import Peer


def quantized_pt2e(model, sample, dynamic):
    import torch
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (XNNPACKQuantizer,
                                                                          get_symmetric_quantization_config)
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=dynamic)
    prepared = prepare_pt2e(torch.export.export(model, sample).module(), XNNPACKQuantizer().set_global(config))
    prepared(*sample)
    return convert_pt2e(prepared)


def quantized_groups(model, group):
    import torch
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
    from torchao.quantization.granularity import PerGroup
    from torchao.utils import unwrap_tensor_subclass
    quantize_(model, Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(group)))
    return unwrap_tensor_subclass(model) or model


def quantized_linear(linear):
    """(model, sample) of a case of linears.py."""
    import torch
    model = torch.nn.Sequential(torch.nn.Linear(linear.size, linear.size, bias=False)).eval()
    sample = (torch.randn(linear.rows, linear.size),)
    return (quantized_groups(model, linear.group) if linear.group else quantized_pt2e(model, sample, True)), sample


def quantized_network(name):
    """(model, sample) of a case of models.py."""
    import torch
    from models import MODELS
    from torch_network import TorchNetwork
    build, dims = MODELS[name]
    net = TorchNetwork(name, dims)
    model, sample = net.finish(build(net)), (torch.rand(1, *dims) * 2 - 1,)
    return quantized_pt2e(model, sample, False), sample


def make(path):
    """Writes NAME.pte and NAME.pt2."""
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower
    from linears import LINEARS
    torch.manual_seed(0)
    stem, name = os.path.splitext(path)[0], os.path.splitext(os.path.basename(path))[0]
    model, sample = quantized_linear(LINEARS[name]) if name in LINEARS else quantized_network(name)
    program = torch.export.export(model, sample)
    torch.export.save(program, stem + ".pt2")
    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    with open(path + ".new", "wb") as out:
        out.write(lowered.buffer)
    os.replace(path + ".new", path)


class ExecuTorch(Peer):
    name = "executorch"
    setups = (("", "pt2", True),)

    def version(self):
        from importlib.metadata import version
        return version("executorch") + " (XNNPACK)"

    def prepare(self, path, threads):
        import logging
        import torch
        logging.disable(logging.WARNING)
        torch.set_num_threads(1)
        path = os.path.splitext(path)[0] + ".pte"
        if not os.path.exists(path):
            make(path)
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime
        portable_lib._unsafe_reset_threadpool(threads)  # its own default is the number of cores
        self.method = Runtime.get().load_program(path).load_method("forward")
        info = self.method.metadata.input_tensor_meta(0)
        self.input = torch.zeros(tuple(info.sizes()))
        self.torch, self.operands = torch, [self.input]

    def feed(self, data):
        self.input.copy_(self.torch.frombuffer(bytearray(data), dtype=self.torch.float32).reshape(self.input.shape))

    def input_bytes(self):
        return 4 * self.input.numel()

    def run(self, n):
        for _ in range(n):
            self.output = self.method.execute(self.operands)[0]

    def result(self):
        return self.output.contiguous().numpy().tobytes()
