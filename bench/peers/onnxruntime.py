"""ONNX Runtime through IOBinding.  On x86 without VNNI its u8 x s8 products saturate in 16 bits, unless
session.x64quantprecision=1 (variant `exact`) asks for exact ones."""
from peers.peer import Peer


class OnnxRuntime(Peer):
    name = "onnxruntime"
    setups = (("", "u8s8", False), ("exact", "u8s8", True), ("", "s8s8", True), ("", "fp32", None),
              ("", "dynamic", False), ("exact", "dynamic", True))

    def version(self):
        import onnxruntime
        return onnxruntime.__version__

    def options(self, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        if self.variant == "exact":
            options.add_session_config_entry("session.x64quantprecision", "1")
        return options

    def prepare(self, path, threads):
        import numpy
        import onnxruntime
        self.numpy = numpy
        types = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int8)": "int8"}
        self.session = onnxruntime.InferenceSession(path, self.options(threads), providers=["CPUExecutionProvider"])
        x, y = self.session.get_inputs()[0], self.session.get_outputs()[0]
        self.input = numpy.zeros(x.shape, types[x.type])
        self.output = numpy.zeros(y.shape, types[y.type])
        self.binding = self.session.io_binding()
        self.binding.bind_input(x.name, "cpu", 0, self.input.dtype, self.input.shape, self.input.ctypes.data)
        self.binding.bind_output(y.name, "cpu", 0, self.output.dtype, self.output.shape, self.output.ctypes.data)

    def run(self, n):
        for _ in range(n):
            self.session.run_with_iobinding(self.binding)
