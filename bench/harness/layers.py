"""Where a compiled model spends its time: program counters, sampled while it runs, by the local symbols that
its ops have (m_LEVEL_NUMBER_LAYER)."""
import array
import bisect
import os
import re
import subprocess
import sys

SYMBOL = re.compile(r"m_[a-z0-9]+_(\d+)_(.*)")
OP = re.compile(r"^op ([^:]*): op (\w+)", re.M)
OTHER = (sys.maxsize, "outside of ops")


def functions(program):
    """Sorted addresses of functions, and their names."""
    text = subprocess.run(["nm", "-n", program], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in text.splitlines()]
    rows = [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tTwW"]
    return [address for address, _ in rows], [name for _, name in rows]


def ops_of(qcc, path):
    """{layer as symbols spell it: op}"""
    text = subprocess.run([qcc, "-show-provenance", path], check=True, capture_output=True, text=True).stdout
    return {re.sub(r"\W", "_", layer): op for layer, op in OP.findall(text)}


def place(name):
    """(number, layer) of an op's function."""
    match = SYMBOL.fullmatch(name)
    return (int(match[1]), match[2]) if match else OTHER


def layers(qcc, candidate, folder, milliseconds):
    """[{number, layer, op, share}] in the order in which ops run.  What serves a layer (a change of the order
    of its input) has its name."""
    path, program = os.path.join(folder, "samples.pc"), candidate.command[0]
    candidate.worker.order("sample", milliseconds, path)
    with open(path, "rb") as file:
        counters = array.array("Q", file.read())
    (addresses, names), ops, counts = functions(program), ops_of(qcc, program), {}
    for pc in counters:
        at = bisect.bisect(addresses, pc) - 1
        key = place(names[at]) if at >= 0 else OTHER
        counts[key] = counts.get(key, 0) + 1
    return [{"number": number, "layer": layer, "op": ops.get(layer, ""), "share": count / len(counters)}
            for (number, layer), count in sorted(counts.items())]
