"""Is FILE made of copies of the data of the .npy files, one after the other?  once.py FILE A.npy B.npy"""
import struct
import sys


def data(path):
    raw = open(path, "rb").read()
    return raw[10 + struct.unpack("<H", raw[8:10])[0]:]


want = b"".join(data(p) for p in sys.argv[2:])
got = open(sys.argv[1], "rb").read()
assert want and len(got) % len(want) == 0 and len(got) >= 2 * len(want), (len(got), len(want))
assert got == want * (len(got) // len(want)), "another result"
print("equal")
