"""Many writers of one output: it is always one of them, whole.

usage: parallel.py DIRECTORY TIMES"""
import os
import subprocess
import sys

import bad

bad.start(sys.argv[1])
with open("other.qir", "wb") as f:
    f.write(bad.MODEL.replace(b"add(%x, %x)", b"mul(%x, %x)"))
for one, two in zip(bad.commands("out"), bad.commands("out", "other.qir")):
    whole = []
    for command in (one, two):
        r = bad.run(command)
        bad.check(r.returncode == 0, command, r)
        whole.append(bad.read("out"))
    bad.check(whole[0] != whole[1], "the two outputs are to differ")
    running = []
    for k in range(int(sys.argv[2])):
        running.append(subprocess.Popen((one, two)[k % 2], stdout=-3, stderr=-3))
        if len(running) == 4:
            bad.check(running.pop(0).wait() == 0, f"{one[0]}: a writer failed")
            bad.check(bad.read("out") in whole, f"{one[0]}: a mixed output")
    for p in running:
        bad.check(p.wait() == 0, f"{one[0]}: a writer failed")
    bad.check(bad.read("out") in whole, f"{one[0]}: a mixed output")
    bad.check(not [f for f in os.listdir(".") if ".tmp" in f], f"{one[0]}: left {os.listdir('.')}")
bad.finish()
