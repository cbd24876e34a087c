"""Innermost loops of disassembled code (llvm-objdump -d --no-show-raw-insn), and what in them goes to the
stack or calls.  A loop is what lies between a backward branch and its target; innermost: no other loop
within."""
import re
import sys

LINE = re.compile(r'^\s*([0-9a-f]+):\s+(\{\w+\}\s+)?(\S+)\s*(.*?)\s*(?:(?:#\s|//|;).*)?$')
NAME = re.compile(r'^[0-9a-f]+ <(.*)>:$')
BRANCH = re.compile(r'^(j\w+|b|b\.\w+|cbn?z|tbn?z|b\w+z?)$')
CALL = re.compile(r'^(callq?|blr?|jalr?)$')
TARGET = re.compile(r'(?:0x)?([0-9a-f]+) <')
STACK = re.compile(r'\(%rsp|\[sp\b')  # rbp and x29 are registers for addresses
VECTOR = re.compile(r'%[xyz]mm\d|\b[qdv]\d+\b')


def functions(lines):
    """(name, list of (address, mnemonic, operands)); a prefix ({vex}) counts as an operand"""
    name, body = '', []
    for line in lines:
        head, match = NAME.match(line), LINE.match(line)
        if head:
            yield name, body
            name, body = head.group(1), []
        elif match:
            body.append((int(match.group(1), 16), match.group(3), (match.group(2) or '') + match.group(4)))
    yield name, body


def innermost(body):
    """Instructions of each innermost loop."""
    spans = set()
    for address, mnemonic, operands in body:
        target = TARGET.search(operands)
        if BRANCH.match(mnemonic) and not CALL.match(mnemonic) and target and int(target.group(1), 16) <= address:
            spans.add((int(target.group(1), 16), address))
    for low, high in sorted(spans):
        inside = any(s != (low, high) and low <= s[0] and s[1] <= high for s in spans)
        if not inside:
            yield [i for i in body if low <= i[0] <= high]


def on_stack(loop):
    """Loads and stores of vectors from and to the stack."""
    return [i for i in loop if STACK.search(i[2]) and VECTOR.search(i[2])]


def calls(loop):
    return [i for i in loop if CALL.match(i[1])]


def count(lines, wanted, unwanted=frozenset()):
    """(number of innermost loops with one of the mnemonics and no unwanted one, their stack accesses)"""
    loops, spills = 0, []
    for _, body in functions(lines):
        for loop in innermost(body):
            seen = {mnemonic for _, mnemonic, _ in loop}
            if wanted & seen and not unwanted & seen:
                loops += 1
                spills += on_stack(loop)
    return loops, spills


def main():
    """Standard input, mnemonics as arguments: fails on any stack access, and when no loop is found."""
    loops, spills = count(sys.stdin, set(sys.argv[1:]))
    print(f'{loops} inner loops, {len(spills)} stack accesses')
    return 1 if spills or not loops else 0


if __name__ == '__main__':
    sys.exit(main())
