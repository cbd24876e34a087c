#!/usr/bin/env python3
"""Random graphs (cases.py) through qcc: compare.py DIR ENGINE...

    oracle    the evaluator against PyTorch's answers of oracle.txt; prints, by kind of graph, the
              cases, the elements, and how many differ by how much at most
    LEVEL     objects for that level, which must give the evaluator's bytes

Where oracle.txt says that PyTorch has other codes, they are put in: its CRC then says that nothing
else differs."""
import collections
import os
import sys
import zlib

import cases
import engines

ORACLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle.txt")
ANSWERS = ["QNNPACK", "q/dq"]


def read_oracle():
    """By case: kind, and for each answer its CRC and differences."""
    oracle = {}
    with open(ORACLE) as f:
        for line in f:
            number, kind, rest = line.split(" ", 2)
            fields = [a.split() for a in rest.split(" | ")]
            oracle[int(number)] = kind, [(int(crc, 16), [tuple(map(int, d.split(":"))) for d in diffs])
                                         for crc, *diffs in fields]
    return oracle


def patched(codes, differences):
    """What PyTorch has where the evaluator has `codes`, signed or not."""
    out = bytearray(codes)
    for at, by in differences:
        out[at] = (out[at] + by) & 255
    return bytes(out)


class Tally:
    """Of one kind of graph."""

    def __init__(self):
        self.cases = self.elements = 0
        self.counts, self.largest = [0, 0], [0, 0]

    def add(self, i, differences):
        self.counts[i] += len(differences)
        self.largest[i] = max([self.largest[i]] + [abs(by) for _, by in differences])

    def __str__(self):
        text = f"{self.cases} cases, {self.elements} elements"
        for name, count, largest in zip(ANSWERS, self.counts, self.largest):
            text += f", {name} differs in {count}" + (f" by at most {largest}" if count else "")
        return text


def check_oracle(everything, evaluated):
    oracle, tallies, failures = read_oracle(), collections.OrderedDict(), 0
    for c in everything:
        kind, answers = oracle[c.number]
        got = evaluated[c.number]
        t = tallies.setdefault(c.kind, Tally())
        t.cases, t.elements = t.cases + 1, t.elements + len(got)
        for i, (crc, differences) in enumerate(answers):
            t.add(i, differences)
            if kind != c.kind or zlib.crc32(patched(got, differences)) != crc:
                print(f"FAIL {c.kind} {c.number}: not what {ANSWERS[i]} gives, or other differences")
                failures += 1
    for kind, t in tallies.items():
        print(f"{kind}: {t}")
    return failures


def check_objects(everything, evaluated, results, level):
    bad = [c for c in everything if results[c.number] != evaluated[c.number]]
    for c in bad:
        where = [i for i, (a, b) in enumerate(zip(results[c.number], evaluated[c.number])) if a != b]
        print(f"FAIL {level} {c.kind} {c.number}: {len(where)} codes differ, from {where[:1]}")
    print(f"{level}: {len(everything)} cases equal the evaluator" if not bad else "")
    return len(bad)


def main():
    everything = [cases.Case(n) for n in range(cases.COUNT)]
    e = engines.Engines(sys.argv[1])
    evaluated, failures = e.evaluate(everything), 0
    for engine in sys.argv[2:]:
        failures += check_oracle(everything, evaluated) if engine == "oracle" else \
            check_objects(everything, evaluated, e.objects(everything, engine), engine)
    print(f"{len(everything)} cases, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
