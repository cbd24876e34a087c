#!/usr/bin/env python3
"""Every test: the lit suite on the build in build/, the same suite without LLVM under sanitizers,
a warning-free build with clang, 20 seconds of fuzzing for every reader, and 60 seconds of random
modules through every pass and level.  Last line: N passed, N failed, N skipped."""
import json
import os
import re
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIT = "/usr/lib/llvm-19/build/utils/lit/lit.py"
PASSED = {"PASS", "XFAIL"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, ok):
        print(f"{'PASS' if ok else 'FAIL'}: {name}", flush=True)
        self.passed += ok
        self.failed += not ok


def build(directory, *options):
    """Configures and builds; prints the log's end when that fails."""
    log = os.path.join(SOURCE, directory + ".log")
    configure = ["/usr/bin/cmake", "-G", "Ninja", "-S", SOURCE, "-B", os.path.join(SOURCE, directory),
                 "-DPython3_EXECUTABLE=/usr/bin/python3", *options]
    with open(log, "w") as out:
        ok = all(subprocess.call(command, stdout=out, stderr=subprocess.STDOUT) == 0
                 for command in (configure, ["ninja", "-C", os.path.join(SOURCE, directory)]))
    if not ok:
        with open(log) as text:
            print("".join(text.readlines()[-60:]))
    os.remove(log)
    return ok


def belongs(test, without, sanitized):
    """False for what a suite leaves out by its nature: tests of the feature `without`, and, under
    sanitizers, tests of time or memory.  All of them run in the other suite."""
    output = test.get("output") or ""
    missing = re.search(r"unavailable features: (.*)", output)
    if sanitized and "does not support the following features and/or targets: sanitizer" in output:
        return False
    return not (without and missing and without in missing.group(1).split(", "))


def lit(directory, totals, title, without=None, sanitized=False):
    """Runs the suite of one build directory and adds its counts."""
    print(f"-- {title}", flush=True)
    test = os.path.join(SOURCE, directory, "test")
    results = os.path.join(test, "results.json")
    if os.path.exists(results):
        os.remove(results)
    subprocess.call(["/usr/bin/python3", LIT, "-sv", "--timeout", "600", "-o", results, test])
    if not os.path.exists(results):
        totals.add(title, False)
        return
    with open(results) as f:
        tests = [t for t in json.load(f)["tests"] if belongs(t, without, sanitized)]
    for code in (t["code"] for t in tests):
        if code in PASSED:
            totals.passed += 1
        elif code in SKIPPED:
            totals.skipped += 1
        else:
            totals.failed += 1
    if not tests:
        totals.add(title + " found no test", False)


def main():
    totals = Totals()
    lit("build", totals, "lit suite")
    sanitized = build("build-san", "-DCMAKE_C_COMPILER=clang-19", "-DQCC_SANITIZE=address,undefined",
                      "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
    totals.add("build without LLVM under ASan and UBSan", sanitized)
    if sanitized:
        lit("build-san", totals, "lit suite without LLVM under ASan and UBSan", without="llvm", sanitized=True)
    totals.add("build with clang, warnings are errors", build("build-clang", "-DCMAKE_C_COMPILER=clang-19"))
    fuzzers = build("build-fuzz", "-DCMAKE_C_COMPILER=clang-19", "-DQCC_FUZZ=ON",
                    "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
    totals.add("fuzzers, 20 s each", fuzzers and subprocess.call(
        ["/usr/bin/python3", os.path.join(SOURCE, "test", "fuzz", "run.py"),
         os.path.join(SOURCE, "build-fuzz"), "20"]) == 0)
    totals.add("random modules at all levels, 60 s", subprocess.call(
        ["/usr/bin/python3", os.path.join(SOURCE, "test", "differential", "run.py"), "-seconds=60"]) == 0)
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    sys.exit(main())
