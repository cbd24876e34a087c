"""What bench/quantize.py asks of a peer."""
from importlib import metadata


class Quantizer:
    name = ""
    kind = "classes"  # what it quantizes: classifiers, or models of "texts"
    packages = ()  # of PyPI, whose versions decide what comes out
    reads = ()  # formats, the best first
    methods = {}  # name: what `quantize` needs to know

    def version(self):
        return ", ".join(f"{package} {metadata.version(package)}" for package in self.packages)

    def load(self):
        """Imports the libraries."""
        raise NotImplementedError

    def quantize(self, path, method, calibration):
        """The quantized model; `calibration` is an array with all samples."""
        raise NotImplementedError

    def evaluate(self, model, samples):
        """(output, logits or None) of all samples, computed with the parameters' exact values."""
        raise NotImplementedError
