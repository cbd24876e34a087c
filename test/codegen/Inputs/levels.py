"""How code of an x86-64 level is run: here if the CPU has the level, else under tools/emulate.
QCC_NATIVE=LEVEL,... in the environment (or empty) says otherwise which ones the CPU has."""
import os

FLAGS = {  # of /proc/cpuinfo
    'generic': (), 'sse2': ('sse2',), 'avx2': ('avx2', 'fma', 'bmi2', 'f16c'),
    'avxvnni': ('avx2', 'fma', 'bmi2', 'f16c', 'avx_vnni'),
    'avx512vnni': ('avx2', 'fma', 'bmi2', 'f16c', 'avx512f', 'avx512dq', 'avx512bw', 'avx512vl', 'avx512_vnni')}


def is_native(level):
    if 'QCC_NATIVE' in os.environ:
        return level == 'generic' or level in os.environ['QCC_NATIVE'].split(',')
    with open('/proc/cpuinfo') as f:
        has = set(f.read().split())
    return all(flag in has for flag in FLAGS[level])


def runner(level):
    """The command in front of a static program."""
    return [] if is_native(level) else [os.environ.get('QCC_EMULATE', 'qcc-emulate'), level]
