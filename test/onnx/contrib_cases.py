"""Models of one quantized operator each, as text for mkonnx.py: operators of com.microsoft and the
forms of ONNX's own that its test data leave out.  `cases()` yields Case; inputs and weights are the
same numbers everywhere."""
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from samples import Random  # noqa: E402

RANGES = {"u8": (0, 256), "i8": (-128, 128), "i4": (-8, 8), "u4": (0, 16), "i32": (-900, 900),
          "bool": (0, 2), "f32": (-3.0, 3.0), "i16": (-3000, 3000), "u16": (0, 60000)}


def draw(rng, kind, dims, low=None, high=None):
    count = math.prod(int(d) for d in dims.split("x")) if dims != "-" else 1
    if low is None:
        low, high = RANGES[kind]
    values = [rng.uniform(low, high) for _ in range(count)]
    return values if kind == "f32" else [math.floor(v) for v in values]


class Case:
    """`steps`: how far integers may be from ONNX Runtime's; `error`: how far reals, as a part of the
    largest.  `integer`: no op computes in float after the passes.  `reference`: what ONNX Runtime
    runs, where it has no kernel for the model itself."""

    def __init__(self, name, lines, steps=0, error=1e-6, integer=False, reference=None):
        self.name, self.steps, self.error = name, steps, error
        self.integer = integer
        self.rng = Random(sum(map(ord, name)))
        self.text = self.fill(lines)
        self.reference = self.fill(reference, fresh=False) if reference else None
        self.inputs = [(n, t, d, draw(self.rng, t, d, *low_high)) for n, t, d, low_high in self.args]

    def fill(self, lines, fresh=True):
        """`in NAME TYPE DIMS [LOW HIGH]` are inputs, `rand NAME TYPE DIMS [LOW HIGH]` weights."""
        self.args, out = [], ["ir 10", "opset 21", "opset com.microsoft 1"]
        weights = {} if fresh else self.weights
        for line in lines.strip().splitlines():
            words = line.split()
            limits = tuple(map(float, words[4:6])) if words[0] in ("in", "rand") else ()
            if words[0] == "in":
                self.args.append((*words[1:4], limits))
                line = "input " + " ".join(words[1:4])
            elif words[0] == "rand":
                values = weights.setdefault(words[1], draw(self.rng, words[2], words[3], *limits))
                line = f"init {' '.join(words[1:4])} [{', '.join(map(repr, values))}]"
            out.append(line)
        self.weights = weights
        return "\n".join(out) + "\n"


def params(name, scale, zero, kind="u8"):
    return f"init {name}s f32 - [{scale}]\ninit {name}z {kind} - [{zero}]\n"


def binary(op, kind):
    z = (100, 140, 120) if kind == "u8" else (-20, 11, 3)
    return (f"in a {kind} 2x3x5\nin b {kind} 5\n" + params("a", 0.03, z[0], kind) +
            params("b", 0.017, z[1], kind) + params("c", 0.05, z[2], kind) +
            f"node com.microsoft::{op} a as az b bs bz cs cz -> c\noutput c {kind} ?")


def unary(op, kind, zero, out_scale, out_zero, dims="2x3x6x5", attrs=""):
    return (f"in x {kind} {dims}\n" + params("x", 0.04, zero, kind) +
            params("y", out_scale, out_zero, kind) +
            f"node com.microsoft::{op} x xs xz ys yz -> y ; {attrs}\noutput y {kind} ?")


WHERE = "in c bool 4x5\nin x u8 4x5\nin y u8 1x5\n" + params("x", 0.031, 9) + params("y", 0.023, 130) + \
    params("z", 0.041, 99)
MEAN = "in x i8 2x6x5\n" + params("x", 0.04, 7, "i8") + params("y", 0.02, -3, "i8")
GEMM = "in a u8 3x16\n" + params("a", 0.02, 120)


