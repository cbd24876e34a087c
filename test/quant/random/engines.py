"""The graphs of cases.py through qcc's tools: batches of them as one module, the evaluator on the
lowered module, and a program that links the objects of every batch."""
import os
import subprocess
import sys
import zipfile

import cases

BATCH = 8  # the entry's checks of arguments against each other cost more in larger ones
LEVELS = {"generic": ("x86_64", "cc", []), "avx2": ("x86_64", "cc", []),
          "neon": ("aarch64", "aarch64-linux-gnu-gcc", ["qemu-aarch64", "-cpu", "cortex-a53"]),
          "dotprod": ("aarch64", "aarch64-linux-gnu-gcc", ["qemu-aarch64", "-cpu", "max"])}


def npy(descr, dims, data):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(dims)}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + len(head).to_bytes(2, "little") + head + data


def stored(case, codes):
    """As bytes of the case's storage type."""
    return bytes(b ^ 128 for b in codes) if case.signed else codes


class Batch:
    """Some cases as one module, with their arguments in one archive."""

    def __init__(self, engines, batch):
        self.engines, self.cases = engines, batch
        self.name = f"b{batch[0].number}"
        self.inputs = [(c, v) for c in batch for v in c.inputs]
        with open(self.path("qir"), "w") as f:
            f.write(cases.module(batch))

    def path(self, extension):
        return os.path.join(self.engines.work, f"{self.name}.{extension}")

    def evaluate(self):
        """Results by case; every op must become integer."""
        with zipfile.ZipFile(self.path("npz"), "w") as z:
            for c, v in self.inputs:
                descr = "|i1" if c.signed else "|u1"
                z.writestr(v.name + ".npy", npy(descr, v.dims, stored(c, v.codes)))
        self.engines.tool("qcc", self.path("qir"), "-stop-after=lower", "-emit-qir",
                          "-Werror=float-fallback", "-o", self.path("lowered.qir"))
        out = {c.number: self.path(f"{c.number}.out") for c in self.cases}
        self.engines.tool("qir-run", self.path("lowered.qir"), "-input=" + self.path("npz"),
                          *[f"-output=y{n}={p}" for n, p in out.items()])
        return {n: self.read(p) for n, p in out.items()}

    @staticmethod
    def read(path):
        with open(path, "rb") as f:
            blob = f.read()
        os.unlink(path)
        return blob[10 + int.from_bytes(blob[8:10], "little"):]

    def compile(self, target, level):
        self.engines.tool("qcc", self.path("qir"), "-target=" + target, "-mlevel=" + level, "-o",
                          self.path("o"))
        return self.path("o")

    def call(self):
        """C that takes this batch's arguments from the input file and appends its results."""
        inputs = ", ".join(f"take({len(v.codes)})" for _, v in self.inputs)
        outputs = ", ".join(f"put({cases.product(c.result.dims)})" for c in self.cases)
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
        target, compiler, emulator = LEVELS[level]
        batches = self.batches(everything)
        objects = [b.compile(target, level) for b in batches]
        data = b"".join(stored(c, v.codes) for b in batches for c, v in b.inputs)
        sizes = [cases.product(c.result.dims) for c in everything]
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
