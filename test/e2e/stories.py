#!/usr/bin/env python3
"""A language model of 260 thousand parameters: every greedy token through the compiled object.

    stories.py pt2|onnx whole|step --build DIR --models DIR --out DIR

`whole` reads the 256 tokens at once; `step` one after the other, with the caches of keys and values
in the caller's buffers."""
import argparse
import array
import os
import platform
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import accuracy  # noqa: E402
import compiled  # noqa: E402

VOCABULARY = 512


class Runner(accuracy.Runner):
    run = staticmethod(accuracy.run)


def read_tokens(models):
    with zipfile.ZipFile(os.path.join(models, "stories260k", "greedy.npz")) as z:
        data = z.read("tokens.npy")
    return array.array("q", data[10 + int.from_bytes(data[8:10], "little"):])


def best(logits, row):
    scores = logits[VOCABULARY * row:VOCABULARY * (row + 1)]
    return scores.index(max(scores))


def whole(model, tokens):
    """The token that follows each but the last."""
    outputs = model(**{model.inputs[0].name: bytearray(tokens.tobytes())})
    logits = array.array("f", bytes(outputs[model.outputs[0].name]))
    return [best(logits, row) for row in range(len(tokens) - 1)]


def step(model, tokens):
    token, position, *caches = (f.name for f in model.inputs)
    logits, *updated = (f.name for f in model.outputs)
    state = {f.name: bytearray(f.bytes) for f in model.inputs[2:]}
    found = [tokens[0]]
    for i in range(len(tokens) - 1):
        outputs = model(**{token: array.array("q", found[-1:]).tobytes(),
                           position: array.array("q", [i]).tobytes()}, **state)
        found.append(best(array.array("f", bytes(outputs[logits])), 0))
        state = dict(zip(caches, (outputs[n] for n in updated)))
    return found[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=("pt2", "onnx"))
    parser.add_argument("form", choices=("whole", "step"))
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    file = os.path.join(args.models, "stories260k", f"stories260k_{args.form}.{args.format}")
    level = accuracy.host_level() if platform.machine() == "x86_64" else "native"
    tokens = read_tokens(args.models)
    model = compiled.Model(Runner(args), args.form, file, "-mlevel=" + level)
    found = (whole if args.form == "whole" else step)(model, tokens)
    equal = sum(a == b for a, b in zip(found, tokens[1:], strict=True))
    print(f"{file}: {equal} of {len(found)} tokens")
    return equal != len(found)


if __name__ == "__main__":
    sys.exit(main())
