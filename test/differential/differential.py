#!/usr/bin/env python3
"""Random modules (generate.py) through every engine; all must give the evaluator's bytes.

    differential.py DIR KIND FIRST COUNT [LEVEL...]

Engines: the evaluator on the module, after each pass that keeps results and after each phase of
qcc; with levels also the JIT, or for AArch64 an object under emulation.  What is printed after a
phase reads back as itself.  Floats are compared but for the payload of NaN, and for the sign of zero
where simplifications, which may change it, came between."""
import array
import os
import subprocess
import sys

from generate import Generator, inputs

KEEPING = ["cse", "dce", "assign-layouts", "assign-layouts,plan-memory{level=generic}"]
SIMPLIFYING = ["canonicalize", "const-fold", "simplify"]
PACKING = "prepare-code,register-prepack-params{level=%s},prepack-weights"
PLANNING = "assign-layouts,plan-memory{level=%s},verify-plan{level=%s}"
LEVELS = ["generic", "avx2", "neon", "dotprod"]
RUNNERS = {"neon": ["qemu-aarch64", "-cpu", "cortex-a53"],
           "dotprod": ["qemu-aarch64", "-cpu", "max"]}
DESCR = {"f32": "<f4", "i8": "|i1", "u8": "|u1", "i32": "<i4"}


class Failure(Exception):
    pass


def npy(descr, dims, data):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(dims)}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + len(head).to_bytes(2, "little") + head + data


def plain(data, is_float, zeros):
    """The bytes with one NaN, and one zero unless `zeros`."""
    if not is_float:
        return data
    words = array.array("I", data)
    for i, w in enumerate(words):
        if w & 0x7fffffff > 0x7f800000:
            words[i] = 0x7fc00000
        elif w == 0x80000000 and not zeros:
            words[i] = 0
    return words.tobytes()


class Case:
    """One module, its inputs and its results."""

    def __init__(self, work, kind, seed):
        self.kind, self.seed, self.name = kind, seed, f"{kind}{seed}"
        self.dir = os.path.join(work, self.name)
        os.makedirs(self.dir, exist_ok=True)
        g = Generator(kind, seed)
        self.write("m.qir", g.module())
        self.inputs = []
        for a, data in inputs(g):
            descr = DESCR[a.elem.storage if a.quantized else a.elem]
            path = self.write(a.name[1:] + ".npy", npy(descr, a.dims, data))
            self.inputs.append((a.name[1:], path))
        self.results = g.results

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        return self.path(name)

    @staticmethod
    def tool(*command):
        """Output of a tool that must succeed: nothing that is generated may be refused."""
        r = subprocess.run(command, capture_output=True, text=True)
        if r.returncode:
            raise Failure(f"{' '.join(command)}: exit {r.returncode}\n{r.stderr[:2000]}")
        return r.stdout

    def evaluate(self, module, *options):
        """Bytes of each result."""
        out = [self.path(f"{name}.out") for name, _, _ in self.results]
        self.tool("qir-run", module, *[f"-input={n}={p}" for n, p in self.inputs],
                  *[f"-output={r[0]}={o}" for r, o in zip(self.results, out)], *options)
        values = []
        for o in out:
            with open(o, "rb") as f:
                blob = f.read()
            values.append(blob[10 + int.from_bytes(blob[8:10], "little"):])
        return values

    def same(self, what, got, want, zeros=True):
        for (name, is_float, size), g, w in zip(self.results, got, want):
            if len(w) != size:
                raise Failure(f"{name}: {len(w)} bytes, expected {size}")
            if plain(g, is_float, zeros) != plain(w, is_float, zeros):
                where = [i for i in range(size) if g[i] != w[i]]
                raise Failure(f"{what}: {len(where)} of {size} bytes of {name} differ, from {where[0]}")

    def passes(self, source, pipeline, name):
        text = self.tool("qir-opt", "-verify-roundtrip", "-passes=" + pipeline, source)
        return self.write(name, text)

    # ---- checks -------------------------------------------------------------------------------
    def check_passes(self, module, want):
        keeping = KEEPING + ["relabel-storage"] * (self.kind == "integer")
        for p in keeping + SIMPLIFYING:
            path = self.passes(module, p, "pass.qir")
            self.same(p, self.evaluate(path), want, p in keeping)

    def check_levels(self, module, levels):
        """Passes up to code for each level, on a simplified module."""
        want = self.evaluate(module)
        for level in levels:
            packed = self.passes(module, PACKING % level, "packed.qir")
            self.same("packed for " + level, self.evaluate(packed), want)
            planned = self.passes(packed, PLANNING % (level, level), "planned.qir")
            self.same("planned for " + level, self.evaluate(planned), want)
        return want

    def lowered(self, want):
        """What qcc makes of the module before packing."""
        text = self.tool("qcc", self.path("m.qir"), *["-quantize=none"] * (self.kind == "float"),
                         "-stop-after=lower", "-emit-qir", "-o", "-")
        path = self.write("lowered.qir", text)
        if self.kind == "integer":
            self.same("lowered", self.evaluate(path), want)
        return path


