"""Whether a program's sums of int8 products are exact: weights and activations at the ends of their ranges,
in a convolution and a linear layer, against the evaluator.  A program that adds products in 16 bits is far off."""
import sys

from harness import cases
from harness.arrays import values
from harness.candidates import INT8, is_float, of_peers, of_qcc
from harness.check import difference

NEAR, NEAR_REAL = 1, 0.02  # codes, or share of the largest: another rounding of the result is no wrong sum


def near(kind, expected, got):
    largest = difference(kind, expected, got)["largest"]
    return largest <= (NEAR_REAL * max(map(abs, values(kind, expected))) if kind == "f32" else NEAR)


def probe_sums(args, calibration, evaluator, folder):
    """{(program, form): "exact" or "saturate"}, of all that run the probe."""
    case, out = cases.probe(folder), {}
    for c in (*of_qcc(args, case, 1, calibration, folder, INT8), *of_peers(args, case, 1, calibration)):
        if is_float(c.form) or not c.start(args.cpus, folder):
            continue
        try:
            got = c.run(case.forms[c.form].samples(), folder)
            out[c.name, c.form] = "exact" if near(*evaluator.result(case.forms[c.form]), got) else "saturate"
        except RuntimeError as error:
            print(f"  {c.name} {c.form}: {error}", file=sys.stderr)
        c.worker.close()
    return out
