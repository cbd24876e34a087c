"""Compiles every case of a group at a level and compares the bytes of its result with the
evaluator's.  Usage: kernels.py GROUP LEVEL DIR [RUNNER...]

Without a runner the code runs in process (qir-run -jit).  With one, the object is linked with
Inputs/run.c, whose buffers stand against guard pages, and run: here ("native"), as AArch64 code
("qemu-aarch64 -cpu max") or as RISC-V code ("qemu-riscv64")."""
import os
import re
import struct
import subprocess
import sys

from cases import cases

HERE = os.path.dirname(os.path.abspath(__file__))


# What compiles and links for a runner.
TOOLS = {'native': ('x86_64', ['cc']),
         'qemu-aarch64': ('aarch64', ['aarch64-linux-gnu-gcc']),
         'qemu-riscv64': ('riscv64', ['clang', '--target=riscv64-linux-gnu', '-fuse-ld=lld'])}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def jit(path, level, work):
    plain = run('qir-run', path, '-random=7', '-hash')
    return plain == run('qir-run', path, '-random=7', '-hash', '-jit', '-mlevel=' + level)


ELEMENTS = {'f32': ('<f4', 4), 'f64': ('<f8', 8), 'f16': ('<f2', 2), 'i1': ('|b1', 1), 'i8': ('|i1', 1),
            'i16': ('<i2', 2), 'i32': ('<i4', 4), 'i64': ('<i8', 8), 'u8': ('|u1', 1), 'u32': ('<u4', 4),
            'u64': ('<u8', 8)}


def arguments(text):
    """(name, dims, element) of each argument of main; quantized ones by their storage."""
    head = re.search(r'func @main\((.*?)\) -> ', text).group(1)
    for name, shape, elem in re.findall(r'%(\w+): tensor<([\dx]+)x(quant<[iu]8|[fiu]\d+)', head):
        yield name, [int(d) for d in shape.split('x')], elem.replace('quant<', '')


FLOATS = {'f32': '<f', 'f64': '<d', 'f16': '<e'}


def payload(name, count, elem):
    import random
    rng = random.Random(name)
    if elem[0] == 'f':
        return b''.join(struct.pack(FLOATS[elem], rng.uniform(-4, 4)) for _ in range(count))
    return bytes(rng.randrange(2 if elem == 'i1' else 256) for _ in range(count * ELEMENTS[elem][1]))


def write_inputs(text, work):
    files = []
    for name, shape, elem in arguments(text):
        count = 1
        for d in shape:
            count *= d
        dtype, _ = ELEMENTS[elem]
        head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
        head += b' ' * (-(len(head) + 11) % 64) + b'\n'
        path = os.path.join(work, name + '.npy')
        with open(path, 'wb') as f:
            f.write(b'\x93NUMPY\x01\0' + len(head).to_bytes(2, 'little') + head +
                    payload(name, count, elem))
        files.append((name, path))
    return files


def data_of(path):
    blob = open(path, 'rb').read()
    return blob[10 + int.from_bytes(blob[8:10], 'little'):]


def cross(path, level, work, runner):
    text = open(path).read()
    inputs = write_inputs(text, work)
    want, program = os.path.join(work, 'y.npy'), os.path.join(work, 'program')
    run('qir-run', path, *[f'-input={n}={p}' for n, p in inputs], '-output=' + want)
    model = os.path.join(work, 'm.o')
    target, cc = TOOLS[runner[0]]
    run('qcc', '-target=' + target, '-mlevel=' + level, path, '-o=' + model)
    undefined = run('llvm-nm', '-u', model)
    if undefined:
        sys.exit(f'{path} at {level} calls what is not in the object: {undefined}')
    run(*cc, '-static', '-I' + work, os.path.join(HERE, 'run.c'), model, '-o', program)
    result = os.path.join(work, 'y.bin')
    size = len(data_of(want))
    run(*([] if runner == ['native'] else runner), program, result, str(size), *[p for _, p in inputs])
    return open(result, 'rb').read() == data_of(want)


def main():
    group, level, work, runner = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    os.makedirs(work, exist_ok=True)
    count = 0
    for name, text in cases(group):
        path = os.path.join(work, name + '.qir')
        with open(path, 'w') as f:
            f.write(text)
        try:
            same = cross(path, level, work, runner) if runner else jit(path, level, work)
        except subprocess.CalledProcessError as e:
            sys.exit(f'{group} {name} at {level}: {e.stderr}')
        if not same:
            sys.exit(f'{group} {name} at {level}: bytes differ from the evaluator')
        count += 1
    print(f'{group} {level}: {count} equal')


main()
