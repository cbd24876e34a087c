#!/usr/bin/env python3
"""Samples that give a layer of explain.test one clear fault.

    causes.py FAULT FILE.npy      512 samples of 4 numbers, the same on every machine"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
import samples  # noqa: E402

COUNT, WIDTH = 512, 4


def main():
    fault, path = sys.argv[1:]
    values = samples.uniform(COUNT, WIDTH, -1.0, 1.0, 1)
    if fault == "outlier":  # one value of all is large
        values[40] = 50.0
    elif fault == "spread":  # one of four channels is large
        for i in range(0, len(values), WIDTH):
            values[i] *= 20.0
    elif fault == "growth":  # the second half is larger
        for i in range(len(values) // 2, len(values)):
            values[i] *= 2.0
    elif fault == "cancel":  # large values whose difference is small
        for i in range(0, len(values), WIDTH):
            values[i + 1] = 100.0 * values[i]
            values[i] = values[i + 1] + 0.2 * values[i + 2]
    samples.write_npy(path, "<f4", (COUNT, 1, WIDTH), values.tobytes())


if __name__ == "__main__":
    main()
