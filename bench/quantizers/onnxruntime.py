"""ONNX Runtime's static quantization: u8 activations, s8 weights, as Q/DQ pairs."""
import os
import tempfile

from quantizers.quantizer import Quantizer


class Feeder:
    """What it takes calibration samples from."""

    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


class OnnxRuntime(Quantizer):
    name, packages = "onnxruntime", ("onnxruntime",)
    reads = ("onnx",)
    methods = {"minmax": ("MinMax", True), "percentile": ("Percentile", True), "per tensor": ("MinMax", False)}

    def load(self):
        import onnx
        from onnxruntime import quantization
        from onnxruntime.quantization import shape_inference
        from quantizers import onnx_graph
        self.onnx, self.ort, self.graph, self.prepare = onnx, quantization, onnx_graph, shape_inference.quant_pre_process

    def quantize(self, path, method, calibration):
        ranges, per_channel = self.methods[method]
        with tempfile.TemporaryDirectory() as folder:
            model, prepared, result = (os.path.join(folder, name + ".onnx") for name in ("model", "prepared", "result"))
            self.onnx.save(self.graph.load(path), model)
            self.prepare(model, prepared, skip_symbolic_shape=True)
            feeder = Feeder(self.graph.feeds(self.onnx.load(prepared), calibration))
            self.ort.quantize_static(
                prepared, result, feeder, quant_format=self.ort.QuantFormat.QDQ, per_channel=per_channel,
                activation_type=self.ort.QuantType.QUInt8, weight_type=self.ort.QuantType.QInt8,
                calibrate_method=self.ort.CalibrationMethod[ranges])
            return self.onnx.load(result)

    def evaluate(self, model, samples):
        return self.graph.evaluate(model, samples)
