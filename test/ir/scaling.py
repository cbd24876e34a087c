"""Large modules parse, verify and print in linear time (row A29 of the bad inputs), and compile so.

usage: scaling.py TOOL WORKDIR    (qir-opt or qcc, on PATH).  Times are processor time of the child process.
What is asserted is that four times the input takes about four times as long; GUARD only ends a run
that has gone wrong on a slow or busy machine.  An idle one takes under 3 s for 10^6 ops,
or to compile 2000.
"""
import os
import resource
import subprocess
import sys

T = "tensor<4x8xf32>"
GUARD = 20


def chain(n):
    yield f"module @m {{\n  func @main(%x: {T}) -> ({T}) {{\n    %v0 = relu(%x) : {T}\n"
    for i in range(1, n):
        yield f"    %v{i} = add(%v{i - 1}, %x) {{min = 0.0}} : {T}\n"
    yield f"    return(%v{n - 1})\n  }}\n}}\n"


def functions(n):
    yield "module @m {\n"
    for i in range(n):
        yield f"  func @f{i}(%x: {T}) -> ({T}) {{\n    return(%x)\n  }}\n"
    yield "}\n"


def operands(n):
    yield f"module @m {{\n  func @main(%x: {T}) -> () {{\n    %y = concat(%x"
    yield ", %x" * (n - 1)
    yield f") {{axis = 0}} : tensor<{4 * n}x8xf32>\n    return()\n  }}\n}}\n"


def constants(n):
    yield "module @m {\n"
    for i in range(n):
        yield f"  const @c{i} : tensor<2xf32> = dense<[1.0, {i}.5]>\n"
    yield "  func @main() -> () {\n    return()\n  }\n}\n"


def arguments(n):
    yield "module @m {\n  func @main("
    yield ", ".join(f"%a{i}: {T}" for i in range(n))
    yield ") -> () {\n    return()\n  }\n}\n"


def forward(n):
    yield f"module @m {{\n  func @main(%x: {T}) -> ({T}) {{\n"
    for i in range(n):
        yield f"    %v{i} = add(%v{i + 1}, %x) : {T}\n"
    yield f"    return(%v0)\n  }}\n}}\n"


def results(n):
    """All of them alive until the end."""
    yield f"module @m {{\n  func @main(%x: {T}) -> ({', '.join([T] * n)}) {{\n"
    for i in range(n):
        yield f"    %v{i} = add(%x, %x) {{min = {i}.0}} : {T}\n"
    yield f"    return({', '.join(f'%v{i}' for i in range(n))})\n  }}\n}}\n"


def alive(n):
    """The same, of values that need memory."""
    yield f"module @m {{\n  func @main(%x: {T}) -> ({T}) {{\n    %s0 = relu(%x) : {T}\n"
    for i in range(n // 2):
        yield f"    %v{i} = add(%x, %x) {{min = {i}.0}} : {T}\n"
    for i in range(n // 2):
        yield f"    %s{i + 1} = add(%s{i}, %v{i}) : {T}\n"
    yield f"    return(%s{n // 2})\n  }}\n}}\n"


TOOLS = {
    "qir-opt": (["qir-opt", "big.qir", "-o", "out.qir"],
                [(chain, 1000000, 0), (functions, 100000, 0), (operands, 100000, 0),
                 (constants, 100000, 0), (arguments, 100000, 0), (forward, 200000, 1)]),
    "qcc": (["qcc", "big.qir", "-o", "big.o"], [(chain, 2000, 0), (alive, 4000, 0), (results, 2000, 0)]),
}


def seconds(command, make, n, status=0):
    with open("big.qir", "w") as f:
        f.writelines(make(n))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run(command, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if r.returncode != status:
        print(f"FAILED {make.__name__}({n}): exit {r.returncode}, expected {status}")
        sys.exit(1)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    command, cases = TOOLS[sys.argv[1]]
    os.makedirs(sys.argv[2])
    os.chdir(sys.argv[2])
    bad = 0
    for make, n, status in cases:
        small, large = seconds(command, make, n // 4, status), seconds(command, make, n, status)
        linear = large < 4 * small * 1.8 + 0.2
        print(f"{make.__name__}({n}): {large:.2f} s, a quarter of it {small:.2f} s")
        if large > GUARD or not linear:
            print("FAILED: not linear" if not linear else f"FAILED: above {GUARD} s")
            bad += 1
    os.remove("big.qir")
    sys.exit(bad != 0)


main()
