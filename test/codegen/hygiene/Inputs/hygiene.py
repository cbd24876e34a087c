"""What docs/abi.md promises of every object, checked row by row:

    hygiene.py DIR ROW...            over small models for every architecture and all of its levels
    hygiene.py DIR -object=FILE.o ROW... of one x86-64 object (beside it FILE.h and, for stack and exact, FILE.ll),
                                     to see that a row finds what it is for

A row is a function of an Object that yields complaints; prints how many objects it has seen, or the
complaints and fails."""
import collections
import functools
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, '..', '..', '..', '..')
sys.path.insert(0, os.path.join(HERE, '..', '..', 'Inputs'))
from cases import cases  # noqa: E402

DIGITS = os.path.join(SOURCE, 'examples', 'digits')
# A trained model, and kernels of each kind (cases of test/codegen/Inputs/groups).
MODELS = {'digits': None, 'conv': ('conv', 'pointwise-tails'), 'lstm': ('sequence', 'lstm-19'),
          'int4': ('dynamic_i4', 'group-32-rows'), 'embedding': ('codes', 'table-tail-i4'),
          'dynamic': ('dynamic_conv', '3x3-images'), 'update': ('update', 'last-f32')}
TARGETS = [('x86_64', 'all'), ('x86_64', 'generic'), ('aarch64', 'all'), ('riscv64', 'generic')]
STACK_LIMIT, RETURN_ADDRESS = 4096, 8


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fails(*command):
    """What a command says when it fails; '' when it does not."""
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr or 'failed' if done.returncode else ''


def model_arguments(name, work):
    """The file of a model and the options that quantize it."""
    if not MODELS[name]:
        return [os.path.join(DIGITS, 'digits.onnx'), '-calibrate=' + os.path.join(DIGITS, 'calib.npy')]
    group, case = MODELS[name]
    path = os.path.join(work, name + '.qir')
    with open(path, 'w') as out:
        out.write(dict(cases(group))[case])
    return [path]


class Object:
    """One ELF file; `source`: the arguments of qcc that made it, if qcc did."""

    def __init__(self, path, arch, what, source=()):
        self.path, self.arch, self.what, self.source = path, arch, what, source
        self.name = os.path.splitext(os.path.basename(path))[0]

    @functools.cached_property
    def header(self):
        with open(self.path[:-1] + 'h') as f:
            return f.read()

    @functools.cached_property
    def sections(self):
        """(name, type, flags, size) of all."""
        text = run('llvm-readelf', '-SW', self.path)
        line = re.compile(r'^ +\[ *\d+\] (\S+) +(\S+) +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Za-z]*) +\d',
                          re.M)
        return [(m[1], m[2], m[4], int(m[3], 16)) for m in line.finditer(text)]

    @functools.cached_property
    def functions(self):
        """Sizes of all, in order; one with two names counts once."""
        symbols = re.findall(r': ([0-9a-f]+) +(\d+) FUNC .* (\d+) \S+$', run('llvm-readelf', '-sW', self.path), re.M)
        return sorted(int(size) for _, size, _ in set(symbols))

    @functools.cached_property
    def ir(self):
        path = self.path[:-1] + 'll'
        if self.source:
            run('qcc', *self.source, '-emit-llvm', '-o', path)
        with open(path) as f:
            return f.read()


# --- rows: each yields what is wrong ------------------------------------------------------------

ALLOWED = re.compile(r'\.(text|s?rodata|data\.rel\.ro|eh_frame|note|rela|symtab|strtab|shstrtab|riscv\.attributes|'
                     r'llvm_addrsig|debug_\w+)(\.|$)|\.comment$')


def sections(o):
    """Nothing that is written, and no section that docs/abi.md does not name."""
    for name, _, flags, size in o.sections:
        if size and not ALLOWED.match(name):
            yield f'section {name}'
        if size and 'W' in flags and not name.startswith('.data.rel.ro'):
            yield f'section {name} is writable'
        if 'W' in flags and 'X' in flags:
            yield f'section {name} is writable code'


