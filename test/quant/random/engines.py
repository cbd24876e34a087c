"""The graphs of cases.py and dynamic.py through qcc's tools: batches of them as one module, the evaluator on the
lowered module, and a program that links the objects of every batch."""
import os
import subprocess
import sys
import zipfile

import cases

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "codegen", "Inputs"))
import levels  # noqa: E402

BATCH = 8  # the entry's checks of arguments against each other cost more in larger ones
QEMU = {"neon": ["qemu-aarch64", "-cpu", "cortex-a53"], "dotprod": ["qemu-aarch64", "-cpu", "neoverse-n1"],
        "i8mm": ["qemu-aarch64", "-cpu", "max"]}


def machine(level):
    """Target, compiler and emulator of a level."""
    if level in QEMU:
        return "aarch64", "aarch64-linux-gnu-gcc", QEMU[level]
    return "x86_64", "cc", levels.runner(level)


def npy(descr, dims, data):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(dims)}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + len(head).to_bytes(2, "little") + head + data


def divide(everything, names):
    """Batch by batch among the levels."""
    for i, level in enumerate(names):
        yield level, [c for n, c in enumerate(everything) if n // BATCH % len(names) == i]


class Batch:
    """Some cases as one module, with their arguments in one archive."""

    def __init__(self, engines, batch):
        self.engines, self.cases = engines, batch
        self.name = f"b{batch[0].number}"
        self.inputs = [a for c in batch for a in c.arguments()]
        with open(self.path("qir"), "w") as f:
            f.write(cases.module(batch))

    def path(self, extension):
        return os.path.join(self.engines.work, f"{self.name}.{extension}")

    def evaluate(self):
        """Results by case; every op must become integer."""
        with zipfile.ZipFile(self.path("npz"), "w") as z:
            for name, descr, dims, data in self.inputs:
                z.writestr(name + ".npy", npy(descr, dims, data))
        self.engines.tool("qir-opt", "-passes=prepare-qdq", "-Werror=float-fallback", self.path("qir"),
                          "-o", self.path("lowered.qir"))
        names = [name for c in self.cases for name, _ in c.outputs()]
        self.engines.tool("qir-run", self.path("lowered.qir"), "-input=" + self.path("npz"),
                          *[f"-output={n}={self.path(n)}" for n in names])
        return {c.number: b"".join(self.read(n) for n, _ in c.outputs()) for c in self.cases}

    def read(self, name):
        with open(self.path(name), "rb") as f:
            blob = f.read()
        os.unlink(self.path(name))
        return blob[10 + int.from_bytes(blob[8:10], "little"):]

    def compile(self, target, level):
        self.engines.tool("qcc", self.path("qir"), "-target=" + target, "-mlevel=" + level, "-o",
                          self.path("o"))
        return self.path("o")

    def call(self):
        """C that takes this batch's arguments from the input file and appends its results."""
        inputs = ", ".join(f"take({len(data)})" for *_, data in self.inputs)
        outputs = ", ".join(f"put({size})" for c in self.cases for _, size in c.outputs())
        return (f"    {{\n        {self.name}_inputs in = {{{inputs}}};\n"
                f"        {self.name}_outputs out = {{{outputs}}};\n"
                f"        failed |= {self.name}_run(&in, &out, scratch({self.name.upper()}_SCRATCH_BYTES),"
                f" {self.name.upper()}_SCRATCH_BYTES);\n    }}\n")


PROGRAM = r"""
static unsigned char input[%d], output[%d], *next_input = input, *next_output = output;

static void *take(size_t n)
{
    return (next_input += n) - n;
}

static void *put(size_t n)
{
    return (next_output += n) - n;
}

static void *scratch(size_t n)
{
    return aligned_alloc(64, (n + 127) / 64 * 64);
}

int main(void)
{
    int failed = fread(input, 1, sizeof input, stdin) != sizeof input;
%s    fwrite(output, 1, sizeof output, stdout);
    return failed != 0;
}
"""


class Engines:
    """qcc's tools are those in PATH."""

    def __init__(self, work):
        self.work = work
        os.makedirs(work, exist_ok=True)

    @staticmethod
    def tool(*command):
        r = subprocess.run(command, capture_output=True, text=True)
        if r.returncode:
            sys.exit(f"{' '.join(command)[:300]}: exit {r.returncode}\n{r.stderr[:3000]}")

    def batches(self, everything):
        return [Batch(self, everything[i:i + BATCH]) for i in range(0, len(everything), BATCH)]

    def evaluate(self, everything):
        results = {}
        for b in self.batches(everything):
            results.update(b.evaluate())
        return results

    def objects(self, everything, level):
        """Results by case of one program that holds the objects of all batches."""
        target, compiler, emulator = machine(level)
        batches = self.batches(everything)
        objects = [b.compile(target, level) for b in batches]
        data = b"".join(a[-1] for b in batches for a in b.inputs)
        sizes = [sum(size for _, size in c.outputs()) for c in everything]
        source, program = (os.path.join(self.work, level + e) for e in (".c", ""))
        with open(source, "w") as f:
            f.write("#include <stdio.h>\n#include <stdlib.h>\n")
            f.writelines(f'#include "{b.path("h")}"\n' for b in batches)
            f.write(PROGRAM % (len(data), sum(sizes), "".join(b.call() for b in batches)))
        self.tool(compiler, "-static", source, *objects, "-o", program)
        blob = subprocess.run(emulator + [program], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
        ends = [sum(sizes[:i + 1]) for i in range(len(sizes))]
        return {c.number: blob[e - s:e] for c, s, e in zip(everything, sizes, ends)}
