"""A language model with weights of 4 bits: how much less likely it finds a text than the float model does,
and how far its distribution of the next token is from the float model's.

Texts: what the float model writes when it takes the likeliest token each time (`greedy`), and sequences that
are drawn from its distribution with a fixed seed, none of them among those that calibrate."""
import array
import functools
import math
import os
import zipfile

import samples
from ptq import score
from ptq.measure import Progress
from ptq.qcc import floats
from ptq.store import digest

NAME = "stories260k"
LENGTH, VOCABULARY, FIRST, SEED = 256, 512, 1, 20240229
# Groups of 32, and one scale per row where rows of 172 are no groups of 32.
WEIGHTS = "-weights=int4:g32,int4@node_linear_(6|13|20|27|34)$"


def file(models, name):
    return os.path.join(models, "stories260k", name)


def greedy(models):
    with zipfile.ZipFile(file(models, "greedy.npz")) as archive:
        data = archive.read("tokens.npy")
    return array.array("q", data[10 + int.from_bytes(data[8:10], "little"):])


def draw(logits, random):
    """A token of the distribution softmax(logits)."""
    most, left = max(logits), random.uniform(0, 1)
    shares = [math.exp(v - most) for v in logits]
    left *= sum(shares)
    for token, share in enumerate(shares):
        left -= share
        if left < 0:
            break
    return token


def write(step, random):
    """One sequence, token by token; `step` keeps keys and values of those before in caches."""
    token, position, *caches = (f.name for f in step.inputs)
    logits, *updated = (f.name for f in step.outputs)
    state, text = {f.name: bytearray(f.bytes) for f in step.inputs[2:]}, array.array("q", [FIRST])
    for i in range(LENGTH - 1):
        out = step(**{token: text[-1:].tobytes(), position: array.array("q", [i]).tobytes()}, **state)
        text.append(draw(floats(out[logits]), random))
        state = dict(zip(caches, (out[name] for name in updated)))
    return text


def sampled(qcc, models, count):
    step, random = qcc.compile(file(models, "stories260k_step.onnx")), samples.Random(SEED)
    return [write(step, random) for _ in range(count)]


def logits(model, text):
    padded = text + array.array("q", [FIRST] * (LENGTH - len(text)))
    return floats(model(**{model.inputs[0].name: padded.tobytes()})[model.outputs[0].name])


def is_there(models):
    return os.path.exists(file(models, "stories260k_whole.onnx"))


class Texts:
    """What is scored, and the float model's logits for it."""

    def __init__(self, qcc, models, written):
        self.models, self.greedy = models, greedy(models)
        self.sampled = [array.array("q", text) for text in written]
        self.model = qcc.compile(file(models, "stories260k_whole.onnx"))
        self.reference = [logits(self.model, text) for text in self.sampled]

    def score(self, model):
        found = [logits(model, text) for text in self.sampled]
        nll = [x for r, t in zip(found, self.sampled) for x in score.loss(r, t, VOCABULARY)]
        far = [x for r, f in zip(found, self.reference) for x in score.divergence(f, r, VOCABULARY)]
        return {"greedy": score.mean(score.loss(logits(model, self.greedy), self.greedy, VOCABULARY)),
                "sampled": score.mean(nll), "kl": score.mean(far)}


def quantized(qcc, models, level):
    return qcc.compile(file(models, "stories260k_whole.onnx"), "-quantize=dynamic", WEIGHTS,
                       "-calibrate=" + file(models, "calib_tokens.npy"), "-accuracy=" + level)


def measure(args, programs, qcc, store):
    """A row for the float model and each of qcc's levels."""
    levels = [p.method for p in programs if p.tool == "qcc"]
    progress = Progress(NAME, 2 + len(levels))
    known = [qcc.digest(), digest(file(args.models, "stories260k_whole.onnx")), args.sequences, SEED]
    progress(f"writes {args.sequences} sequences")
    written = store.result(["written", *known], lambda: [list(t) for t in sampled(qcc, args.models, args.sequences)])
    texts = functools.cache(lambda: Texts(qcc, args.models, written))
    progress("float")
    rows = [{"tool": "float", "method": "", **store.result(["float", *known], lambda: texts().score(texts().model))}]
    for level in levels:
        progress("qcc " + level)
        rows.append({"tool": "qcc", "method": level, **store.result(
            [level, *known], lambda: texts().score(quantized(qcc, args.models, level)))})
    progress.end()
    return [{"model": NAME, **row} for row in rows]
