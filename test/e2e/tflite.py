#!/usr/bin/env python3
"""TensorFlow Lite files through the linked object: accuracy, agreement, and the evaluator's bytes.

    tflite.py CASE --build DIR --models DIR --out DIR

The object for this host runs over every sample; the evaluator, and the objects for other levels and
machines, over the first few."""
import argparse
import array
import math
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import samples  # noqa: E402
from accuracy import Runner, host_level, run, targets  # noqa: E402
from figures import sqnr  # noqa: E402

FEW, SEED = 5, 11


class Data:
    """Samples of one input: `kind` as in array.array, bytes of all of them, and labels if known."""

    def __init__(self, kind, shape, data, labels=None):
        self.kind, self.shape, self.data, self.labels = kind, shape, bytes(data), labels
        self.size = math.prod(shape) * array.array(kind).itemsize
        self.count = len(self.data) // self.size

    def npy(self, path, count):
        dtype = {"f": "<f4", "b": "|i1", "B": "|u1"}[self.kind]
        samples.write_npy(path, dtype, (count, *self.shape), self.data[:count * self.size])
        return path


def codes(data, zero=128):
    """Bytes 0..255 as the i8 values of scale 1 and zero point -128."""
    return bytes((b - zero) & 255 for b in data)


def mnist(shape, integer=False):
    def load(models):
        values, _, labels = samples.mnist(models, 1 / 255, 0, 1)
        if not integer:
            return Data("f", shape, values.tobytes(), labels)
        return Data("b", shape, codes(round(v * 255) for v in values), labels)
    return load


def cifar(integer=False):
    def load(models):
        values, shape, labels = samples.cifar(models, "nhwc")
        return Data("b", shape, codes(int(v) for v in values), labels) if integer else \
            Data("f", shape, values.tobytes(), labels)
    return load


class Scored:
    """`top1`: (expected, tolerance); `states`: variable tensors that every sample starts from 0 with."""

    def __init__(self, path, data, top1, floats=0, states=()):
        self.path, self.data, self.top1, self.floats, self.states = path, data, top1, floats, states


IMAGE, ROWS = (28, 28, 1), (28, 28)
SCORED = {
    "mnist_valid_f": Scored("mnist/mnist_valid_f.tflite", mnist(IMAGE), (96.54, 0.02), None),
    "mnist_valid_q": Scored("mnist/mnist_valid_q.tflite", mnist(IMAGE, True), (96.46, 0.1)),
    "mnist_dw_f": Scored("mnist/mnist_dw_f.tflite", mnist(IMAGE), (93.22, 0.02), None),
    "mnist_dw_q": Scored("mnist/mnist_dw_q.tflite", mnist(IMAGE, True), (93.14, 0.1)),
    "mnist_resnet_f": Scored("mnist/mnist_resnet_f.tflite", mnist(IMAGE), (98.25, 0.02), None),
    "mnist_resnet_q": Scored("mnist/mnist_resnet_q.tflite", mnist(IMAGE, True), (98.22, 0.1)),
    "conv_fc": Scored("mnist/conv_fc_mnist.tflite", mnist(IMAGE), (96.52, 0.02), None),
    "conv_fc_static": Scored("mnist/conv_fc_mnist_srq_a8w8.tflite", mnist(IMAGE, True), (95.80, 0.2)),
    "conv_fc_weight_only": Scored("mnist/mnist_quantized.tflite", mnist(IMAGE), (96.49, 0.1), None),
    "conv_fc_mixed": Scored("mnist/partly_quantized_mnist.tflite", mnist(IMAGE), (96.5, 0.2), None),
    "lstm_f": Scored("mnist/trained_lstm.tflite", mnist(ROWS), (98.53, 0.02), None,
                     (("model/sequential/lstm/zeros", "<f4", 20), ("model/sequential/lstm/zeros1", "<f4", 20))),
    "lstm_q": Scored("mnist/trained_lstm_int8.tflite", mnist(ROWS, True), (98.50, 0.1), None,
                     (("tfl.pseudo_qconst", "|i1", 20), ("tfl.pseudo_qconst1", "<i2", 20))),
    "ic_f": Scored("mlperf_tiny_ic/pretrainedResnet.tflite", cifar(), (87.8, 0.01), None),
    "ic_q": Scored("mlperf_tiny_ic/pretrainedResnet_quant.tflite", cifar(True), (87.8, 0.6)),
    "ic_large_f": Scored("mlperf_tiny_ic/pretrainedResnet_large_float.tflite", cifar(), (92.2, 0.01), None),
    "ic_large_q": Scored("mlperf_tiny_ic/pretrainedResnet_large_int8.tflite", cifar(True), (91.6, 0.6)),
}


