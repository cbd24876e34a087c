"""Ops of compiled models that only move data: those that got a buffer of their own (a view of its
operand has none), and pads and activations that were not fused."""
import os
import re
import subprocess
import sys
import tempfile

MOVES = re.compile(r'= (transpose|relayout)\(.*\bbuf(?:_out)? = |= (pad|relu|clamp)\(')

for model in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(['qcc', model, '-stop-after=plan', '-emit-qir', '-quantize=none', '-o',
                        work + '/m.qir', '-save-params=' + work + '/m.safetensors'], check=True)
        text = open(work + '/m.qir').read()
    found = [a or b for a, b in MOVES.findall(text)]
    print('%s: %s' % (os.path.basename(model), ' '.join(found) or 'none'))