def undefined(o):
    for line in run('llvm-nm', '-u', o.path).split('\n'):
        if line:
            yield 'undefined' + line


def visible(o):
    """Global names are prefixed and the header has them."""
    for symbol in run('llvm-nm', '-g', '--defined-only', '-j', o.path).split():
        if not symbol.startswith(o.name + '_') or not re.search(rf'\b{symbol}\b', o.header):
            yield f'global name {symbol}'


def granular(o):
    """Each function and each constant is alone in its section."""
    used = collections.Counter()
    for m in re.finditer(r' (FUNC|OBJECT) .* +(\d+) (\S+)$', run('llvm-readelf', '-sW', o.path), re.M):
        if not re.search(r'_run_[0-9a-f]{8}$', m[3]):  # another name of NAME_run
            used[m[2]] += 1
    for section, count in used.items():
        if count > 1:
            yield f'{count} symbols in section {section}'


NOTES = {'x86_64': 'x86 feature: IBT, SHSTK', 'aarch64': 'aarch64 feature: BTI, PAC'}


def notes(o):
    stack = [flags for name, _, flags, _ in o.sections if name == '.note.GNU-stack']
    if stack != ['']:
        yield 'asks for an executable stack' if stack else 'no .note.GNU-stack'
    if NOTES.get(o.arch, '') not in run('llvm-readelf', '-nW', o.path):
        yield f'no note "{NOTES[o.arch]}"'


def position(o):
    """A shared library takes the code as it is."""
    complaint = fails('ld.lld', '-shared', '-z', 'text', '-z', 'separate-code', '--fatal-warnings', '--no-undefined',
                      '--gc-sections', o.path, '-o', o.path[:-1] + 'so')
    if complaint:
        yield complaint


def unwind(o):
    """One entry per function, whose frame is at its end what it was at its begin (LLVM 19 does not say what the
    last instructions of RISC-V functions do)."""
    entries = run('llvm-dwarfdump', '--eh-frame', o.path).split(' FDE cie=')[1:]
    covered = [re.match(r'\S+ pc=([0-9a-f]+)\.\.\.([0-9a-f]+)', e) for e in entries]
    if sorted(int(m[2], 16) - int(m[1], 16) for m in covered) != o.functions:
        yield f'{len(entries)} unwind entries for {len(o.functions)} functions'
    for entry in entries:
        frames = re.findall(r'^ +0x[0-9a-f]+: CFA=([^:\s]+)', entry, re.M)
        if not frames or frames[0] != frames[-1] and o.arch != 'riscv64':
            yield f'frame at the end of a function {frames[-1:]}, at its begin {frames[:1]}'


def stack_sizes(o):
    """Frame of each function whose frame has a fixed size."""
    o.ir  # noqa: B018, writes the file
    llc = ['llc', '-O3', '-relocation-model=pic', '--stack-size-section', '-filetype=obj']
    features = ['-mattr=+m,+a,+f,+d,+c'] if o.arch == 'riscv64' else []
    run(*llc, *features, o.path[:-1] + 'll', '-o', o.path[:-1] + 'stack.o')
    text = run('llvm-readelf', '--stack-sizes', o.path[:-1] + 'stack.o')
    return {name: int(m[1]) for m in re.finditer(r'^ +(\d+) +(.+)$', text, re.M) for name in m[2].split(', ')}


def stack(o):
    """No recursion, no frame whose size is known at run time only, no call chain beyond the limit."""
    bodies = dict(re.findall(r'^define .*?@(\w+)\(.*?\{\n(.*?)^\}', o.ir, re.S | re.M))
    sizes = stack_sizes(o)
    for name in bodies:
        if name not in sizes:
            yield f'{name} has a frame of a size known at run time only'
    chains = {}

    def chain(name, above):
        if name in above:
            return float('inf')
        if name not in chains:
            called = [c for c in re.findall(r'call [^@\n]*@(\w+)\(', bodies[name]) if c in bodies]
            below = [chain(c, above | {name}) for c in called]
            chains[name] = sizes.get(name, 0) + RETURN_ADDRESS + max(below, default=0)
        return chains[name]

    for name in bodies:
        if chain(name, frozenset()) > STACK_LIMIT:
            yield f'{name} and what it calls need {chains[name]} bytes of stack'


