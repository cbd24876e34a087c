"""The quantizers that qcc's is compared with.  Each has a file here with one class; quantize.py runs one of them
in a process of its own.  Libraries are imported by `load`."""
from quantizers.nncf import Nncf
from quantizers.nncf_int4 import NncfInt4
from quantizers.onnxruntime import OnnxRuntime
from quantizers.pt2e import Pt2e

QUANTIZERS = {quantizer.name: quantizer for quantizer in (OnnxRuntime(), Nncf(), Pt2e(), NncfInt4())}
