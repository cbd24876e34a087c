#!/usr/bin/env python3
"""-compat=tflite against the answers of LiteRT's reference kernels (tflite-oracle.txt): equal bytes, by the
compiled code for all inputs and by the evaluator for the first.

    tflite_oracle.py --build DIR --models DIR --out DIR"""
import argparse
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import samples  # noqa: E402
from accuracy import Runner  # noqa: E402

# Shape and type of the input, number of inputs.
MODELS = {
    "mnist/mnist_valid_q": ((28, 28, 1), "|i1", 20),
    "mnist/mnist_dw_q": ((28, 28, 1), "|i1", 20),
    "mnist/mnist_resnet_q": ((28, 28, 1), "|i1", 20),
    "mnist/conv_fc_mnist_srq_a8w8": ((28, 28, 1), "|i1", 20),
    "mlperf_tiny_ic/pretrainedResnet_quant": ((32, 32, 3), "|i1", 20),
    "mlperf_tiny_kws/kws_ref_model": ((49, 10, 1), "|i1", 20),
    "mlperf_tiny_sww/str_ww_ref_model": ((30, 1, 40), "|i1", 20),
    "mlperf_tiny_ad/ad01_int8": ((640,), "|i1", 4),
    "mlperf_tiny_vww/vww_96_int8": ((96, 96, 3), "|i1", 4),
    "tflm_audio/micro_speech_quantized": ((1960,), "|i1", 20),
    "mbv1_025_224/mobilenet_v1_0.25_224_quant": ((224, 224, 3), "|u1", 2),
}


def inputs(shape, kind, count):
    low = -128 if kind == "|i1" else 0
    values = samples.clustered(count, math.prod(shape), low, low + 255, 5)
    return bytes(round(v) & 255 for v in values)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    runner, wrong = Runner(args), 0
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tflite-oracle.txt")) as f:
        oracle = dict(line.split() for line in f if not line.startswith("#"))
    for name, (shape, kind, count) in MODELS.items():
        qir, want = runner.path("m.qir"), bytes.fromhex(oracle[name])
        runner.tool("qcc", "-compat=tflite", os.path.join(args.models, name + ".tflite"), "-stop-after=lower",
                    "-emit-qir", "-o", qir)
        samples.write_npy(runner.path("in.npy"), kind, (count, *shape), inputs(shape, kind, count))
        runner.tool("qir-run", qir, "-jit", "-samples", runner.path("in.npy"), "-output", runner.path("out.npy"))
        runner.tool("qir-run", qir, "-limit=1", "-samples", runner.path("in.npy"), "-output", runner.path("one.npy"))
        got, one = samples.read_npy(runner.path("out.npy")), samples.read_npy(runner.path("one.npy"))
        equal = got == want and one == want[:len(one)]
        wrong += not equal
        print(f"{name}: {count} inputs, {'equal' if equal else 'different'}")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
