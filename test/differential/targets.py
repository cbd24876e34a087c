"""What modules are compiled for, and how that code is run here."""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["-O1", "-std=c11", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin",
         "-fno-stack-protector", "-fno-pic"]


class Target:
    """Levels of an architecture that one program can hold: `runner` starts it."""

    def __init__(self, arch, levels, runner):
        self.arch, self.levels, self.runner = arch, levels, runner
        self.name = arch if len(levels) > 1 else f"{arch}-{levels[0]}"

    def compile_program(self, work):
        """The part of the program that all batches share."""
        self.program = []
        for source in ("batch", "machine"):
            out = os.path.join(work, f"{source}-{self.arch}.o")
            subprocess.run(["clang-19", f"--target={self.arch}-linux-gnu", *FLAGS, "-c", "-o", out,
                            os.path.join(HERE, "program", source + ".c")], check=True)
            self.program.append(out)


def facts(differ):
    """Architectures, levels as (name, architecture, does this CPU have it), ops that have code, kernels."""
    text = subprocess.run([differ, "-facts"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return ([r[1] for r in rows if r[0] == "arch"],
            [(r[1], r[2], r[3] == "1") for r in rows if r[0] == "level"],
            [r[1] for r in rows if r[0] == "op"], [r[1] for r in rows if r[0] == "kernel"])


def targets(arches, levels, wanted):
    """The levels `wanted` (empty: all), each as it can be run; names of those that cannot."""
    chosen = [row for row in levels if not wanted or row[0] in wanted]
    native = [n for n, arch, here in chosen if here and arch != "any"]
    host = os.uname().machine
    found, missing = [Target(host, native, [])] if native else [], []
    others = {}
    for name, arch, here in chosen:
        if arch == "any":
            where = "riscv64" if "riscv64" in arches and shutil.which("qemu-riscv64") else host
            found.append(Target(where, [name], ["qemu-riscv64"] if where == "riscv64" else []))
        elif arch == "x86_64" and not here and shutil.which("qcc-emulate"):
            found.append(Target(arch, [name], ["qcc-emulate", name]))
        elif not here and arch != host and shutil.which("qemu-" + arch):
            others.setdefault(arch, []).append(name)
        elif not here:
            missing.append(name)
    return found + [Target(a, names, ["qemu-" + a, "-cpu", "max"]) for a, names in others.items()], missing
