#!/usr/bin/env python3
"""Writes a 2 x 2 image with the pixels red, green / blue, white: image.py FILE [--cut N]"""
import struct
import sys
import zlib

PIXELS = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png():
    rows = b"".join(b"\0" + PIXELS[6 * y:6 * y + 6] for y in range(2))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


path = sys.argv[1]
data = png() if path.endswith(".png") else b"P6\n# four pixels\n2 2\n255\n" + PIXELS
if "--cut" in sys.argv:
    data = data[:-int(sys.argv[sys.argv.index("--cut") + 1])]
with open(path, "wb") as f:
    f.write(data)
