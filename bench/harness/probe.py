"""Whether a program's sums of int8 products are exact: a convolution of weights and activations at the ends
of their ranges, against the evaluator.  A program that adds products in 16 bits is far off."""
from harness import cases
from harness.candidates import is_float, of_peers, of_qcc
from harness.check import difference

NEAR = 1  # codes: another rounding of the result is not a wrong sum


def probe_sums(args, calibration, evaluator, folder):
    """{(program, form): "exact" or "saturate"}, of all that run the probe."""
    case, out = cases.load("full_range", folder), {}
    for c in (*of_qcc(args, case, 1, calibration, folder, True), *of_peers(args, case, 1, calibration)):
        if is_float(c.form) or not c.start(args.cpus, folder):
            continue
        kind, expected = evaluator.result(case.forms[c.form])
        apart = difference(kind, expected, c.run(case.forms[c.form].samples(), folder))
        out[c.name, c.form] = "exact" if apart["largest"] <= NEAR else "saturate"
        c.worker.close()
    return out
