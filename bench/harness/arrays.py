"""Arrays as bytes, and .npy files of them, without numpy."""
import array
import ast

DESCR = {"f32": "<f4", "u8": "|u1", "i8": "|i1"}
CODES = {"f32": "f", "u8": "B", "i8": "b"}


def values(kind, data):
    """A sequence of numbers."""
    return array.array(CODES[kind], data)


def write_npy(path, kind, dims, data):
    head = f"{{'descr': '{DESCR[kind]}', 'fortran_order': False, 'shape': {tuple(dims)}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    with open(path, "wb") as out:
        out.write(b"\x93NUMPY\x01\0" + len(head).to_bytes(2, "little") + head + data)


def read_npy(path):
    """(kind, dims, bytes) of a file of version 1."""
    with open(path, "rb") as file:
        data = file.read()
    start = 10 + int.from_bytes(data[8:10], "little")
    head = ast.literal_eval(data[10:start].decode())
    kind = {descr: kind for kind, descr in DESCR.items()}[head["descr"]]
    return kind, head["shape"], data[start:]