PROGRAM = r"""
static void *load(const char *path, size_t n)
{
    unsigned char *p = malloc(n + 4096), *x = malloc(n + 1);
    FILE *f = fopen(path, "rb");
    size_t got = fread(p, 1, n + 4096, f), head = 10 + p[8] + 256 * p[9];
    fclose(f);
    if (got != head + n)
        exit(3);
    return memcpy(x, p + head, n);
}

static void save(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    fwrite(p, 1, n, f);
    fclose(f);
}

int main(void)
{
    int failed = 0;
"""
CALL = r"""    {
        @_inputs in = {%s};
        @_outputs out = {%s};
        size_t n = %s_SCRATCH_BYTES;
        if (@_run(&in, &out, aligned_alloc(64, (n + 127) / 64 * 64), n))
            failed = printf("@ failed\n");
        %s
    }
"""


def program(cases):
    """C that runs every case once and writes its results."""
    text = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    text += "".join(f'#include "{c.path(c.name)}.h"\n' for c in cases) + PROGRAM
    for c in cases:
        loads = [f'load("{p}", {c.name.upper()}_INPUT_{n.upper()}_BYTES)' for n, p in c.inputs]
        outs = [f"malloc({size} + 1)" for _, _, size in c.results]
        saves = [f'save("{c.path(n)}.bin", out.{n}, {size});' for n, _, size in c.results]
        text += (CALL % (", ".join(loads), ", ".join(outs), c.name.upper(), " ".join(saves))
                 ).replace("@", c.name)
    return text + "    return failed != 0;\n}\n"


def compile_object(c, level):
    c.tool("qcc", c.path("lowered.qir"), "-target=aarch64", "-mlevel=" + level,
           *["-quantize=none"] * (c.kind == "float"), "-o", c.path(c.name + ".o"))
    if c.tool("nm", "-u", c.path(c.name + ".o")).strip():
        raise Failure("undefined symbols in " + c.path(c.name + ".o"))


def compare_results(c, level):
    got = []
    for name, _, _ in c.results:
        with open(c.path(name + ".bin"), "rb") as f:
            got.append(f.read())
    c.same("object for " + level, got, c.want)


def check_objects(work, cases, level):
    """One program with every case's object: no undefined symbols, the bytes of the evaluator."""
    path = os.path.join(work, "program_" + level)
    built = [c for c in cases if not attempt(c, lambda: compile_object(c, level))]
    with open(path + ".c", "w") as f:
        f.write(program(built))
    Case.tool("aarch64-linux-gnu-gcc", "-static", path + ".c", "-o", path,
              *[c.path(c.name + ".o") for c in built])
    Case.tool(*RUNNERS[level], path)
    return len(cases) - len(built) + sum(attempt(c, lambda: compare_results(c, level)) for c in built)


def attempt(c, check):
    """1 if the check failed."""
    try:
        check()
    except Failure as e:
        print(f"FAIL {c.kind} {c.seed}: {e}", flush=True)
        return 1
    return 0


def check(c, levels):
    """Everything but the objects of AArch64."""
    ref = c.evaluate(c.path("m.qir"))
    c.check_passes(c.path("m.qir"), ref)
    simple = c.passes(c.path("m.qir"), "simplify", "simple.qir")
    want = c.check_levels(simple, levels or LEVELS[c.seed % 2::2])
    c.same("simplified", want, ref, False)
    for level in (x for x in levels if x not in RUNNERS):
        c.same("jit " + level, c.evaluate(simple, "-jit", "-mlevel=" + level), want)
    if not levels:
        return
    low = c.lowered(ref)
    c.want = c.evaluate(low)
    for level in (x for x in levels if x not in RUNNERS and c.kind == "qdq"):
        c.same("jit lowered " + level, c.evaluate(low, "-jit", "-mlevel=" + level), c.want)


def main():
    work, kind, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    good, failures = [], 0
    for seed in range(first, first + count):
        c = Case(work, kind, seed)
        levels = sys.argv[5:][seed % 2::2]
        failed = attempt(c, lambda: check(c, levels))
        failures += failed
        if not failed:
            good.append((c, levels))
    for level in RUNNERS:
        cases = [c for c, levels in good if level in levels]
        if cases:
            failures += check_objects(work, cases, level)
    print(f"{kind}: {count} modules, {failures} failures", flush=True)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
