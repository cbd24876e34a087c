#!/usr/bin/env python3
"""Products of one row with a matrix of low-bit weights, against the rate at which this core reads memory.

    bench/gemv.py                     4096 x 4096: int8 per channel, int4 in groups of 32, 128 and per channel
    bench/gemv.py --size 1024 --level generic

Activations are real and quantized to 8 bits at run time, inside of the measured time.  `bytes` counts
weights and scales, which are read once; `share` is their rate over that of plain wide loads."""
import argparse
import os
import random
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"int8": (8, 0), "int4": (4, 0), "int4 g128": (4, 128), "int4 g32": (4, 32)}
FORMAT = "{:<10} {:<8} {:>12} {:>10} {:>8} {:>8} {:>8} {:>8}"


def module(n, bits, group):
    """QIR of the product; scales are values of bf16, as models have them."""
    rng = random.Random(n)
    count = n * n // group if group else n
    scales = b"".join(b"\0\0" + struct.pack("<f", rng.uniform(0.001, 0.02))[2:] for _ in range(count))
    low, span = -1 << (bits - 1), 1 << bits
    weights = bytes((low + b % span) & 255 for b in rng.randbytes(n * n))
    grouped = f"axis = 1, group = {group}, " if group else "axis = 0, "
    return f"""module @m {{
  const @w : tensor<{n}x{n}xquant<i{bits}:f32, {grouped}dense<"0x{scales.hex()}">>> = dense<"0x{weights.hex()}">
  func @main(%x: tensor<1x{n}xf32> {{name = "x"}}) -> (tensor<1x{n}xf32> {{name = "y"}}) {{
    %s, %z = choose_qparams(%x) {{block = [1, {n}]}} : (tensor<1x1xf32>, tensor<1x1xi32>)
    %q = quantize_affine(%x, %s, %z) {{block = [1, {n}]}} : tensor<1x{n}xi8>
    %y = linear_dynamic(%q, %s, %z, @w) : tensor<1x{n}xf32>
    return(%y)
  }}
}}
""", n * n * bits // 8 + 2 * count


def measure(args, kind):
    out = os.path.join(args.build, "bench")
    text, size = module(args.size, *KINDS[kind])
    with open(out + "/gemv.qir", "w") as f:
        f.write(text)
    subprocess.run([os.path.join(args.build, "bin", "qcc"), out + "/gemv.qir", "-name=m", "-o", out + "/m.o",
                    "-mlevel=" + args.level], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O3", "-march=native", "-I", out, "-I", HERE,
                    f"{HERE}/gemv.c", out + "/m.o", "-o", out + "/gemv"], check=True)
    run = subprocess.run([out + "/gemv", str(size), str(args.seconds)], check=True, capture_output=True, text=True)
    best, read = map(float, run.stdout.split())
    rate = 1e-3 * size / best
    print(FORMAT.format(kind, args.level, size, f"{best:.1f}", f"{1e-3 * args.size ** 2 / best:.1f}", f"{rate:.1f}",
                        f"{read:.1f}", f"{100 * rate / read:.0f}"), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--level", default="avx2")
    parser.add_argument("--seconds", type=float, default=2.0, help="time per row")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"))
    args = parser.parse_args()
    os.makedirs(os.path.join(args.build, "bench"), exist_ok=True)
    print(FORMAT.format("weights", "level", "bytes", "min us", "GMAC/s", "GB/s", "read", "share %"))
    for kind in KINDS:
        measure(args, kind)


if __name__ == "__main__":
    main()
