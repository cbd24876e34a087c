"""The libraries that qcc is measured against.  Each has a file here with one class; `worker.py` runs one
of them in a process of its own, with the Python that bench/setup made.  This package itself needs
nothing but the standard library: runtimes are imported when a model is prepared."""
from collections import namedtuple

from peers.executorch import ExecuTorch
from peers.litert import LiteRt
from peers.onnxruntime import OnnxRuntime
from peers.openvino import OpenVino

# One way to run a peer.  form: which of a case's files it reads (harness/cases.py).  exact: whether its
# makers promise exact sums of int8 products on every CPU; None: computes in float.
Setup = namedtuple("Setup", "peer variant form exact")


def table(*peers):
    return {peer.name: peer for peer in peers}


PEERS = table(OnnxRuntime, OpenVino, LiteRt, ExecuTorch)
SETUPS = [Setup(peer.name, *row) for peer in PEERS.values() for row in peer.setups]
