"""Killed at random instants, an output is the old file or the new one, whole, and has no company.

usage: kill.py DIRECTORY TIMES"""
import os
import random
import subprocess
import sys
import time

import bad

bad.start(sys.argv[1])
times = int(sys.argv[2])


def names():
    return {f for f in os.listdir(".") if f not in ("good.qir", "out", "out.h")}


def duration(command):
    start = time.time()
    for _ in range(5):
        bad.run(command)
    return (time.time() - start) / 5


for command in bad.commands("out"):
    span = duration(command) * 1.2
    want = bad.read("out")
    for k in range(times):
        old = k % 2
        if old:
            with open("out", "wb") as f:
                f.write(b"old")
        elif os.path.exists("out"):
            os.remove("out")
        p = subprocess.Popen(command, stdout=-3, stderr=-3)
        time.sleep(random.random() * span)
        p.kill()
        p.wait()
        if os.path.exists("out"):
            got = bad.read("out")
            bad.check(got == want or (old and got == b"old"), f"{command[0]}: {len(got)} bytes, {got[:20]}")
        else:
            bad.check(not old, f"{command[0]}: the old file is gone")
        # Between link and rename (microseconds) a replacement has a name: whole, and not the output's.
        for name in names() if old else set():
            bad.check(bad.read(name) == want or name.endswith(".tmp"), f"{command[0]}: left {name}")
            os.remove(name)
        bad.check(not names(), f"{command[0]}: left {names()}")
bad.finish()