def contrib():
    for kind in ("u8", "i8"):
        yield Case("add-" + kind, binary("QLinearAdd", kind), steps=1, integer=True)
        yield Case("mul-" + kind, binary("QLinearMul", kind), steps=1, integer=True)
    head = "in a u8 4x9\nin b u8 4x9\n" + params("a", 0.03, 0)
    yield Case("add-no-zero-points", head + "node com.microsoft::QLinearAdd a as _ b as _ as -> c\n"
               "output c u8 ?", steps=1, integer=True, reference=head +
               "node com.microsoft::QLinearAdd a as az b as az as az -> c\noutput c u8 ?")
    yield Case("avg-pool", unary("QLinearAveragePool", "u8", 120, 0.035, 117,
                                 attrs="kernel_shape=[3,2] strides=[2,1] pads=[1,0,1,1]"),
               steps=1, integer=True)
    yield Case("avg-pool-channels-last", unary("QLinearAveragePool", "i8", 3, 0.035, -4,
                                               attrs="kernel_shape=[3,2] channels_last=1"),
               steps=1, integer=True)
    yield Case("global-avg-pool", unary("QLinearGlobalAveragePool", "u8", 121, 0.01, 128), steps=1,
               integer=True)
    yield Case("global-avg-pool-last", unary("QLinearGlobalAveragePool", "u8", 121, 0.01, 128,
                                             attrs="channels_last=1"), steps=1, integer=True)
    yield Case("leaky-relu", unary("QLinearLeakyRelu", "i8", 5, 0.05, -90, attrs="alpha=0.2"), steps=1,
               integer=True)
    yield Case("sigmoid", unary("QLinearSigmoid", "u8", 128, 0.00390625, 0), steps=1, integer=True)
    yield Case("softmax", unary("QLinearSoftmax", "u8", 128, 0.00390625, 0, "3x17", "opset=13 axis=1"),
               steps=1, integer=True)
    yield Case("softmax-2d", unary("QLinearSoftmax", "i8", 12, 0.00390625, -128, "2x3x7",
                                   "opset=12 axis=1"), steps=1, integer=True)
    yield Case("concat", "in x u8 2x3x4\nin y u8 2x5x4\n" + params("x", 0.03, 9) + params("y", 0.02, 130) +
               params("z", 0.03, 9) + "node com.microsoft::QLinearConcat zs zz x xs xz y ys yz -> z ;"
               " axis=1\noutput z u8 ?", steps=1, integer=True)
    yield Case("where", WHERE + "node com.microsoft::QLinearWhere c x xs xz y ys yz zs zz -> z\n"
               "output z u8 ?", steps=1)
    yield Case("reduce-mean", MEAN + "node com.microsoft::QLinearReduceMean x xs xz ys yz -> y ;"
               " axes=[1] keepdims=1\noutput y i8 ?", steps=1, integer=True, reference=MEAN +
               "init axes i64 1 [1]\nnode DequantizeLinear x xs xz -> r\nnode ReduceMean r axes -> m\n"
               "node QuantizeLinear m ys yz -> y\noutput y i8 ?")
    weight = "rand b i8 16x10\nrand bs f32 10 0.004 0.02\ninit bz i8 10 [" + ",".join("0" * 10) + "]\n"
    yield Case("gemm", GEMM + weight + "rand c i32 10\n" + params("y", 0.09, 110) +
               "node com.microsoft::QGemm a as az b bs bz c ys yz -> y\noutput y u8 ?", steps=1,
               integer=True)
    yield Case("gemm-float", GEMM + "rand b u8 10x16\n" + params("b", 0.01, 100) + "rand c i32 10\n"
               "node com.microsoft::QGemm a as az b bs bz c -> y ; transB=1 alpha=0.5\n"
               "output y f32 ?", error=1e-5)
    yield Case("dynamic-matmul", "in a f32 3x16\n" + weight + "rand c f32 10\n"
               "node com.microsoft::DynamicQuantizeMatMul a b bs bz c -> y\noutput y f32 ?", error=1e-5)
    yield Case("dynamic-matmul-batch", "in a f32 2x3x16\nrand b u8 16x10\n" + params("b", 0.01, 127) +
               "node com.microsoft::DynamicQuantizeMatMul a b bs bz -> y\noutput y f32 ?", error=1e-5)
    yield Case("matmul-to-float", GEMM + weight + "rand c f32 10\n"
               "node com.microsoft::MatMulIntegerToFloat a b as bs az bz c -> y\noutput y f32 ?",
               error=1e-5)
    yield Case("quantize-axis", "in x f32 3x4x5\nrand s f32 4 0.01 0.03\ninit z i8 4 [1,-2,3,-4]\n"
               "node com.microsoft::QuantizeLinear x s z -> q ; axis=1\n"
               "node com.microsoft::DequantizeLinear q s z -> y ; axis=1\noutput y f32 ?")
    head = "in x f32 7x2x6\nrand b f32 1x40 -0.5 0.5\nrand w {0} 1x6x20\nrand r {0} 1x5x20\n"
    tail = "node com.microsoft::DynamicQuantizeLSTM x w r b _ _ _ _ ws wz rs rz -> y ; hidden_size=5\n" \
        "output y f32 ?"
    yield Case("lstm", head.format("i8") + "init ws f32 1 [0.006]\ninit wz i8 1 [3]\ninit rs f32 1 [0.005]\ninit rz i8 1 [-2]\n" +
               tail, error=0.02)
    same = "[" + ",".join(["120"] * 20) + "]"
    yield Case("lstm-columns", head.format("u8") +
               f"rand ws f32 1x20 0.002 0.006\ninit wz u8 1x20 {same}\n"
               f"rand rs f32 1x20 0.002 0.006\ninit rz u8 1x20 {same}\n" + tail, error=0.02)
    for mask in ("", "init m i32 2x7 [1,1,1,1,1,1,1,1,1,1,1,0,0,0]\n"):
        yield Case("attention" + "-mask" * bool(mask), "in x u8 2x7x8\n" + params("x", 0.02, 125) +
                   "rand w u8 8x24\n" + params("w", 0.01, 120) + "rand b f32 24 -1 1\n" + mask +
                   f"node com.microsoft::QAttention x w b xs ws {'m' if mask else '_'} xz wz -> y ;"
                   " num_heads=2\noutput y f32 ?", error=1e-5)


