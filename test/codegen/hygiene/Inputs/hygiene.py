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

from objects import SOURCE, Object, fails, objects, run

STACK_LIMIT, RETURN_ADDRESS = 4096, 8

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
    """Each function and each constant is alone in its section; those of ops share theirs with no other."""
    used = collections.defaultdict(set)
    for m in re.finditer(r' (FUNC|OBJECT) .* +(\d+) (\S+)$', run('llvm-readelf', '-sW', o.path), re.M):
        if not re.search(r'_run(_mt|_at)?_[0-9a-f]{8}$', m[3]):  # another name
            used[m[2]].add('ops' if re.search(r'_\d+_\w+$|^\.L\.?c\d+$', m[3]) else m[3])
    for section, names in used.items():
        if len(names) > 1:
            yield f'{" ".join(sorted(names))} in section {section}'


# The linker complains about objects without marks.
GUARDS = {'x86_64': ['-z', 'force-ibt'], 'aarch64': ['-z', 'force-bti']}
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
                      '--gc-sections', *GUARDS.get(o.arch, []), o.path, '-o', o.library)
    if complaint:
        yield complaint


def unwind(o):
    """One entry per function, and at each return the frame of the begin (LLVM 19 does not say what the ends of RISC-V
    functions do).  Of the linked library, where everything has an address."""
    run('ld.lld', '-shared', o.path, '-o', o.library)
    returns = [int(a, 16) for a in re.findall(r'^ +([0-9a-f]+):.*\tret', run('llvm-objdump', '-d', o.library), re.M)]
    entries = run('llvm-dwarfdump', '--eh-frame', o.library).split(' FDE cie=')[1:]
    if len(entries) != len(o.functions):
        yield f'{len(entries)} unwind entries for {len(o.functions)} functions'
    for entry in entries if o.arch != 'riscv64' else []:
        end = int(re.match(r'\S+ pc=[0-9a-f]+\.\.\.([0-9a-f]+)', entry)[1], 16)
        rows = [(int(a, 16), cfa) for a, cfa in re.findall(r'^ +0x([0-9a-f]+): CFA=([^:\s]+)', entry, re.M)]
        for at in returns:
            if rows[0][0] <= at < end:
                cfa = [cfa for begin, cfa in rows if begin <= at][-1]
                if cfa != rows[0][1]:
                    yield f'return at {at:x} with frame {cfa}'


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


@functools.cache
def imported(*model):
    return run('qcc', *model, '-stop-after=import', '-o', '-')


def strings(o):
    """No names of layers or of files: only those of inputs and outputs, which NAME_info has."""
    qir = imported(*o.model)
    interface = set(re.findall(r'name = "([^"]+)"', qir))
    secret = {n for n in re.findall(r'"([^"]{5,})"', qir) if not n.startswith('0x')} - interface
    for name in secret | {os.path.abspath(SOURCE), os.path.basename(o.source[0]), os.path.expanduser('~')}:
        for section, data in o.allocated():
            if name.encode() in data and not any(name in public for public in interface):
                yield f'"{name}" in {section}'


def same(o):
    """The same bytes from another folder, in another locale, at other addresses."""
    there, name = os.path.join(os.path.dirname(o.path), 'there', 'deeper'), os.path.basename(o.path)
    os.makedirs(there, exist_ok=True)
    environment = dict(os.environ, LC_ALL='C', LANG='tr_TR.UTF-8', HOME='/nowhere', TZ='Asia/Tokyo', QCC_UNUSED='x' * 999)
    source = [re.sub(r'(^|=)(?=/)', r'\1' + os.path.relpath('/', there), a) for a in o.source]
    subprocess.run(['setarch', '-R', 'qcc', *source, '-o', name], check=True, cwd=there, env=environment,
                   capture_output=True)
    for file in name, name[:-1] + 'h':
        with open(os.path.join(os.path.dirname(o.path), file), 'rb') as a, open(os.path.join(there, file), 'rb') as b:
            if a.read() != b.read():
                yield f'another {file} from {there}'


ROWS = {f.__name__: f for f in (sections, undefined, visible, granular, notes, position, unwind, stack, exact, strings,
                                same)}


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
