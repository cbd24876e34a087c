#!/usr/bin/env python3
"""moved.py WHOLE.o M.o M.qwt: what WHOLE.o holds of constants, M.o leaves to M.qwt, but for the file's header
and alignment."""
import os
import subprocess
import sys

SLACK, LEAST = 192, 1024


def constants(path):
    lines = subprocess.run(["llvm-size", "-A", path], capture_output=True, text=True, check=True).stdout.split("\n")
    return sum(int(line.split()[1]) for line in lines if line.startswith(".rodata.m"))


whole, rest, weights = constants(sys.argv[1]), constants(sys.argv[2]), os.path.getsize(sys.argv[3])
print("moved" if whole - rest > weights - SLACK > LEAST else f"{whole} bytes became {rest}, the file has {weights}")