# ---- running -----------------------------------------------------------------------------------------
def bind_states(runner, states):
    flags = []
    for i, (name, dtype, cells) in enumerate(states):
        path = runner.path(f"state{i}.npy")
        samples.write_npy(path, dtype, (1, cells), bytes(int(dtype[-1]) * cells))
        flags.append(f"-const-input={name}={path}")
    return flags


def lower(runner, model, *flags, name="lower"):
    """The form the objects are compiled from, and how many float ops it has."""
    qir = runner.path(name + ".qir")
    runner.tool("qcc", model, *flags, "-stop-after=lower", "-emit-qir", "-o", qir)
    report = runner.tool("qcc", model, *flags, "-report", "-o", runner.path("report.o"))
    return qir, int(report.split(" integer ops, ")[1].split(" float ops")[0])


def parameters(qir):
    """(scale, zero point) of the function's argument and of its result."""
    with open(qir) as f:
        text = f.read()
    aliases = dict(re.findall(r"^(!\S+) = quant<[iu]8:f32, (\S+)>$", text, re.M))
    head = re.search(r"func @main\(.*?tensor<[\dx]+x(!\w+)>.*?-> \(tensor<[\dx]+x(!\w+)>", text)
    return [(float(a), int(b or 0)) for a, _, b in (aliases[name].partition(":") for name in head.groups())]


def outputs(runner, qir, data):
    """Of every sample by the host's object; of the first few all others must agree."""
    few = min(FEW, data.count)
    for name, count in (("all", data.count), ("few", few)):
        with open(runner.path(name + ".raw"), "wb") as f:
            f.write(data.data[:count * data.size])
    expected = runner.evaluate(qir, data.npy(runner.path("few.in.npy"), few), "few")
    width, whole = len(expected) // few, None
    for target, level, launcher in targets():
        host = level == host_level() and not launcher
        app = runner.build(qir, target, level)
        got = runner.execute(app, launcher, runner.path("all.raw" if host else "few.raw"), data.size, width)
        if got[:len(expected)] != expected:
            sys.exit(f"{target} {level}: output differs from the evaluator's")
        print(f"{target} {level}: {len(got) // width} outputs, the evaluator's bytes")
        whole = got if host else whole
    return whole


def rows(data, kind, count):
    values = array.array(kind, data)
    width = len(values) // count
    return [values[width * i:width * (i + 1)] for i in range(count)]


def argmaxes(data, kind, count):
    return [list(row).index(max(row)) for row in rows(data, kind, count)]


# ---- cases -------------------------------------------------------------------------------------------
def score(runner, models, case):
    data = case.data(models)
    qir, floats = lower(runner, os.path.join(models, case.path), *bind_states(runner, case.states))
    got = outputs(runner, qir, data)
    kind = "b" if case.floats == 0 and data.kind == "b" or len(got) == 10 * data.count else "f"
    right = sum(a == b for a, b in zip(argmaxes(got, kind, data.count), data.labels))
    top1 = 100 * right / data.count
    print(f"top-1: {top1:.2f} %, expected {case.top1[0]} +- {case.top1[1]}; {floats} float ops")
    return abs(top1 - case.top1[0]) > case.top1[1] + 1e-9 or case.floats not in (None, floats)


def integers(shape, count):
    """i8 samples that reach several classes."""
    values = samples.clustered(count, math.prod(shape), -128, 127, SEED)
    return Data("b", shape, bytes(round(v) & 255 for v in values))


def reals(values, parameters_):
    """f32 of quantized values."""
    scale, zero = parameters_
    return array.array("f", ((v - zero) * scale for v in values))


def agree(runner, models, path, onnx, shape, onnx_shape, perm, count, steps=1):
    """An int8 file and its QDQ form: the same answers, codes at most `steps` apart."""
    data = integers(shape, count)
    qir, floats = lower(runner, os.path.join(models, path))
    x, y = parameters(qir)
    got = reals(array.array("b", outputs(runner, qir, data)), y)
    real = reals((v for row in rows(data.data, "b", count) for v in perm(row)), x)
    reference, _ = lower(runner, os.path.join(models, onnx), name="qdq")
    qdq = runner.evaluate(reference, Data("f", onnx_shape, real.tobytes()).npy(runner.path("qdq.in.npy"), count),
                          "qdq")
    apart = max(abs(a - b) for a, b in zip(got, array.array("f", qdq))) / y[0]
    same = sum(a == b for a, b in zip(argmaxes(got.tobytes(), "f", count), argmaxes(qdq, "f", count)))
    print(f"{same} of {count} answers equal, at most {apart:.2f} steps apart, {floats} float ops")
    return same != count or apart > steps + 0.01 or floats != 0


