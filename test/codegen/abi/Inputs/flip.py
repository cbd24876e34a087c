#!/usr/bin/env python3
"""Flips a bit in the weights of a layer: flip.py PLAN.qir FILE OUT LAYER COMMAND... finds where FILE, an object or
a weights file that COMMAND makes of PLAN.qir, holds a weight that the layer reads: where bytes change by
that bit when COMMAND is given a plan with the bit flipped."""
import os
import re
import subprocess
import sys

BIT, LEAST = 4, 0x80
plan, path, out, layer, *command = sys.argv[1:]
with open(plan) as f:
    text = f.read()
with open(path, "rb") as f:
    data = bytearray(f.read())
line = next(s for s in text.splitlines() if re.search(r"loc\(.*\"%s\"" % re.escape(layer), s)
            and re.search(r"= (conv|linear\w*)\(", s))
name = re.findall(r"@([\w.$]+)", line)[0]
const = re.search(r'const @%s : .*dense<"0x([0-9a-f]+)">' % re.escape(name), text)
weights = bytearray.fromhex(const.group(1))
at = next(i for i in range(len(weights) // 2, len(weights)) if weights[i] not in (0, LEAST ^ BIT))
weights[at] ^= BIT
os.makedirs("flipped", exist_ok=True)
with open(os.path.join("flipped", plan), "w") as f:
    f.write(text[:const.start(1)] + weights.hex() + text[const.end(1):])
subprocess.run(command, cwd="flipped", check=True)
with open(os.path.join("flipped", path), "rb") as f:
    other = f.read()
found = [i for i, (a, b) in enumerate(zip(data, other)) if a ^ b == BIT  # alone: hashes change throughout
         and data[i - 4:i] == other[i - 4:i] and data[i + 1:i + 4] == other[i + 1:i + 4]]
if len(data) != len(other) or not found:
    sys.exit(f"the weights of {layer} are not in {path}")
data[found[0]] ^= BIT
with open(out, "wb") as f:
    f.write(data)
