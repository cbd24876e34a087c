#!/usr/bin/env python3
"""Times synthetic models (models.py) on threads of the pool in examples/threads.

    bench/threads.py --only mobilenet_v2 --threads 2

Columns: NAME_run, then NAME_run_mt on 1, 2, ... threads, each in microseconds (minima of calls in
turns), and how many times as fast as NAME_run the last one is."""
import argparse
import os
import re
import subprocess

from models import KINDS, MODELS, build

HERE = os.path.dirname(os.path.abspath(__file__))
POOL = os.path.join(os.path.dirname(HERE), "examples", "threads")


def measure(args, name, kind):
    work = os.path.join(args.build, "bench")
    data, _, in_bytes, out_bytes = build(name, kind)
    path, program = os.path.join(work, f"{name}_{kind}.onnx"), os.path.join(work, "threads")
    with open(path, "wb") as file:
        file.write(data)
    grain = [f"-fthreads-grain={args.grain}"] if args.grain else []
    subprocess.run([os.path.join(args.build, "bin", "qcc"), path, "-name=m", "-o", work + "/m.o",
                    "-mlevel=" + args.level, "-fthreads", *grain], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-I", work, "-I", HERE, "-I", POOL,
                    HERE + "/threads.c", POOL + "/pthread_pool.c", work + "/m.o", "-o", program, "-lpthread"],
                   check=True)
    text = subprocess.run([program, str(in_bytes), str(out_bytes), str(args.seconds), str(args.threads)],
                          check=True, capture_output=True, text=True).stdout
    times = [float(t) for t in text.split()]
    print(f"{name:<20} {kind:<5}" + "".join(f" {t:>9.1f}" for t in times) + f" {times[0] / times[-1]:>7.2f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="regular expression on `NAME KIND`")
    parser.add_argument("--level", default="avx2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--grain", type=int, help="-fthreads-grain")
    parser.add_argument("--seconds", type=float, default=4.0, help="time per row")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"))
    args = parser.parse_args()
    os.makedirs(os.path.join(args.build, "bench"), exist_ok=True)
    threads = "".join(f" {f'mt {n}':>9}" for n in range(1, args.threads + 1))
    print(f"{'model':<20} {'kind':<5} {'run':>9}{threads} {'faster':>7}")
    for name in MODELS:
        for kind in KINDS:
            if re.search(args.only, f"{name} {kind}"):
                measure(args, name, kind)


if __name__ == "__main__":
    main()
