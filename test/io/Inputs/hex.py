#!/usr/bin/env python3
"""Writes the bytes of the line `hex: ...` of a test: hex.py TEST FILE [CUT] (last CUT bytes left out)"""
import sys

with open(sys.argv[1]) as f:
    data = bytes.fromhex(next(line for line in f if line.startswith("hex: "))[5:])
cut = int(sys.argv[3]) if len(sys.argv) > 3 else 0
with open(sys.argv[2], "wb") as f:
    f.write(data[:len(data) - cut])
