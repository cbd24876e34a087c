#!/usr/bin/env python3
"""Random modules through every engine; all must give the evaluator's bytes.

    run.py [-graphs=N] [-seconds=S] [-seed=FIRST] [-jobs=J] [-levels=A,B] [-build=DIR] [-coverage]

Each module is a seed (generate.py); engine/ evaluates it, runs every pass that keeps results and
compiles it for all levels, a batch of modules at a time; program/ runs them, natively where this CPU has the
level, otherwise emulated.  A failure names its seed, and a file with the smallest form that fails;
-seed=THAT -graphs=1 shows it again.  Stops after N graphs or S seconds; at all levels 512 graphs or more have to
reach every kernel of ir/kernels.def."""
import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback

from batch import Batch, smallest
from coverage import Coverage
from targets import facts, targets

SHOWN = 2  # failures of a batch that are made small
FULL = 512  # graphs from which on every kernel has come, or the generator lacks something
MORE = 5  # batches that go through the passes only for each that is compiled, a billion seeds further
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def parse():
    p = argparse.ArgumentParser(prefix_chars="-", description=__doc__.split("\n")[0])
    p.add_argument("-graphs", type=int, default=1 << 40)
    p.add_argument("-seconds", type=float, default=1e9)
    p.add_argument("-seed", type=int, default=None, help="of the first graph; else the time")
    p.add_argument("-jobs", type=int, default=2)
    p.add_argument("-batch", type=int, default=64, help="modules of a program")
    p.add_argument("-levels", default="", help="default: all")
    p.add_argument("-build", default=os.path.join(SOURCE, "build"))
    p.add_argument("-coverage", action="store_true", help="name the cells that are not covered")
    p.add_argument("-first-failure", action="store_true", help="stop there")
    o = p.parse_args()
    o.keep = os.path.join(o.build, "differential")
    os.makedirs(o.keep, exist_ok=True)
    o.seed = int(time.time()) * 1000 if o.seed is None else o.seed
    return o


def work(o, differ, number, where, found, results):
    """Takes every o.jobs-th batch until graphs or time run out."""
    begin, last = o.seed + number * o.batch, o.seed + o.graphs
    for first in range(begin, last, o.jobs * o.batch):
        if time.time() > o.end:
            break
        try:
            seeds = range(first, min(first + o.batch, last))
            more = [s + k * 10 ** 9 for k in range(1, MORE + 1) for s in seeds]
            b = Batch(differ, where, seeds).run(found)
            b.add_failures(Batch(differ, os.path.join(where, "more"), more).run([]))
            small = {s: smallest(differ, os.path.join(where, "small"), s, found)
                     for s in list(b.failures)[:SHOWN]}
            results.put((len(b.seeds), len(b.failures), b.calls, small, b.coverage, b.found))
        except Exception:
            results.put(traceback.format_exc())
            break
    results.put(None)


def show(o, seed, text, what, found):
    path = os.path.join(o.keep, f"{seed}.qir")
    with open(path, "w") as f:
        f.write(text)
    print(f"FAIL seed {seed} after {found - o.begin:.1f} s: {what}; smallest form: {path}", flush=True)


def collect(o, results, coverage):
    """Adds up what the processes report: graphs, calls, failures."""
    graphs = calls = failures = 0
    running = o.jobs
    while running:
        r = results.get()
        if r is None:
            running -= 1
        elif isinstance(r, str):
            print(r, flush=True)
            failures += 1
        else:
            graphs, failures, calls = graphs + r[0], failures + r[1], calls + r[2]
            coverage.add(r[4])
            for seed, (text, what) in r[3].items():
                show(o, seed, text, what, r[5])
            if failures and o.first_failure:
                break
    return graphs, calls, failures


def prepare(o, folder):
    """The engine, ops that have code, kernels, what can be compiled for and run, names of levels that cannot."""
    os.environ["PATH"] = os.pathsep.join([os.path.join(o.build, "bin"), "/usr/lib/llvm-19/bin",
                                          os.environ["PATH"]])
    differ = os.path.join(o.build, "unit", "differ")
    arches, levels, ops, kernels = facts(differ)
    found, missing = targets(arches, levels, [x for x in o.levels.split(",") if x])
    for t in found:
        t.compile_program(folder)
        print(f"{t.name}: {', '.join(t.levels)} {'under ' + ' '.join(t.runner) if t.runner else 'natively'}")
    if missing:
        print("cannot be run here: " + ", ".join(missing))
    return differ, ops, kernels, found, missing


def main():
    o = parse()
    o.begin, o.end = time.time(), time.time() + o.seconds
    folder = tempfile.mkdtemp(prefix="differential")
    differ, ops, kernels, found, missing = prepare(o, folder)
    print(f"seed {o.seed}", flush=True)
    coverage = Coverage(ops, kernels, [n for t in found for n in t.levels])
    results = multiprocessing.Queue()
    processes = [multiprocessing.Process(target=work, args=(o, differ, i, os.path.join(folder, str(i)), found, results))
                 for i in range(o.jobs)]
    for p in processes:
        p.start()
    graphs, calls, failures = collect(o, results, coverage)
    for p in processes:
        p.terminate()
        p.join()
    shutil.rmtree(folder)
    if o.coverage:
        print("\n".join(coverage.report()))
    absent = [] if o.levels or graphs < FULL else coverage.absent_kernels()
    if absent:
        print("FAIL kernels that no module reached: " + ", ".join(absent))
    spent = time.time() - o.begin
    print(f"{graphs} graphs, {calls} calls, {graphs / spent:.1f} graphs per second, {failures} failures")
    return 1 if failures or missing or absent or not graphs else 0


if __name__ == "__main__":
    sys.exit(main())
