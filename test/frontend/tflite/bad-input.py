"""Broken and hostile TensorFlow Lite files: each ends with exit code 1, the expected diagnostic first, no
output file, and within a time limit.  A row is (name, bytes, expected text); names follow the list of bad
inputs in the design notes (D1 to D16).

    bad-input.py FOLDER_OF_MKTFLITE SCRATCH_FOLDER
"""
import os
import struct
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
from mktflite import Model, Table, Vector, assemble, flatbuffer, parse, quantization  # noqa: E402

SMALL = "tensor x f32 2\ntensor y f32 2\ninput x\noutput y\nop RELU x -> y"
CONV = """tensor x f32 1x4x4x2
tensor w f32 1x1x1x2 = [1.0, 2.0]
tensor y f32 1x4x4x1
input x
output y
op CONV_2D x w -> y ; """
DEPTHWISE = CONV.replace("CONV_2D", "DEPTHWISE_CONV_2D").replace("1x1x1x2", "1x1x1x3").replace("2.0]", "2.0, 3.0]")
POOL = "tensor x f32 1x4x4x2\ntensor y f32 1x2x2x2\ninput x\noutput y\nop MAX_POOL_2D x -> y ; "


def build(text, change):
    """A model with something changed before it is written."""
    m = parse(text)
    root = m.root()
    root = change(m, root) or root
    return flatbuffer(root)


def patched(offset, fmt, value, data=None):
    data = bytearray(data or assemble(SMALL))
    struct.pack_into("<" + fmt, data, offset, value)
    return bytes(data)


def root_table(data):
    return struct.unpack_from("<I", data)[0]


def vtable(data):
    root = root_table(data)
    return root - struct.unpack_from("<i", data, root)[0]


def tensor(changes, text=SMALL):
    """Fields of tensor 0 replaced."""
    return build(text, lambda m, r: m.tensors[0].fields.update(changes))


def quantized(q):
    return tensor({1: ("b", 9), 4: q})


def op(changes, text=SMALL):
    return build(text, lambda m, r: m.ops[0].fields.update(changes))


def code(changes):
    return build(SMALL, lambda m, r: m.codes[0].fields.update(changes))


def graph(changes):
    def change(m, root):
        g = m.graph()
        g.fields.update(changes)
        root.fields[2] = [g]
    return build(SMALL, change)


def root(changes):
    return build(SMALL, lambda m, r: r.fields.update(changes))


def shared_operators(count, operands):
    """`count` references to one operator with many operands."""
    m = parse(SMALL)
    data = bytearray(flatbuffer(Table(f0=("I", 3), f1=m.codes, f2=[Table(
        f0=m.tensors, f1=Vector("i", [0]), f2=Vector("i", [1]), f3=[Table()] * count, f4="main")], f4=m.buffers)))
    one = Table(f0=("I", 0), f1=Vector("i", [0] * operands), f2=Vector("i", [1]))
    tail = flatbuffer(one)
    base = len(data) + -len(data) % 8
    data += bytes(base - len(data)) + tail
    target = base + root_table(tail)
    # The vector of operators is the one with `count` entries.
    at = data.index(struct.pack("<I", count))
    for i in range(count):
        here = at + 4 + 4 * i
        struct.pack_into("<I", data, here, target - here)
    return bytes(data)


GOOD = assemble(SMALL)
BIAS = "tensor x i8 1x2 q=0.5\ntensor w i8 2x2 q=%s = [1,2,3,4]\ntensor y i8 1x2 q=1\ninput x\noutput y\n" \
       "op FULLY_CONNECTED x w -> y"

