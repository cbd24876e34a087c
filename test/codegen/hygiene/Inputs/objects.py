"""Small models, compiled for every architecture and all of its levels, as ELF files to ask questions of."""
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
          'dynamic': ('dynamic_conv', '3x3-images')}
TARGETS = [('x86_64', 'all'), ('aarch64', 'all'), ('riscv64', 'generic')]
# Options that add functions or sections.
OPTIONS = ['-fthreads', '-fselftest', '-g', '-weights-file=DIR/w.qwt']


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
    """One ELF file; if qcc made it: the model and its quantization, and the other arguments."""

    def __init__(self, path, arch, what, model=(), options=()):
        self.path, self.arch, self.what, self.model, self.source = path, arch, what, model, [*model, *options]
        self.name = os.path.splitext(os.path.basename(path))[0]

    @property
    def library(self):
        return self.path[:-1] + 'so'

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
        """(address, section) of all; one with two names counts once."""
        return set(re.findall(r': ([0-9a-f]+) +\d+ FUNC .* (\d+) \S+$', run('llvm-readelf', '-sW', self.path), re.M))

    @functools.cached_property
    def ir(self):
        path = self.path[:-1] + 'll'
        if self.source:
            run('qcc', *self.source, '-emit-llvm', '-o', path)
        with open(path) as f:
            return f.read()

    def allocated(self):
        """(name, bytes) of the sections that a program loads."""
        with open(self.path, 'rb') as f:
            blob = f.read()
        text = run('llvm-readelf', '-SW', self.path)
        for m in re.finditer(r'^ +\[ *\d+\] (\S+) +(\S+) +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) \S+ +\w*A', text, re.M):
            if m[2] != 'NOBITS':
                yield m[1], blob[int(m[3], 16):int(m[3], 16) + int(m[4], 16)]


def compiled(work, name, arch, level, *options):
    path = os.path.join(work, '_'.join([name, arch, level, *(re.sub(r'\W', '', o) for o in options)]) + '.o')
    model = model_arguments(name, work)
    options = ['-target=' + arch, '-mlevel=' + level, *(o.replace('DIR', work) for o in options)]
    run('qcc', *model, *options, '-o', path)
    return Object(path, arch, f'{name} for {arch} at {level} {" ".join(options[2:])}', model, options)


def objects(work):
    for arch, level in TARGETS:
        for name in MODELS:
            yield compiled(work, name, arch, level)
    for option in OPTIONS:
        yield compiled(work, 'digits', 'aarch64', 'all', option)
