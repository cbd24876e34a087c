"""Counts vector registers going to or from the stack inside innermost loops that multiply.

    llvm-objdump -d --no-show-raw-insn x.o | spills.py MNEMONIC...

A loop is what lies between a backward branch and its target; innermost: no other loop within.  Prints
how many of them contain one of the mnemonics and every stack access in those; fails on any, and when no
loop is found."""
import re
import sys

LINE = re.compile(r"^\s*([0-9a-f]+):\s+(?:\{\w+\}\s+)?(\S+)\s*(.*?)\s*(?:(?:#\s|//|;).*)?$")
BRANCH = re.compile(r"^(j\w+|b|b\.\w+|cbn?z|tbn?z)$")
TARGET = re.compile(r"(?:0x)?([0-9a-f]+) <")
STACK = re.compile(r"\(%rsp|\[sp\b|\[x29\b")  # rbp is one of the registers for addresses
VECTOR = re.compile(r"%[xyz]mm\d|\b[qdv]\d+\b")


def functions(lines):
    """Lists of (address, mnemonic, operands)."""
    body = []
    for line in lines:
        if line.rstrip().endswith(">:"):
            yield body
            body = []
        match = LINE.match(line)
        if match:
            body.append((int(match.group(1), 16), match.group(2), match.group(3)))
    yield body


def innermost(body):
    """Instructions of each innermost loop."""
    spans = set()
    for address, mnemonic, operands in body:
        target = TARGET.search(operands)
        if BRANCH.match(mnemonic) and target and int(target.group(1), 16) <= address:
            spans.add((int(target.group(1), 16), address))
    for low, high in sorted(spans):
        inside = any(s != (low, high) and low <= s[0] and s[1] <= high for s in spans)
        if not inside:
            yield [i for i in body if low <= i[0] <= high]


def count(lines, wanted, unwanted=frozenset()):
    """(number of innermost loops with one of the mnemonics and no unwanted one, their stack accesses)"""
    loops, spills = 0, []
    for body in functions(lines):
        for loop in innermost(body):
            seen = {mnemonic for _, mnemonic, _ in loop}
            if wanted & seen and not unwanted & seen:
                loops += 1
                spills += [i for i in loop if STACK.search(i[2]) and VECTOR.search(i[2])]
    return loops, spills


def main():
    loops, spills = count(sys.stdin, set(sys.argv[1:]))
    print(f"{loops} inner loops, {len(spills)} stack accesses")
    for address, mnemonic, operands in spills:
        print(f"  {address:x}: {mnemonic} {operands}")
    return 1 if spills or not loops else 0


if __name__ == "__main__":
    sys.exit(main())