ROWS = [
    ("D1-root-offset", struct.pack("<I", 0x7FFFFF00) + b"TFL3", "[fb.bounds]|[qir.nul]"),
    ("D1-eight-bytes", struct.pack("<I", 8) + b"TFL3", "[fb.bounds]"),
    ("D1-half", GOOD[:len(GOOD) // 2], "[fb.bounds]"),
    ("D2-vtable-odd", patched(vtable(GOOD), "H", 7), "[fb.table]"),
    ("D2-vtable-zero", patched(vtable(GOOD), "H", 0), "[fb.table]"),
    ("D2-vtable-long", patched(vtable(GOOD), "H", 65534), "[fb.bounds]"),
    ("D2-vtable-before", patched(root_table(GOOD), "i", 1 << 30), "[fb.table]"),
    ("D2-vtable-behind", patched(root_table(GOOD), "i", -(1 << 30)), "[fb.bounds]"),
    ("D2-field-outside", patched(vtable(GOOD) + 4 + 2 * 2, "H", 60000), "[fb.table]"),
    ("D2-field-in-offset", patched(vtable(GOOD) + 4 + 2 * 2, "H", 2), "[fb.table]"),
    ("D2-self-reference", patched(root_table(GOOD) + struct.unpack_from("<H", GOOD, vtable(GOOD) + 4 + 4)[0], "I", 0),
     "[fb.bounds]"),
    ("D3-shared", lambda: shared_operators(50_000, 50_000), "[fb.budget]"),
    ("D3-tensors", lambda: graph({0: [Table()] * 1_050_000}), "more than 1048576 tensors [tfl.budget]"),
    ("D4-version", root({0: ("I", 4)}), "schema version 4, expected 3 [tfl.version]"),
    ("D5-operand", op({1: Vector("i", [7])}), "[tfl.index]"),
    ("D5-negative", op({1: Vector("i", [-(1 << 31)])}), "[tfl.index]"),
    ("D5-omitted", op({1: Vector("i", [-1])}), "[tfl.index]|[tfl.arity]"),
    ("D5-omitted-result", op({2: Vector("i", [-1])}), "[tfl.index]"),
    ("D5-buffer", tensor({2: ("I", 99)}), "buffer 99 of 1 [tfl.index]"),
    ("D5-input", graph({1: Vector("i", [99])}), "[tfl.index]"),
    ("D6-short", assemble(CONV.replace("1x1x1x2 =", "1x1x1x3 =")), "has 8 bytes, its shape and type take 12 [tfl.buffer]"),
    ("D6-long", assemble(CONV.replace("1x1x1x2 =", "1x1x1x1 =")), "has 8 bytes, its shape and type take 4 [tfl.buffer]"),
    ("D6-overflow", tensor({0: Vector("i", [0x7FFFFFFF] * 4)}), "[tfl.buffer]|[type.size]"),
    ("D6-huge", tensor({0: Vector("i", [0x7FFFFFFF, 1 << 12])}), "[type.size]"),
    ("D6-negative", tensor({0: Vector("i", [-1])}), "[tfl.shape]"),
    ("D6-rank", tensor({0: Vector("i", [1] * 9)}), "[tfl.shape]"),
    ("D6-outside", build(SMALL, lambda m, r: (m.buffers.append(Table(f1=("Q", 1 << 40), f2=("Q", 8))),
                                              m.tensors[0].fields.update({2: ("I", 1)}))[0]), "[tfl.buffer]"),
    ("D7-zero-points-only", quantized(Table(f3=Vector("q", [1]))), "0 scales but 1 zero points [quant.count]"),
    ("D7-scales-only", quantized(Table(f2=Vector("f", [1.0]))), "1 scales but 0 zero points [quant.count]"),
    ("D7-axis", assemble(BIAS % "0.5,0.5@7"), "[quant.axis]"),
    ("D7-axis-size", assemble(BIAS % "0.5,0.5,0.5@0"), "[quant.axis]"),
    ("D7-scale-0", quantized(quantization("0")), "[quant.scale]"),
    ("D7-scale-nan", quantized(quantization("nan")), "[quant.scale]"),
    ("D7-scale-negative", quantized(quantization("-1")), "[quant.scale]"),
    ("D7-scale-denormal", quantized(quantization("1e-45")), "[quant.scale"),
    ("D7-zero-point", quantized(quantization("1:128")), "[quant.zp]"),
    ("D7-zero-point-64", quantized(quantization("1:%d" % (1 << 40))), "[quant.zp]"),
    ("D7-details", quantized(Table(f2=Vector("f", [1.0]), f3=Vector("q", [0]), f4=("B", 1), f5=Table())), "[tfl.quant]"),
    ("D7-block-0", quantized(Table(f4=("B", 2), f5=Table(f0=("i", 0), f2=("i", 0)))), "[tfl.quant]"),
    ("D7-block-scales", quantized(Table(f4=("B", 2), f5=Table(f0=("i", 99), f2=("i", 2)))), "[tfl.index]"),
    ("D8-code", op({0: ("I", 9)}), "operator code 9 of a model with 1 [tfl.opcode]"),
    ("D8-mismatch", code({0: ("b", 3), 3: ("i", 150)}), "builtin codes 3 and 150 disagree [tfl.opcode]"),
    ("D8-negative", code({0: ("b", -3), 3: ("i", 0)}), "[tfl.opcode]"),
    ("D8-custom-null", code({0: ("b", 32), 3: ("i", 32)}), "a custom operator has no name [tfl.opcode]"),
    ("D8-custom", code({0: ("b", 32), 1: "Detector", 3: ("i", 32)}), "unsupported operators: Detector version 1 (1) [tfl.op]"),
    ("D8-unknown", code({0: ("b", 127), 3: ("i", 999)}), "unsupported operators: unknown operator version 1 (1) [tfl.op]"),
    ("D8-version", code({2: ("i", 99)}), "unsupported operators: RELU version 99 (1) [tfl.op]"),
    ("D9-type", op({3: ("B", 5), 4: Table()}, CONV + "padding=1 stride_w=1 stride_h=1"), "[tfl.options]"),
    ("D9-null", op({3: ("B", 0), 4: None}, CONV + "padding=1"), "stride 0, expected 1 to 1048576 [conv.attr]|[fb"),
    ("D9-padding", assemble(CONV + "padding=3 stride_w=1 stride_h=1"), "padding 3 is not known [tfl.options]"),
    ("D9-activation", assemble(CONV + "padding=1 stride_w=1 stride_h=1 activation=5"), "fused activation 5 is not supported"),
    ("D10-stride", assemble(CONV + "padding=1 stride_w=0 stride_h=1"), "stride 0, expected 1 to 1048576 [conv.attr]"),
    ("D10-stride-negative", assemble(CONV + "padding=1 stride_w=-1 stride_h=1"), "[conv.attr]"),
    ("D10-dilation", assemble(CONV + "padding=1 stride_w=1 stride_h=1 dilation_h=0"), "dilation 0, expected"),
    ("D10-filter", assemble(POOL + "padding=1 stride_w=1 stride_h=1"), "kernel size 0, expected 1 to 1048576 [conv.attr]"),
    ("D10-multiplier", assemble(DEPTHWISE + "padding=1 stride_w=1 stride_h=1"), "do not multiply to 3 outputs [conv.attr]"),
    ("D10-block", assemble("tensor x f32 1x2x2x4\ntensor y f32 1x4x4x1\ninput x\noutput y\nop DEPTH_TO_SPACE x -> y ; "
                           "block_size=0"), "block size 0 for rank 4 [conv.attr]"),
    ("D11-writes-input", assemble("tensor x f32 2\ninput x\noutput x\nop RELU x -> x"), "'x' is defined twice [tfl.ssa]"),
    ("D11-writes-constant", assemble("tensor x f32 2\ntensor y f32 2 = [1.0, 2.0]\ninput x\noutput y\nop RELU x -> y"),
     "'y' is defined twice [tfl.ssa]"),
    ("D11-twice", assemble(SMALL + "\nop RELU x -> y"), "'y' is defined twice [tfl.ssa]"),
    ("D11-cycle", assemble("tensor x f32 2\ntensor y f32 2\ntensor z f32 2\ninput x\noutput y\nop ADD x z -> y\n"
                           "op RELU y -> z"), "operand 'z' is not computed before it [tfl.ssa]"),
    ("D11-no-result", assemble("tensor x f32 2\ntensor y f32 2\ninput x\noutput y"), "no operator computes output 'y'"),
    ("D12-none", root({2: []}), "the model has no subgraph [tfl.subgraph]"),
    ("D12-while", code({0: ("b", 119), 3: ("i", 119)}), "unsupported operators: WHILE version 1 (1) [tfl.op]"),
    ("D13-sparse", tensor({6: Table()}), "tensor 'x' is sparse, which is not supported [tfl.sparse]"),
    ("D14-string", tensor({1: ("b", 5)}), "has type STRING (5), which is not supported [tfl.type]"),
    ("D14-resource", tensor({1: ("b", 13)}), "has type RESOURCE (13), which is not supported [tfl.type]"),
    ("D14-unknown", tensor({1: ("b", 99)}), "has type ? (99), which is not supported [tfl.type]"),
    ("D14-i16", assemble("tensor x i16 1x2 q=0.5\ntensor y i16 1x2 q=0.5\ninput x\noutput y\nop RELU x -> y"),
     "16-bit activations ('x') are not supported [tfl.type]"),
    ("D16-count", patched(GOOD.index(struct.pack("<I", 2), 8), "I", 1 << 24), "[fb.bounds]|[fb.table]|[tfl"),
    ("shape-mismatch", assemble(SMALL.replace("y f32 2", "y f32 3")), "which is not the shape of 'y' [tfl.shape]"),
    ("reshape", assemble("tensor x f32 2\ntensor y f32 3\ninput x\noutput y\nop RESHAPE x -> y"), "2 elements become 3 [tfl.shape]"),
    ("permutation", assemble("tensor x f32 2x2\ntensor p i32 2 = [0, 0]\ntensor y f32 2x2\ninput x\noutput y\n"
                             "op TRANSPOSE x p -> y"), "its operand is no permutation [tfl.shape]"),
    ("axis-operand", assemble("tensor x f32 2\ntensor p i32 1\ntensor y f32 1\ninput x p\noutput y\nop MEAN x p -> y"),
     "operand 1 ('p') must be a constant [tfl.const]"),
]

GOOD_ROWS = [
    ("good", GOOD),
    ("D15-metadata", root({5: Vector("i", [-1, 1 << 30]), 6: [Table(f0="x", f1=("I", 1 << 30))]})),
    ("D9-defaults", assemble("tensor x f32 2\ntensor y f32 2\ninput x\noutput y\nop ADD x x -> y")),
]


def run(name, data, folder):
    path, out = os.path.join(folder, name + ".tflite"), os.path.join(folder, name + ".out")
    with open(path, "wb") as f:
        f.write(data() if callable(data) else data)
    r = subprocess.run(["qir-opt", "-verify-roundtrip", "-o", out, path], capture_output=True, timeout=60)
    os.remove(path)
    return r.returncode, r.stderr.decode(errors="replace"), os.path.exists(out)


def check_bad(name, data, want, folder):
    exit_code, text, output = run(name, data, folder)
    ok = exit_code == 1 and any(w in text for w in want.split("|")) and not output
    ok = ok and " error: " in text and "Sanitizer" not in text and "runtime error" not in text
    if not ok:
        print("FAILED %s: exit %d, expected '%s' in: %s" % (name, exit_code, want, text[:500]))
    return ok


def check_good(name, data, folder):
    exit_code, text, output = run(name, data, folder)
    if exit_code:
        print("FAILED %s: exit %d: %s" % (name, exit_code, text[:500]))
    return exit_code == 0 and output


def main():
    folder = os.path.abspath(sys.argv[2])
    results = [check_bad(n, d, w, folder) for n, d, w in ROWS]
    results += [check_good(n, d, folder) for n, d in GOOD_ROWS]
    print("%d rows, %d failed" % (len(results), results.count(False)))


main()
