#!/usr/bin/env python3
"""Compiles one model again and again under circumstances that must not matter: other folders, file names,
locales, time zones, masks, addresses, several at once.  Every output has the same bytes.

    reproducible.py FOLDER QCC MODEL SAMPLES [OPTION...]"""
import hashlib
import os
import shutil
import subprocess
import sys

out, qcc, model, samples, *options = sys.argv[1:]
NO_ASLR = ["setarch", "-R"]
if shutil.which("setarch") is None or subprocess.run([*NO_ASLR, "true"], capture_output=True).returncode:
    NO_ASLR = []  # not allowed here: addresses differ from run to run all the more

# Folder, extension of the model's and name of the samples' copy, environment, mask, command in front.
CASES = [
    ("a", "model", "samples.npy", {}, 0o022, []),
    ("a", "model", "samples.npy", {}, 0o022, []),
    ("b with blanks/and depth", "other name", "x.npy", {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}, 0o077, []),
    ("c", "Model", "y.npy", {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"}, 0o002, NO_ASLR),
    ("d", "m", "z.npy", {"LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent", "USER": "nobody", "COLUMNS": "40"}, 0o022, []),
    ("e", "model", "samples.npy", {"MALLOC_PERTURB_": "165", "SOURCE_DATE_EPOCH": "1"}, 0o022, []),
]


def start(number, case):
    folder, stem, npy, env, mask, front = case
    path = os.path.join(out, str(number), folder)
    os.makedirs(path)
    copy = stem + os.path.splitext(model)[1]
    shutil.copy(model, os.path.join(path, copy))
    shutil.copy(samples, os.path.join(path, npy))
    os.utime(os.path.join(path, copy), (number * 1e6, number * 1e6))
    return subprocess.Popen([*front, qcc, copy, "-calibrate=" + npy, "-name=m", "-o", "m.o", "-weights-file=m.qwt",
                             *options], cwd=path, env={**os.environ, **env}, umask=mask,
                            stderr=subprocess.PIPE, text=True), path


def digests(path):
    for name in ("m.o", "m.h", "m.qwt"):
        with open(os.path.join(path, name), "rb") as f:
            yield name, hashlib.sha256(f.read()).hexdigest()


# Two at a time, as a build with -j does it.
first, failed = None, False
for i in range(0, len(CASES), 2):
    for run, path in [start(k, CASES[k]) for k in (i, i + 1)]:
        said = run.communicate()[1]
        if run.returncode:
            sys.exit(f"{path}: {said}")
        found = dict(digests(path))
        first = first or found
        for name in found:
            if found[name] != first[name]:
                print(f"{path}: another {name}")
                failed = True
print("different" if failed else "the same bytes")
