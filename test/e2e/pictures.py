#!/usr/bin/env python3
"""MobileNetV1 with asymmetric u8 weights (QDQ) on five pictures: the float model's labels, computed on
integers, the same bytes in every object.

    pictures.py --build DIR --models DIR --out DIR"""
import argparse
import array
import os
import re
import shutil
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import samples  # noqa: E402
from accuracy import Runner, check_objects, floats  # noqa: E402

SIZE = 224
PICTURES = {"bird.bmp": "chickadee", "cat.bmp": "Egyptian cat", "grace_hopper.bmp": "suit",
            "parrot.jpg": "macaw", "sunflower.bmp": "daisy"}
PARROT = 929, 512


def read_bmp(path):
    """Three planes of rows."""
    with open(path, "rb") as f:
        data = f.read()
    start, = struct.unpack_from("<I", data, 10)
    width, height = struct.unpack_from("<ii", data, 18)
    stride = (3 * width + 3) // 4 * 4
    rows = [data[start + stride * y:start + stride * y + 3 * width] for y in reversed(range(height))]
    return [[row[2 - c::3] for row in rows] for c in range(3)]


def read_jpeg(runner, path, height, width):
    """Through the image reader of qir-run and a model that is the identity."""
    kind, model, folder = f"tensor<1x3x{height}x{width}xf32>", runner.path("identity.qir"), runner.path("jpeg")
    with open(model, "w") as f:
        f.write(f"module @m {{\n  func @main(%x: {kind}) -> ({kind}) {{\n    return(%x)\n  }}\n}}\n")
    os.makedirs(folder, exist_ok=True)
    shutil.copy(path, folder)
    runner.tool("qir-run", model, "-samples=" + folder, "-preprocess=raw", "-output=" + runner.path("jpeg.npy"))
    values = floats(samples.read_npy(runner.path("jpeg.npy")))
    at = lambda c, y: (c * height + y) * width
    return [[values[at(c, y):at(c, y) + width] for y in range(height)] for c in range(3)]


def span(i, size):
    """Pixels that position i of the small picture covers."""
    first = i * size // SIZE
    return first, max(first + 1, (i + 1) * size // SIZE)


def shrunk(plane):
    """Means of boxes, as reals in [-1, 1]."""
    columns = [span(x, len(plane[0])) for x in range(SIZE)]
    for y in range(SIZE):
        first, end = span(y, len(plane))
        sums = list(map(sum, zip(*plane[first:end])))
        for a, b in columns:
            yield sum(sums[a:b]) / ((b - a) * (end - first) * 127.5) - 1.0


def tops(data):
    values = floats(data)
    rows = [values[1001 * i:1001 * (i + 1)] for i in range(len(PICTURES))]
    return [row.index(max(row)) for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    runner, folder = Runner(args), os.path.join(args.models, "mbv1_025_224")
    values = array.array("f")
    for name in PICTURES:
        path = os.path.join(folder, name)
        planes = read_bmp(path) if name.endswith("bmp") else read_jpeg(runner, path, *PARROT)
        for plane in planes:
            values.extend(shrunk(plane))
    inputs = runner.path("inputs.npy")
    samples.write_npy(inputs, "<f4", (len(PICTURES), 3, SIZE, SIZE), values.tobytes())
    with open(runner.path("inputs.raw"), "wb") as f:
        f.write(values.tobytes())
    qir = runner.quantize(os.path.join(folder, "mbv1_025_224_u8_qdq.onnx"), None)
    with open(qir) as f:
        real = re.findall(r"= (\w+)\(.*xf32>", f.read())
    int8 = runner.evaluate(qir, inputs, "int8")
    runner.tool("qir-run", os.path.join(folder, "mbv1_025_224_f32.onnx"), "-jit", "-samples", inputs,
                "-output", runner.path("float.npy"))
    with open(os.path.join(folder, "labels.txt")) as f:
        labels = f.read().split("\n")
    answers = [[labels[i] for i in tops(data)] for data in (int8, samples.read_npy(runner.path("float.npy")))]
    print("int8: {}\nfloat: {}\nfloat ops: {}".format(*answers, real))
    check_objects(runner, qir, runner.path("inputs.raw"), 4 * 3 * SIZE * SIZE, int8, len(PICTURES))
    return any(a != list(PICTURES.values()) for a in answers) or real != ["dequantize"]


if __name__ == "__main__":
    sys.exit(main())
