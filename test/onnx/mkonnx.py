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
    info NAME TYPE DIMS                    type of a tensor between nodes
    body NAME                              a graph of its own, up to `end`: attributes call it @NAME
    function DOMAIN NAME [in ... -> out ... [; NAME=VALUE ...]]
                                           its nodes and operator sets up to `end`; values are defaults
Attribute values: 1  1.5  "text"  [1,2]  [1.0,2.0]  ["a","b"]  {TYPE DIMS [..]} (a tensor)
    @NAME (a body)  $NAME:TYPE (inside functions: an attribute of the call; TYPE: i f s t is fs).
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


REFERENCES = {"f": 1, "i": 2, "s": 3, "t": 4, "g": 5, "fs": 6, "is": 7}


def attribute(name, text, bodies):
    head = blob(1, name)
    if text.startswith("@"):
        return head + blob(6, bodies[text[1:]]) + integer(20, 5)
    if text.startswith("$"):
        ref, kind = text[1:].split(":")
        return head + blob(21, ref) + integer(20, REFERENCES[kind])
    if text.startswith("{"):
        return head + blob(5, parse_tensor(text[1:-1])) + integer(20, 4)
    v = ast.literal_eval(text)
    if isinstance(v, list):
        if v and isinstance(v[0], str):
            return head + b"".join(blob(9, x) for x in v) + integer(20, 8)
        if v and isinstance(v[0], float):
            return head + b"".join(float32(7, x) for x in v) + integer(20, 6)
        return head + b"".join(integer(8, x) for x in v) + integer(20, 7)
    if isinstance(v, str):
        return head + blob(4, v) + integer(20, 3)
    if isinstance(v, float):
        return head + float32(2, v) + integer(20, 1)
    return head + integer(3, v) + integer(20, 2)


def attributes(text, bodies):
    for m in re.finditer(r'(\w+)=(\{.*?\}|\[.*?\]|".*?"|\S+)', text):
        yield m.group(1), None if m.group(1) == "name" else attribute(*m.groups(), bodies), m.group(2)


def node(text, bodies=None):
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
    for key, value, raw in attributes(rest, bodies):
        out += blob(3, raw) if key == "name" else blob(5, value)
    return out


def function_head(text):
    body, _, defaults = text.partition(";")
    domain, name, *values = body.split()
    arrow = values.index("->") if values else 0
    out = blob(1, name) + blob(10, domain)
    out += b"".join(blob(4, v) for v in values[:arrow]) + b"".join(blob(5, v) for v in values[arrow + 1:])
    return out + b"".join(blob(11, value) for _, value, _ in attributes(defaults, {}))


def opset(rest):
    parts = rest.split()
    return (blob(1, parts[0]) if len(parts) == 2 else b"") + integer(2, int(parts[-1]))


GRAPH = {"node": 1, "name": 2, "init": 5, "input": 11, "output": 12, "info": 13}


def graph_field(word, rest, bodies):
    """A statement of a graph as (kind, bytes)."""
    if word == "init":
        name, rest = rest.split(None, 1)
        return parse_tensor(rest, "" if name == "_" else name)
    if word in ("input", "output", "info"):
        return value_info(*rest.split())
    return node(rest, bodies) if word == "node" else rest


class Model:
    def __init__(self):
        self.head, self.graph, self.tail = b"", b"", b""
        self.bodies = {}
        self.inside = None  # (kind, name) of the block up to `end`
        self.block = b""

    def end(self):
        kind, name = self.inside
        if kind == "body":
            self.bodies[name] = self.block
        else:
            self.tail += blob(25, self.block)
        self.inside = None

    def statement(self, word, rest):
        if word == "ir":
            self.head += integer(1, int(rest))
        elif word == "opset" and self.inside:
            self.block += blob(9, opset(rest))
        elif word == "opset":
            self.tail += blob(8, opset(rest))
        elif word == "end":
            self.end()
        elif word == "body":
            self.inside, self.block = ("body", rest), blob(2, rest)
        elif word == "function":
            self.inside, self.block = ("function", rest), function_head(rest)
        elif word == "node" and self.inside and self.inside[0] == "function":
            self.block += blob(7, node(rest, self.bodies))
        elif word in GRAPH or word == "graph":
            field = blob(GRAPH.get(word, 2), graph_field(word, rest, self.bodies))
            if self.inside:
                self.block += field
            else:
                self.graph += field
        else:
            raise SystemExit("mkonnx: unknown statement '%s'" % word)


def assemble(text):
    """The bytes of the model that `text` describes."""
    model = Model()
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            word, _, rest = line.partition(" ")
            model.statement(word, rest.strip())
    return model.head + blob(7, model.graph) + model.tail


def main():
    source = sys.stdin if sys.argv[1] == "-" else open(sys.argv[1])
    data = assemble(source.read())
    with open(sys.argv[sys.argv.index("-o") + 1], "wb") as out:
        out.write(data)


if __name__ == "__main__":
    main()
