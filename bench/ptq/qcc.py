"""qcc's side: models are quantized with one of its levels of accuracy, compiled for this machine, linked,
and called for every sample."""
import array
import itertools
import os
import re

import compiled
import figures
from harness import objects
from ptq import store


class Qcc:
    """The tools of a build, with a folder for what they write (test/e2e/compiled.py)."""

    def __init__(self, build, folder):
        self.bin, self.folder, self.objects = os.path.join(build, "bin"), folder, itertools.count()

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *command):
        return objects.run(command)

    def tool(self, name, *words):
        return self.run(os.path.join(self.bin, name), *words)

    def levels(self):
        """What -accuracy takes, from the least on."""
        return re.search(r"-accuracy=([\w|]+)", self.tool("qcc", "-help"))[1].split("|")

    def version(self):
        return "qcc " + re.search(r"\d[\d.]*", self.tool("qcc", "-version"))[0]

    def digest(self):
        """Of the program: what another one gave is measured anew."""
        return store.digest(os.path.join(self.bin, "qcc"))

    def compile(self, model, *options):
        """An object of this machine's best level; with a name of its own, by which the loader knows libraries."""
        return compiled.Model(self, f"object{next(self.objects)}", model, "-mlevel=native", *options)


def floats(data):
    return array.array("f", bytes(data))


def run_all(model, data):
    """The only result of every sample in `data`, one after the other."""
    size, out = model.inputs[0].bytes, array.array("f")
    for i in range(0, len(data), size):
        out.frombytes(bytes(model(**{model.inputs[0].name: data[i:i + size]})[model.outputs[0].name]))
    return out


def results(qcc, file, options, data):
    """(output, logits or None) of every sample, through objects of the lowered module."""
    lowered = qcc.path("lowered.qir")
    qcc.tool("qcc", file, *options, "-stop-after=lower", "-emit-qir", "-o", lowered)
    output = run_all(qcc.compile(lowered), data)
    with open(lowered) as text:
        cut = figures.before_softmax(text.read())
    if not cut:
        return output, None
    with open(lowered, "w") as text:
        text.write(cut)
    return output, run_all(qcc.compile(lowered), data)
