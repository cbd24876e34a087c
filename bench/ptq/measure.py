"""Measures one case: the float model once, then every program, and what is left of it."""
import sys

import figures
import samples
from ptq import qcc
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


class Task:
    """What programs are given: a case's model, samples that calibrate, samples whose results are scored.
    `tools` are qcc's, `store` has what is known."""
    kind = "classes"
    options = []  # of qcc, beside those of its level

    def __init__(self, args, case, tools, store):
        self.case, self.models, self.tools, self.store = case, args.models, tools, store
        self.samples, self.calibration = tools.path("samples.npy"), tools.path("calibration.npy")
        self.prepare(args)
        self.digests = [digest(self.samples), digest(self.calibration)]

    def prepare(self, args):
        """Writes both files; `data` are the bytes of the samples."""
        values, shape, labels = self.case.data(args.models)
        size, first = len(values) // len(labels), args.calibration
        end = first + (args.samples or len(labels))
        self.labels, self.data = list(labels[first:end]), values[size * first:size * end].tobytes()
        samples.write_npy(self.samples, "<f4", (len(self.labels), *shape), self.data)
        samples.write_npy(self.calibration, "<f4", (first, *shape), values[:size * first].tobytes())

    def path(self, program):
        return self.case.file(self.models, program.reads(self.case))

    def parts(self, program):
        """All that the results of a program follow from."""
        return [program.tool, program.method, program.version, program.digest, digest(self.path(program)), *self.digests]

    def figures(self, reference, got):
        """Of (output, logits), which are the float model's, too, or other ones."""
        output, logits = got
        found = {"top1": figures.top1(output, self.labels)}
        if got is not reference:
            found["output"] = figures.sqnr(reference[0], output)
            if logits is not None and reference[1] is not None:
                found["logits"] = figures.sqnr(reference[1], logits)
        return found


class Float:
    """The float model, as an object of qcc; computed when it is needed."""
    tool, method = "float", ""

    def __init__(self, tools):
        self.tools, self.found = tools, None
        self.version, self.digest = tools.version(), tools.digest()

    def reads(self, case):
        return next(iter(case.files))

    def results(self, task):
        if not self.found:
            self.found = qcc.results(self.tools, task.path(self), ["-quantize=none"], task.data)
        return self.found


def judge(program, task, reference):
    """Figures of a program, or why there are none."""
    try:
        return task.figures(reference.results(task), program.results(task))
    except RuntimeError as error:
        return {"why": str(error).strip().splitlines()[-1]}


def rows(task, programs):
    """A row for the float model and for each program that does such tasks and reads the case."""
    reference = Float(task.tools)
    running = [reference, *(p for p in programs if task.kind in p.kinds and p.reads(task.case))]
    progress, found = Progress(task.case.name, len(running)), []
    for program in running:
        progress(f"{program.tool} {program.method}")
        facts = task.store.result(task.parts(program), lambda: judge(program, task, reference))
        found.append({"model": task.case.name, "tool": program.tool, "method": program.method, **facts})
    progress.end()
    return found
