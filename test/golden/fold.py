#!/usr/bin/env python3
"""Batch norm folding against PyTorch, to the bit: fold.py QIR_OPT

Folds each model of fold/ by TorchScript's name and compares crc32 of weight and bias with NAME.txt
(gen_fold.py)."""
import os
import re
import subprocess
import sys
import zlib

import pt2e

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fold")


def folded(qir_opt, path):
    """crc32 of operands 1 and 2 of the only op."""
    run = subprocess.run([qir_opt, "-passes=FoldConvBatchNorm,dce", path], check=True, capture_output=True, text=True)
    ops = re.findall(r"^    .*= (\w+)\(%\w+, @([\w.]+), @([\w.]+)\)", run.stdout, re.M)
    if len(ops) != 1 or "batch_norm(" in run.stdout:
        return run.stdout
    data = [re.search(rf"const @{re.escape(name)} : \S+ = dense(<[^>]*>)", run.stdout)[1] for name in ops[0][1:]]
    return " ".join(f"{zlib.crc32(pt2e.floats(d)):08x}" for d in data)


def main():
    names = sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".txt"))
    wrong = 0
    for name in names:
        expected = pt2e.read(os.path.join(HERE, name + ".txt")).strip()
        got = folded(sys.argv[1], os.path.join(HERE, name + ".pt2"))
        print(name, "equal" if got == expected else f"DIFFERS: expected {expected}, got {got}")
        wrong += got != expected
    print(f"{wrong} of {len(names)} differ")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
