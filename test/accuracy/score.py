#!/usr/bin/env python3
"""Trained models through the quantization passes and the evaluator: what int8 costs.

    score.py MODEL DATA LIMIT LOSS [PIPELINE] --bin DIR --models DIR --out DIR

DATA: cifar, cifar-normalised, cifar-nhwc, mnist, mnist-normalised.  Calibrates on the first 100 samples
with the observers that PIPELINE (default: prepare) inserts and scores the rest up to LIMIT against the
float model; it may lose LOSS points.  PIPELINE `qdq`: the file is quantized already; all samples up to
LIMIT must score LOSS percent or more."""
import argparse
import array
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import samples  # noqa: E402

CALIBRATION = 100
STATISTICS = {"scale": 1 / 255, "mean": (0.4914, 0.4822, 0.4465), "std": (0.2023, 0.1994, 0.2010)}
DATA = {
    "cifar": lambda m: samples.cifar(m, order="nchw"),
    "cifar-normalised": lambda m: samples.cifar(m, order="nchw", **STATISTICS),
    "cifar-nhwc": lambda m: samples.cifar(m, order="nhwc"),
    "mnist": lambda m: samples.mnist(m, scale=1 / 255, mean=0.0, std=1.0),
    "mnist-normalised": lambda m: samples.mnist(m, scale=1 / 255, mean=0.1307, std=0.3081),
}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}\nexit code {done.returncode}")
    return done.stdout


def write_samples(args, path):
    values, shape, labels = DATA[args.data](args.models)
    size = len(values) // len(labels)
    part = array.array("f", values[:size * args.limit])
    count = len(part) // size
    samples.write_npy(path + ".npy", "<f4", (count, *shape), part.tobytes())
    with open(path + ".labels", "wb") as f:
        f.write(bytes(labels[:count]))


def top1(args, model, path, skip):
    text = run(os.path.join(args.bin, "qir-run"), model, "-samples=" + path + ".npy",
               "-labels=" + path + ".labels", "-skip=%d" % skip)
    return float(re.search(r"top-1[^0-9]*([0-9.]+)", text).group(1))


def quantize(args, model, path):
    tool = os.path.join(args.bin, "qir-opt")
    if args.pipeline == "qdq":
        run(tool, model, "-passes=prepare-qdq", "-o", path + ".int8.qir")
        return
    run(tool, model, "-passes=" + args.pipeline, "-o", path + ".observed.qir")
    run(os.path.join(args.bin, "qir-run"), path + ".observed.qir", "-calibrate=" + path + ".npy",
        "-limit=%d" % CALIBRATION, "-o", path + ".profile")
    run(tool, path + ".observed.qir", "-passes=apply-calibration{profile=%s.profile},insert-qdq,"
        "propagate-qdq,lower-quant" % path, "-o", path + ".int8.qir")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data", choices=DATA)
    parser.add_argument("limit", type=int)
    parser.add_argument("loss", type=float)
    parser.add_argument("pipeline", nargs="?", default="prepare")
    for name in ("--bin", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    model, path = os.path.join(args.models, args.model), os.path.join(args.out, "m")
    write_samples(args, path)
    quantize(args, model, path)
    if args.pipeline == "qdq":
        score = top1(args, path + ".int8.qir", path, 0)
        print(f"top-1: {score:.2f} %, at least {args.loss}")
        return score < args.loss
    score = top1(args, path + ".int8.qir", path, CALIBRATION)
    reference = top1(args, model, path, CALIBRATION)
    print(f"top-1: float {reference:.2f} %, int8 {score:.2f} %, may lose {args.loss}")
    return reference - score > args.loss


if __name__ == "__main__":
    sys.exit(main())
