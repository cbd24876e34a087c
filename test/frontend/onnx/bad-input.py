"""Broken and hostile ONNX files: each ends with exit code 1, the expected diagnostic first, no output
file, and within a time limit.  A row is (name, bytes, expected text); names follow the list of bad
inputs in the design notes (B1 to B20).

    bad-input.py FOLDER_OF_MKONNX SCRATCH_FOLDER
"""
import os
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
from mkonnx import assemble, blob, integer, tag, tensor, varint  # noqa: E402

HEAD = "ir 8\nopset 13\ninput x f32 2\n"
TAIL = "node Relu x -> y\noutput y f32 2\n"
GOOD = assemble(HEAD + TAIL)


def model(text):
    return assemble(HEAD + text)


def graph(extra):
    """A good model with `extra` fields in its graph."""
    body = blob(12, blob(1, "x"))
    return integer(1, 8) + blob(8, integer(2, 13)) + blob(7, extra + body)


def init(payload):
    return graph(blob(5, payload))


def external(**entries):
    text = " ".join("%s=%s" % e for e in entries.items())
    return model("init w f32 2 external %s\nnode Add x w -> y\noutput y f32 2" % text)


def ext_path(path):
    return init_used(tensor("f32", [2], [], "w", external=[("location", path)]))


def init_used(payload):
    g = blob(5, payload) + blob(1, blob(1, "w") + blob(2, "y") + blob(4, "Relu")) + blob(12, blob(1, "y"))
    return integer(1, 8) + blob(8, integer(2, 13)) + blob(7, g)


def quantize(scale, zp="init z i8 - [0]", x="2", extra=""):
    return assemble("ir 8\nopset 13\ninput x f32 %s\n%s\n%s\nnode QuantizeLinear x s z -> q%s\n"
                    "output q i8 ?" % (x, scale, zp, extra))


def qconv(wzp, bias):
    return assemble("ir 8\nopset 13\ninput x u8 1x1x3\ninit s f32 - [0.5]\ninit z u8 - [1]\n"
                    "init w i8 2x1x1 [1, 2]\ninit ws f32 2 [0.5, 0.5]\n%s\n%s\n"
                    "node QLinearConv x s z w ws wz s z b -> y\noutput y u8 ?" % (wzp, bias))


def nested_graphs(depth):
    g = b""
    for _ in range(depth):
        g = blob(1, blob(4, "If") + blob(5, blob(1, "then_branch") + blob(6, g)))
    return integer(1, 8) + blob(8, integer(2, 13)) + blob(7, g + blob(12, blob(1, "y")))


ATTR = "node Conv x w -> y ; %s\noutput y f32 ?"
CONV = "ir 8\nopset 13\ninput x f32 1x1x4\ninit w f32 1x1x3 [1.0,2.0,3.0]\n"
PLAIN_FILE = "external data must be a plain file beside the model [onnx.ext.path]"

