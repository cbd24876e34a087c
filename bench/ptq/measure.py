"""Measures one case: the float model once, then every program, and what is left of it."""
import os
import sys

import samples
from ptq import qcc, score
from ptq.store import digest


class Progress:
    """One line on a terminal that says what is at work; nothing elsewhere."""

    def __init__(self, model, total):
        self.model, self.total, self.done = model, total, 0

    def __call__(self, words):
        if sys.stderr.isatty():
            print(f"\r\033[K{self.model}: {self.done} of {self.total}, {words}", end="", file=sys.stderr, flush=True)
        self.done += 1

    def end(self):
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


class Prepared:
    """A case with its samples in files: the first `calibration` calibrate, the others score."""

    def __init__(self, args, case, folder):
        values, shape, labels = case.data(args.models)
        size, first = len(values) // len(labels), args.calibration
        end = first + (args.samples or len(labels))
        self.case, self.models = case, args.models
        self.labels = list(labels[first:end])
        self.data = values[size * first:size * end].tobytes()
        self.samples, self.calibration = (os.path.join(folder, name) for name in ("samples.npy", "calibration.npy"))
        samples.write_npy(self.samples, "<f4", (len(self.labels), *shape), self.data)
        samples.write_npy(self.calibration, "<f4", (first, *shape), values[:size * first].tobytes())
        self.digests = [digest(self.samples), digest(self.calibration)]

    def path(self, program):
        return self.case.file(self.models, program.reads(self.case))

    def parts(self, program):
        """All that the results of a program follow from."""
        return [program.tool, program.method, program.version, program.digest, digest(self.path(program)), *self.digests]


class Reference:
    """The float model, as an object of qcc; computed when it is needed."""
    tool, method = "float", ""

    def __init__(self, tools, prepared):
        self.tools, self.prepared, self.found = tools, prepared, None
        self.version, self.digest = tools.version(), tools.digest()

    def reads(self, case):
        return next(iter(case.files))

    def results(self, prepared):
        if not self.found:
            self.found = qcc.results(self.tools, prepared.path(self), ["-quantize=none"], prepared.data)
        return self.found


def figures(reference, got, labels):
    output, logits = got
    found = {"top1": score.top1(output, labels)}
    if got is not reference:
        found["output"] = score.sqnr(reference[0], output)
        if logits is not None and reference[1] is not None:
            found["logits"] = score.sqnr(reference[1], logits)
    return found


def judge(program, prepared, reference):
    """Figures of a program, or why there are none."""
    try:
        return figures(reference.results(prepared), program.results(prepared), prepared.labels)
    except RuntimeError as error:
        return {"why": str(error).strip().splitlines()[-1]}


def case(args, one, programs, tools, store):
    """A row for the float model and each program that reads the case."""
    prepared = Prepared(args, one, tools.folder)
    reference = Reference(tools, prepared)
    running = [reference, *(p for p in programs if p.reads(one))]
    progress, rows = Progress(one.name, len(running)), []
    for program in running:
        progress(f"{program.tool} {program.method}")
        found = store.result(prepared.parts(program), lambda: judge(program, prepared, reference))
        rows.append({"model": one.name, "tool": program.tool, "method": program.method, **found})
    progress.end()
    return rows
