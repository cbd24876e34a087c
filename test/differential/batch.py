"""One batch: some seeds through the passes, and as one program per target."""
import os
import re
import subprocess
import time

from generate import bundle


class Batch:
    def __init__(self, differ, work, seeds, text=None, runs=3):
        self.differ, self.work, self.seeds, self.runs = differ, work, list(seeds), runs
        os.makedirs(work, exist_ok=True)
        self.modules = os.path.join(work, "modules.qir")
        with open(self.modules, "w") as f:
            f.write(text or bundle(self.seeds))
        self.given = bool(text)
        self.failures, self.found = {}, 0  # seed: what is wrong; the time of the first
        self.coverage, self.calls = [], 0

    def fail(self, name, what):
        seed = int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))
        self.found = self.found or time.time()
        self.failures.setdefault(seed, f"{name}: {what}")

    # ---- the engine ---------------------------------------------------------------------------
    def engine(self, *options):
        """Passes, or with options code; a module on which the engine dies fails."""
        r = subprocess.run([self.differ, *options, self.modules], capture_output=True, text=True)
        for line in r.stdout.splitlines():
            if line.startswith("FAIL "):
                name, what = line[5:].split(": ", 1)
                self.fail(name, what)
        if r.returncode in (0, 1):
            return True
        if len(self.seeds) == 1 or self.given:
            self.fail(str(self.seeds[0]), f"{' '.join(options)}: exit {r.returncode} {r.stderr[:500]}")
            return False
        for seed in self.seeds:
            alone = Batch(self.differ, os.path.join(self.work, "alone"), [seed])
            alone.engine(*options)
            self.add_failures(alone)
        return False

    def add_failures(self, other):
        self.failures.update(other.failures)
        self.found = self.found or other.found

    # ---- programs -----------------------------------------------------------------------------
    def link(self, target, folder):
        table = os.path.join(folder, "table.o")
        subprocess.run(["clang-19", f"--target={target.arch}-linux-gnu", "-c", "-o", table,
                        os.path.join(folder, "table.s")], check=True)
        with open(os.path.join(folder, "objects")) as f:
            objects = [os.path.join(folder, name) for name in f.read().split()]
        program = os.path.join(folder, "program")
        subprocess.run(["ld.lld", "-static", "-o", program, table, *target.program, *objects],
                       check=True)
        for path in objects:
            os.remove(path)
        return program

    @staticmethod
    def named(target, what):
        """"0 1 2 y is wrong" with the name of the last level in place of numbers."""
        numbers, rest = re.match(r"([\d ]+) (.*)", what, re.S).groups()
        return f"{target.levels[int(numbers.split()[-1])]}: {rest}"

    def execute(self, target, program):
        """Every line is "NAME LEVEL... ok"; a fault leaves the last one unfinished, then the rest follows."""
        first = 0
        while True:
            r = subprocess.run([*target.runner, program, str(first), str(self.runs)], capture_output=True, text=True)
            lines = r.stdout.split("\n")
            for line in lines[:-1]:
                name, _, what = line.partition(" ")
                if what == "calls":
                    self.calls += int(name)
                elif not what.endswith(" ok"):
                    self.fail(name, self.named(target, what))
            first += len(lines) - 1
            if r.returncode in (0, 1):
                return
            name, _, what = lines[-1].partition(" ")
            if not name:
                raise RuntimeError(f"{target.name}: exit {r.returncode} {r.stderr[:500]}")
            self.fail(name, self.named(target, f"{what} ends with {r.returncode} {r.stderr[:200]}"))
            first += 1

    def run(self, targets, passes=True):
        if passes:
            self.engine()
        for target in targets:
            folder = os.path.join(self.work, target.name)
            os.makedirs(folder, exist_ok=True)
            levels = [f"-mlevel={n}" for n in target.levels]
            if not self.engine("-o", folder, f"-target={target.arch}-linux-gnu", *levels):
                continue
            with open(os.path.join(folder, "coverage")) as f:
                self.coverage += f.read().splitlines()
            self.execute(target, self.link(target, folder))
        return self


def smallest(differ, work, seed, targets):
    """The first steps of a failing module that still fail, as text; the failure."""
    for most in range(1, 9):
        text = bundle([seed], most)
        b = Batch(differ, work, [seed], text).run(targets)
        if b.failures:
            return text, b.failures[seed]
    return bundle([seed]), "does not fail again"
