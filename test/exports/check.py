"""Compiles exported networks and compares the object with ONNX Runtime.

    check.py DIR [FILE...]     with what export.py wrote into DIR (a .pt2 with its dynamo .onnx)

Per file: the largest difference to ONNX Runtime, relative to its largest output; time and peak
memory of the compiler; then, after static quantization on the calibration samples, the ops that
should be integer and are not.  Exit 1 when a difference exceeds 1e-4 or such an op is left."""
import ctypes
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import numpy as np
import onnxruntime

LEVEL = 'avx2'
WANTED = ('conv', 'conv_transpose', 'linear', 'add')
TOLERANCE = 1e-4


def measured(command):
    """Output, seconds and peak MiB of a command; raises with what it said when it fails."""
    start = time.time()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(text[-2000:] or 'status %d' % status)
    return text, time.time() - start, usage.ru_maxrss / 1024


def build(model, options, work):
    text, seconds, memory = measured(
        ['qcc', model, '-mlevel=' + LEVEL, '-fmax-source=4294967296', '-name=net', '-report',
         '-o', work + '/net.o', *options])
    return text, seconds, memory


def call(work, inputs, outputs):
    """Runs the object on arrays; `outputs` are arrays to be filled."""
    subprocess.run(['cc', '-shared', '-o', work + '/net.so', work + '/net.o'], check=True)
    header = open(work + '/net.h').read()
    size = int(re.search(r'NET_SCRATCH_BYTES (\d+)', header, re.I).group(1))
    scratch = np.empty(size + 4096, np.uint8)
    at = scratch.ctypes.data + -scratch.ctypes.data % 4096
    pointers = lambda arrays: (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
    status = ctypes.CDLL(work + '/net.so').net_run(pointers(inputs), pointers(outputs),
                                                   ctypes.c_void_p(at), ctypes.c_size_t(size))
    if status:
        raise RuntimeError('run returned %d' % status)


def reference(model, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model.replace('.pt2', '.dynamo.onnx'), options)
    names = [i.name for i in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs)))


def difference(model, inputs):
    expected = reference(model, inputs)
    with tempfile.TemporaryDirectory() as work:
        _, seconds, memory = build(model, ['-quantize=none'], work)
        have = [np.empty_like(e) for e in expected]
        call(work, [np.ascontiguousarray(i) for i in inputs], have)
    worst = max(np.abs(h - e).max() / np.abs(e).max() for h, e in zip(have, expected))
    return worst, seconds, memory


def float_ops(model, calibration):
    """What static quantization leaves in float: {op: times} of the wanted, and of the others."""
    with tempfile.TemporaryDirectory() as work:
        text, seconds, memory = build(model, ['-calibrate=' + calibration], work)
    counts = {}
    for op in re.findall(r"^(\w+) '.*': float", text, re.M):
        counts[op] = counts.get(op, 0) + 1
    left = {op: n for op, n in counts.items() if op in WANTED}
    return left, {op: n for op, n in counts.items() if op not in WANTED}, seconds, memory


def check(directory, model):
    stem = os.path.join(directory, os.path.basename(model).split('.')[0])
    inputs = [np.load(p) for p in sorted(glob.glob(stem + '.input*.npy'))]
    worst, seconds, memory = difference(model, inputs)
    print('%-34s float: %.1e, %.1f s, %d MiB' % (os.path.basename(model), worst, seconds, memory),
          end='', flush=True)
    left, others, seconds, memory = float_ops(model, stem + '.calib.npz')
    print('; static: %.1f s, %d MiB, in float: %s (and %s)' % (seconds, memory, left or 'none',
                                                               others or 'none'), flush=True)
    return worst <= TOLERANCE and not left


def main():
    directory, *models = sys.argv[1:]
    good = True
    for model in models or sorted(glob.glob(directory + '/*.onnx') + glob.glob(directory + '/*.pt2')):
        try:
            good = check(directory, model) and good
        except RuntimeError as e:
            print('%-34s %s' % (os.path.basename(model), e), flush=True)
            good = False
    return not good


if __name__ == '__main__':
    sys.exit(main())
