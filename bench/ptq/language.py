"""A language model with weights of 4 bits: how much less likely it finds a text than the float model does,
and how far its distribution of the next token is from the float model's.

Texts: what the float model writes when it takes the likeliest token each time (`greedy`), and sequences that
are drawn from its distribution with a fixed seed, none of them among those that calibrate."""
import array
import math
import os
import zipfile

import figures
import samples
from ptq.cases import Case
from ptq.measure import Task
from ptq.qcc import floats
from ptq.store import digest

FOLDER = "stories260k"
STEP = os.path.join(FOLDER, "stories260k_step.onnx")
CASE = Case(FOLDER, {"onnx": os.path.join(FOLDER, "stories260k_whole.onnx")}, None)
LENGTH, VOCABULARY, FIRST, SEED = 256, 512, 1, 20240229
# Groups of 32, and one scale per row where rows of 172 are no groups of 32.
WEIGHTS = "-weights=int4:g32,int4@node_linear_(6|13|20|27|34)$"


def greedy(models):
    with zipfile.ZipFile(os.path.join(models, FOLDER, "greedy.npz")) as archive:
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


def write_all(tools, path, count):
    step, random = tools.compile(path), samples.Random(SEED)
    return [write(step, random) for _ in range(count)]


class Texts(Task):
    """The greedy text behind the drawn ones; the results of a text are the logits of all its tokens."""
    kind = "texts"
    options = ["-quantize=dynamic", WEIGHTS]

    def prepare(self, args):
        self.calibration = os.path.join(args.models, FOLDER, "calib_tokens.npy")
        step = os.path.join(args.models, STEP)
        drawn = self.store.result(["drawn", self.tools.version(), digest(step), args.sequences, SEED],
                                  lambda: [list(t) for t in write_all(self.tools, step, args.sequences)])
        self.texts = [array.array("q", text) for text in [*drawn, greedy(args.models)]]
        self.data = b"".join(text.tobytes() for text in self.texts)
        samples.write_npy(self.samples, "<i8", (len(self.texts), LENGTH), self.data)

    def figures(self, reference, got):
        want, have = (figures.rows(values, LENGTH * VOCABULARY) for values, _ in (reference, got))
        loss = [figures.mean(figures.loss(logits, text, VOCABULARY)) for logits, text in zip(have, self.texts)]
        far = [figures.mean(figures.divergence(p, q, VOCABULARY)) for p, q in zip(want[:-1], have)]
        return {"greedy": loss[-1], "sampled": figures.mean(loss[:-1]), "kl": figures.mean(far)}
