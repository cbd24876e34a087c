"""What is measured: a case is a model in several forms (files) that programs read, and inputs for each.
Synthetic ones are written when they are asked for; trained ones come from the folder QCC_MODELS."""
import array
import os
import random
from dataclasses import dataclass, field

import linears
import models
import parts
import tflite_network

WIDTH, LARGEST = {"f32": 4, "u8": 1, "i8": 1}, {"u8": 255, "i8": 127}


@dataclass
class Form:
    """One file of a case: kinds of its input and output elements, the input's dimensions, and what
    gives the bytes of all samples."""
    path: str
    input: str
    output: str
    dims: tuple
    samples: object

    def first(self, count):
        """The first samples, as bytes each; `count` or all there are."""
        data, size = self.samples(), models.product(self.dims) * WIDTH[self.input]
        return [data[i:i + size] for i in range(0, min(len(data), count * size), size)]


@dataclass
class Case:
    name: str
    macs: int
    forms: dict = field(default_factory=dict)
    labels: bytes = b""
    reads: int = 0  # bytes of weights, where reading them once is what takes the time


def noise(name, kind, count):
    """One sample: codes of every value (the largest, for the probe), or reals from -1 to 1."""
    if name == "full_range":
        return array.array("f", [1] * count).tobytes() if kind == "f32" else bytes([LARGEST[kind]]) * count
    rng = random.Random(name)
    if kind != "f32":
        return rng.randbytes(count)
    return array.array("f", (rng.uniform(-1, 1) for _ in range(count))).tobytes()


def synthetic(name, folder):
    _, dims = models.known(name)
    case, elements = Case(name, 0), models.product(dims)
    for kind, storage in models.STORAGE.items():
        flat = kind in tflite_network.STORAGE
        path = os.path.join(folder, f"{name}_{kind}.{'tflite' if flat else 'onnx'}")
        data, case.macs, _, _ = models.build(name, kind)
        case.reads = case.macs if len(dims) == 1 else 0  # one row: a product for each weight
        with open(path, "wb") as file:
            file.write(data)
        case.forms[kind] = Form(path, storage, storage, tflite_network.last(dims) if flat else (1, *dims),
                                lambda s=storage: noise(name, s, elements))
    return with_torch(case, (1, *dims), folder)


def with_torch(case, dims, folder):
    """Adds the form that peers/executorch.py makes: float at both ends."""
    path = os.path.join(folder, case.name + ".pt2")
    case.forms["pt2"] = Form(path, "f32", "f32", dims, lambda: noise(case.name, "f32", models.product(dims)))
    return case


def probe(folder):
    """A product of the largest numbers, as convolution and as linear layer."""
    case = synthetic("full_range", folder)
    case.forms.update(linear("full_range", linears.Linear(8, 0, 1, 64, True), folder).forms)
    return case


def linear(name, one, folder):
    case, dims = Case(name, one.rows * one.size ** 2), (one.rows, one.size)
    case.reads = linears.weight_bytes(one) if one.rows == 1 else 0
    for kind, suffix, make in (("qir", "qir", linears.qir), ("dynamic", "onnx", linears.onnx)):
        path = os.path.join(folder, f"{name}.{suffix}")
        with open(path, "wb") as file:
            file.write(make(one))
        case.forms[kind] = Form(path, "f32", "f32", dims, lambda: noise(name, "f32", one.rows * one.size))
    return case


def part(name, one, folder):
    case = Case(name, one.macs, reads=one.reads)
    path = os.path.join(folder, name + ".onnx")
    with open(path, "wb") as file:
        file.write(parts.onnx(one))
    case.forms["fp32"] = Form(path, one.input, "f32", one.dims,
                              lambda: noise(name, one.input, models.product(one.dims)))
    return case


def cifar(shape):
    """500 images of 32x32x3 bytes as `f32 nchw` or as codes `i8 nhwc` of zero point -128, and labels."""
    folder = os.path.join(os.environ["QCC_MODELS"], "mlperf_tiny_ic")
    with open(os.path.join(folder, "cifar_test_500x32x32x3.u8"), "rb") as file:
        pixels = file.read()
    if shape == "i8 nhwc":
        return bytes(p ^ 128 for p in pixels)
    image, out = 32 * 32 * 3, array.array("f")
    for i in range(0, len(pixels), image):
        for c in range(3):
            out.extend(pixels[i + c:i + image:3])
    return out.tobytes()


def trained_resnet8():
    folder = os.path.join(os.environ["QCC_MODELS"], "mlperf_tiny_ic")
    with open(os.path.join(folder, "cifar_test_500.lab"), "rb") as file:
        labels = file.read()
    planes = (1, 3, 32, 32)

    def form(name, kind, dims, shape):
        return Form(os.path.join(folder, name), kind, kind, dims, lambda: cifar(shape))
    return Case("resnet8_trained", 12501632, {
        "s8s8": form("ic_resnet8_int8_qdq.onnx", "f32", planes, "f32 nchw"),
        "fp32": form("ic_resnet8_f32.onnx", "f32", planes, "f32 nchw"),
        "tflite": form("pretrainedResnet_quant.tflite", "i8", (1, 32, 32, 3), "i8 nhwc"),
    }, labels)


# Models of the benchmark, in the order of the tables; others of models.py, and parts.py, are measured when they are named.
SYNTHETIC = ("mobilenet_v2", "resnet50", "resnet18", "resnet8", "ds_cnn", "mobilenet_v1_025_96", "autoencoder")
TRAINED = {"resnet8_trained": trained_resnet8}


def names():
    return [*SYNTHETIC, *linears.LINEARS, *(TRAINED if os.path.isdir(os.environ.get("QCC_MODELS", "")) else ())]


def load(name, folder):
    if name in TRAINED:
        return TRAINED[name]()
    if name in linears.LINEARS:
        one = linears.LINEARS[name]
        return with_torch(linear(name, one, folder), (one.rows, one.size), folder)
    if name in parts.PARTS:
        return part(name, parts.PARTS[name], folder)
    return synthetic(name, folder)
