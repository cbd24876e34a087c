"""Whether results are right: bytes against the evaluator on the same file, sums of the largest products,
and accuracy where there are labels."""
import os

from harness.arrays import read_npy, values, write_npy
from harness.objects import run


SAMPLES = 16  # that are compared, where a case has as many


class Evaluator:
    """qcc's reference evaluator on what qcc makes of a form; once for each file."""

    def __init__(self, bin_folder, folder):
        self.qcc, self.qir_run = (os.path.join(bin_folder, name) for name in ("qcc", "qir-run"))
        self.folder, self.known = folder, {}

    def result(self, form):
        """(kind, bytes) for the form's first samples."""
        if form.path not in self.known:
            lowered = os.path.join(self.folder, "lowered.qir")
            run([self.qcc, form.path, "-stop-after=lower", "-o", lowered])
            pairs = [self.evaluate(lowered, form, sample) for sample in form.first(SAMPLES)]
            self.known[form.path] = pairs[0][0], b"".join(data for _, data in pairs)
        return self.known[form.path]

    def evaluate(self, path, form, sample):
        x, y = (os.path.join(self.folder, name) for name in ("x.npy", "y.npy"))
        write_npy(x, form.input, form.dims, sample)
        run([self.qir_run, path, "-input=" + x, "-output=" + y])
        kind, _, data = read_npy(y)
        return kind, data


def difference(kind, expected, got):
    """How many elements differ and by how much at most; codes, or reals."""
    if len(expected) != len(got):
        raise RuntimeError(f"{len(got)} bytes of results, expected {len(expected)}")
    apart = [abs(a - b) for a, b in zip(values(kind, expected), values(kind, got)) if a != b]
    return {"differ": len(apart), "of": len(values(kind, expected)), "largest": max(apart, default=0)}


def accuracy(kind, results, labels):
    """Share of samples whose largest result has the number of the label."""
    numbers, n = values(kind, results), len(labels)
    width = len(numbers) // n
    rows = (numbers[i * width:(i + 1) * width] for i in range(n))
    return sum(row.index(max(row)) == label for row, label in zip(rows, labels)) / n