def kws(runner, models):
    return agree(runner, models, "mlperf_tiny_kws/kws_ref_model.tflite", "mlperf_tiny_kws/kws_dscnn_int8_qdq.onnx",
                 (49, 10, 1), (1, 49, 10), lambda row: row, 100)


def planes(row):
    return [v for c in range(3) for v in row[c::3]]


def vww(runner, models):
    return agree(runner, models, "mlperf_tiny_vww/vww_96_int8.tflite",
                 "mlperf_tiny_vww/vww_96_tflite2onnx_qdq.onnx", (96, 96, 3), (3, 96, 96), planes, 20, 8)


def read_bmp(path):
    """(width, height, RGB rows) of an uncompressed picture, gray ones included."""
    with open(path, "rb") as f:
        data = f.read()
    start, = struct.unpack_from("<I", data, 10)
    width, height = struct.unpack_from("<ii", data, 18)
    bits, = struct.unpack_from("<H", data, 28)
    colors = 14 + struct.unpack_from("<I", data, 14)[0]
    pitch = (width * bits // 8 + 3) // 4 * 4
    out = []
    for y in range(abs(height)):
        line = start + pitch * (y if height < 0 else height - 1 - y)
        for x in range(width):
            at = line + x * bits // 8 if bits > 8 else colors + 4 * data[line + x]
            out += data[at + 2], data[at + 1], data[at]
    return width, abs(height), bytes(out)


DECODE = """module {{
  func @main(%x: tensor<1x3x{height}x{width}xf32>) -> (tensor<1x{height}x{width}x3xf32>) {{
    %y = transpose(%x) {{perm = [0, 2, 3, 1]}}
    return(%y)
  }}
}}
"""


def decoded(runner, path):
    """(width, height, RGB rows) of a JPEG file: what a model that does nothing gets."""
    with open(path, "rb") as f:
        height, width = struct.unpack(">HH", re.findall(rb"\xff[\xc0\xc2]..\x08(....)", f.read(), re.S)[-1])
    with open(runner.path("decode.qir"), "w") as f:
        f.write(DECODE.format(width=width, height=height))
    runner.tool("qir-run", runner.path("decode.qir"), "-input", path, "-preprocess=raw", "-output",
                runner.path("decoded.npy"))
    values = array.array("f", samples.read_npy(runner.path("decoded.npy")))
    return width, height, bytes(map(round, values))


def shrink(line, width, size, channels):
    """`size` pixels, each the mean of those it covers."""
    out = []
    for i in range(size):
        first = i * width // size
        end = max((i + 1) * width // size, first + 1)
        for c in range(channels):
            part = line[first * channels + c:end * channels:channels]
            out.append(sum(part) / len(part))
    return out


def resized(width, height, pixels, size=224):
    """Bytes [size, size, 3] of a larger picture."""
    narrow = []
    for y in range(height):
        narrow += shrink(pixels[3 * width * y:3 * width * (y + 1)], width, size, 3)
    return bytes(map(round, shrink(narrow, height, size, 3 * size)))


def pictures(runner, folder):
    for name in ("bird", "cat", "grace_hopper", "sunflower"):
        yield resized(*read_bmp(os.path.join(folder, name + ".bmp")))
    yield resized(*decoded(runner, os.path.join(folder, "parrot.jpg")))


def mbv1(runner, models):
    """The float and the uint8 network see the same in five pictures."""
    folder = os.path.join(models, "mbv1_025_224")
    pixels = b"".join(pictures(runner, folder))
    floats = array.array("f", (v / 127.5 - 1 for v in pixels)).tobytes()
    answers = []
    for name, kind, data in (("1_default_1", "f", floats), ("quant", "B", pixels)):
        qir, nfloat = lower(runner, os.path.join(folder, f"mobilenet_v1_0.25_224_{name}.tflite"))
        answers.append(argmaxes(outputs(runner, qir, Data(kind, (224, 224, 3), data)), kind, 5))
        if kind == "B" and nfloat:
            sys.exit(f"{nfloat} float ops")
    print("float", answers[0], "uint8", answers[1])
    return answers[0] != answers[1] or len(set(answers[0])) < 5


def ad(runner, models):
    """The autoencoder on 40 frames: float against int8."""
    folder = os.path.join(models, "mlperf_tiny_ad")
    with open(os.path.join(folder, "normal_id_01_00000000_hist_librosa.bin"), "rb") as f:
        frames = Data("f", (640,), f.read())
    qir, _ = lower(runner, os.path.join(folder, "ad01_fp32.tflite"))
    want = array.array("f", outputs(runner, qir, frames))
    qir, floats = lower(runner, os.path.join(folder, "ad01_int8.tflite"))
    x, y = parameters(qir)
    quantized = bytes(min(max(round(v / x[0]) + x[1], -128), 127) & 255 for v in array.array("f", frames.data))
    got = reals(array.array("b", outputs(runner, qir, Data("b", (640,), quantized))), y)
    print(f"{sqnr(want, got):.1f} dB against float, {floats} float ops")
    return sqnr(want, got) < 20 or floats != 0


def person(runner, models):
    """The person detector tells its two test pictures apart."""
    folder = os.path.join(models, "tflm_audio")
    # The network was trained on gray bytes taken as i8.
    gray = b"".join(read_bmp(os.path.join(folder, n + ".bmp"))[2][::3] for n in ("person", "no_person"))
    qir, floats = lower(runner, os.path.join(folder, "person_detect.tflite"))
    scores = rows(outputs(runner, qir, Data("b", (96, 96, 1), gray)), "b", 2)
    print("person", list(scores[0]), "no person", list(scores[1]), f"{floats} float ops")
    return scores[0][1] <= scores[0][0] or scores[1][1] >= scores[1][0] or floats != 0


def buffer(data, size):
    """The bytes of the first buffer of that size in a FlatBuffer: aligned to 16, behind its length."""
    at = next(m.end() for m in re.finditer(re.escape(struct.pack("<I", size)), data) if m.end() % 16 == 0)
    return data[at:at + size]


def int4(runner, models):
    """One layer of 1024 x 1024 int4 weights, f16 scales for blocks of 32, decoded here once more."""
    path, n, block, checked = os.path.join(models, "int4_fc", "qwen_fc_blockwise_quantized.tflite"), 1024, 32, 64
    with open(path, "rb") as f:
        data = f.read()
    packed, halves = buffer(data, n * n // 2), buffer(data, n * n // block * 2)
    scales = struct.unpack(f"<{n * n // block}e", halves)
    x = samples.uniform(1, n, -1, 1, SEED)
    qir, _ = lower(runner, path)
    got = array.array("f", outputs(runner, qir, Data("f", (1, n), x.tobytes())))
    error = 0.0
    for row in range(checked):
        total = 0.0
        for k in range(n):
            code = packed[(row * n + k) // 2] >> k % 2 * 4 & 15
            total += (code - 16 if code > 7 else code) * scales[(row * n + k) // block] * x[k]
        error = max(error, abs(total - got[row]))
    print(f"largest error of {checked} results: {error:.2g} of {max(map(abs, got)):.3g}")
    return error > 1e-5 * max(map(abs, got)) or int4_dynamic(runner, path, x, got)


def int4_dynamic(runner, path, x, real):
    """The same with its input quantized at run time, by hand: 255 steps over [-1, 1] are 48 dB."""
    source, qir = runner.path("dynamic.qir"), runner.path("dynamic.lower.qir")
    runner.tool("qcc", path, "-stop-after=import", "-emit-qir", "-o", source)
    with open(source) as f:
        text = f.read()
    block = "{block = [1, 1, 1024]}"
    text = re.sub(r"linear\((%\w+), (%\w+)\)", r"linear(%d, \2)", text)
    name = re.search(r"func @main\((%\w+):", text)[1]
    text = re.sub(r"(func @main.*\n)", rf"""\1    %s, %z = choose_qparams({name}) {block}
    %q = quantize_affine({name}, %s, %z) {block}
    %d = dequantize_affine(%q, %s, %z) {block}
""", text)
    with open(source, "w") as f:
        f.write(text)
    runner.tool("qir-opt", "-passes=prepare-qdq", source, "-o", qir)
    with open(qir) as f:
        products = f.read().count("= linear_dynamic(")
    got = array.array("f", outputs(runner, qir, Data("f", (1, len(x)), x.tobytes())))
    ratio = sqnr(real, got)
    print(f"int8 dynamic / int4 group 32: {products} integer product, {ratio:.1f} dB")
    return products != 1 or ratio < 45


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=[*SCORED, *CHECKS])
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    runner = Runner(args)
    if args.case in SCORED:
        return score(runner, args.models, SCORED[args.case])
    return CHECKS[args.case](runner, args.models)


CHECKS = {"kws": kws, "vww": vww, "mbv1": mbv1, "ad": ad, "person": person, "int4": int4}

if __name__ == "__main__":
    sys.exit(main())
