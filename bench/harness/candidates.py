"""Who is measured on a case: qcc at each level, and every setup of a peer whose form the case has."""
import os
import re

from harness.objects import BENCH, compile_model
from harness.workers import Candidate
from peers import SETUPS

INT8 = ("u8s8", "s8s8", "tflite", "qir", "dynamic")  # what qcc reads; of these it takes the first, if not all
FLOAT = ("fp32", "tflite-fp32")


def is_float(form):
    return form in FLOAT


def qcc_forms(case, everything):
    forms = [form for form in (*INT8, *FLOAT) if form in case.forms]
    return forms if everything else forms[:1]


def bound(case, calibration, level=None):
    """What limits a case: reading its weights, or the products of the level (or of this CPU's best one)."""
    return f"read {case.reads}" if case.reads else calibration.burst_of(level)


def of_qcc(args, case, threads, calibration, folder, forms=None):
    """Compiles; yields a candidate for each level and form."""
    for level in args.levels:
        for form in forms or qcc_forms(case, args.all_forms):
            name = f"qcc {level}"
            if not re.search(args.programs, f"{name} {form}"):
                continue
            place = os.path.join(folder, f"{case.name}-{form}-{level}-{threads}")
            command, facts = compile_model(args.qcc, case.forms[form].path, level, threads, place)
            yield Candidate(name, form, threads, command, bound(case, calibration, level), None, facts)


def of_peers(args, case, threads, calibration):
    for setup in SETUPS if args.python else ():
        name = " ".join(filter(None, (setup.peer, setup.variant)))
        if setup.form in case.forms and re.search(args.programs, f"{name} {setup.form}"):
            command = [args.python, os.path.join(BENCH, "worker.py"), setup.peer, setup.variant,
                       case.forms[setup.form].path, str(threads)]
            yield Candidate(name, setup.form, threads, command, bound(case, calibration), setup.exact)
