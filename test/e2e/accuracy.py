#!/usr/bin/env python3
"""Trained models through the linked object: accuracy, and bytes equal to the evaluator's.

    accuracy.py CASE --build DIR --models DIR --out DIR

Calibrates on the first 100 samples and scores the rest; quantized files are scored on all.  The
object for this host (level avx2 where the CPU has it) runs over every sample; AArch64 objects run
under qemu over the first 20."""
import argparse
import array
import functools
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import figures  # noqa: E402
import samples  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CALIBRATION = 100
ARM_SAMPLES = 20
SQNR_SAMPLES = 1500
EQUALIZED_SQNR = 100


def mnist(scale=1 / 255, mean=0.0, std=1.0):
    return functools.partial(samples.mnist, scale=scale, mean=mean, std=std)


def cifar(**kwargs):
    return functools.partial(samples.cifar, **kwargs)


class Case:
    """`loss`: points of top-1 that quantization may cost.  `sqnr`: dB that it must keep in the result and in the logits, and
    in the result with -accuracy=best (None: not measured).
    `top1`: (expected, tolerance) of a file that arrives quantized.  `options`: more of qcc's; then
    only this machine's object runs."""

    def __init__(self, path, data, loss=None, sqnr=None, top1=None, options=()):
        self.path, self.data, self.loss, self.sqnr, self.top1 = path, data, loss, sqnr, top1
        self.options = options


CASES = {
    "ic_resnet8_f32": Case("mlperf_tiny_ic/ic_resnet8_f32.onnx", cifar(order="nchw"), loss=0.3, sqnr=(31.5, 34.0, 32.0)),
    "resnet20": Case("resnet20_cifar/resnet20_cifar10_f32.onnx",
                     cifar(order="nchw", **samples.PHOTOS), loss=0.3, sqnr=(30.8, 30.8, 31.1)),
    # What -min-sqnr=33.5 chooses.
    "resnet20_int16": Case("resnet20_cifar/resnet20_cifar10_f32.onnx",
                           cifar(order="nchw", **samples.PHOTOS), loss=0.5, sqnr=(33.5, 33.5, None),
                           options=["-int16=^(input|/conv1/Conv)$"]),
    "mnist_valid_f32": Case("mnist/mnist_valid_f32.onnx", mnist(), loss=0.1, sqnr=(38.5, 34.5, 39.0)),
    "mnist_resnet_f32": Case("mnist/mnist_resnet_f32.onnx", mnist(), loss=0.1, sqnr=(40.0, 39.0, 41.5)),
    "mnist_8": Case("mnist/mnist-8.onnx", mnist(scale=1.0), loss=0.1, sqnr=(41.0, 41.0, None)),
    "mnist_burn": Case("mnist/mnist_burn.onnx", mnist(mean=0.1307, std=0.3081), loss=0.1, sqnr=(34.5, 34.0, 34.8)),
    "mnist_dw_f32": Case("mnist/mnist_dw_f32.onnx", mnist(), loss=0.1, sqnr=(34.0, 34.0, 35.0)),
    "ic_resnet8_qdq": Case("mlperf_tiny_ic/ic_resnet8_int8_qdq.onnx", cifar(order="nchw"), top1=(87.8, 0.6)),
    "ic_resnet8_tf2onnx_qdq": Case("mlperf_tiny_ic/resnet8_tf2onnx_qdq.onnx", cifar(order="nhwc"),
                                   top1=(87.8, 0.6)),
    "mnist_valid_qdq": Case("mnist/mnist_valid_int8_qdq.onnx", mnist(), top1=(96.46, 0.1)),
    "mnist_resnet_qdq": Case("mnist/mnist_resnet_int8_qdq.onnx", mnist(), top1=(98.22, 0.1)),
    "mnist_dw_qdq": Case("mnist/mnist_dw_int8_qdq.onnx", mnist(), top1=(93.14, 0.1)),
}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\nexit code {done.returncode}")
    return done.stdout


def host_level():
    with open("/proc/cpuinfo") as f:
        return "avx2" if " avx2" in f.read() else "generic"


def targets():
    """(target, level, launcher) of every object that this machine can run."""
    yield platform.machine(), host_level() if platform.machine() == "x86_64" else "native", []
    if platform.machine() == "x86_64":
        yield "x86_64", "generic", []
    if shutil.which("qemu-aarch64"):
        yield "aarch64", "neon", ["qemu-aarch64", "-cpu", "cortex-a53"]
        yield "aarch64", "dotprod", ["qemu-aarch64", "-cpu", "max"]


class Runner:
    def __init__(self, args):
        self.bin, self.out = os.path.join(args.build, "bin"), args.out
        os.makedirs(self.out, exist_ok=True)

    def path(self, name):
        return os.path.join(self.out, name)

    def tool(self, name, *args):
        return run(os.path.join(self.bin, name), *args)

    def evaluate(self, model, inputs, name):
        """Outputs of all samples by the evaluator."""
        self.tool("qir-run", model, "-samples", inputs, "-output", self.path(name + ".npy"))
        return samples.read_npy(self.path(name + ".npy"))

    def quantize(self, model, calibration, name="int8", *options):
        """The integer model as QIR, the form the objects are compiled from."""
        qir = self.path(name + ".qir")
        extra = ["-calibrate=" + calibration] if calibration else []
        self.tool("qcc", model, *extra, *options, "-stop-after=lower", "-emit-qir", "-o", qir)
        return qir

    def build(self, qir, target, level):
        folder = self.path(f"{target}-{level}")
        os.makedirs(folder, exist_ok=True)
        obj, app = os.path.join(folder, "m.o"), os.path.join(folder, "driver")
        self.tool("qcc", "-target", target, "-mlevel=" + level, "-name=m", qir, "-o", obj)
        compiler = "cc" if target == platform.machine() else target + "-linux-gnu-gcc"
        run(compiler, "-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-static",
            "-DMODEL_HEADER=\"m.h\"", "-I", folder, os.path.join(HERE, "driver.c"), obj, "-o", app)
        return app

    def execute(self, app, launcher, raw, in_bytes, out_bytes):
        run(*launcher, app, raw, app + ".out", str(in_bytes), str(out_bytes))
        with open(app + ".out", "rb") as f:
            return f.read()


