#!/usr/bin/env python3
"""Recurrent models and attention models through the compiled object, against their references.

    sequence.py CASE --build DIR --models DIR --out DIR

Every model is also compiled from its own QIR text: the same object."""
import argparse
import array
import base64
import itertools
import json
import math
import os
import platform
import struct
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import accuracy  # noqa: E402
import compiled  # noqa: E402
import figures  # noqa: E402
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
    """The second net's reference has a row more at each end, for padding that the file does not have."""
    for name, steps, cut in (("model", 3, 0), ("qtdnn", 10, 5)):
        io = r.model("qlstm", "io.npz" if name == "model" else name + "_io.npz")
        want = floats(npz(io, "output"))
        m = r.compile(name, r.model("qlstm", name + ".onnx"), f"-bind=input.0={steps}")
        far = distance(floats(m(input=npz(io, "input"))["output"]), want[cut:len(want) - cut])
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


# ---- attention models ---------------------------------------------------------------------------
# The file holds its linear weights rounded to two bits: stages after the first product differ from the
# reference, and 631 of 729 inputs are sorted (86.6 %), in ONNX Runtime as here.
STAGES = {"x": "/Add_output_0", "ln1": "/Add_2_output_0"}
DIGITS, LENGTH, SORTED = 6, 11, 631


def check_stages(r, path):
    with open(r.model("gpt_nano_sort", "gpt-nano-sort-t0-partials.json")) as f:
        want = {k: floats(base64.b64decode(v["data"])) for k, v in json.load(f).items() if "data" in v}
    m = r.compile("stages", path, "-outputs=" + ",".join(STAGES.values()))
    worst = ("", 0.0)
    for b in range(3):
        idx = [int(v) for v in want["idx"][LENGTH * b:LENGTH * (b + 1)]]
        got = list(m(idx=packed(idx, "q")).values())
        for (stage, _), data in zip(STAGES.items(), got):
            n = len(data) // 4
            part = want[stage][n * b:n * (b + 1)]
            worst = max(worst, (distance(floats(data), part) / max(1.0, *map(abs, part)), stage)[::-1],
                        key=lambda w: w[1])
    check("embedding and first normalization within 1e-5", worst[1] <= 1e-5, f"{worst[1]:.2g} ({worst[0]})")


def largest(values):
    return max(range(len(values)), key=values.__getitem__)


def continued(m, digits):
    idx = list(digits) + [0] * (LENGTH - DIGITS)
    out = []
    for i in range(DIGITS):
        at = DIGITS - 1 + i
        logits = floats(m(idx=packed(idx, "q"))["logits"])
        out.append(largest(logits[3 * at:3 * at + 3]))
        if at + 1 < LENGTH:
            idx[at + 1] = out[-1]
    return out


def gpt_nano_sort(r):
    path = r.model("gpt_nano_sort", "gpt_nano_sort_f32.onnx")
    check_stages(r, path)
    m = r.compile("gpt", path)
    right = sum(continued(m, d) == sorted(d) for d in itertools.product(range(3), repeat=DIGITS))
    check("digits sorted", right == SORTED, f"{right} of {3 ** DIGITS}")


def answers(m):
    """The digits that the model continues every input with."""
    return [continued(m, d) for d in itertools.product(range(3), repeat=DIGITS)]


def gpt_nano_sort_dynamic(r):
    """Activations quantized at run time.  The file has at most three values per output channel, -s, 0 and
    s, which symmetric ranges hold but for the rounding of the scale."""
    path = r.model("gpt_nano_sort", "gpt_nano_sort_f32.onnx")
    real = answers(r.compile("gpt", path))
    for name, options in (("int8", []), ("int4", ["-weights=int4"])):
        got = answers(r.compile(name, path, "-quantize=dynamic", *options))
        right = sum(a == sorted(d) for a, d in zip(got, itertools.product(range(3), repeat=DIGITS)))
        same = sum(a == b for a, b in zip(real, got))
        check(f"{name}: as many digits sorted as in float", right >= SORTED, f"{right} of {3 ** DIGITS}, {same} answers equal")


