"""Where addr2line finds the addresses of functions: resolve.py PROGRAM PREFIX...

Prints for every function whose name begins with a PREFIX the places of all its addresses; more than one
line of a file means that code is mapped to the wrong op.
"""
import os
import subprocess
import sys

program, prefixes = sys.argv[1], sys.argv[2:]
symbols = subprocess.run(["nm", "-S", "-n", program], capture_output=True, text=True, check=True).stdout
functions = [(int(a, 16), int(n, 16), name) for a, n, kind, name in
             (line.split() for line in symbols.splitlines() if line.count(" ") == 3) if kind in "tT"]
for prefix in prefixes:
    for start, size, name in functions:
        if not name.startswith(prefix):
            continue
        addresses = "".join("0x%x\n" % a for a in range(start, start + size, 3))
        found = subprocess.run(["addr2line", "-e", program], input=addresses, capture_output=True, text=True,
                               check=True).stdout.split("\n")
        places = sorted({os.path.basename(p.split(" ")[0]) for p in found if p})
        print("%s: %s" % (name, ", ".join(places)))
