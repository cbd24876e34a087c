#!/usr/bin/env python3
"""Constants of programs with weights of few bits: the object holds these, not bytes or floats.

    sizes.py --models DIR --out DIR

A bound is what the file's codes, scales and floats need, and some kB for constants of the kernels."""
import argparse
import os
import re
import subprocess
import sys

# Model and kilobytes of .rodata, with what they were as floats.
CASES = [
    ("pt2/sort_gpt/wo4g32.pt2", 81, 411.6), ("pt2/sort_gpt/w4g32.pt2", 82, 411.6),
    ("pt2/sort_gpt/w4g32_e8.pt2", 77, 411.6), ("pt2/sort_gpt/w4g32_e4.pt2", 76, 411.6),
    ("pt2/sort_gpt/w4g32_e2.pt2", 76, 411.6), ("pt2/sort_gpt/w8pc_e8.pt2", 119, 411.6),
    ("int4_fc/qwen_fc_blockwise_quantized.tflite", 591, 4194.6), ("mnist/mnist_quantized.tflite", 53, 202.9),
    ("mnist/trained_lstm_int8.tflite", 26, 37.0), ("tflm_audio/dtln_noise_suppression.tflite", 415, 1419.2),
]


def rodata(model, obj):
    subprocess.run(["qcc", "-mlevel=generic", "-name=m", model, "-o", obj], check=True, capture_output=True)
    table = subprocess.run(["llvm-objdump", "-h", obj], check=True, capture_output=True, text=True).stdout
    return sum(int(size, 16) for size in re.findall(r"\.rodata\S* +([0-9a-f]{8}) ", table))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--models", "--out"):
        p.add_argument(name, required=True)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    large = 0
    for path, most, floats in CASES:
        size = rodata(os.path.join(a.models, path), os.path.join(a.out, "m.o")) / 1000
        large += size > most
        print(f"{path}: {size:.1f} kB, as floats {floats}{'   <-- more than ' + str(most) if size > most else ''}")
    return large != 0


if __name__ == "__main__":
    sys.exit(main())
