#!/usr/bin/env python3
"""Assembles TensorFlow Lite models from text, with the standard library only.

    mktflite.py MODEL.txt -o MODEL.tflite

One statement per line; lines that do not begin with a known word are ignored (RUN and CHECK lines):

    tensor NAME TYPE DIMS [q=SCALE[:ZERO][,SCALE[:ZERO]...][@AXIS]] [= VALUES] [variable]
    op OPERATOR[/VERSION] OPERANDS -> RESULTS [; FIELD=NUMBER ...]
    input NAME...
    output NAME...

An OPERATOR that the schema does not know is a custom one.  DIMS is `2x3`, or `-` for a scalar; VALUES is a list in brackets; an omitted operand is `_`.  Numbers of
operators and fields come from the importer's tables."""
import ast
import os
import re
import struct
import sys

TABLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "frontend", "tflite")
FORMATS = {"f32": "f", "f16": "e", "f64": "d", "i8": "b", "u8": "B", "i16": "h", "i32": "i", "i64": "q",
           "bool": "?", "i4": None}
TYPES = {"f32": 0, "f16": 1, "i32": 2, "u8": 3, "i64": 4, "str": 5, "bool": 6, "i16": 7, "i8": 9, "f64": 10, "i4": 17}


def rows(name, pattern):
    with open(os.path.join(TABLES, name)) as f:
        return re.findall(pattern, f.read(), re.M)


OPERATORS = {name: int(number) for number, name in rows("names.def", r"N\((\d+), (\w+)\)")}
OPTIONS = {name: int(number) for name, number in rows("options.def", r"^OPTIONS\((\w+), (\d+)\)")}
FIELDS = {(table, name): (int(number), {"BYTE": "b", "INT": "i", "FLOAT": "f"}[kind])
          for table, number, name, kind in rows("options.def", r"^FIELD\((\w+), (\d+), (\w+), (\w+),")}
ROWS = dict(rows("map.def", r"^ROW\((\w+),(?:[^,]+,){5} (\w+),"))


# ---- FlatBuffers ---------------------------------------------------------------------------------
# A value is a scalar (format, number), a Table, a str, bytes, a list of Tables, or Vector(format, numbers).
class Table:
    def __init__(self, **fields):
        self.fields = {int(k[1:]): v for k, v in fields.items()}


class Vector:
    def __init__(self, fmt, values):
        self.fmt, self.values = fmt, values


class Writer:
    """Writes parents before children, so that every reference points forward."""

    def __init__(self):
        self.out, self.open = bytearray(), []

    def align(self, n):
        self.out += bytes(-len(self.out) % n)

    def refer(self, at, value):
        self.open.append((at, value))

    def table(self, t):
        fields = {k: v for k, v in t.fields.items() if v is not None}
        scalars = {k: v for k, v in fields.items() if isinstance(v, tuple)}
        places, size = {}, 4
        for k in fields:
            width = struct.calcsize("<" + scalars[k][0]) if k in scalars else 4
            size += -(size) % width
            places[k] = size
            size += width
        count = max(fields, default=-1) + 1
        vtable = len(self.out)
        self.out += struct.pack(f"<{2 + count}H", 4 + 2 * count, size, *(places.get(k, 0) for k in range(count)))
        self.align(8)
        start = len(self.out)
        self.out += struct.pack("<i", start - vtable) + bytes(size - 4)
        for k, at in places.items():
            if k in scalars:
                struct.pack_into("<" + scalars[k][0], self.out, start + at, scalars[k][1])
            else:
                self.refer(start + at, fields[k])
        return start

    def vector(self, data, count, width):
        while (len(self.out) + 4) % max(width, 4):
            self.out += b"\0"
        start = len(self.out)
        self.out += struct.pack("<I", count) + data
        return start

    def value(self, v):
        if isinstance(v, Table):
            return self.table(v)
        if isinstance(v, str):
            return self.vector(v.encode() + b"\0", len(v.encode()), 4)
        if isinstance(v, bytes):
            return self.vector(v, len(v), 16)
        if isinstance(v, Vector):
            data = struct.pack(f"<{len(v.values)}{v.fmt}", *v.values)
            return self.vector(data, len(v.values), struct.calcsize(v.fmt))
        start = self.vector(bytes(4 * len(v)), len(v), 4)
        for i, child in enumerate(v):
            self.refer(start + 4 + 4 * i, child)
        return start

    def file(self, root, identifier):
        self.out += bytes(4) + identifier
        self.refer(0, root)
        while self.open:
            at, v = self.open.pop()
            struct.pack_into("<I", self.out, at, self.value(v) - at)
        return bytes(self.out)


