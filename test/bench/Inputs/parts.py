"""Writes parts of bench/parts.py, small, into a folder."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bench"))
import parts  # noqa: E402

norm = parts.PARTS["layer_norm_768"]
SMALL = {
    "embedding": parts.embedding(5, 24),
    "softmax": parts.rows(3, 40, (), parts.PARTS["softmax_512"].nodes),
    "layer_norm": parts.rows(3, 40, (("g", (40,)), ("b", (40,))), norm.nodes),
    "attention": parts.attention(2, 7, 16),
}
for name, part in SMALL.items():
    with open(f"{sys.argv[1]}/{name}.onnx", "wb") as file:
        file.write(parts.onnx(part))
