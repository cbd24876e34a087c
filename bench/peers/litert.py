"""LiteRT (TensorFlow Lite), which gives everything that it can to XNNPACK; exact by construction."""
from peers.peer import Peer


class LiteRt(Peer):
    name = "litert"
    setups = (("", "tflite", True), ("", "tflite-fp32", None))

    def version(self):
        from importlib.metadata import version
        return version("ai-edge-litert") + " (XNNPACK)"

    def prepare(self, path, threads):
        import numpy
        from ai_edge_litert.interpreter import Interpreter
        self.numpy, self.interpreter = numpy, Interpreter(model_path=path, num_threads=threads)
        self.interpreter.allocate_tensors()
        # Views of the runtime's memory are made anew for each use: it must not move while one is alive.
        self.view_input = self.interpreter.tensor(self.interpreter.get_input_details()[0]["index"])
        self.view_output = self.interpreter.tensor(self.interpreter.get_output_details()[0]["index"])

    def feed(self, data):
        x = self.view_input()
        x[...] = self.numpy.frombuffer(data, x.dtype).reshape(x.shape)

    def input_bytes(self):
        return self.view_input().nbytes

    def run(self, n):
        for _ in range(n):
            self.interpreter.invoke()

    def result(self):
        return self.view_output().tobytes()
