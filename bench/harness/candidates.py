"""Who is measured on a case: qcc at each level, and every setup of a peer whose form the case has."""
import os
import re

from harness.objects import BENCH, compile_model
from harness.workers import Candidate
from peers import SETUPS

INT8 = ("u8s8", "s8s8", "tflite")  # of these qcc takes the first that a case has


def is_float(form):
    return form.endswith("fp32")


def qcc_forms(case, everything):
    first = next((form for form in INT8 if form in case.forms), None)
    return list(case.forms) if everything or not first else [first]


def of_qcc(args, case, threads, calibration, folder, everything=False):
    """Compiles; yields a candidate for each level and form."""
    for level in args.levels:
        for form in qcc_forms(case, everything or args.all_forms):
            name = f"qcc {level}"
            if not re.search(args.programs, f"{name} {form}"):
                continue
            place = os.path.join(folder, f"{case.name}-{form}-{level}-{threads}")
            command, facts = compile_model(args.qcc, case.forms[form].path, level, threads, place)
            yield Candidate(name, form, threads, command, calibration.burst_of(level), None, facts)


def of_peers(args, case, threads, calibration):
    for setup in SETUPS if args.python else ():
        name = " ".join(filter(None, (setup.peer, setup.variant)))
        if setup.form in case.forms and re.search(args.programs, f"{name} {setup.form}"):
            command = [args.python, os.path.join(BENCH, "worker.py"), setup.peer, setup.variant,
                       case.forms[setup.form].path, str(threads)]
            yield Candidate(name, setup.form, threads, command, calibration.burst_of(), setup.exact)