def nbits():
    for bits, groups, zeros in ((4, 2, ""), (4, 2, "u8"), (4, 2, "f32"), (8, 2, ""), (8, 2, "u8"),
                                (2, 2, "u8")):
        packed = {2: 1, 4: 1, 8: 2}[bits] # bytes of the zero points of one row
        z = {"": "", "u8": f"rand z u8 {6 * packed}\n", "f32": "rand z f32 12 0 15\n"}[zeros]
        yield Case(f"matmul-{bits}-bits-{zeros or 'none'}",
                   f"in a f32 3x64\nrand b u8 6x2x{4 * bits}\nrand s f32 12 0.01 0.1\n{z}"
                   "node com.microsoft::MatMulNBits a b s" + " z" * bool(zeros) +
                   f" -> y ; N=6 K=64 bits={bits} block_size=32 accuracy_level=1\noutput y f32 ?",
                   error=1e-5)
    yield Case("matmul-4-bits-short", "in a f32 2x3x40\nrand b u8 5x2x16\nrand s f32 10 0.01 0.1\n"
               "rand z u8 5\nrand c f32 5\nnode com.microsoft::MatMulNBits a b s z _ c -> y ;"
               " N=5 K=40 bits=4 block_size=32\noutput y f32 ?", error=1e-5)
    for kind in ("u8", "i4", "u4"):
        dims, scales = ("7x16" if kind == "u8" else "7x32"), "7x2"
        zeros = {"u8": "rand z u8 7x1\n", "i4": "rand z i4 7x2\n", "u4": ""}[kind]
        yield Case("gather-" + kind, f"in i i64 2x3 0 7\nrand d {kind} {dims}\n"
                   f"rand s f32 {scales} 0.01 0.1\n{zeros}"
                   "node com.microsoft::GatherBlockQuantized d i s" + " z" * bool(zeros) +
                   " -> y ; block_size=16 gather_axis=0 quantize_axis=1\noutput y f32 ?")


def standard():
    """Forms of ONNX's own operators."""
    yield Case("matmul-integer-dynamic", "in a u8 3x16\nin z u8 -\nrand b i8 16x10\n"
               "node MatMulInteger a b z -> y\noutput y i32 ?", integer=True)
    yield Case("matmul-integer-both", "in a u8 2x3x16\nin z u8 -\nin b i8 2x16x4\nin w i8 -\n"
               "node MatMulInteger a b z w -> y\noutput y i32 ?", integer=True)
    yield Case("conv-integer-dynamic", "in x u8 2x3x6x5\nin z u8 -\nrand w u8 4x3x3x3\n"
               "init v u8 - [120]\nnode ConvInteger x w z v -> y ; pads=[1,1,0,1]\noutput y i32 ?",
               integer=True)
    yield Case("quantize-dynamic-scale", "in x f32 4x6\nin s f32 - 0.01 0.02\nin z u8 -\n"
               "node QuantizeLinear x s z -> y\noutput y u8 ?")
    yield Case("dequantize-dynamic-axis", "in x i8 4x6\nin s f32 6 0.01 0.02\nin z i8 6\n"
               "node DequantizeLinear x s z -> y\noutput y f32 ?")
    yield Case("dequantize-blocks-axis-0", "rand x i4 8x6\nin s f32 2x6 0.01 0.02\nrand z i4 2x6\n"
               "node DequantizeLinear x s z -> y ; axis=0 block_size=4\noutput y f32 ?")
    yield Case("quantize-blocks", "in x f32 3x16\nrand s f32 3x4 0.01 0.03\n"
               "node QuantizeLinear x s -> y ; axis=1 block_size=4 output_dtype=3\noutput y i8 ?", steps=1)
    yield Case("matmul-blocks-axis-0", "in a f32 3x32\nrand w i4 32x6\nrand s f32 2x6 0.01 0.03\n"
               "node DequantizeLinear w s -> r ; axis=0 block_size=16\nnode MatMul a r -> y\n"
               "output y f32 ?", error=1e-5)
    yield Case("quantize-i16", "in x f32 4x6\n" + params("x", 0.001, 7, "i16") +
               "node QuantizeLinear x xs xz -> q\nnode DequantizeLinear q xs xz -> y\noutput y f32 ?")
    yield Case("dynamic-chain", "in x f32 3x16\nrand b i8 16x10\nrand bs f32 10 0.004 0.02\n"
               "node DynamicQuantizeLinear x -> q s z\nnode MatMulInteger q b z -> i\n"
               "node Cast i -> f ; to=1\nnode Mul s bs -> m\nnode Mul f m -> y\noutput y f32 ?")


def cases():
    yield from contrib()
    yield from nbits()
    yield from standard()
