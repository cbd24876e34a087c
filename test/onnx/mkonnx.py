#!/usr/bin/env python3
"""Assembles ONNX models from text: a protobuf encoder by hand, no dependency.

    mkonnx.py MODEL.txt -o MODEL.onnx      ('-' reads standard input)

One statement per line, '#' starts a comment, `NAME` is any word, `_` an omitted operand:

    ir 8
    opset [DOMAIN] 13
    graph NAME
    input NAME TYPE DIMS                   DIMS: 1x3x4, Nx3, ? (no shape), - (scalar)
    output NAME TYPE DIMS
    init NAME TYPE DIMS [v, v, ...]        raw data;  `typed` before the list: typed fields
    init NAME TYPE DIMS external key=value ...
    node [DOMAIN::]OP in ... -> out ... [; name=N attr=VALUE ...]
    function DOMAIN NAME

Attribute values: 1  1.5  "text"  [1,2]  [1.0,2.0]  {TYPE DIMS [..]} (a tensor).
"""
import ast
import re
import struct
import sys

# name: (ONNX data type, struct format, typed field)
TYPES = {
    "f32": (1, "f", 4), "u8": (2, "B", 5), "i8": (3, "b", 5), "u16": (4, "H", 5),
    "i16": (5, "h", 5), "i32": (6, "i", 5), "i64": (7, "q", 7), "string": (8, None, 6),
    "bool": (9, "?", 5), "f16": (10, "e", 5), "f64": (11, "d", 10), "u32": (12, "I", 11),
    "u64": (13, "Q", 11), "bf16": (16, "H", 5), "u4": (21, None, 5), "i4": (22, None, 5),
}


def varint(v):
    v &= (1 << 64) - 1
    out = b""
    while v > 0x7F:
        out += bytes([v & 0x7F | 0x80])
        v >>= 7
    return out + bytes([v])


def tag(number, wire):
    return varint(number << 3 | wire)


def integer(number, v):
    return tag(number, 0) + varint(v)


def blob(number, data):
    if isinstance(data, str):
        data = data.encode()
    return tag(number, 2) + varint(len(data)) + data


def float32(number, v):
    return tag(number, 5) + struct.pack("<f", v)


def raw_data(kind, values):
    """Little-endian bytes; `values` that are bytes already stand for themselves."""
    if isinstance(values, bytes):
        return values
    if kind in ("u4", "i4"):
        values = list(values) + [0] * (len(values) % 2)
        return bytes(a & 15 | (b & 15) << 4 for a, b in zip(values[::2], values[1::2]))
    return struct.pack("<%d%s" % (len(values), TYPES[kind][1]), *values)


def typed_data(kind, values):
    field = TYPES[kind][2]
    if field == 4:
        return blob(4, struct.pack("<%df" % len(values), *values))
    if field == 10:
        return blob(10, struct.pack("<%dd" % len(values), *values))
    if kind in ("f16", "u4", "i4"):
        raw = raw_data(kind, values)
        values = struct.unpack("<%dH" % len(values), raw) if kind == "f16" else raw
    return blob(field, b"".join(varint(int(v)) for v in values))


def dims_of(text):
    return [] if text in ("-", "?") else text.split("x")


def tensor(kind, dims, values, name="", typed=False, external=None):
    out = b"".join(integer(1, int(d)) for d in dims) + integer(2, TYPES[kind][0])
    if name:
        out += blob(8, name)
    if external is not None:
        for key, value in external:
            out += blob(13, blob(1, key) + blob(2, value))
        return out + integer(14, 1)
    return out + (typed_data(kind, values) if typed else blob(9, raw_data(kind, values)))


def value_info(name, kind, dims):
    shape = b""
    for d in dims_of(dims):
        is_number = d.lstrip("-").isdigit()
        shape += blob(1, integer(1, int(d)) if is_number else blob(2, d) if d != "*" else b"")
    kind = integer(1, TYPES[kind][0]) + (b"" if dims == "?" else blob(2, shape))
    return blob(1, name) + blob(2, blob(1, kind))


def number(text):
    """An integer, or a float, `nan` and `inf` included."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def parse_tensor(text, name=""):
    kind, dims, rest = text.split(None, 2)
    if rest.startswith("external"):
        pairs = [p.split("=", 1) for p in rest.split()[1:]]
        return tensor(kind, dims_of(dims), [], name, external=pairs)
    typed = rest.startswith("typed")
    rest = rest[len("typed"):].strip() if typed else rest
    values = [number(v) for v in rest.strip("[] ").split(",") if v.strip()]
    return tensor(kind, dims_of(dims), values, name, typed)


def attribute(name, text):
    head = blob(1, name)
    if text.startswith("{"):
        return head + blob(5, parse_tensor(text[1:-1])) + integer(20, 4)
    v = ast.literal_eval(text)
    if isinstance(v, list):
        if v and isinstance(v[0], float):
            return head + b"".join(float32(7, x) for x in v) + integer(20, 6)
        return head + b"".join(integer(8, x) for x in v) + integer(20, 7)
    if isinstance(v, str):
        return head + blob(4, v) + integer(20, 3)
    if isinstance(v, float):
        return head + float32(2, v) + integer(20, 1)
    return head + integer(3, v) + integer(20, 2)


def node(text):
    body, _, rest = text.partition(";")
    words = body.split()
    domain, _, op = words[0].rpartition("::")
    arrow = words.index("->")
    out = b""
    for w in words[1:arrow]:
        out += blob(1, "" if w == "_" else w)
    for w in words[arrow + 1:]:
        out += blob(2, "" if w == "_" else w)
    out += blob(4, op) + (blob(7, domain) if domain else b"")
    for m in re.finditer(r'(\w+)=(\{.*?\}|\[.*?\]|".*?"|\S+)', rest):
        if m.group(1) == "name":
            out += blob(3, m.group(2))
        else:
            out += blob(5, attribute(m.group(1), m.group(2)))
    return out


def statement(word, rest, model):
    if word == "ir":
        model["head"] += integer(1, int(rest))
    elif word == "opset":
        parts = rest.split()
        domain = blob(1, parts[0]) if len(parts) == 2 else b""
        model["tail"] += blob(8, domain + integer(2, int(parts[-1])))
    elif word == "function":
        domain, name = rest.split()
        model["tail"] += blob(25, blob(1, name) + blob(10, domain))
    elif word == "graph":
        model["graph"] += blob(2, rest)
    elif word == "init":
        name, rest = rest.split(None, 1)
        model["graph"] += blob(5, parse_tensor(rest, "" if name == "_" else name))
    elif word in ("input", "output"):
        model["graph"] += blob(11 if word == "input" else 12, value_info(*rest.split()))
    elif word == "node":
        model["graph"] += blob(1, node(rest))
    else:
        raise SystemExit("mkonnx: unknown statement '%s'" % word)


def assemble(text):
    """The bytes of the model that `text` describes."""
    model = {"head": b"", "graph": b"", "tail": b""}
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            word, _, rest = line.partition(" ")
            statement(word, rest.strip(), model)
    return model["head"] + blob(7, model["graph"]) + model["tail"]


def main():
    source = sys.stdin if sys.argv[1] == "-" else open(sys.argv[1])
    data = assemble(source.read())
    with open(sys.argv[sys.argv.index("-o") + 1], "wb") as out:
        out.write(data)


if __name__ == "__main__":
    main()
