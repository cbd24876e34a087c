#!/usr/bin/env python3
"""Golden models all the way: qcc -quantizer=xnnpack to integers, compiled code against the evaluator.

    objects.py --build DIR --out DIR [NAME...]"""
import argparse
import json
import os
import subprocess
import sys

import pt2e


def options(runner, name):
    given = pt2e.CONFIGURATIONS.get(name, pt2e.PC)
    if isinstance(given, str):
        return ["-quantizer=" + given]
    path = runner.path(name + ".qcfg")
    with open(path, "w") as f:
        json.dump({"rules": given}, f)
    return ["-qconfig=" + path]


def run(runner, *args):
    done = subprocess.run([os.path.join(runner.bin, args[0]), *args[1:]], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr)
    return done.stdout if done.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    runner, wrong = pt2e.Runner(args), 0
    for name in args.names or sorted(f[:-4] for f in os.listdir(pt2e.HERE) if f.endswith(".txt")):
        source, lowered = os.path.join(pt2e.HERE, name), runner.path(name + ".lowered.qir")
        made = run(runner, "qcc", source + ".pt2", "-calibrate=" + source + ".npy", *options(runner, name), "-stop-after=lower",
                   "-emit-qir", "-o", lowered)
        hashes = [run(runner, "qir-run", lowered, "-random=1", "-hash", *more) for more in ([], ["-jit"])]
        good = made is not None and hashes[0] and hashes[0] == hashes[1]
        wrong += not good
        print(name, "equal" if good else f"DIFFERS {hashes}")
    print(f"{wrong} differ")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
