#!/usr/bin/env python3
"""Puts texts in place of an object's provenance note, of the same length, and prints what a command says of each.

    notes.py FILE SCRATCH COMMAND..."""
import subprocess
import sys

path, scratch, *command = sys.argv[1:]
with open(path, "rb") as f:
    whole = f.read()
begin = whole.find(b"qcc\0[") + 4
end = whole.find(b"]\n", begin) + 2
MODEL = '{"is":"model","name":"m"}'
TEXTS = [
    f'[{MODEL},{{"is":"op","name":["a","b","c"],"op":["x",1,"y"],"type":["","f32",1],"level":"all"}}]',
    f'[{MODEL},{{"is":"op","name":["a","b"],"op":["x"]}}]',
    f'[{MODEL},{{"is":"op","name":["a","b"],"op":["x",2]}}]',
    f'[{MODEL},{{"is":"op","name":["a","b"],"op":["x",-1]}}]',
    f'[{MODEL},{{"is":"op","name":["a","b"],"op":["x",1,1e3]}}]',
    f'[{MODEL},{{"is":"op","op":["x"]}}]',
    f'[{MODEL},{{"is":[],"name":[]}}]',
    '[{"is":"op","name":"a"}]',
    '[{"is":"model","name":"m",' + ",".join(f'"{i}":""' for i in range(63)) + "}]",
]
for text in TEXTS:
    data = text.encode().ljust(end - begin)
    assert len(data) == end - begin
    with open(scratch, "wb") as f:
        f.write(whole[:begin] + data + whole[end:])
    done = subprocess.run([*command, scratch], capture_output=True, text=True, timeout=60)
    print(f"{done.returncode}: {done.stdout}{done.stderr}", end="")
