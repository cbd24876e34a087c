#!/usr/bin/env python3
"""Writes a .npy file from its parts, right or wrong.

    npy.py FILE HEADER DATA [--version N] [--length N] [--magic TEXT]

DATA: `f4:1,2,3` packs numbers, `zeros:N` writes N zero bytes (sparse), `hex:00ff` bytes."""
import argparse
import struct

CODES = {"f4": "<f", "F4": ">f", "f8": "<d", "u1": "<B", "i1": "<b", "i2": "<h", "I2": ">h",
         "i4": "<i", "i8": "<q"}


def data(text):
    kind, _, rest = text.partition(":")
    if kind == "zeros":
        return int(rest)
    if kind == "hex":
        return bytes.fromhex(rest)
    numbers = [float(v) if kind.lower().startswith("f") else int(v) for v in rest.split(",") if v]
    return b"".join(struct.pack(CODES[kind], v) for v in numbers)


def npy(header, version=1, length=None, magic="\x93NUMPY"):
    text = header.encode("latin1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return magic.encode("latin1") + bytes([version, 0]) + size + text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("header")
    parser.add_argument("data")
    parser.add_argument("--version", type=int, default=1)
    parser.add_argument("--length", type=int)
    parser.add_argument("--magic", default="\x93NUMPY")
    args = parser.parse_args()
    body = data(args.data)
    with open(args.file, "wb") as f:
        f.write(npy(args.header, args.version, args.length, args.magic))
        if isinstance(body, int):
            f.truncate(f.tell() + body)
        else:
            f.write(body)


if __name__ == "__main__":
    main()