def floats(data):
    values = array.array("f")
    values.frombytes(data)
    return values


def top1(data, labels, skip):
    values = floats(data)
    return figures.top1(values[len(values) // len(labels) * skip:], labels[skip:])


def check_objects(runner, qir, raw, in_bytes, expected, count, most=None):
    """Bytes of every object against the evaluator's; of the first `most` (None: all)."""
    out_bytes = len(expected) // count
    few = runner.path("few.raw")
    with open(raw, "rb") as f, open(few, "wb") as out:
        out.write(f.read(in_bytes * ARM_SAMPLES))
    for target, level, launcher in itertools.islice(targets(), most):
        whole = target == platform.machine() and level != "generic"
        app = runner.build(qir, target, level)
        got = runner.execute(app, launcher, raw if whole else few, in_bytes, out_bytes)
        want = expected if whole else expected[:out_bytes * min(count, ARM_SAMPLES)]
        if got != want:
            sys.exit(f"{target} {level}: output differs from the evaluator's")
        print(f"{target} {level}: {len(got) // out_bytes} outputs equal the evaluator's")


def logits_sqnr(runner, qir, model):
    """SQNR of the last linear layer over samples that did not calibrate."""
    table = json.loads(runner.tool("qir-run", qir, "-compare-with=" + model, "-samples", runner.path("all.npy"),
                                   f"-skip={CALIBRATION}", f"-limit={SQNR_SAMPLES}", "-json"))
    return [op["sqnr"] for op in table["ops"] if op["op"].startswith("linear")][-1]


def best_sqnr(runner, model, in_bytes, real, count):
    """SQNR of the results of an object compiled with -accuracy=best, over samples that did not calibrate."""
    qir = runner.quantize(model, runner.path("calib.npy"), "best", "-accuracy=best")
    target, level, launcher = next(targets())
    app = runner.build(qir, target, level)
    got = runner.execute(app, launcher, runner.path("all.raw"), in_bytes, len(real) // count)
    skip = len(real) // count * CALIBRATION
    return figures.sqnr(floats(real[skip:]), floats(got[skip:]))


def equalized_sqnr(runner, model):
    """SQNR of the float model's results after equalization of its channels: rounding only."""
    equal = runner.path("equalized.qir")
    runner.tool("qir-opt", "-passes=float,equalize-channels", "-samples=" + runner.path("calib.npy"), model, "-o", equal)
    table = json.loads(runner.tool("qir-run", equal, "-compare-with=" + model, "-samples", runner.path("calib.npy"),
                                   "-json"))
    return min(op["sqnr"] for op in table["ops"] if op["op"] == "result")


def prepare(runner, case, models):
    """Writes all samples (npy, raw) and the calibration part; returns what is needed later."""
    values, shape, labels = case.data(models)
    data, count = values.tobytes(), len(labels)
    in_bytes = len(data) // count
    samples.write_npy(runner.path("all.npy"), "<f4", (count, *shape), data)
    samples.write_npy(runner.path("calib.npy"), "<f4", (CALIBRATION, *shape), data[:in_bytes * CALIBRATION])
    with open(runner.path("all.raw"), "wb") as f:
        f.write(data)
    return labels, in_bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    case, runner = CASES[args.case], Runner(args)
    model = os.path.join(args.models, case.path)
    labels, in_bytes = prepare(runner, case, args.models)
    skip = CALIBRATION if case.loss is not None else 0

    qir = runner.quantize(model, runner.path("calib.npy") if skip else None, "int8", *case.options)
    int8 = runner.evaluate(qir, runner.path("all.npy"), "int8")
    check_objects(runner, qir, runner.path("all.raw"), in_bytes, int8, len(labels), 1 if case.options else None)
    quantized = top1(int8, labels, skip)
    if case.top1:
        expected, tolerance = case.top1
        print(f"top-1: {quantized:.2f} %, expected {expected} +- {tolerance}")
        return abs(quantized - expected) > tolerance
    real = runner.evaluate(model, runner.path("all.npy"), "float")
    reference = top1(real, labels, skip)
    print(f"top-1: float {reference:.2f} %, int8 {quantized:.2f} %, may lose {case.loss}")
    scored = len(real) // len(labels) * skip
    result = figures.sqnr(floats(real[scored:]), floats(int8[scored:]))
    print(f"SQNR of the result: {result:.2f} dB, at least {case.sqnr[0]}")
    exact = equalized_sqnr(runner, model)
    print(f"SQNR of equalized channels in float: {exact:.1f} dB, at least {EQUALIZED_SQNR}")
    sqnr = logits_sqnr(runner, qir, model)
    print(f"SQNR of the logits: {sqnr:.2f} dB, at least {case.sqnr[1]}")
    enough = result >= case.sqnr[0] and sqnr >= case.sqnr[1] and exact >= EQUALIZED_SQNR
    if case.sqnr[2]:
        best = best_sqnr(runner, model, in_bytes, real, len(labels))
        print(f"SQNR of the result with -accuracy=best: {best:.2f} dB, at least {case.sqnr[2]}")
        enough = enough and best >= case.sqnr[2]
    return reference - quantized > case.loss or not enough


if __name__ == "__main__":
    sys.exit(main())
