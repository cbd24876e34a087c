"""What sharing costs the code of a model: loops.py MODEL KIND LEVEL DIR.  Compares the innermost loops that
multiply, with and without -fthreads: their number, their instructions, vectors on the stack."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, '..', '..', '..')
sys.path[:0] = [os.path.join(SOURCE, 'bench'), os.path.join(SOURCE, 'test', 'codegen', 'Inputs')]
import models  # noqa: E402
import spills  # noqa: E402

MULTIPLY = {'avx2': {'vpmaddwd'}, 'dotprod': {'sdot'}, 'neon': {'smlal', 'smull'}}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def loops(path, wanted):
    code = run('llvm-objdump', '-d', '--no-show-raw-insn', path).splitlines()
    found = [loop for _, body in spills.functions(code) for loop in spills.innermost(body)
             if wanted & {mnemonic for _, mnemonic, _ in loop}]
    return len(found), sum(map(len, found)), len(spills.count(code, wanted)[1])


def text_bytes(path):
    return sum(int(line.split()[1]) for line in run('llvm-size', '-A', path).splitlines()
               if line.startswith('.text'))


def main():
    name, kind, level, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    model = os.path.join(work, 'm.onnx')
    with open(model, 'wb') as out:
        out.write(models.build(name, kind)[0])
    one, many = os.path.join(work, 'one.o'), os.path.join(work, 'many.o')
    target = '-target=x86_64' if level == 'avx2' else '-target=aarch64'
    run('qcc', target, '-mlevel=' + level, '-fno-fuse-rows', model, '-o', one)
    run('qcc', target, '-mlevel=' + level, '-fno-fuse-rows', '-fthreads', '-fthreads-grain=4000', model, '-o', many)
    a, b = loops(one, MULTIPLY[level]), loops(many, MULTIPLY[level])
    print(f'{level}: {a[0]} loops, instructions {a[1]} and {b[1]}, stack accesses {a[2]} and {b[2]}')
    print(f'text {text_bytes(one)} and {text_bytes(many)}', file=sys.stderr)
    return a != b


sys.exit(main())
