"""Parts of transformers that are no layers of weights, as float ONNX models of one input: embeddings, softmax, layer
normalization, and the products of attention with the softmax between them."""
import os
import random
import struct
import sys
from collections import namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "onnx"))
from mkonnx import blob, integer, node, tensor, value_info  # noqa: E402

# input: kind of its elements; macs: multiply-adds; reads: bytes that are read and written, where that is the limit;
# inits: (name, dims) of constants; nodes: from x to y.
Part = namedtuple("Part", "input dims result macs reads inits nodes", defaults=((), ()))


def rows(count, size, inits, nodes):
    """An op that reads and writes rows."""
    return Part("f32", (count, size), (count, size), 0, 8 * count * size, inits, nodes)


def attention(heads, tokens, size):
    dims = (heads, tokens, size)
    return Part("f32", dims, dims, 2 * heads * tokens * tokens * size, 0, (),
                ("Transpose x -> t; perm=[0,2,1]", "MatMul x t -> s", "Softmax s -> p; axis=2", "MatMul p x -> y"))


def embedding(tokens, size):
    """Rows of a table of 256, which bytes name."""
    return Part("u8", (tokens,), (tokens, size), 0, 8 * tokens * size, (("w", (256, size)),),
                ("Cast x -> i; to=7", "Gather w i -> y; axis=0"))


PARTS = {
    "embedding_1024": embedding(512, 1024),
    "softmax_512": rows(1024, 512, (), ("Softmax x -> y; axis=1",)),
    "layer_norm_768": rows(512, 768, (("g", (768,)), ("b", (768,))), ("LayerNormalization x g b -> y; axis=1",)),
    "attention_197": attention(12, 197, 64),
}


def constant(name, dims):
    rng, count = random.Random(name), 1
    for d in dims:
        count *= d
    data = struct.pack(f"<{count}f", *(rng.uniform(-1, 1) for _ in range(count)))
    return blob(5, tensor("f32", list(dims), data, name))


def text(dims):
    return "x".join(map(str, dims))


def onnx(part):
    graph = [blob(2, "part"), blob(11, value_info("x", part.input, text(part.dims))),
             blob(12, value_info("y", "f32", text(part.result))),
             *(constant(name, dims) for name, dims in part.inits), *(blob(1, node(line)) for line in part.nodes)]
    return integer(1, 8) + blob(7, b"".join(graph)) + blob(8, integer(2, 17))
