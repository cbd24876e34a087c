#!/usr/bin/env python3
"""Recurrent models and attention models through the compiled object, against their references.

    sequence.py CASE --build DIR --models DIR --out DIR

Every model is also compiled from its own QIR text: the same object."""
import argparse
import array
import itertools
import json
import os
import platform
import struct
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import accuracy  # noqa: E402
import compiled  # noqa: E402
import samples  # noqa: E402


class Runner(accuracy.Runner):
    def __init__(self, args):
        super().__init__(args)
        self.models = args.models
        self.level = accuracy.host_level() if platform.machine() == "x86_64" else "native"

    run = staticmethod(accuracy.run)

    def model(self, *parts):
        return os.path.join(self.models, *parts)

    def compile(self, name, model, *options):
        """The object; from QIR text it is the same."""
        options = [*options, "-mlevel=" + self.level]
        built = compiled.Model(self, name, model, *options)
        text = self.path(name + ".qir")
        self.tool("qcc", model, "-emit-qir", "-o", text, *options)
        compiled.Model(self, name + ".again", text, "-mlevel=" + self.level)
        with open(self.path(name + ".o"), "rb") as a, open(self.path(name + ".again.o"), "rb") as b:
            check("the object made of the QIR text", a.read() == b.read())
        return built


def check(what, ok, figure=""):
    print(f"{'ok' if ok else 'FAILED'}: {what}{', ' if figure else ''}{figure}")
    if not ok:
        sys.exit(1)


def floats(data):
    return array.array("f", bytes(data))


def packed(values, kind="f"):
    return array.array(kind, values).tobytes()


def distance(got, want):
    """Largest difference; NaN counts as infinite."""
    if len(got) != len(want):
        return float("inf")
    worst = max((abs(a - b) for a, b in zip(got, want)), default=0.0)
    return worst if worst == worst else float("inf")


def npz(path, name):
    """Bytes of a member."""
    with zipfile.ZipFile(path) as z:
        data = z.read(name + ".npy")
    return data[10 + int.from_bytes(data[8:10], "little"):]


# ---- recurrent models -------------------------------------------------------------------------
def byte_lstm(r):
    io = r.model("byte_lstm", "io.npz")
    m = r.compile("byte", r.model("byte_lstm", "model.onnx"), "-bind=batch=2", "-bind=length=58")
    far = distance(floats(m(input=npz(io, "input"))["output"]), floats(npz(io, "Add_26")))
    check("two bidirectional LSTMs within 1e-5", far <= 1e-5, f"{far:.2g}")


def qlstm(r):
    for name, steps in (("model", 3), ("qtdnn", 10)):
        io = r.model("qlstm", "io.npz" if name == "model" else name + "_io.npz")
        m = r.compile(name, r.model("qlstm", name + ".onnx"), f"-bind=input.0={steps}")
        far = distance(floats(m(input=npz(io, "input"))["output"]), floats(npz(io, "output")))
        check(f"{name} within 1e-6", far <= 1e-6, f"{far:.2g}")


CHUNK, CONTEXT, STATE = 512, 64, 2 * 128 * 4


def speech(r):
    """Each chunk of the recording after the last samples of the one before."""
    with open(r.model("silero_vad", "test.wav"), "rb") as f:
        data = f.read()
    body = data[data.index(b"data") + 8:]
    wave = array.array("h", body[:len(body) // 2 * 2])
    context = array.array("f", bytes(4 * CONTEXT))
    for i in range(len(wave) // CHUNK):
        chunk = array.array("f", (v / 32768 for v in wave[i * CHUNK:(i + 1) * CHUNK]))
        yield (context + chunk).tobytes()
        context = chunk[-CONTEXT:]


def probabilities(m, chunks, states=None):
    """Of every chunk; `states` receives the state before each."""
    state, out = bytes(STATE), []
    for x in chunks:
        if states is not None:
            states.append(bytes(state))
        result = m(input=x, state=state)
        state = result["stateN"]
        out.append(struct.unpack("f", result["output"])[0])
    return out


def silero_vad(r):
    with open(r.model("silero_vad", "ref_probs_16k.json")) as f:
        want = json.load(f)
    path, chunks, states = r.model("silero_vad", "silero_vad_openvino_16k.onnx"), list(speech(r)), []
    got = probabilities(r.compile("float", path), chunks, states)
    far = distance(got, want)
    check("float probabilities within 1e-4", far <= 1e-4, f"{far:.2g}")
    every = range(0, len(chunks), 2)
    samples.write_npy(r.path("x.npy"), "<f4", (len(every), 1, 576), b"".join(chunks[i] for i in every))
    samples.write_npy(r.path("s.npy"), "<f4", (len(every), 2, 1, 128), b"".join(states[i] for i in every))
    calibrate = ["-observer=histogram", "-calibrate=input=" + r.path("x.npy"),
                 "-calibrate=state=" + r.path("s.npy")]
    got = probabilities(r.compile("int8", path, *calibrate), chunks)
    flips = sum((a >= 0.5) != (b >= 0.5) for a, b in zip(got, want))
    check("int8: at most 2 % of the chunks flip", flips <= 0.02 * len(want), f"{flips} of {len(want)}")


CASES = {f.__name__: f for f in (byte_lstm, qlstm, silero_vad)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    CASES[args.case](Runner(args))


if __name__ == "__main__":
    main()
