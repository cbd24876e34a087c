"""Equalizes every float model of a folder on random samples: each of its results stays the same, 100 dB or more.
usage: equalize_models.py MODELS FOLDER [NAME...]; prints a line per model: results' SQNR, factors in it."""
import array
import json
import os
import random
import re
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
import samples  # noqa: E402

models, folder, *names = sys.argv[1:]
LEAST = 100
CODES = {"f32": ("<f4", "f"), "i64": ("<i8", "q"), "i32": ("<i4", "i"), "u8": ("|u1", "B"), "i8": ("|i1", "b"), "i1": ("|b1", "B")}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def write_samples(module, path):
    """Two samples of every argument: floats of a normal distribution, small integers."""
    rng = random.Random(1)
    head = re.search(r"func @main\((.*?)\)\s*->", module, re.S).group(1)
    with zipfile.ZipFile(path, "w") as z:
        for name, text in re.findall(r"%(\S+): tensor<(.*?)>", head):
            *dims, dtype = text.split("x")
            spelled, code = CODES[dtype]
            count = 2
            for d in dims:
                count *= int(d)
            draw = rng.gauss if code == "f" else lambda a, b: rng.randrange(2)
            name = (re.search(r"%" + re.escape(name) + r": \S+? {[^}]*name = \"(.*?)\"", head) or [0, name])[1]
            z.writestr(name + ".npy", samples.npy(spelled, [2] + [int(d) for d in dims],
                                                  array.array(code, (draw(0, 1) for _ in range(count))).tobytes()))


def check(path, out):
    made = run("qir-opt", "-passes=float", path, "-o", out + ".qir")
    text = open(out + ".qir").read() if not made.returncode else ""
    if not text or "quant<" in text or "custom(" in text or "xf32" not in text:
        return
    write_samples(text, out + ".npz")
    equalized = run("qir-opt", "-passes=equalize-channels", "-samples=" + out + ".npz", out + ".qir", "-o", out + ".eq.qir")
    if equalized.returncode:
        sys.exit(path + ": " + equalized.stderr)
    compared = run("qir-run", out + ".eq.qir", "-compare-with=" + out + ".qir", "-samples=" + out + ".npz", "-json")
    if compared.returncode:
        sys.exit(path + ": " + compared.stderr)
    results = [op["sqnr"] for op in json.loads(compared.stdout)["ops"] if op["op"] == "result"]
    least = min((r for r in results if r is not None), default=None)  # null: equal
    scaled = open(out + ".eq.qir").read().count("equalize.factors")
    print(os.path.basename(path), "results", len(results), "scaled", scaled, "dB", least)
    if not results or (least is not None and least < LEAST):
        sys.exit("its results changed")


for top, _, files in sorted(os.walk(models)):
    for f in sorted(files):
        if f.endswith((".onnx", ".tflite", ".pt2")) and (not names or f in names):
            check(os.path.join(top, f), os.path.join(folder, f))
