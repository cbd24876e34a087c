"""OpenVINO's CPU plugin (oneDNN inside).  On x86 without VNNI its int8 products saturate in 16 bits,
whatever the type of the activations.  Float models run in float, not in bf16."""
from peers.peer import Peer


class OpenVino(Peer):
    name = "openvino"
    setups = (("", "u8s8", False), ("", "s8s8", False), ("", "fp32", None), ("", "dynamic", False))

    def version(self):
        import openvino
        return openvino.__version__.split("-")[0]

    def prepare(self, path, threads):
        import numpy
        import openvino
        self.numpy, core = numpy, openvino.Core()
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False,
                    "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        model = core.compile_model(core.read_model(path), "CPU", settings)
        self.request = model.create_infer_request()
        self.input = self.request.get_input_tensor().data
        self.output = self.request.get_output_tensor().data

    def run(self, n):
        for _ in range(n):
            self.request.infer(share_inputs=True, share_outputs=True)