ROWS = [
    ("B1-empty", b"", "[qir.empty]"),
    ("B1-one-byte", b"\x08", "not an ONNX model"),
    ("B1-random", bytes((i * 73 + 41) & 255 for i in range(999)), "[qir.nul]"),
    ("B1-zip", b"PK\3\4" + b"\0" * 40, "[zip.read]"),
    ("B1-no-graph", integer(1, 8) + blob(2, "producer"), "it has no graph [onnx.graph]"),
    ("B2-truncated", GOOD[:-3], "truncated field"),
    ("B3-varint-11", b"\x08" + b"\x80" * 10 + b"\x01", "[pb.varint]"),
    ("B3-varint-2^64", b"\x08" + b"\xff" * 9 + b"\x02", "[pb.varint]"),
    ("B4-length-2^63", integer(1, 8) + tag(7, 2) + varint(1 << 63), "[pb.length]"),
    ("B4-length-2^31", integer(1, 8) + tag(7, 2) + varint(1 << 31), "[pb.length]"),
    ("B4-length-remaining", integer(1, 8) + tag(7, 2) + varint(3) + b"ab", "[pb.length]"),
    ("B5-group", integer(1, 8) + tag(7, 3), "[pb.wire]"),
    ("B5-end-group", integer(1, 8) + tag(7, 4), "[pb.wire]"),
    ("B5-wire-6", integer(1, 8) + tag(7, 6), "[pb.wire]"),
    ("B5-wire-7", integer(1, 8) + tag(7, 7), "[pb.wire]"),
    ("B5-field-0", integer(1, 8) + b"\0\0", "[pb.wire]"),
    ("B5-graph-is-varint", integer(1, 8) + integer(7, 1), "[pb.wire]"),
    ("B6-nested", nested_graphs(20000), "[pb.depth]"),
    ("B7-fields", lambda: integer(1, 8) + b"\x6a\x00" * 70_000_000, "[pb.budget]"),
    ("B7-nodes", integer(1, 8) + blob(7, b"\x0a\x00" * 1_100_000), "more than 1048576 nodes"),
    ("B8-overflow", init(tensor("f32", [1 << 40, 1 << 40], [])), "[onnx.tensor]"),
    ("B8-huge", init(tensor("f32", [1 << 41], [])), "more than 2^40 elements [onnx.tensor]"),
    ("B8-negative", init(tensor("f32", [-1], [1.0])), "negative dimension [onnx.tensor]"),
    ("B8-rank", init(tensor("f32", [1] * 9, [1.0])), "rank above 8 [onnx.tensor]"),
    ("B8-raw-short", init(tensor("f32", [3], [1.0])), "raw data has 4 bytes, expected 12"),
    ("B8-raw-long", init(tensor("f32", [1], [1.0, 2.0])), "raw data has 8 bytes, expected 4"),
    ("B8-both", init(tensor("f32", [1], [1.0]) + tensor("f32", [], [1.0], typed=True)),
     "elements in more than one field [onnx.tensor]"),
    ("B8-typed-short", init_used(tensor("f32", [3], [1.0], "w", typed=True)), "1 elements, expected 3"),
    ("B8-typed-huge", init_used(tensor("f32", [1 << 35], [1.0], "w", typed=True)), "[onnx.tensor]"),
    ("B8-other-type", init(integer(1, 1) + integer(2, 7) + blob(4, b"\0\0\0\0")),
     "elements in a field of another type"),
    ("B8-nothing", init(integer(1, 1) + integer(2, 1)), "no elements [onnx.tensor]"),
    ("B8-type-0", init(integer(1, 1) + integer(2, 0) + blob(9, b"")), "element type 0 (UNDEFINED)"),
    ("B8-type-8", init(integer(1, 1) + integer(2, 8) + blob(6, "s")), "element type 8 (STRING)"),
    ("B8-type-999", init(integer(1, 1) + integer(2, 999) + blob(9, b"")), "element type 999 (unknown)"),
    ("B8-sparse", graph(blob(15, b"")), "sparse initializers are not supported"),
] + [("B9-%d" % i, ext_path(p), PLAIN_FILE) for i, p in enumerate(
    ["../x", "a/../../x", "/etc/passwd", "C:\\x", "C:x", "\\\\srv\\x", "~", "~/x", "", ".", "a/.", "sub",
     "none.bin", "link.bin", "dirlink/w.bin", "hard.bin", "pipe", "a\0b", "a//b", "x" * 5000])] + [
    ("B9-absent", init_used(tensor("f32", [2], [], "w", external=[])), PLAIN_FILE),
    ("B10-offset-negative", external(location="w.bin", offset="-1"), "[onnx.ext.range]"),
    ("B10-offset-hex", external(location="w.bin", offset="0x8"), "[onnx.ext.range]"),
    ("B10-length-1e9", external(location="w.bin", length="1e9"), "[onnx.ext.range]"),
    ("B10-length-wrong", external(location="w.bin", length="4"), "length differs"),
    ("B10-overflow", external(location="w.bin", offset=str(2**63 - 1)), "[onnx.ext.range]"),
    ("B10-big", external(location="w.bin", offset="9" * 40), "[onnx.ext.range]"),
    ("B10-beyond", external(location="w.bin", offset="12"), "reach beyond the file [onnx.ext.range]"),
    ("B10-key", external(location="w.bin", __class__="x"), "unknown key '__class__'"),
    ("B12-cycle", model("node Relu b -> a\nnode Relu a -> b\noutput b f32 2"), "[onnx.order]"),
    ("B12-self", model("node Relu a -> a\noutput a f32 2"), "[onnx.order]"),
    ("B12-twice", model("node Relu x -> y\n" + TAIL), "tensor 'y' is defined twice [onnx.ssa]"),
    ("B12-input-twice", assemble(HEAD + "input x f32 2\n" + TAIL), "is listed twice [onnx.ssa]"),
    ("B12-init-twice", model("init w f32 - [1.0]\ninit w f32 - [1.0]\n" + TAIL), "[onnx.ssa]"),
    ("B12-init-shape", assemble("ir 8\nopset 13\ninput x f32 3\ninit x f32 2 [1.0, 2.0]\n" + TAIL),
     "differ in type or shape [onnx.input]"),
    ("B12-missing", model("node Add x w -> y\noutput y f32 2"), "nothing defines operand 'w'"),
    ("B12-no-output", model("output q f32 2"), "no node computes output 'q'"),
    ("B12-arity", model("node Add x -> y\noutput y f32 2"), "[onnx.arity]"),
    ("B13-zero", quantize("init s f32 - [0.0]"), "[quant.scale"),
    ("B13-negative", quantize("init s f32 - [-1.0]"), "[quant.scale"),
    ("B13-nan", quantize("init s f32 - [nan]"), "[quant.scale"),
    ("B13-inf", quantize("init s f32 - [inf]"), "[quant.scale"),
    ("B13-count", quantize("init s f32 3 [1.0, 1.0, 1.0]", "init z i8 3 [0, 0, 0]", extra=" ; axis=0"),
     "3 scales for axis 0 of size 2 [quant.count]"),
    ("B13-axis", quantize("init s f32 2 [1.0, 1.0]", "init z i8 2 [0, 0]", extra=" ; axis=5"),
     "axis 5 is out of range"),
    ("B13-zp-count", quantize("init s f32 - [1.0]", "init z i8 2 [0, 0]"), "[quant.count]"),
    ("B13-zp-type", assemble("ir 8\nopset 13\ninput x u8 2\ninit s f32 - [1.0]\ninit z i8 - [0]\n"
                             "node DequantizeLinear x s z -> y\noutput y f32 2"),
     "zero point of type i8 for values of type u8 [onnx.type]"),
    ("B13-int4-odd", init(integer(1, 3) + integer(2, 22) + blob(9, b"\1")), "1 bytes, expected 2"),
    ("B14-zp-count", qconv("init wz i8 3 [0, 0, 0]", "init b i32 2 [1, 2]"), "[quant.count]"),
    ("B14-bias", qconv("init wz i8 2 [0, 0]", "init b i32 3 [1, 2, 3]"), "expected 2 elements"),
    ("B15-opset-0", assemble("ir 8\nopset 0\ninput x f32 2\n" + TAIL), "[onnx.opset]"),
    ("B15-opset-1e9", assemble("ir 8\nopset 1000000000\ninput x f32 2\n" + TAIL), "[onnx.opset]"),
    ("B15-twice", assemble("ir 8\nopset 13\nopset ai.onnx 12\ninput x f32 2\n" + TAIL),
     "imported twice [onnx.opset]"),
    ("B15-none", assemble("ir 8\ninput x f32 2\n" + TAIL), "imports no operator set [onnx.opset]"),
    ("B15-custom", model("node a.b::Foo x -> y\noutput y f32 2"), "1 unsupported operator"),
    ("B16-symbol", assemble("ir 8\nopset 13\ninput x f32 N\n" + TAIL), "give -bind N=VALUE"),
    ("B16-minus-1", assemble("ir 8\nopset 13\ninput x f32 -1\n" + TAIL), "give -bind x.0=VALUE"),
    ("B16-no-shape", assemble("ir 8\nopset 13\ninput x f32 ?\n" + TAIL), "input 'x' has no shape"),
    ("B16-string", assemble("ir 8\nopset 13\ninput x string 2\n" + TAIL), "(STRING) [onnx.input]"),
    ("B17-type", assemble(CONV + ATTR % "strides=1"), "attribute 'strides' has the wrong type"),
    ("B17-payload", graph(blob(1, blob(4, "Relu") + blob(5, blob(1, "a") + integer(3, 1) +
                                                          integer(20, 1)))), "payload differs"),
    ("B17-two", graph(blob(1, blob(4, "Relu") + blob(5, blob(1, "a") + integer(3, 1) + blob(4, "s")))),
     "several payloads [onnx.attr]"),
    ("B17-unknown", assemble(CONV + ATTR % "bogus=1"), "attribute 'bogus' is not supported"),
    ("B17-missing", model("node Cast x -> y\noutput y f32 2"), "cast to UNDEFINED"),
    ("B17-stride-0", assemble(CONV + ATTR % "strides=[0]"), "'strides' has entry 0"),
    ("B17-count", assemble(CONV + ATTR % "strides=[1,1]"), "'strides' has 2 entries, expected 1"),
    ("B17-long", graph(blob(1, blob(4, "Relu") + blob(5, blob(1, "a") + blob(8, b"\1" * 10_000_000)))),
     "more than 2^20 entries [onnx.attr]"),
    ("B17-group", assemble(CONV + ATTR % "group=0"), "[conv.attr]"),
    ("B17-perm", model("node Transpose x -> y ; perm=[7]\noutput y f32 2"), "perm is no permutation"),
    ("B18-function", model("function ai.onnx Relu\nend\n" + TAIL), "(a function of the model)"),
    ("B19-long-name", graph(blob(1, blob(1, "n" * 70000) + blob(4, "Relu"))), "[onnx.name]"),
    ("B19-nul-name", graph(blob(1, blob(1, "n\0m") + blob(4, "Relu"))), "NUL byte [onnx.name]"),
    ("B20-reshape", model("init s i64 1 [3]\nnode Reshape x s -> y\noutput y f32 ?"), "[shape.reshape]"),
    ("B20-reshape-twice", model("init s i64 2 [-1,-1]\nnode Reshape x s -> y\noutput y f32 ?"),
     "[onnx.shape]"),
    ("B20-gather", model("init i i64 1 [5]\ninit d i64 2 [1, 2]\nnode Gather d i -> s\n"
                         "node Reshape x s -> y\noutput y f32 ?"), "error"),
    ("B20-split", model("node Split x -> a b c\noutput a f32 ?"), "[onnx.shape]"),
    ("B20-expand", model("init s i64 2 [1099511627776, 1099511627776]\nnode Expand x s -> y\n"
                         "output y f32 ?"), "error"),
]

