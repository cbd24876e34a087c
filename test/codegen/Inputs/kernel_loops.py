"""What the innermost loops of every kernel are made of, at every level:
    kernel_loops.py KERNELS.DEF DIR TARGET:LEVEL[,LEVEL...]...

Compiles the modules below and prints a table: kernel and level, how many loops with products, their
instructions, products, vectors on the stack, calls.  A kernel is a row of KERNELS.DEF, or an op that has none
there.  Then one line per level: its products of integers, the registers they take, calls.  Ends with 1 if a
loop with products calls or goes to the stack, or if no module reaches a kernel at any level."""
import collections
import os
import re
import subprocess
import sys

import spills
from cases import cases
from groups.dynamic import Dynamic
from modules import Weighted

WHOLE = re.compile(r'v?p(maddwd|maddubsw|dpbusd|dpwssd)$|[su]?[su]dot$|[su]?[su]mmla$|[su]ml[as]l2?$|[su]mull2?$|ml[as]$')
REAL = re.compile(r'v?(mulp[sd]|fn?m(add|sub)\d+p[sd])$|fml?(ul|la|ls|a)$')
REGISTER = re.compile(r'(?<=%)[xyz]mm|(?<={)vex')
RELU = 'min = 0.0, max = 6.0'

SHAPES = {
    # Sizes of layers of networks: whole tiles of every kind, and tails.
    'expand': Weighted([1, 16, 28, 28], 96, [1, 1], storage='u8', attrs=RELU),
    'project': Weighted([1, 144, 14, 14], 24, [1, 1]),
    'late': Weighted([1, 160, 7, 7], 320, [1, 1], storage='u8'),
    'small': Weighted([1, 8, 9, 9], 20, [1, 1], storage='u8'),
    'square': Weighted([1, 64, 14, 14], 64, [3, 3], pads=1, storage='u8'),
    'square-large': Weighted([1, 128, 8, 8], 64, [3, 3], pads=1, storage='u8'),
    'square-small': Weighted([1, 64, 6, 6], 64, [3, 3], pads=1, storage='u8'),
    'stride': Weighted([1, 32, 15, 15], 48, [3, 3], 2, 1, storage='u8'),
    'stem': Weighted([1, 3, 32, 32], 32, [3, 3], 2, 1, storage='u8'),
    'stem-7x7': Weighted([1, 3, 32, 32], 64, [7, 7], 2, 3),
    'dw': Weighted([1, 96, 14, 14], 96, [3, 3], pads=1, groups=96, storage='u8'),
    'dw-stride': Weighted([1, 72, 15, 15], 72, [3, 3], 2, 1, groups=72),
    'classes': Weighted([1, 256], 100, storage='u8'),
    'batch': Weighted([64, 128], 96),
    'dynamic-row': Dynamic([1, 256], 64),
    'dynamic-rows': Dynamic([64, 96], 72, storage='u8'),
    'int4-row': Dynamic([1, 256], 96, weight='i4', group=32),
    'int4-rows': Dynamic([33, 608], 80, weight='i4', group=32, half=True),
}
# Of the cases whose bytes the kernel tests compare: (group, names; none: all).
CASES = [('conv', ('pointwise-tails', '3x3-stride', '5x3-dilated', '7x7', 'groups', 'multiplier', 'weight-zero-point',
                   'accumulator', '1d', '3d')),
         ('depthwise', ('3x3-stride', '5x5', 'dilated', '3d', 'no-padding', 'narrow', 'unsigned')),
         ('linear', ('wide', 'tails')), ('chains', ()), ('inner', ()), ('extremes', ('pointwise', '3x3', 'depthwise')),
         ('weighted_real', ('pointwise-tails', '3x3', 'depthwise', 'depthwise-5x5', 'linear')), ('dynamic_i8', ('groups', 'weight-zero-points')),
         ('dynamic_i4', ('channels-tails', 'group-zero-points', 'two-bits')), ('dynamic_conv', ('3x3', 'depthwise')),
         ('pool', ('max', 'max-padded-i8', 'avg', 'avg-padded', 'avg-f32')), ('matmul', ('f32', 'i8')),
         ('softmax', ('inner', 'i8')), ('layer_norm', ('inner', 'i8')), ('attention', ('plain',))]


