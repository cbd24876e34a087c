"""Peak memory and values of large models: weights inline at an odd offset, weights that are transposed, and
beyond 2 GB of a sparse file of external data.   memory.py FOLDER_OF_MKONNX SCRATCH_FOLDER"""
import os
import struct
import sys

sys.path.insert(0, sys.argv[1])
from mkonnx import TYPES, blob, integer, node, tensor, value_info  # noqa: E402

MB = 1 << 20
ROWS, COLUMNS, COUNT = 512, 8192, 16  # 16 MB of f32 each


def model(initializers, nodes, inputs, outputs):
    graph = b"".join([blob(5, i) for i in initializers] + [blob(1, node(n, {})) for n in nodes]
                     + [blob(11, value_info(*v)) for v in inputs] + [blob(12, value_info(*v)) for v in outputs])
    return integer(1, 8) + blob(7, graph) + blob(8, integer(2, 13))


def inline(path, node):
    """Weights whose bytes begin at any offset, read by nodes "x NAME"."""
    dims = integer(1, ROWS) + integer(1, COLUMNS) + integer(2, TYPES["f32"][0])
    weights = [dims + blob(8, "w" * (i + 1)) + blob(9, bytes(4 * ROWS * COLUMNS)) for i in range(COUNT)]
    nodes = [node % ("w" * (i + 1), i) for i in range(COUNT)]
    columns = COLUMNS if "transB" in node else ROWS
    data = model(weights, nodes, [("x", "f32", "1x%d" % columns)], [("y%d" % i, "f32", "?") for i in range(COUNT)])
    with open(path, "wb") as f:
        f.write(data)
    return len(data)


def sparse(path):
    """Two weights in a file of 3 GB that is mostly hole."""
    offset = (5 << 30) // 2
    with open(path + ".data", "wb") as f:
        f.write(struct.pack("<2f", 1, 2))
        f.seek(offset)
        f.write(struct.pack("<2f", 3, 4))
        f.truncate(3 << 30)
    name = os.path.basename(path) + ".data"
    entries = [[("location", name), ("offset", str(o)), ("length", "8")] for o in (0, offset)]
    weights = [tensor("f32", ["2"], [], n, external=e) for n, e in zip("ab", entries)]
    with open(path, "wb") as f:
        f.write(model(weights, ["Add a b -> y"], [], [("y", "f32", "2")]))


def peak(*command):
    """Peak memory of a process in bytes, and its output."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(w, 1)
        os.dup2(w, 2)
        os.execvp(command[0], command)
    os.close(w)
    output = os.fdopen(r).read()
    return os.wait4(pid, 0)[2].ru_maxrss * 1024, output


def main():
    big, holes = (os.path.join(sys.argv[2], n) for n in ("big.onnx", "holes.onnx"))
    base = peak("qir-run", "-help")[0]
    for title, node in (("inline", "Gemm x %s -> y%d ; transB=1"), ("transposed", "MatMul x %s -> y%d")):
        size = inline(big, node)
        used, _ = peak("qir-run", big, "-func", "none")  # imports, then finds no such function
        limit = 1.15 * size + 64 * MB
        print("%s: %s" % (title, "bounded" if size < used < limit else "%d MB of %d, program %d"
                          % (used // MB, limit // MB, base // MB)))
        os.remove(big)
    sparse(holes)
    used, output = peak("qir-run", holes)
    print("beyond 2 GB: %s, %s" % (" ".join(output.split()), "bounded" if used < 128 * MB else used))
    os.remove(holes + ".data")


main()
