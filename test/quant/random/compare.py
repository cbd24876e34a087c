#!/usr/bin/env python3
"""Random graphs (cases.py, dynamic.py) through qcc: compare.py DIR ENGINE...

    oracle    the evaluator against PyTorch's answers of oracle.txt; prints, by kind of graph, the
              cases, the elements, and how many differ by how much at most
    LEVEL     objects for that level, which must give the evaluator's bytes
    A/B       some cases by objects for level A, the others for level B

Where oracle.txt says that PyTorch has other codes, they are put in: its CRC then says that nothing
else differs."""
import collections
import os
import struct
import sys
import zlib

import cases
import dynamic
import engines

ORACLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle.txt")
ANSWERS = ["QNNPACK", "q/dq"]


def checksum(integers):
    return zlib.crc32(struct.pack(f"<{len(integers)}i", *integers))


def read_answer(text):
    """CRC and differences; none where PyTorch has no such op."""
    crc, *differences = text.split()
    return (int(crc, 16), [tuple(map(int, d.split(":"))) for d in differences]) if crc != "-" else None


def read_oracle():
    """By case: kind and answers."""
    oracle = {}
    with open(ORACLE) as f:
        for line in f:
            number, kind, rest = line.split(" ", 2)
            oracle[int(number)] = kind, [read_answer(a) for a in rest.split(" | ")]
    return oracle


def patched(integers, differences):
    """What PyTorch has where the evaluator has `integers`."""
    out = list(integers)
    for at, by in differences:
        out[at] += by
    return out


class Tally:
    """Of one kind of graph."""

    def __init__(self):
        self.cases = self.elements = 0
        self.counts, self.largest = [None, None], [0, 0]

    def add(self, i, differences):
        self.counts[i] = (self.counts[i] or 0) + len(differences)
        self.largest[i] = max([self.largest[i]] + [abs(by) for _, by in differences])

    def __str__(self):
        text = f"{self.cases} cases, {self.elements} elements"
        for name, count, largest in zip(ANSWERS, self.counts, self.largest):
            if count is not None:
                text += f", {name} differs in {count}" + (f" by at most {largest}" if count else "")
        return text


def check_oracle(everything, evaluated):
    oracle, tallies, failures = read_oracle(), collections.OrderedDict(), 0
    for c in everything:
        kind, answers = oracle[c.number]
        got = c.integers(evaluated[c.number])
        t = tallies.setdefault(c.kind, Tally())
        t.cases, t.elements = t.cases + 1, t.elements + len(got)
        for i, answer in enumerate(answers):
            if not answer:
                continue
            crc, differences = answer
            t.add(i, differences)
            if kind != c.kind or checksum(patched(got, differences)) != crc:
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
    print(f"{level}: {len(everything) - len(bad)} of {len(everything)} cases equal the evaluator")
    return len(bad)


def every_case():
    return [cases.Case(n) for n in range(cases.COUNT)] + dynamic.dynamic_cases(cases.COUNT)


def main():
    everything = every_case()
    e = engines.Engines(sys.argv[1])
    evaluated, failures = e.evaluate(everything), 0
    for engine in sys.argv[2:]:
        if engine == "oracle":
            failures += check_oracle(everything, evaluated)
            continue
        for level, some in engines.divide(everything, engine.split("/")):
            failures += check_objects(some, evaluated, e.objects(some, level), level)
    print(f"{len(everything)} cases, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
