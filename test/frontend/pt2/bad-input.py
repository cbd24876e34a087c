#!/usr/bin/env python3
"""Hostile archives: each is refused with one first diagnostic of the expected code, within 2 seconds.

    bad-input.py QIR-OPT FOLDER"""
import os
import struct
import subprocess
import sys
import warnings
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "pt2"))
import mkpt2  # noqa: E402

warnings.simplefilter("ignore")  # duplicate names are a test
SOURCE = """
input x f32 2x2
param w f32 2x2 = 1 2 3 4
buffer codes i8 2x2 = 1 2 3 4
node a = aten.add.Tensor self=x other=p_w -> f32 2x2
node d = quantized_decomposed.dequantize_per_tensor.default input=b_codes scale=0.5 zero_point=0 quant_min=-127 quant_max=127 dtype=:i8 -> f32 2x2
node y = aten.mul.Tensor self=a other=d -> f32 2x2
output y
"""
MODEL, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"


def members(source=SOURCE):
    return mkpt2.Archive(source).all_members()


def archive(change=None, source=SOURCE, **options):
    """The archive with members changed: name -> text, None to leave it out, or a function of the text."""
    all_members = members(source)
    for name, new in (change or {}).items():
        old = all_members.pop(name, None)
        if new is not None:
            all_members[name] = new(old) if callable(new) else new
    return lambda path: mkpt2.write(path, all_members, **options)


def replaced(a, b, member=MODEL, source=SOURCE):
    def swap(text):
        assert a in text, a
        return text.replace(a, b, 1)
    return archive({member: swap}, source)


def raw(change):
    """The bytes of the archive, changed."""
    def make(path):
        mkpt2.write(path, members())
        with open(path, "rb") as f:
            data = bytearray(f.read())
        data = change(data) or data
        with open(path, "wb") as f:
            f.write(data)
    return make


def duplicate(path):
    mkpt2.write(path, members())
    with zipfile.ZipFile(path, "a") as z:
        z.writestr("archive/byteorder", "little")


def flip_weight(data):
    at = data.index(struct.pack("<4f", 1, 2, 3, 4))
    data[at] ^= 1


def rename_local(data):
    at = data.index(b"archive/byteorder")
    data[at:at + 7] = b"ARCHIVE"


def directory_offset(data):
    struct.pack_into("<I", data, len(data) - 6, 0x7fffffff)


def two_members(names):
    return lambda path: mkpt2.write(path, {n: b"" for n in names}, root="")


def meta(a, b):
    return replaced(a, b, WEIGHTS)


