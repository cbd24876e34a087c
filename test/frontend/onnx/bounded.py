"""bounded.py MODEL N DIR: a model bound with S<=N gives for every size what one bound to that size
gives, whatever stands in the tail of its input.  Results whose dimensions depend on S are compared in
the real part."""
import ast
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
from samples import write_npy  # noqa: E402


def read_npy(path):
    """Shape without the sample axis, and the f32 elements."""
    with open(path, "rb") as f:
        f.read(8)
        header = ast.literal_eval(f.read(struct.unpack("<H", f.read(2))[0]).decode())
        data = f.read()
    assert header["descr"] == "<f4", header
    return header["shape"][1:], struct.unpack("<%df" % (len(data) // 4), data)


def run(model, binding, inputs, prefix, flags):
    names = ["y", "mean", "largest", "end"]
    cmd = ["qir-run", model, "-bind", binding] + flags
    cmd += ["-samples=%s=%s" % item for item in inputs.items()]
    cmd += ["-output=%s=%s.%s.npy" % (n, prefix, n) for n in names]
    subprocess.run(cmd, check=True)
    return {n: read_npy("%s.%s.npy" % (prefix, n)) for n in names}


def main():
    model, limit, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    flags = sys.argv[4:]
    for size in range(1, limit + 1):
        tokens = [(size * 7 + i * i) % 3 for i in range(size)]
        tail = [2] * (limit - size)
        pack = lambda v: struct.pack("<%dq" % len(v), *v)
        write_npy(out + ".t.npy", "<i8", (1, 1, size), pack(tokens))
        write_npy(out + ".b.npy", "<i8", (1, 1, limit), pack(tokens + tail))
        write_npy(out + ".s.npy", "<i8", (1,), pack([size]))
        want = run(model, "S=%d" % size, {"tokens": out + ".t.npy"}, out + ".want", flags)
        got = run(model, "S<=%d" % limit, {"tokens": out + ".b.npy", "S": out + ".s.npy"},
                  out + ".got", flags)
        for name, (shape, values) in want.items():
            n = len(values)
            assert got[name][1][:n] == values, (size, name, got[name], values)
    print("sizes 1 to %d agree" % limit)


if __name__ == "__main__":
    main()
