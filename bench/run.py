#!/usr/bin/env python3
"""Compiles models for one level of this x86-64 host and times them beside the peak burst.

    bench/run.py                              all synthetic models (models.py) in all kinds
    bench/run.py --only resnet8 --peers       some of them, ONNX Runtime in turns with qcc
    bench/run.py MODEL --mmacs 300.8 --in-bytes 150528 --out-bytes 1000 [--calibrate X]

Every row is measured in turns of burst and model, so that a busy neighbour slows both; `share` is
the model's multiply-adds per second over the burst's.  One thread; minima."""
import argparse
import os
import re
import resource
import subprocess
import sys
import time

from models import KINDS, MODELS, build

HERE = os.path.dirname(os.path.abspath(__file__))
FORMAT = "{:<20} {:<5} {:<8} {:>9} {:>12} {:>12} {:>10} {:>8} {:>8} {:>7}"
TITLES = ("model", "kind", "level", "compile s", "object bytes", "scratch bytes", "min us", "GMAC/s", "burst",
          "share %")
TURNS = 3


class Row:
    """One model at one level: compiled by qcc, linked with bench.c, run in turns."""

    def __init__(self, args, name, kind, path, macs, sizes):
        self.args, self.name, self.kind, self.path, self.macs = args, name, kind, path, macs
        self.sizes, self.dir = [str(s) for s in sizes], os.path.dirname(path) or "."
        self.best, self.burst, self.scratch = float("inf"), 0.0, 0

    def compile(self):
        out = os.path.join(self.args.build, "bench")
        extra = ["-calibrate=" + self.args.calibrate] if self.args.calibrate else []
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([os.path.join(self.args.build, "bin", "qcc"), self.path, "-name=m", "-o", f"{out}/m.o",
                        "-mlevel=" + self.args.level, *extra], check=True, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.compile_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.object_bytes = os.path.getsize(out + "/m.o")
        self.program = os.path.join(out, "bench")
        subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-I", out, "-I", HERE,
                        f"{HERE}/bench.c", f"{out}/m.o", "-o", self.program], check=True)

    def turn(self):
        command = [self.program, *self.sizes, str(self.args.seconds / TURNS)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        best, _, burst, scratch = map(float, text.split())
        self.best, self.burst = min(self.best, best), max(self.burst, burst)
        self.scratch = int(scratch)

    def text(self):
        rate = 1e-3 * self.macs / self.best
        return FORMAT.format(self.name, self.kind, self.args.level, f"{self.compile_s:.2f}", self.object_bytes,
                             self.scratch, f"{self.best:.1f}", f"{rate:.1f}", f"{self.burst:.1f}",
                             f"{100 * rate / self.burst:.1f}")


class Peer:
    """The same model in ONNX Runtime, one thread, with exact int8 arithmetic."""

    def __init__(self, row):
        import numpy
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.x64quantprecision", "1")
        self.session = onnxruntime.InferenceSession(row.path, options, providers=["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        types = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int8)": "int8"}
        self.inputs = {entry.name: numpy.zeros(entry.shape, types[entry.type])}
        self.row, self.best = row, float("inf")

    def turn(self):
        end, calls = time.perf_counter() + self.row.args.seconds / TURNS, 0
        while calls < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            self.session.run(None, self.inputs)
            self.best, calls = min(self.best, time.perf_counter() - start), calls + 1

    def text(self):
        rate = 1e-9 * self.row.macs / self.best
        return FORMAT.format("  onnxruntime", self.row.kind, "exact", "", "", "", f"{1e6 * self.best:.1f}",
                             f"{rate:.1f}", f"{self.row.burst:.1f}", f"{100 * rate / self.row.burst:.1f}")


def have_peer():
    try:
        import numpy  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def measure(row, peers):
    row.compile()
    peer = Peer(row) if peers and have_peer() else None
    for _ in range(TURNS):
        row.turn()
        if peer:
            peer.turn()
    print(row.text(), flush=True)
    if peers:
        print(peer.text() if peer else FORMAT.format("  onnxruntime", row.kind, "skipped", *[""] * 7).rstrip(),
              flush=True)


def selected(args):
    """(name, kind, path, multiply-adds, (input bytes, output bytes)) of every model asked for."""
    if args.model:
        yield os.path.basename(args.model)[:20], "", args.model, 1e6 * args.mmacs, (args.in_bytes, args.out_bytes)
        return
    for name in MODELS:
        for kind in KINDS:
            if not re.search(args.only, f"{name} {kind}"):
                continue
            path = os.path.join(args.build, "bench", f"{name}_{kind}.onnx")
            data, macs, in_bytes, out_bytes = build(name, kind)
            with open(path, "wb") as file:
                file.write(data)
            yield name, kind, path, macs, (in_bytes, out_bytes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--mmacs", type=float, help="multiply-adds of one inference of MODEL, in millions")
    parser.add_argument("--in-bytes", type=int)
    parser.add_argument("--out-bytes", type=int)
    parser.add_argument("--calibrate", help="samples, for a float MODEL")
    parser.add_argument("--only", default="", help="regular expression on `NAME KIND`")
    parser.add_argument("--level", default="avx2")
    parser.add_argument("--seconds", type=float, default=2.0, help="time per row")
    parser.add_argument("--peers", action="store_true", help="ONNX Runtime too, where this Python has it")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"))
    parser.add_argument("--cpu", type=int, help="pin to this CPU")
    args = parser.parse_args()
    if args.model and None in (args.mmacs, args.in_bytes, args.out_bytes):
        parser.error("MODEL needs --mmacs, --in-bytes and --out-bytes")
    if args.cpu is not None:
        os.sched_setaffinity(0, {args.cpu})
    os.makedirs(os.path.join(args.build, "bench"), exist_ok=True)
    print(FORMAT.format(*TITLES))
    for name, kind, path, macs, sizes in selected(args):
        measure(Row(args, name, kind, path, macs, sizes), args.peers)
    if args.peers and not have_peer():
        print("peers skipped: no onnxruntime in", os.path.basename(sys.executable))


if __name__ == "__main__":
    main()
