#!/usr/bin/env python3
"""From a trained model to linked int8 objects: compiles digits.onnx for this host and for AArch64,
runs both with the same C application, and compares them with the evaluator."""
import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCALE = "-preprocess=scale=1/16"
TRIPLES = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}


def run(*command):
    """Runs a command; ends the demo with its output when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}exit code {done.returncode}")
    return done.stdout + done.stderr


def npy_data(path):
    with open(path, "rb") as f:
        data = f.read()
    return data[10 + int.from_bytes(data[8:10], "little"):]


class Demo:
    def __init__(self, build, out):
        self.bin, self.out = os.path.join(build, "bin"), out
        os.makedirs(out, exist_ok=True)

    def tool(self, name, *args):
        return run(os.path.join(self.bin, name), *args)

    def path(self, name):
        return os.path.join(self.out, name)

    def evaluate(self, model, name):
        """Top-1 in percent and the bytes of all logits, by the reference evaluator."""
        logits = self.path(name + "-logits.npy")
        text = self.tool("qir-run", model, "-samples", os.path.join(HERE, "test.npy"), SCALE,
                         "-labels", os.path.join(HERE, "labels.npy"), "-output", logits)
        return float(re.search(r"top-1: .*?([0-9.]+) ?%", text).group(1)), npy_data(logits)

    def compile(self, arch, level):
        """Object and application for one architecture; returns the application's path."""
        folder = self.path(arch)
        os.makedirs(folder, exist_ok=True)
        obj, app = os.path.join(folder, "digits.o"), os.path.join(folder, "app")
        self.tool("qcc", "-target", arch, "-mlevel=" + level, os.path.join(HERE, "digits.onnx"),
                  "-profile=" + self.path("digits.profile"), "-o", obj)
        compiler = "cc" if arch == platform.machine() else TRIPLES[arch] + "-gcc"
        run(compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra", "-static",
            "-I", folder, os.path.join(HERE, "main.c"), obj, "-o", app)
        return app

    def execute(self, arch, app):
        logits = app + ".logits"
        command = [app, os.path.join(HERE, "test.npy"), os.path.join(HERE, "labels.npy"), logits]
        if arch != platform.machine():
            command = ["qemu-" + arch, "-cpu", "max"] + command
        right, count, us, isa = run(*command).split()
        with open(logits, "rb") as f:
            return 100 * int(right) / int(count), f.read(), us, isa

    def sizes(self, arch):
        folder = self.path(arch)
        with open(os.path.join(folder, "digits.h")) as f:
            scratch = re.search(r"DIGITS_SCRATCH_BYTES\D+(\d+)", f.read()).group(1)
        return os.path.getsize(os.path.join(folder, "digits.o")), scratch


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def row(title, *cells):
    widths = (7, 16, 9, 9, 12)
    print(f"{title:<31}" + "  ".join(f"{c:>{w}}" for c, w in zip(cells, widths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="build folder that has bin/qcc")
    parser.add_argument("--out", help="where to write (default: BUILD/demo)")
    args = parser.parse_args()
    demo = Demo(args.build, args.out or os.path.join(args.build, "demo"))

    model = os.path.join(HERE, "digits.onnx")
    print("calibrating on 100 digits, compiling for x86-64 and AArch64 ...", flush=True)
    demo.tool("qir-run", model, "-calibrate", os.path.join(HERE, "calib.npy"), "-o",
              demo.path("digits.profile"))
    demo.tool("qcc", model, "-profile=" + demo.path("digits.profile"), "-stop-after=lower",
              "-emit-qir", "-o", demo.path("digits.qir"))
    float_top1, float_logits = demo.evaluate(model, "float")
    int8_top1, int8_logits = demo.evaluate(demo.path("digits.qir"), "int8")

    print()
    row("", "top-1 %", "hash of logits", "object B", "scratch B", "us per digit")
    row("float model, evaluator", f"{float_top1:.2f}", digest(float_logits))
    row("int8 model, evaluator", f"{int8_top1:.2f}", digest(int8_logits))
    hashes, tops = {digest(int8_logits)}, [int8_top1]
    for arch in TRIPLES:
        emulated = arch != platform.machine()
        if emulated and not shutil.which("qemu-" + arch):
            print(f"int8 object, {arch}: not run, qemu-{arch} is missing")
            continue
        level = "native" if not emulated else {"aarch64": "dotprod"}.get(arch, "baseline")
        app = demo.compile(arch, level)
        top1, logits, us, isa = demo.execute(arch, app)
        hashes.add(digest(logits))
        tops.append(top1)
        row(f"int8 object, {arch} {isa}{' *' if emulated else ''}", f"{top1:.2f}", digest(logits),
            *demo.sizes(arch), us)

    if len(hashes) != 1:
        sys.exit("error: the int8 results differ")
    if abs(float_top1 - min(tops)) > 0.5:
        sys.exit("error: int8 loses more than 0.5 points")
    closing(demo)


def closing(demo):
    """What the table means, where the files are, what to try."""
    digits = len(npy_data(os.path.join(HERE, "labels.npy")))
    profile = demo.path("digits.profile")
    print(f"\nEqual hashes: the same bytes for all {digits} test digits.")
    print("* run by qemu, whose time says nothing about the CPU\n")
    print("files:")
    for name, what in ((demo.path("{x86_64,aarch64}/digits.{o,h}"), "objects and headers"),
                       (profile, "ranges measured on 100 digits"),
                       (demo.path("digits.qir"), "the int8 model as text"),
                       ("examples/digits/main.c", "the whole application")):
        print(f"  {name:<44}{what}")
    print("next:")
    print(f"  {demo.bin}/qcc examples/digits/digits.onnx -profile={profile} \\")
    print(f"      -report -o {demo.path('my.o')}")
    print(f"  {demo.bin}/qcc -help")
    print(f"  {'docs/index.md':<44}what to read for which purpose")


if __name__ == "__main__":
    main()
