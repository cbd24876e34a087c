#!/usr/bin/env python3
"""Damages a file in COUNT random ways and runs a command on each: it must end with code 0 or 1.

    damage.py FILE SCRATCH COUNT COMMAND..."""
import random
import subprocess
import sys

path, scratch, count, *command = sys.argv[1:]
with open(path, "rb") as f:
    whole = f.read()
rng = random.Random(5)
codes = {0: 0, 1: 0}
# The header of the file, those of the sections, the sections' names and the note are what is read.
first, last = len(whole) - 4096, len(whole)
note = whole.find(b"qcc\0[")
for _ in range(int(count)):
    data = bytearray(whole)
    for _ in range(rng.choice((1, 1, 4))):
        at = rng.choice((rng.randrange(64), rng.randrange(first, last), note - 12 + rng.randrange(300)))
        data[at] = rng.choice((0, 255, data[at] ^ 1 << rng.randrange(8)))
    if rng.randrange(4) == 0:
        del data[rng.randrange(len(data)):]
    with open(scratch, "wb") as f:
        f.write(data)
    code = subprocess.run([*command, scratch], capture_output=True, timeout=60).returncode
    if code not in codes:
        sys.exit(f"{scratch}: code {code}")
    codes[code] += 1
print("shown" if codes[0] else "none shown", "refused" if codes[1] else "none refused")