TOKENS, VOCABULARY = 256, 512


def greedy(r):
    path = r.model("stories260k", "greedy.npz")
    return array.array("q", npz(path, "tokens")), floats(npz(path, "logits_last"))


def stories_whole(r, model="stories260k_whole.onnx"):
    tokens, last = greedy(r)
    m = r.compile("whole", r.model("stories260k", model))
    logits = floats(next(iter(m(tokens=tokens.tobytes()).values())))
    rows = [logits[VOCABULARY * i:VOCABULARY * (i + 1)] for i in range(TOKENS)]
    right = sum(largest(rows[i]) == tokens[i + 1] for i in range(TOKENS - 1))
    check("greedy tokens", right == TOKENS - 1, f"{right} of {TOKENS - 1}")
    far = distance(rows[TOKENS - 2], last)
    check("last logits within 1e-3", far <= 1e-3, f"{far:.2g}")


def nll(m, tokens):
    """Mean of -log p(next token), given the true ones before."""
    logits = floats(next(iter(m(tokens=tokens.tobytes()).values())))
    return figures.mean(figures.loss(logits, tokens, VOCABULARY))


# Rows of 172 are no groups of 32: those layers per channel.
FLOAT_NLL = 0.4558
DYNAMIC_NLL = {"int8": (["-quantize=dynamic"], 0.465),
               "int4": (["-quantize=dynamic", "-weights=int4:g32,int4@node_linear_(6|13|20|27|34)$"], 0.575)}


def stories_dynamic(r):
    tokens, _ = greedy(r)
    path = r.model("stories260k", "stories260k_whole.onnx")
    far = nll(r.compile("float", path), tokens)
    check("float", abs(far - FLOAT_NLL) < 1e-3, f"NLL {far:.4f}")
    for name, (options, most) in DYNAMIC_NLL.items():
        loss = nll(r.compile(name, path, *options), tokens)
        check(f"{name} dynamic at most {most}", loss <= most, f"NLL {loss:.4f}")


def changed_rows(before, after):
    """Positions of a cache [.., 256, 8] whose row differs."""
    rows = len(before) // 32
    return {i % TOKENS for i in range(rows) if before[32 * i:32 * i + 32] != after[32 * i:32 * i + 32]}


def stories_step(r, model="stories260k_step.onnx"):
    """The caller's caches are input and output."""
    tokens, last = greedy(r)
    m = r.compile("step", r.model("stories260k", model))
    caches = {f.name: f.updates for f in m.outputs if f.updates}
    check("caches are updated", sorted(caches.values()) == ["k_cache", "v_cache"], str(caches))
    buffers = {name: bytearray(f.bytes) for f in m.inputs for name in [f.name] if name.endswith("cache")}
    shared = {name: buffers[updated] for name, updated in caches.items()}
    right, token = 0, tokens[0]
    for pos in range(TOKENS - 1):
        before = {k: bytes(v) for k, v in buffers.items()} if pos == 100 else {}
        result = m(out=shared, token=packed([token], "q"), pos=packed([pos], "q"), **buffers)
        logits = floats(result[m.outputs[0].name])
        token = largest(logits)
        right += token == tokens[pos + 1]
        for name, old in before.items():
            check(f"a step writes one row of {name}", changed_rows(old, buffers[name]) == {pos})
    check("greedy tokens, caches of the caller", right == TOKENS - 1, f"{right} of {TOKENS - 1}")
    far = distance(logits, last)
    check("last logits within 1e-3", far <= 1e-3, f"{far:.2g}")


def stories_whole_pt2(r):
    stories_whole(r, "stories260k_whole.pt2")


def stories_step_pt2(r):
    stories_step(r, "stories260k_step.pt2")


CASES = {f.__name__: f for f in (byte_lstm, qlstm, silero_vad, gpt_nano_sort, gpt_nano_sort_dynamic,
                                 stories_dynamic, stories_whole, stories_step,
                                 stories_whole_pt2, stories_step_pt2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    CASES[args.case](Runner(args))


if __name__ == "__main__":
    main()
