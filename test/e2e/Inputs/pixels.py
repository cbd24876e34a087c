#!/usr/bin/env python3
"""A small float convolution and pictures for it: pixels.py DIR writes model.qir, png/*.png and raw (the
pixels of all pictures in the order of their names)."""
import os
import random
import struct
import sys
import zlib

HEIGHT, WIDTH, CHANNELS, FILTERS, PICTURES = 6, 5, 3, 4, 8
rng = random.Random(1)


def dense(count):
    return 'dense<"0x' + b"".join(struct.pack("<f", rng.uniform(-1, 1)) for _ in range(count)).hex() + '">'


MODEL = f"""module @m {{
  const @w : tensor<{FILTERS}x{CHANNELS}x3x3xf32> = {dense(FILTERS * CHANNELS * 9)}
  const @b : tensor<{FILTERS}xf32> = {dense(FILTERS)}
  func @main(%x: tensor<1x{CHANNELS}x{HEIGHT}x{WIDTH}xf32> {{name = "image"}}) -> (tensor<1x{FILTERS}x{HEIGHT}x{WIDTH}xf32> {{name = "y"}}) {{
    %y = conv(%x, @w, @b) {{pads = [1, 1, 1, 1], min = 0.0}} : tensor<1x{FILTERS}x{HEIGHT}x{WIDTH}xf32>
    return(%y)
  }}
}}
"""


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(pixels):
    row = WIDTH * CHANNELS
    rows = b"".join(b"\0" + pixels[y * row:(y + 1) * row] for y in range(HEIGHT))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


out = sys.argv[1]
os.makedirs(os.path.join(out, "png"))
with open(os.path.join(out, "model.qir"), "w") as f:
    f.write(MODEL)
with open(os.path.join(out, "raw"), "wb") as raw:
    for i in range(PICTURES):
        pixels = bytes(rng.choice((0, 255, rng.randrange(256))) for _ in range(HEIGHT * WIDTH * CHANNELS))
        raw.write(pixels)
        with open(os.path.join(out, "png", f"{i}.png"), "wb") as f:
            f.write(png(pixels))
