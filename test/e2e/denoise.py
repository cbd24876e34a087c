#!/usr/bin/env python3
"""The int8 noise suppressor of two LSTM layers, 400 frames of speech with its states carried by the caller,
against LiteRT's kernels (denoise-oracle.txt).  The recurrent products are real here, 16-bit integers there.

    denoise.py --build DIR --models DIR --out DIR"""
import argparse
import array
import base64
import cmath
import math
import os
import sys
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from figures import sqnr  # noqa: E402
from sequence import Runner  # noqa: E402

MODEL = ("tflm_audio", "dtln_noise_suppression.tflite")
FRAMES, STEP, SIZE, FIRST, KEPT = 400, 128, 512, 16000, 8  # every eighth answer is in the oracle
SCALE, ZERO = 0.06857891380786896, -128                    # of the input: magnitudes of a spectrum
STATES = (0, 0, -4, 0)                                     # codes of 0.0
MIN_SQNR, MAX_MEAN = 44.0, 0.65                            # dB; steps of 1/256


def spectrum(x):
    """Discrete Fourier transform of 2^n numbers."""
    if len(x) == 1:
        return x
    even, odd = spectrum(x[::2]), spectrum(x[1::2])
    turned = [cmath.rect(1, -2 * math.pi * k / len(x)) * v for k, v in enumerate(odd)]
    return [a + b for a, b in zip(even, turned)] + [a - b for a, b in zip(even, turned)]


def frames(models):
    """Input codes of each frame."""
    with wave.open(os.path.join(models, "silero_vad", "test.wav")) as f:
        f.setpos(FIRST)
        samples = array.array("h", f.readframes(FRAMES * STEP + SIZE))
    for i in range(FRAMES):
        parts = spectrum([v / 32768 for v in samples[i * STEP:i * STEP + SIZE]])
        codes = (round(abs(v) / SCALE) + ZERO for v in parts[:SIZE // 2 + 1])
        yield bytes(min(c, 127) & 255 for c in codes)


def answers(runner):
    """Masks of the frames that the oracle has, by the compiled object."""
    m = runner.compile("denoise", runner.model(*MODEL))
    first, *states = (f.name for f in m.inputs)
    kept = {f.name: bytearray([zero & 255]) * f.bytes for f, zero in zip(m.inputs[1:], STATES)}
    for i, codes in enumerate(frames(runner.models)):
        mask, *following = m(**{first: codes}, **kept).values()
        kept = dict(zip(states, following))
        if i % KEPT == KEPT - 1:
            yield bytes(mask)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    with open(os.path.join(HERE, "denoise-oracle.txt")) as f:
        want = array.array("b", base64.b64decode(f.read().split("\n", 1)[1]))
    got = array.array("b", b"".join(answers(Runner(parser.parse_args()))))
    steps = [abs(a - b) for a, b in zip(got, want)]
    ratio = sqnr([v + 128 for v in want], [v + 128 for v in got])
    print(f"{len(got)} of {len(want)} masks: {ratio:.1f} dB, {sum(steps) / len(steps):.2f} steps on average, "
          f"at most {max(steps)}")
    return len(got) != len(want) or ratio < MIN_SQNR or sum(steps) > MAX_MEAN * len(steps)


if __name__ == "__main__":
    sys.exit(main())
