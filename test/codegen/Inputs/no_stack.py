"""Compiles STEM.qir, STEM.3x3.qir, ... for each level and says which products its innermost loops have, of
which registers, and how often loops that do nothing else go to the stack: no_stack.py STEM LEVEL...
(Depthwise loops requantize, too, and reload the bias.)"""
import re
import subprocess
import sys

import spills

MODULES = ['', '.3x3', '.dw', '.linear', '.i4', '.i8']
PRODUCTS = re.compile(r'v?p(?:maddwd|maddubsw|dpbusd|dpwssd)$')
REGISTER = re.compile(r'%([xyz]mm)')


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def code_of(stem, level):
    for module in MODULES:
        run('qcc', stem + module + '.qir', '-target=x86_64', '-mlevel=' + level, '-name=m', '-o', stem + '.o')
        yield run('llvm-objdump', '-d', '--no-show-raw-insn', stem + '.o'), run('llvm-nm', '-u', stem + '.o')


def main():
    for level in sys.argv[2:]:
        products, registers, vex, stack, undefined = set(), set(), False, 0, 0
        for code, missing in code_of(sys.argv[1], level):
            undefined += len(missing.splitlines())
            vex = vex or '{vex}' in code
            for body in spills.functions(code.splitlines()):
                for loop in spills.innermost(body):
                    here = [i for i in loop if PRODUCTS.match(i[1])]
                    products.update(i[1] for i in here)
                    registers.update(r for i in here for r in REGISTER.findall(i[2]))
                    if here and not any('cvtdq2ps' in i[1] for i in loop):
                        stack += sum(bool(spills.STACK.search(i[2]) and spills.VECTOR.search(i[2])) for i in loop)
        kinds = sorted(products) + ['vex'] * vex + sorted(registers)
        print(f'{level}: {" ".join(kinds)}; {stack} stack accesses, {undefined} undefined symbols')


main()
