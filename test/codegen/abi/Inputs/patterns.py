"""Arrays of odd bytes: patterns.py f4|i1 OUT.npy DIMS writes one sample for each pattern, and nan.npy and zero.npy
beside it."""
import random
import struct
import sys

kind, path, dims = sys.argv[1], sys.argv[2], [int(d) for d in sys.argv[3].split("x")]
size = {"f4": 4, "i1": 1}[kind]
n = 1
for d in dims:
    n *= d


def write(name, samples):
    shape = [len(samples) * dims[0]] + dims[1:]
    header = "{'descr': '%s%s', 'fortran_order': False, 'shape': (%s,), }" % (
        "<" if size > 1 else "|", kind, ", ".join(map(str, shape)))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(name, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"".join(samples))


rng = random.Random(5)
samples = [bytes([b]) * (n * size) for b in (0x00, 0x80, 0x7f, 0xff, 0x01)] + [rng.randbytes(n * size)]
if kind == "f4":
    for v in (float("inf"), float("-inf"), 3.4028235e38, -3.4028235e38, 1e-45, -0.0):
        samples.append(struct.pack("<f", v) * n)
    mixed = [float("nan"), float("inf"), float("-inf"), 1.0, -1.0, 1e30, 0.5, 2.5]
    samples.append(b"".join(struct.pack("<f", rng.choice(mixed)) for _ in range(n)))
    write("nan.npy", [b"\x00\x00\xc0\x7f" * n])
    write("zero.npy", [b"\x00" * (4 * n)])
write(path, samples)
