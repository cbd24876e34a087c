"""The tools that are compared: qcc with each level of its -accuracy, and the peers with each of their methods.  All
of them quantize a case and give the results of its samples."""
import array
import json
import os
import subprocess

from ptq import TOP, qcc, store

QUANTIZE = os.path.join(TOP, "bench", "quantize.py")


class Own:
    """qcc with one level of accuracy."""
    tool, kinds = "qcc", ("classes", "texts")

    def __init__(self, tools, method):
        self.tools, self.method = tools, method
        self.version, self.digest = tools.version(), tools.digest()

    def reads(self, case):
        return next(iter(case.files))

    def results(self, task):
        options = ["-calibrate=" + task.calibration, "-accuracy=" + self.method, *task.options]
        return qcc.results(self.tools, task.path(self), options, task.data)


class Peer:
    """A peer of bench/quantizers, in a process of its own."""

    def __init__(self, python, tool, method, facts, folder):
        self.python, self.tool, self.method, self.folder = python, tool, method, folder
        self.version, self.formats, self.kinds = facts["version"], facts["reads"], (facts["kind"],)
        self.digest = store.digest(facts["file"])

    def reads(self, case):
        return next((kind for kind in self.formats if kind in case.files), None)

    def results(self, task):
        out = [os.path.join(self.folder, name) for name in ("output.raw", "logits.raw")]
        for path in out:
            if os.path.exists(path):
                os.remove(path)
        words = [self.python, QUANTIZE, "run", self.tool, self.method, task.path(self), task.samples, task.calibration,
                 *out]
        run(words)
        return tuple(read(path) if os.path.exists(path) else None for path in out)


def read(path):
    with open(path, "rb") as file:
        return array.array("f", file.read())


def run(words):
    """What the command prints.  Of one that fails the last line, which is Python's error; one that was killed says
    nothing about the peer."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode < 0:
        raise SystemExit(f"{' '.join(words)}\nwas killed by signal {-done.returncode}")
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["ended without a word"])[-1][:160])
    return done.stdout


def peers(python, folder):
    """(those that are installed, {tool: why not} of the others)"""
    found, missing = [], {}
    for tool, facts in json.loads(run([python, QUANTIZE, "list"])).items():
        if facts.get("why"):
            missing[tool] = facts["why"]
        else:
            found += [Peer(python, tool, method, facts, folder) for method in facts["methods"]]
    return found, missing