# Accepted: odd, but right.
GOOD_ROWS = [
    ("good", GOOD),
    ("B12-unused", integer(1, 8) + blob(8, integer(2, 13)) + blob(7, blob(1, blob(4, "Foo")) * 1_000_000 +
     blob(12, blob(1, "w")) + blob(5, tensor("f32", [1], [1.0], "w")))),
    ("B16-dim-0", assemble("ir 8\nopset 13\ninput x f32 0\n" + TAIL)),
    ("B19-names", integer(1, 8) + blob(8, integer(2, 13)) + blob(7, b"".join(
        blob(1, blob(1, a) + blob(2, b) + blob(4, "Relu")) for a, b in
        ((b"w", b'"\n*/??/'), (b'"\n*/??/', b"\xff\xfe%s%n"), (b"\xff\xfe%s%n", b"\x1b[31m" + b"l" * 60000))) +
        blob(12, blob(1, b"\x1b[31m" + b"l" * 60000)) + blob(5, tensor("f32", [1], [1.0], "w")))),
]


def run(name, data, folder):
    """Exit code, messages and whether there is an output file.  Large inputs come through a pipe."""
    path, out = os.path.join(folder, name + ".onnx"), os.path.join(folder, name + ".out")
    data = data() if callable(data) else data
    pipe = len(data) > 10_000_000
    if not pipe:
        with open(path, "wb") as f:
            f.write(data)
    r = subprocess.run(["qir-opt", "-verify-roundtrip", "-o", out, "-" if pipe else path],
                       input=data if pipe else None, capture_output=True, timeout=60)
    if not pipe:
        os.remove(path)
    return r.returncode, r.stderr.decode(errors="replace"), os.path.exists(out)