def modules():
    for name, shape in SHAPES.items():
        yield name, shape.text()
    for group, names in CASES:
        for name, case in cases(group):
            if not names or name in names:
                yield f'{group}-{name}', case.text() if isinstance(case, Weighted) else case


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def kernels_of(report):
    """Names by (level, number of the op)."""
    level, found = None, {}
    for line in report.splitlines():
        head = re.match(r'target: .*, level (\w+)$', line)
        level = head.group(1) if head else level
        row = re.match(r'kernel of (\d+) \w+: (\w+)', line)
        if row:
            found[level, int(row.group(1))] = row.group(2)
    return found


def op_of(symbol):
    """(level, number, name) of an op's function."""
    match = re.match(r'm_(\w+?)_(\d+)_(\w+)$', symbol)
    return match and (match.group(1), int(match.group(2)), match.group(3))


def loops_with_products(body):
    """Loops with products of integers; where there are none, of floats; else those with vectors.  And the
    pattern of the products."""
    loops = list(spills.innermost(body))
    for pattern in (WHOLE, REAL):
        found = [loop for loop in loops if any(pattern.match(i[1]) for i in loop)]
        if found:
            return found, pattern
    return [loop for loop in loops if any(spills.VECTOR.search(i[2]) for i in loop)], None


def is_bad(row):
    return row.products and (row.calls or row.stack)


class Row:
    """A kernel at a level, or all of a level."""

    def __init__(self):
        self.loops = self.instructions = self.products = self.stack = self.calls = 0
        self.kinds, self.registers, self.bad = set(), set(), []

    def add(self, module, loop, pattern):
        products = [i for i in loop if pattern and pattern.match(i[1])]
        self.loops += 1
        self.instructions += len(loop)
        self.products += len(products)
        self.stack += len(spills.on_stack(loop))
        self.calls += len(spills.calls(loop))
        self.bad += [f'{module}, loop of {len(loop)} at {loop[0][0]:x}: {i[1]} {i[2]}'
                     for i in spills.on_stack(loop) + spills.calls(loop)]
        if pattern is WHOLE:
            self.kinds.update(i[1] for i in products)
            self.registers.update(r for i in products for r in REGISTER.findall(i[2]))


def examine(name, text, target, levels, work, table):
    path = os.path.join(work, name)
    with open(path + '.qir', 'w') as out:
        out.write(text)
    kernels = kernels_of(run('qcc', path + '.qir', '-target=' + target, '-mlevel=' + levels, '-name=m', '-quantize=none',
                             '-report', '-o', path + '.o'))
    for symbol, body in spills.functions(run('llvm-objdump', '-d', '--no-show-raw-insn', path + '.o').splitlines()):
        op = op_of(symbol)
        if not op or op[0] not in levels.split(','):
            continue
        level, kernel = op[0], kernels.get(op[:2], op[2])
        loops, pattern = loops_with_products(body)
        for loop in loops:
            table[level, kernel].add(name, loop, pattern)


def print_table(table):
    print(f'{"kernel":16} {"level":12} loops  instructions  products  stack  calls')
    for (level, kernel), r in sorted(table.items(), key=lambda row: row[0][::-1]):
        print(f'{kernel:16} {level:12} {r.loops:5} {r.instructions:13} {r.products:9} {r.stack:6} {r.calls:6}')


def print_level(level, table):
    rows = [r for (at, _), r in table.items() if at == level]
    kinds = sorted(set().union(*(r.kinds | r.registers for r in rows)))
    print(f'{level}: {" ".join(kinds)}; {sum(r.calls for r in rows)} calls')


def main():
    with open(sys.argv[1]) as f:
        wanted = set(re.findall(r'^KERNEL\((\w+),', f.read(), re.M))
    work, targets = sys.argv[2], [arg.split(':') for arg in sys.argv[3:]]
    table = collections.defaultdict(Row)
    os.makedirs(work, exist_ok=True)
    for name, text in modules():
        for target, levels in targets:
            examine(name, text, target, levels, work, table)
    print_table(table)
    for level in ','.join(levels for _, levels in targets).split(','):
        print_level(level, table)
    missing = sorted(wanted - {kernel for _, kernel in table})
    print('kernels that no module reaches:', ' '.join(missing) or 'none')
    bad = [(key, r) for key, r in table.items() if is_bad(r)]
    for (level, kernel), r in bad:
        print(f'{level} {kernel}: {r.stack} on the stack, {r.calls} calls:', *r.bad, sep='\n  ')
    return bool(missing or bad)


if __name__ == '__main__':
    sys.exit(main())
