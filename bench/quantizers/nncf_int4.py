"""NNCF's int4 weights of language models in ONNX, in groups of 32 (fewer where 32 does not divide a row);
activations and the table of tokens stay real."""
from quantizers.quantizer import Quantizer

BLOCKWISE = 21  # the operator set from which DequantizeLinear knows groups


class NncfInt4(Quantizer):
    name, kind, packages = "nncf_int4", "texts", ("nncf",)
    reads = ("onnx",)
    methods = {"int4 symmetric": "INT4_SYM", "int4 asymmetric": "INT4_ASYM"}

    def load(self):
        import nncf
        import onnx
        import onnx.version_converter
        from nncf.quantization import advanced_parameters
        from quantizers import onnx_graph
        self.nncf, self.onnx, self.graph, self.advanced = nncf, onnx, onnx_graph, advanced_parameters

    def quantize(self, path, method, calibration):
        fallback = self.advanced.AdvancedCompressionParameters(
            group_size_fallback_mode=self.advanced.GroupSizeFallbackMode.ADJUST, min_adjusted_group_size=4)
        return self.nncf.compress_weights(
            self.onnx.version_converter.convert_version(self.onnx.load(path), BLOCKWISE), mode=self.nncf.CompressWeightsMode[self.methods[method]], group_size=32, ratio=1.0,
            all_layers=True, ignored_scope=self.nncf.IgnoredScope(types=["Gather"]), advanced_parameters=fallback)

    def evaluate(self, model, samples):
        return self.graph.evaluate(model, samples)