def flatbuffer(root, identifier=b"TFL3"):
    return Writer().file(root, identifier)


# ---- the schema ----------------------------------------------------------------------------------
def quantization(text):
    """q=SCALE[:ZERO],...[@AXIS]"""
    pairs, _, axis = text.partition("@")
    parts = [(p.split(":") + ["0"])[:2] for p in pairs.split(",")]
    return Table(f2=Vector("f", [float(s) for s, _ in parts]), f3=Vector("q", [int(z) for _, z in parts]),
                 f6=("i", int(axis or 0)))


def pack(kind, values):
    if kind == "i4":
        values = values + [0] * (len(values) % 2)
        return bytes(a & 15 | (b & 15) << 4 for a, b in zip(values[::2], values[1::2]))
    return struct.pack(f"<{len(values)}{FORMATS[kind]}", *values)


def flat(values):
    return [x for v in values for x in (flat(v) if isinstance(v, list) else [v])]


def dims(text):
    return [] if text == "-" else [int(d) for d in text.split("x")]


class Model:
    def __init__(self):
        self.names, self.tensors, self.buffers, self.ops, self.codes = [], [], [Table()], [], []
        self.inputs, self.outputs = [], []

    def tensor(self, name, kind, shape, *, q=None, data=None, variable=False):
        self.names.append(name)
        if data is not None:
            self.buffers.append(Table(f0=data))
        self.tensors.append(Table(f0=Vector("i", shape), f1=("b", TYPES[kind]),
                                  f2=("I", len(self.buffers) - 1 if data is not None else 0), f3=name, f4=q,
                                  f5=("b", 1) if variable else None))

    def index(self, name):
        return -1 if name == "_" else self.names.index(name)

    def op(self, name, version, operands, results, options):
        custom = name not in OPERATORS
        code, table = OPERATORS["CUSTOM" if custom else name], ROWS.get(name, "None")
        fields = {}
        for key, value in options.items():
            number, fmt = FIELDS[table, key]
            fields[f"f{number}"] = (fmt, float(value) if fmt == "f" else int(value))
        self.codes.append(Table(f0=("b", min(code, 127)), f1=name if custom else None, f2=("i", version),
                                f3=("i", code)))
        self.ops.append(Table(f0=("I", len(self.codes) - 1), f1=Vector("i", [self.index(n) for n in operands]),
                              f2=Vector("i", [self.index(n) for n in results]),
                              f3=("B", OPTIONS.get(table, 0)), f4=Table(**fields) if table in OPTIONS else None))

    def graph(self):
        return Table(f0=self.tensors, f1=Vector("i", [self.index(n) for n in self.inputs]),
                     f2=Vector("i", [self.index(n) for n in self.outputs]), f3=self.ops, f4="main")

    def root(self):
        return Table(f0=("I", 3), f1=self.codes, f2=[self.graph()], f4=self.buffers)


def parse(text):
    m = Model()
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "tensor":
            head, _, values = rest.partition("=[")
            if not values:
                head, _, values = rest.partition("= [")
            name, kind, shape, *more = head.split()
            q = [quantization(w[2:]) for w in more if w.startswith("q=")]
            data = pack(kind, flat(ast.literal_eval("[" + values))) if values else None
            m.tensor(name, kind, dims(shape), q=q[0] if q else None, data=data, variable="variable" in more)
        elif word == "op":
            call, _, options = rest.partition(";")
            left, _, right = call.partition("->")
            name, *operands = left.split()
            name, _, version = name.partition("/")
            m.op(name, int(version or 1), operands, right.split(), dict(o.split("=") for o in options.split()))
        elif word == "input":
            m.inputs += rest.split()
        elif word == "output":
            m.outputs += rest.split()
    return m


def assemble(text):
    return flatbuffer(parse(text).root())


if __name__ == "__main__":
    with open(sys.argv[1]) as source, open(sys.argv[3], "wb") as out:
        out.write(assemble(source.read()))
