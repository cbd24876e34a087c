"""What bench/worker.py asks of a peer.  All models have one input and one output."""


class Peer:
    name = ""
    setups = ()  # (variant, form, exact), see peers/__init__.py

    def __init__(self, variant):
        self.variant = variant

    def version(self):
        raise NotImplementedError

    def prepare(self, path, threads):
        """Loads the model; input and output live in buffers that later calls use again."""
        raise NotImplementedError

    def feed(self, data):
        """Writes an input, as bytes."""
        self.input[...] = self.numpy.frombuffer(data, self.input.dtype).reshape(self.input.shape)

    def input_bytes(self):
        return self.input.nbytes

    def run(self, n):
        """n inferences."""
        raise NotImplementedError

    def result(self):
        """The last output, as bytes."""
        return self.output.tobytes()
