#!/usr/bin/env python3
"""Every model of a folder compiles, and the QIR that -emit-qir writes of it compiles to the same bytes.

    reread.py FOLDER --build DIR --models DIR --out DIR"""
import argparse
import filecmp
import os
import re
import subprocess

# What a model needs on the command line: symbolic dimensions, one program of several.
OPTIONS = {
    "byte_lstm/model.onnx": ["-bind", "batch=1", "-bind", "length=16"],
    "qlstm/model.onnx": ["-bind", "input.0=3"],
    "qlstm/qtdnn.onnx": ["-bind", "input.0=10"],
    "pt2/digits_cnn/float_dynbatch.pt2": ["-bind", "s77=4"],
    "pt2/format_zoo/dyn.pt2": ["-bind", "x.0=2", "-bind", "s69=3"],
    "pt2/format_zoo/two_models.pt2": ["-model=first"],
}


def qcc(args, build):
    return subprocess.run([os.path.join(build, "bin", "qcc"), "-mlevel=generic", "-name=model",
                           "-fno-provenance"] + args,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check(path, options, build, out):
    first, again, text = (os.path.join(out, n) for n in ("a.o", "b.o", "a.qir"))
    for args in ([path, "-o", first] + options,
                 [path, "-emit-qir", "-save-params=" + os.path.join(out, "a.safetensors"), "-o", text]
                 + options,
                 [text, "-o", again]):
        done = qcc(args, build)
        if done.returncode:
            return done.stdout
    headers = [p[:-2] + ".h" for p in (first, again)]
    if not filecmp.cmp(first, again, shallow=False) or not filecmp.cmp(*headers, shallow=False):
        return "the object or header of the QIR differs"
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    for name in ("--build", "--models", "--out"):
        p.add_argument(name, required=True)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    root, failed, count = os.path.join(a.models, a.folder), 0, 0
    for folder, _, files in sorted(os.walk(root)):
        for name in sorted(files):
            if not re.search(r"\.(onnx|pt2|tflite)$", name):
                continue
            path = os.path.join(folder, name)
            key = os.path.relpath(path, a.models)
            error = check(path, OPTIONS.get(key, []), a.build, a.out)
            print("%s: %s" % (key, "ok" if not error else error.strip()[:300]))
            count, failed = count + 1, failed + (error is not None)
    print("%d models, %d failed" % (count, failed))
    raise SystemExit(failed != 0 or count == 0)


if __name__ == "__main__":
    main()