PT_SHAPE = '"sizes": [{"as_int": 2}, {"as_int": 2}]'
CASES = {
    # C1: other things that are zip files
    "torchscript": (two_members(["m/data.pkl", "m/constants.pkl", "m/code/m.py"]), "pt2.pickle"),
    "checkpoint": (two_members(["archive/data.pkl", "archive/data/0"]), "pt2.pickle"),
    "flat": (two_members(["version", "serialized_exported_program.json"]), "pt2.format"),
    "torch28": (archive({"data/weights/model.pt": "x"}), "pt2.format"),
    "aoti": (archive({MODEL: None, "data/aotinductor/model/a.so": "x"}), "pt2.format"),
    "other-zip": (two_members(["readme.txt"]), "pt2.format"),
    "npz": (two_members(["x.npy"]), "frontend.format"),
    "pickled": (meta('"use_pickle": false', '"use_pickle": true'), "pt2.pickle"),
    # C2 to C6: the container
    "deflated": (archive(method=zipfile.ZIP_DEFLATED), "zip.method"),
    "parent": (archive({"../x": "x"}), "zip.name"),
    "absolute": (archive({"/x": "x"}, root=""), "zip.name"),
    "backslash": (archive({"a\\\\b": "x"}), "zip.name"),
    "duplicate": (duplicate, "zip."),
    "local-name": (raw(rename_local), "zip.read"),
    "directory": (raw(directory_offset), "zip.read"),
    "truncated": (raw(lambda d: d[:len(d) // 2]), "zip.read"),
    "crc": (raw(flip_weight), "zip.crc"),
    "version": (archive({"archive_version": "1"}), "pt2.version"),
    "byteorder": (archive({"byteorder": "big"}), "pt2.version"),
    # C7, C8: the program
    "depth": (archive({MODEL: "[" * 1000000}), "json.syntax"),
    "nan": (replaced('"minor": 20', '"minor": NaN'), "json.syntax"),
    "huge-number": (replaced('"minor": 20', '"minor": 1e999'), "json.syntax"),
    "huge-integer": (replaced('"minor": 20', '"minor": 99999999999999999999'), "json.syntax"),
    "twice": (replaced('"minor": 20', '"minor": 20, "minor": 20'), "json.syntax"),
    "trailing": (archive({MODEL: lambda t: t + "x"}), "json.syntax"),
    "surrogate": (replaced('"TRAINING"', '"\\ud800"'), "json.syntax"),
    "major": (replaced('"major": 8', '"major": 9'), "pt2.schema"),
    "missing-key": (replaced('"nodes"', '"edges"'), "pt2.schema"),
    "wrong-kind": (replaced('"target": "torch.ops.aten.add.Tensor"', '"target": 3'), "pt2.schema"),
    "unknown-size": (replaced('{"as_int": 2}', '{"as_int2": 2}'), "pt2.schema"),
    "argument-kind": (replaced('"arg": {"as_tensor": {"name": "p_w"}}, "kind"', '"arg": {"as_graph": {}}, "kind"'), "pt2.arg"),
    "undefined": (replaced('"name": "p_w"}}, "kind"', '"name": "nowhere"}}, "kind"'), "pt2.undef"),
    "unknown-argument": (replaced('"name": "other"', '"name": "another"'), "pt2.arg"),
    "shape-lie": (replaced('"y": {"dtype": 7, ' + PT_SHAPE, '"y": {"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}]'),
                  "pt2.shape"),
    "rank": (replaced(PT_SHAPE, '"sizes": [' + ", ".join(['{"as_int": 1}'] * 100) + "]"), "pt2.schema"),
    "negative-size": (replaced('"x": {"dtype": 7, ' + PT_SHAPE, '"x": {"dtype": 7, "sizes": [{"as_int": -2}, {"as_int": 2}]'),
                      "type."),
    "too-large": (replaced('"x": {"dtype": 7, ' + PT_SHAPE,
                           '"x": {"dtype": 7, "sizes": [{"as_int": 4294967296}, {"as_int": 4294967297}]'), "type."),
    "expression": (replaced('"x": {"dtype": 7, "sizes": [{"as_int": 2}',
                            '"x": {"dtype": 7, "sizes": [{"as_expr": {"expr_str": "' + "Add(" * 5000 + '"}}'),
                   "pt2.symint"),
    # C9, C10: storages
    "beyond": (meta('"storage_offset": {"as_int": 0}', '"storage_offset": {"as_int": 1}'), "pt2.storage"),
    "offset": (meta('"storage_offset": {"as_int": 0}', '"storage_offset": {"as_int": -1}'), "pt2.storage"),
    "stride": (meta('"strides": [{"as_int": 2}', '"strides": [{"as_int": -2}'), "pt2.storage"),
    "stride-product": (meta('"strides": [{"as_int": 2}', '"strides": [{"as_int": 9223372036854775807}'), "pt2.storage"),
    "no-member": (meta('"weight_0"', '"weight_7"'), "pt2.member"),
    "no-payload": (meta('"w"', '"v"'), "pt2.member"),
    "other-type": (meta('"dtype": 7', '"dtype": 4'), "pt2.storage"),
    "complex": (meta('"dtype": 7', '"dtype": 10'), "pt2.type"),
    "codes": (archive(source=SOURCE.replace("i8 2x2 = 1", "i8 2x2 = -128")), "quant.range"),
    "scale": (archive(source=SOURCE.replace("scale=0.5", "scale=0.0")), "quant."),
    "zero-point": (archive(source=SOURCE.replace("zero_point=0", "zero_point=200")), "quant.zp"),
    # C11 to C13
    "range": (archive(source=SOURCE.replace("x f32 2x2", "x f32 {Symbol('s')}x2") + "range s 5 3\n"), "pt2."),
    "many-members": (archive({f"extra/{i}": "" for i in range(20000)}), None),
}


def main():
    tool, folder = sys.argv[1:3]
    os.makedirs(folder, exist_ok=True)
    failed = []
    for name, (make, code) in CASES.items():
        path = os.path.join(folder, name + ".pt2")
        make(path)
        done = subprocess.run([tool, "-bind", "s=2", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, timeout=60)
        first = next((line for line in done.stderr.splitlines() if "error:" in line), "")
        ok = done.returncode == (1 if code else 0) and (not code or f"[{code}" in first)
        if not ok:
            failed.append(f"{name}: expected {code}, got {done.returncode} {done.stderr[:300]}")
    print("\n".join(failed) or f"{len(CASES)} archives")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