FAST = re.compile(r'\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b')


def exact(o):
    """No operation of the IR may be changed for speed (what codegen/ says of overflow is in code.test)."""
    for line in o.ir.split('\n'):
        if line.startswith('  ') and FAST.search(line):
            yield 'inexact: ' + line.strip()


def allocated(o):
    """The bytes of an object that a program loads."""
    with open(o.path, 'rb') as f:
        blob = f.read()
    text = run('llvm-readelf', '-SW', o.path)
    for m in re.finditer(r'^ +\[ *\d+\] (\S+) +(\S+) +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) \S+ +\w*A', text, re.M):
        if m[2] != 'NOBITS':
            yield m[1], blob[int(m[3], 16):int(m[3], 16) + int(m[4], 16)]


def strings(o):
    """No names of layers or of files: only those of inputs and outputs, which NAME_info has."""
    qir = run('qcc', *o.source, '-stop-after=import', '-o', '-')
    interface = set(re.findall(r'name = "([^"]+)"', qir))
    secret = {n for n in re.findall(r'"([^"]{5,})"', qir) if not n.startswith('0x')} - interface
    for name in secret | {os.path.abspath(SOURCE), os.path.basename(o.source[0]), os.path.expanduser('~')}:
        for section, data in allocated(o):
            if name.encode() in data and not any(name in public for public in interface):
                yield f'"{name}" in {section}'


def same(o):
    """The same bytes from another folder, in another locale, at other addresses."""
    there = os.path.join(os.path.dirname(o.path), 'there', 'deeper')
    os.makedirs(there, exist_ok=True)
    environment = dict(os.environ, LC_ALL='C', LANG='tr_TR.UTF-8', HOME='/nowhere', TZ='Asia/Tokyo', QCC_UNUSED='x' * 999)
    source = [re.sub(r'(^|=)(?=/)', r'\1' + os.path.relpath('/', there), a) for a in o.source]
    subprocess.run(['setarch', '-R', 'qcc', *source, '-o', 'again.o', '-header=again.h', '-name=' + o.name], check=True,
                   cwd=there, env=environment, capture_output=True)
    for mine, other in ((o.path, 'again.o'), (o.path[:-1] + 'h', 'again.h')):
        with open(mine, 'rb') as a, open(os.path.join(there, other), 'rb') as b:
            if a.read() != b.read():
                yield f'{other} differs from {mine}'


ROWS = {f.__name__: f for f in (sections, undefined, visible, granular, notes, position, unwind, stack, exact, strings,
                                same)}


def objects(work):
    for model in MODELS:
        for arch, level in TARGETS:
            path = os.path.join(work, f'{model}_{arch}_{level}.o')
            source = [*model_arguments(model, work), '-target=' + arch, '-mlevel=' + level]
            run('qcc', *source, '-o', path)
            yield Object(path, arch, f'{model} for {arch} at {level}', source)


def main():
    work, names = sys.argv[1], sys.argv[2:]
    os.makedirs(work, exist_ok=True)
    if names[0].startswith('-object='):
        path = names.pop(0)[len('-object='):]
        seen = [Object(path, 'x86_64', path)]
    else:
        seen = list(objects(work))
    complaints = [f'{o.what}: {name}: {c}' for o in seen for name in names for c in ROWS[name](o)]
    print('\n'.join(complaints) or f'{" ".join(names)}: {len(seen)} objects')
    sys.exit(bool(complaints))


if __name__ == '__main__':
    main()
