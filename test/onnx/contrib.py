#!/usr/bin/env python3
"""Quantized operators against ONNX Runtime (contrib-oracle.txt): evaluated as imported and after the
passes; the compiled model gives the bytes of the evaluator.  Usage: contrib.py DIR"""
import array
import os
import re
import subprocess
import sys

from contrib_cases import HERE, cases
from mkonnx import assemble
from samples import read_npy, write_npy

CODES = {"u8": "B", "i8": "b", "i32": "i", "i64": "q", "f32": "f", "bool": "B"}
NUMPY = {"u8": "|u1", "i8": "|i1", "i32": "<i4", "i64": "<i8", "f32": "<f4", "bool": "|b1"}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise ValueError(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def oracle():
    with open(os.path.join(HERE, "contrib-oracle.txt")) as f:
        rows = [line.split() for line in f if not line.startswith("#")]
    return {name: array.array(CODES[kind], bytes.fromhex(data)) for name, kind, _, data in rows}


def check(case, want, got, what):
    if len(want) != len(got):
        raise ValueError(f"{what}: {len(got)} results, expected {len(want)}")
    worst = max(map(lambda a, b: abs(a - b), want, got))
    limit = case.error * max(map(abs, want)) if want.typecode == "f" else case.steps
    if not worst <= limit:
        raise ValueError(f"{what}: {worst} from ONNX Runtime, expected at most {limit}")
    if want.typecode != "f" and sum(map(int.__ne__, want, got)) * 20 > len(want):
        raise ValueError(f"{what}: more than one in twenty results differ")


def evaluate(model, inputs, out, *options):
    run("qir-run", model, *inputs, "-output=" + out, *options)
    return read_npy(out)


def check_case(case, want, folder):
    path = lambda name: os.path.join(folder, name)
    with open(path("m.onnx"), "wb") as f:
        f.write(assemble(case.text))
    inputs = []
    for name, kind, dims, values in case.inputs:
        shape = [int(d) for d in dims.split("x")] if dims != "-" else []
        write_npy(path(name + ".npy"), NUMPY[kind], shape, array.array(CODES[kind], values).tobytes())
        inputs.append(f"-input={name}={path(name + '.npy')}")
    run("qir-opt", "-passes=prepare-qdq", path("m.onnx"), "-o", path("m.qir"))
    for model in ("m.onnx", "m.qir"):
        got = evaluate(path(model), inputs, path("evaluated.npy"))
        check(case, want, array.array(want.typecode, got), model)
        if evaluate(path(model), inputs, path("compiled.npy"), "-jit") != got:
            raise ValueError(f"{model}: the compiled model gives other bytes")
    with open(path("m.qir")) as f:
        body = re.findall(r"^    .*xf32>.*", f.read(), re.M)
    if case.integer and body:
        raise ValueError("computes in float:\n" + "\n".join(body))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    expected, failed, count = oracle(), 0, 0
    for case in cases():
        count += 1
        try:
            check_case(case, expected.pop(case.name), sys.argv[1])
        except ValueError as e:
            failed += 1
            print(f"{case.name}: {e}")
    print(f"{count - failed} of {count} agree with ONNX Runtime")
    return failed != 0 or bool(expected)


if __name__ == "__main__":
    sys.exit(main())
