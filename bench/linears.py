"""Linear layers of 4096 x 4096 whose activations are real and quantized to 8 bits at run time, inside of the
measured time, in two forms: QIR, each row with a scale of its own, and `dynamic`, ONNX: DynamicQuantizeLinear
and MatMulInteger, or MatMulNBits."""
import os
import random
import struct
import sys
from collections import namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "onnx"))
from mkonnx import blob, integer, node, tensor, value_info  # noqa: E402

# group: weights that share a scale along a row (0: the whole row); rows: of activations; extreme: weights
# at the ends of the range, pairs of one sign.
Linear = namedtuple("Linear", "bits group rows size extreme", defaults=(4096, False))
LINEARS = {
    "linear_int8_128": Linear(8, 0, 128),
    "linear_int4_128": Linear(4, 32, 128),
    "linear_int4_1": Linear(4, 32, 1),
    "linear_int8_1": Linear(8, 0, 1),
}


def scales(linear):
    """One for each group or row, as real numbers that bf16 has."""
    rng, n = random.Random(linear.size), linear.size
    return b"".join(b"\0\0" + struct.pack("<f", rng.uniform(0.001, 0.02))[2:]
                   for _ in range(n * n // linear.group if linear.group else n))


def codes(linear):
    if linear.extreme:
        return b"".join(bytes([127 if i // 2 % 4 else 129]) * linear.size for i in range(linear.size))
    return random.Random(1).randbytes(linear.size ** 2)


def weight_bytes(linear):
    """Weights and scales of two bytes, which are read once."""
    return linear.size ** 2 * linear.bits // 8 + len(scales(linear)) // 2


def qir(linear):
    n, rows, low = linear.size, linear.rows, -1 << (linear.bits - 1)
    weights = codes(linear).translate(bytes((low + b % (-2 * low)) & 255 for b in range(256)))
    axis = f"axis = 1, group = {linear.group}" if linear.group else "axis = 0"
    quant = f'quant<i{linear.bits}:f32, {axis}, dense<"0x{scales(linear).hex()}">>'
    return f"""module @m {{
  const @w : tensor<{n}x{n}x{quant}> = dense<"0x{weights.hex()}">
  func @main(%x: tensor<{rows}x{n}xf32> {{name = "x"}}) -> (tensor<{rows}x{n}xf32> {{name = "y"}}) {{
    %s, %z = choose_qparams(%x) {{block = [1, {n}]}} : (tensor<{rows}x1xf32>, tensor<{rows}x1xi32>)
    %q = quantize_affine(%x, %s, %z) {{block = [1, {n}]}} : tensor<{rows}x{n}xi8>
    %y = linear_dynamic(%q, %s, %z, @w) : tensor<{rows}x{n}xf32>
    return(%y)
  }}
}}
""".encode()


def whole_rows(linear):
    """Statements of the product with int8 weights of one scale a row."""
    n = linear.size
    return ([tensor("i8", [n, n], codes(linear), "w"), tensor("f32", [n], scales(linear), "ws")],
            ["DynamicQuantizeLinear x -> q s z", "MatMulInteger q w z -> sum", "Cast sum -> real; to=1",
             "Mul s ws -> scale", "Mul real scale -> y"])


def groups(linear):
    n, g = linear.size, linear.group
    return ([tensor("u8", [n, n // g, g * linear.bits // 8], codes(linear)[:n * n * linear.bits // 8], "w"),
             tensor("f32", [n * n // g], scales(linear), "ws")],
            [f"com.microsoft::MatMulNBits x w ws -> y; K={n} N={n} bits={linear.bits} block_size={g} accuracy_level=4"])


def onnx(linear):
    inits, nodes = groups(linear) if linear.group else whole_rows(linear)
    dims = f"{linear.rows}x{linear.size}"
    ends = blob(11, value_info("x", "f32", dims)), blob(12, value_info("y", "f32", dims))
    graph = [blob(2, "linear"), *ends, *(blob(5, i) for i in inits), *(blob(1, node(text)) for text in nodes)]
    opsets = blob(8, integer(2, 17)) + blob(8, blob(1, "com.microsoft") + integer(2, 1))
    return integer(1, 8) + blob(7, b"".join(graph)) + opsets
