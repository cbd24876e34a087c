"""Compiles MobileNetV2 of bench/models.py in one kind for one level and checks the object:
    mobilenet.py KIND LEVEL DIR [run [EMULATOR...]]
no float ops (in quantized kinds), nothing undefined, no vector on the stack in inner loops; `run`: the
linked object, run by the emulator if there is one, and the evaluator give the same bytes for one random
input."""
import os
import random
import resource
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "bench"))
import levels  # noqa: E402
import models  # noqa: E402
import spills  # noqa: E402

MULTIPLY = {"sse2": {"pmaddwd"}, "avx2": {"vpmaddwd"}, "avxvnni": {"vpdpbusd", "vpdpwssd"},
            "avx512vnni": {"vpdpbusd", "vpdpwssd"}, "dotprod": {"sdot"}, "i8mm": {"smmla"},
            "neon": {"smlal", "smull"}}
# The depthwise loop requantizes too; with stride 2 it reloads the bias, once for four results.
REQUANTIZE = {"sse2": {"cvtdq2ps"}, "dotprod": {"fcvtns"}, "i8mm": {"fcvtns"}, "neon": {"fcvtns"}}
REAL = {"mulps", "vmulps", "fmul"}
CPU_SECONDS = 18  # a guard against hanging only, three times what is promised


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=600).stdout


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def npy(path, dtype, dims, data):
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {dims}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    with open(path, "wb") as out:
        out.write(b"\x93NUMPY\x01\0" + len(head).to_bytes(2, "little") + head + data)


def same_bytes(work, kind, target, emulator, in_bytes, out_bytes):
    sample = random.Random(1).randbytes(in_bytes)
    npy(work + "/in.npy", "|u1" if kind == "u8s8" else "|i1", (1, 3, 224, 224), sample)
    with open(work + "/in.raw", "wb") as out:
        out.write(sample)
    run("qcc", "-stop-after=lower", work + "/m.onnx", "-o", work + "/m.qir")
    run("qir-run", work + "/m.qir", f"-input={work}/in.npy", f"-output={work}/out.npy")
    compiler = "cc" if target == "x86_64" else "aarch64-linux-gnu-gcc"
    run(compiler, "-static", "-D_GNU_SOURCE", '-DMODEL_HEADER="m.h"', "-I" + work, SOURCE + "/test/e2e/driver.c",
        work + "/m.o", "-o", work + "/driver")
    run(*emulator, work + "/driver", work + "/in.raw", work + "/out.raw", str(in_bytes), str(out_bytes))
    expected = open(work + "/out.npy", "rb").read()[-out_bytes:]
    return open(work + "/out.raw", "rb").read() == expected and len(set(expected)) > 16


def main():
    kind, level, work = sys.argv[1:4]
    os.makedirs(work, exist_ok=True)
    data, _, in_bytes, out_bytes = models.build("mobilenet_v2", kind)
    with open(work + "/m.onnx", "wb") as out:
        out.write(data)
    target = "x86_64" if level in levels.FLAGS else "aarch64"
    before = cpu_seconds()
    report = run("qcc", "-target=" + target, "-mlevel=" + level, "-report", work + "/m.onnx", "-o",
                 work + "/m.o")
    spent = cpu_seconds() - before
    floats = sum(": float" in line for line in report.splitlines())
    code = run("llvm-objdump", "-d", "--no-show-raw-insn", work + "/m.o")
    loops, stack = spills.count(code.splitlines(), REAL if kind == "fp32" else MULTIPLY[level],
                                REQUANTIZE.get(level, set()))
    undefined = run("llvm-nm", "-u", work + "/m.o").splitlines()
    print(f"{kind} {level}: {floats} float ops, {len(undefined)} undefined symbols, {len(stack)} stack accesses in "
          f"{'no' if not loops else 'all'} inner loops")
    print(f"compiled in {spent:.2f} s of processor time", file=sys.stderr)
    if sys.argv[4:]:
        print("bytes", "equal" if same_bytes(work, kind, target, sys.argv[5:] or levels.runner(level), in_bytes, out_bytes) else "differ")
    return spent > CPU_SECONDS


if __name__ == "__main__":
    sys.exit(main())
