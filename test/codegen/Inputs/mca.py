"""What llvm-mca expects of the main loops of the AArch64 tiles: mca.py DIR.

For each row of LOOPS: compiles the shape, takes the innermost loop with most products of those that do nothing
else, and compares its multiply-adds per cycle with those of independent products of the same kind, the
CPU model's peak.  Ends with 1 where a loop stays below its share."""
import os
import re
import subprocess
import sys

import spills
from modules import Weighted

PRODUCTS = {'sdot': 16, 'smmla': 32, 'smlal': 4, 'smlal2': 4}  # multiply-adds of an instruction
PEAK = {'sdot': 'v{}.4s, v30.16b, v31.4b[1]', 'smmla': 'v{}.4s, v30.16b, v31.16b', 'smlal': 'v{}.4s, v30.4h, v31.4h'}
EPILOGUE = {'scvtf', 'fcvtns', 'fmla'}
SHAPES = {'1x1': Weighted([1, 64, 24, 24], 96, [1, 1]), '1x1 of 40': Weighted([1, 40, 24, 24], 144, [1, 1]),
          '3x3': Weighted([1, 64, 16, 16], 64, [3, 3], pads=1), 'rows': Weighted([60, 256], 96)}
# level, shape, CPU, percent of the peak
LOOPS = [(level, shape, cpu, share) for level, cpus in (
    ('dotprod', (('cortex-a76', 95), ('neoverse-n1', 95), ('neoverse-v1', 95))),
    ('i8mm', (('neoverse-v1', 95),)),
    ('neon', (('cortex-a76', 95), ('neoverse-n1', 95), ('neoverse-v1', 95)))) for cpu, share in cpus for shape in SHAPES]


def run(*command, text=None):
    return subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout


def cycles(assembly, cpu, iterations=200):
    report = run('llvm-mca-19', '-mtriple=aarch64', '-mcpu=' + cpu, '-mattr=+dotprod,+i8mm', f'-iterations={iterations}',
                 text=assembly)
    return int(re.search(r'Total Cycles:\s+(\d+)', report).group(1)) / iterations


def peak(kind, cpu):
    """Multiply-adds per cycle of products that do not wait for each other."""
    n = 24
    return n * PRODUCTS[kind] / cycles('\n'.join(f'{kind} {PEAK[kind].format(i)}' for i in range(n)), cpu)


def multiply_adds(loop):
    return sum(PRODUCTS.get(i[1], 0) for i in loop)


def main_loop(code):
    loops = [loop for _, body in spills.functions(code.splitlines()) for loop in spills.innermost(body)
             if not EPILOGUE & {i[1] for i in loop}]
    return max(loops, key=multiply_adds)


def assembly(loop):
    return '.Ltop:\n' + ''.join(f'{i[1]} {re.sub("(0x)?[0-9a-f]+ <.*", ".Ltop", i[2])}\n' for i in loop)


def compiled(work, level, shape):
    path = os.path.join(work, re.sub(r'\W', '-', f'{level}-{shape}'))
    with open(path + '.qir', 'w') as out:
        out.write(SHAPES[shape].text())
    run('qcc', path + '.qir', '-target=aarch64', '-mlevel=' + level, '-name=m', '-o', path + '.o')
    return main_loop(run('llvm-objdump', '-d', '--no-show-raw-insn', path + '.o'))


def main():
    work = sys.argv[1]
    os.makedirs(work, exist_ok=True)
    loops = {key: compiled(work, *key) for key in dict.fromkeys(row[:2] for row in LOOPS)}
    slow = False
    for level, shape, cpu, share in LOOPS:
        loop = loops[level, shape]
        kind = next(k for k in PRODUCTS if any(i[1] == k for i in loop))
        got, most = multiply_adds(loop) / cycles(assembly(loop), cpu), peak(kind, cpu)
        verdict = 'ok' if got >= share / 100 * most else f'below {share} %'
        slow |= verdict != 'ok'
        print(f'{level:8} {shape:10} {cpu:12} {len(loop):4} instructions, {multiply_adds(loop):5} multiply-adds: '
              f'{got:6.1f} per cycle, {100 * got / most:3.0f} % of the peak: {verdict}')
    return slow


if __name__ == '__main__':
    sys.exit(main())
