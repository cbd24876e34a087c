#!/usr/bin/env python3
"""Compiles a model for one level of this x86-64 host and times it beside the peak burst.

    bench/run.py MODEL --mmacs 300.8 --in-bytes 150528 --out-bytes 1000 [--level avx2] [--calibrate X]"""
import argparse
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--mmacs", required=True, help="multiply-adds of one inference, in millions")
    parser.add_argument("--in-bytes", required=True)
    parser.add_argument("--out-bytes", required=True)
    parser.add_argument("--level", default="avx2")
    parser.add_argument("--calibrate", help="samples, for a float model")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"))
    parser.add_argument("--cpu", help="pin to this CPU")
    args = parser.parse_args()
    out = os.path.join(args.build, "bench")
    os.makedirs(out, exist_ok=True)
    start = time.monotonic()
    extra = ["-calibrate=" + args.calibrate] if args.calibrate else []
    subprocess.run([os.path.join(args.build, "bin", "qcc"), args.model, "-name=m", "-mlevel=" + args.level,
                    "-o", os.path.join(out, "m.o"), *extra], check=True)
    print(f"compiled in {time.monotonic() - start:.2f} s, object {os.path.getsize(out + '/m.o')} bytes")
    subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-I", out, "-I", HERE,
                    os.path.join(HERE, "bench.c"), os.path.join(out, "m.o"), "-o",
                    os.path.join(out, "bench")], check=True)
    pin = ["taskset", "-c", args.cpu] if args.cpu else []
    subprocess.run([*pin, os.path.join(out, "bench"), args.mmacs, args.in_bytes, args.out_bytes], check=True)


if __name__ == "__main__":
    main()
