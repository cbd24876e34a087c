"""NNCF's post-training quantization of ONNX graphs."""
from quantizers.quantizer import Quantizer


class Nncf(Quantizer):
    name, packages = "nncf", ("nncf",)
    reads = ("onnx",)
    methods = {"fast bias correction": True, "bias correction": False}

    def load(self):
        import nncf
        from quantizers import onnx_graph
        self.nncf, self.graph = nncf, onnx_graph

    def quantize(self, path, method, calibration):
        model = self.graph.load(path)
        feeds = self.graph.feeds(model, calibration)
        return self.nncf.quantize(model, self.nncf.Dataset(feeds), subset_size=len(feeds),
                                  fast_bias_correction=self.methods[method])

    def evaluate(self, model, samples):
        return self.graph.evaluate(model, samples)
