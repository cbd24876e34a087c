#!/usr/bin/env python3
"""Builds every planted bug (ir/include/qir/support/bug.h) and lets random modules look for it.

    run.py [-bugs=1,2,...] [-seconds=60] [-seed=N] [-build=DIR]
    run.py -list

Prints one line per bug: where it is planted, after how many seconds which module showed what.  Bug 0
is the build as it is, in which nothing may be found."""
import argparse
import os
import re
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def sites():
    """Number: files."""
    found = {}
    for folder in ("passes", "codegen"):
        for where, _, names in os.walk(os.path.join(SOURCE, folder)):
            for name in (n for n in names if n.endswith(".c")):
                path = os.path.join(where, name)
                with open(path) as f:
                    for n in re.findall(r"QIR_BUG\((\d+)\)", f.read()):
                        found.setdefault(int(n), set()).add(os.path.relpath(path, SOURCE))
    return found


def build(folder, bug):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "bug.log"), "w") as log:
        for command in (["/usr/bin/cmake", "-G", "Ninja", "-S", SOURCE, "-B", folder, f"-DQCC_BUG={bug}"],
                        ["ninja", "-C", folder, "differ"]):
            if subprocess.call(command, stdout=log, stderr=subprocess.STDOUT):
                sys.exit(f"bug {bug} does not build: see {folder}/bug.log")


def search(folder, seconds, seed):
    """What was found, or None."""
    r = subprocess.run([sys.executable, os.path.join(SOURCE, "test", "differential", "run.py"),
                        f"-build={folder}", f"-seconds={seconds}", f"-seed={seed}", "-batch=16",
                        "-first-failure"], capture_output=True, text=True)
    found = re.search(r"^FAIL seed (\d+) after ([\d.]+) s: ([^\n]*?)(?:;|$)", r.stdout, re.M)
    if not found and r.returncode:
        sys.exit(r.stdout + r.stderr)
    return found and found.groups()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("-bugs", default="")
    p.add_argument("-seconds", type=float, default=60)
    p.add_argument("-seed", type=int, default=1)
    p.add_argument("-build", default=os.path.join(SOURCE, "build-bugs"))
    p.add_argument("-list", action="store_true", help="only name the files")
    o = p.parse_args()
    where, missed = sites(), 0
    if o.list:
        for bug in sorted(where):
            print(bug, *sorted(where[bug]))
        return 0
    for bug in [int(b) for b in o.bugs.split(",") if b] or sorted(where):
        build(o.build, bug)
        found = search(o.build, o.seconds, o.seed)
        late = not found or float(found[1]) > o.seconds
        missed += late if bug else bool(found)
        site = ", ".join(sorted(where.get(bug, ["none"])))
        print(f"| {bug} | {site} | " + (f"{found[1]} s | {found[2][:90]} |" if found else "- | not found |"), flush=True)
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
