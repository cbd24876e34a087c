"""Compiles every case of a group and compares the bytes of its result with the evaluator's.
Usage: kernels.py GROUP LEVEL[,LEVEL...] DIR [RUNNER...]

One object per case holds all the levels; all objects and Inputs/run.c, whose buffers stand against guard
pages, make one program, which runs once per level.  A runner ("qemu-aarch64 -cpu max", "qemu-riscv64")
says for what is compiled, too; without one it is x86-64, and levels that this CPU lacks are emulated."""
import os
import re
import struct
import subprocess
import sys

import levels
from cases import cases

HERE = os.path.dirname(os.path.abspath(__file__))
# What compiles and links for a runner.
TOOLS = {'': ('x86_64', ['cc']),
         'qemu-aarch64': ('aarch64', ['aarch64-linux-gnu-gcc']),
         'qemu-riscv64': ('riscv64', ['clang', '--target=riscv64-linux-gnu', '-fuse-ld=lld'])}


def run(*command):
    r = subprocess.run(command, capture_output=True, text=True)
    if r.returncode:
        sys.exit(f'{" ".join(command[:3])}: exit {r.returncode}\n{r.stdout}{r.stderr}')
    return r.stdout


ELEMENTS = {'f32': ('<f4', 4), 'f64': ('<f8', 8), 'f16': ('<f2', 2), 'i1': ('|b1', 1), 'i8': ('|i1', 1),
            'i16': ('<i2', 2), 'i32': ('<i4', 4), 'i64': ('<i8', 8), 'u8': ('|u1', 1), 'u32': ('<u4', 4),
            'u64': ('<u8', 8)}


def arguments(text):
    """(name, dims, element) of each argument of main; quantized ones by their storage."""
    head = re.search(r'func @main\((.*?)\) -> ', text).group(1)
    for name, shape, elem in re.findall(r'%(\w+): tensor<([\dx]+)x(quant<[iu]\d+|[fiu]\d+)', head):
        yield name, [int(d) for d in shape.split('x')], elem.replace('quant<', '')


FLOATS = {'f32': '<f', 'f64': '<d', 'f16': '<e'}


def payload(name, count, elem):
    import random
    rng = random.Random(name)
    if elem[0] == 'f':
        return b''.join(struct.pack(FLOATS[elem], rng.uniform(-4, 4)) for _ in range(count))
    if name == 'extreme':
        return bytes(rng.choice(b'\x80\x7f\xff\0') for _ in range(count * ELEMENTS[elem][1]))
    return bytes(rng.randrange(2 if elem == 'i1' else 256) for _ in range(count * ELEMENTS[elem][1]))


def write_inputs(text, stem):
    files = []
    for name, shape, elem in arguments(text):
        count = 1
        for d in shape:
            count *= d
        dtype, _ = ELEMENTS[elem]
        head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
        head += b' ' * (-(len(head) + 11) % 64) + b'\n'
        path = f'{stem}-{name}.npy'
        with open(path, 'wb') as f:
            f.write(b'\x93NUMPY\x01\0' + len(head).to_bytes(2, 'little') + head +
                    payload(name, count, elem))
        files.append((name, path))
    return files


def compiled(work, number, name, text, target, level):
    """One case: its row of the table that run.c reads."""
    model, stem = f'm{number}', os.path.join(work, name)
    with open(stem + '.qir', 'w') as f:
        f.write(text)
    inputs = write_inputs(text, stem)
    run('qir-run', stem + '.qir', *[f'-input={n}={p}' for n, p in inputs], f'-output={stem}.npy')
    run('qcc', stem + '.qir', '-target=' + target, '-mlevel=' + level, '-name=' + model, '-o', f'{work}/{model}.o')
    paths = ', '.join(f'"{p}"' for _, p in inputs)
    return f'    {{"{name}", &{model}_info, {model}_level_name, "{stem}.npy", {{{paths}}}}},\n'


def link(work, rows, cc):
    with open(work + '/tests.h', 'w') as f:
        f.writelines(f'#include "m{i}.h"\n' for i in range(len(rows)))
        f.write(HEAD + ''.join(rows) + '};\n')
    objects = [f'{work}/m{i}.o' for i in range(len(rows))]
    undefined = run('llvm-nm', '-A', '-u', *objects)
    if undefined:
        sys.exit('called, but not in the object: ' + undefined)
    run(*cc, '-static', '-I' + work, os.path.join(HERE, 'run.c'), *objects, '-o', work + '/program')


HEAD = '''
static const struct test {
    const char *name;
    const qcc_model_info *info;
    const char *(*level_name)(int level);
    const char *want, *in[8];
} tests[] = {
'''


def main():
    group, level, work, runner = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    target, cc = TOOLS[runner[0] if runner else '']
    os.makedirs(work, exist_ok=True)
    rows = [compiled(work, i, name, text, target, level) for i, (name, text) in enumerate(cases(group))]
    link(work, rows, cc)
    for one in level.split(','):
        run(*(runner or levels.runner(one)), work + '/program', one)
        print(f'{group} {one}: {len(rows)} equal', flush=True)


main()
