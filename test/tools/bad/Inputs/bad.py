"""What the tests of command lines and outputs share: the tools that were built, runs, checks."""
import os
import shutil
import subprocess
import sys

MODEL = b"""module @m {
  func @main(%x: tensor<2xf32>) -> (tensor<2xf32> {name = "y"}) {
    %y = add(%x, %x) : tensor<2xf32>
    return(%y)
  }
}
"""
failures = 0


def start(directory):
    """Makes `directory` anew with good.qir in it, and goes there."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    os.chdir(directory)
    with open("good.qir", "wb") as f:
        f.write(MODEL)


def commands(output, model="good.qir"):
    """One command per tool that writes `output`."""
    every = [["qir-opt", model, "-o", output],
             ["qir-run", model, "-random", "1", "-output", output],
             ["qcc", "-target", "x86_64", "-mlevel=generic", "-quantize=none", "-name=m", model,
              "-o", output]]
    return [c for c in every if shutil.which(c[0])]


def run(command, **options):
    for name in ("stdout", "stderr"):
        options.setdefault(name, subprocess.PIPE)
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, timeout=120, **options)


def check(holds, what, r=None):
    global failures
    if not holds:
        failures += 1
        print("FAILED:", what)
        if r is not None:
            print(f"  exit {r.returncode}", (r.stderr or b"").decode(errors="replace")[:500])


def read(path):
    with open(path, "rb") as f:
        return f.read()


def finish():
    print("failures:", failures)
    sys.exit(failures != 0)
