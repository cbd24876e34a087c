"""Calibrates a small network on samples that tell too little or too much: it works, and corrections keep at least the SQNR
on these samples that ranges alone give.
usage: bad_samples.py FOLDER (that random_net.py filled); prints a line per kind: SQNR in dB with plain, fast, best."""
import array
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
import samples  # noqa: E402

folder, = sys.argv[1:]
SIZE = 3 * 9 * 9
good = array.array("f", samples.read_npy(f"{folder}/x.npy"))


def dead(x):
    for i in range(len(x)):
        if i // 81 % 3 == 1:
            x[i] = 0


def outlier(x):
    x[81 + 40] = 3e4


def constant(x):
    x[:] = array.array("f", [0.75] * len(x))


def keep(x):
    pass


def nan(x):
    x[SIZE + 7] = float("nan")


KINDS = {"one": (keep, 1), "constant": (constant, 6), "dead": (dead, 6), "outlier": (outlier, 6), "few-rows": (keep, 6)}  # the last layer has 588 columns


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(" ".join(command) + ": " + done.stderr)
    return done.stdout


def sqnr(kind, accuracy):
    out = f"{folder}/{kind}.{accuracy}.qir"
    run("qcc", f"{folder}/net.qir", f"-calibrate={folder}/{kind}.npy", "-accuracy=" + accuracy, "-stop-after=lower", "-o", out)
    ops = json.loads(run("qir-run", out, f"-compare-with={folder}/net.qir", f"-samples={folder}/{kind}.npy", "-json"))["ops"]
    return next(op["sqnr"] for op in ops if op["op"] == "result")


def write(kind, change, count):
    x = good[:count * SIZE]
    change(x)
    samples.write_npy(f"{folder}/{kind}.npy", "<f4", (count, 1, 3, 9, 9), x.tobytes())


for kind, (change, count) in KINDS.items():
    write(kind, change, count)
    plain, fast, best = (sqnr(kind, a) for a in ("plain", "fast", "best"))
    print(f"{kind} {plain:.2f} {fast:.2f} {best:.2f}")
    if min(fast, best) < plain:
        sys.exit("corrections cost accuracy")
write("nan", nan, 6)
