#!/usr/bin/env python3
"""Flips a bit in the weights of a layer: flip.py PLAN.qir FILE OUT LAYER finds the packed constant that the
layer reads in FILE, an object or a weights file."""
import re
import sys

plan, path, out, layer = sys.argv[1:]
with open(plan) as f:
    text = f.read()
with open(path, "rb") as f:
    data = bytearray(f.read())
line = next(s for s in text.splitlines() if re.search(r"loc\(.*\"%s\"" % re.escape(layer), s) and ": packed" not in s
            and re.search(r"(conv|linear\w*)\(", s))
name = next(n for n in re.findall(r"@([\w.$]+)", line)
            if re.search(r"const @%s : packed" % re.escape(n), text))
weights = bytes.fromhex(re.search(r'const @%s : packed.*dense<"0x([0-9a-f]+)">' % re.escape(name), text).group(1))
at = data.find(weights)
if at < 0 or data.find(weights, at + 1) >= 0:
    sys.exit("the weights of %s are not in %s once" % (layer, path))
data[at + len(weights) // 2] ^= 4
with open(out, "wb") as f:
    f.write(data)