def check_bad(name, data, want, folder):
    code, text, output = run(name, data, folder)
    ok = code == 1 and any(w in text for w in want.split("|")) and not output
    ok = ok and " error: " in text and "Sanitizer" not in text and "runtime error" not in text
    if not ok:
        print("FAILED %s: exit %d, expected '%s' in: %s" % (name, code, want, text[:500]))
    return ok


def check_good(name, data, folder):
    code, text, output = run(name, data, folder)
    if code:
        print("FAILED %s: exit %d: %s" % (name, code, text[:500]))
    return code == 0 and output


def make_files(folder):
    """What the paths of B9 and B10 point at."""
    os.chdir(folder)
    os.mkdir("sub")
    with open("w.bin", "wb") as f:
        f.write(bytes(16))
    with open("sub/w.bin", "wb") as f:
        f.write(bytes(16))
    os.symlink("w.bin", "link.bin")
    os.symlink("sub", "dirlink")
    with open("h.bin", "wb") as f:
        f.write(bytes(16))
    os.link("h.bin", "hard.bin")
    os.mkfifo("pipe")


def main():
    folder = os.path.abspath(sys.argv[2])
    make_files(folder)
    results = [check_bad(n, d, w, folder) for n, d, w in ROWS]
    results += [check_good(n, d, folder) for n, d in GOOD_ROWS]
    print("%d rows, %d failed" % (len(results), results.count(False)))


main()
