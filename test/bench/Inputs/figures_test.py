"""The arithmetic of bench/accuracy against figures that were found by hand."""
import math
import os
import sys

sys.path.insert(0, os.path.join(sys.argv[1], "bench"))
import ptq  # noqa: E402,F401
from ptq import language, store  # noqa: E402
import figures  # noqa: E402
import samples  # noqa: E402


def near(got, want):
    if not math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-12):
        sys.exit(f"{got}, expected {want}")


# Noise of a hundredth of the power; none; results that are missing.
near(figures.sqnr([3.0, 4.0], [3.0, 4.5]), 20)
near(figures.sqnr([1.0], [1.0]), math.inf)
try:
    figures.sqnr([1.0, 2.0], [1.0])
    sys.exit("results are missing")
except RuntimeError:
    pass
# The first of equal results counts.
near(figures.top1([0.1, 0.9, 0.5, 0.5, 0.7, 0.3, 1.0, 0.0], [1, 0, 1, 0]), 75)
# Logits that are equal: each of 4 tokens costs log 4.  Large ones do not overflow.
near(figures.mean(figures.loss([7.0] * 8, [9, 1, 3], 4)), math.log(4))
near(figures.loss([1000.0, 1000.0 + math.log(3)], [0, 1], 2)[0], math.log(4 / 3))
# (1/2, 1/2) against (1/4, 3/4), in either direction; a constant more changes nothing.
p, q = [5.0, 5.0], [math.log(1 / 4), math.log(3 / 4)]
near(figures.divergence(p, q, 2)[0], math.log(2) / 2 + math.log(2 / 3) / 2)
near(figures.divergence(q, p, 2)[0], math.log(1 / 2) / 4 + 3 * math.log(3 / 2) / 4)
near(figures.divergence(q, q, 2)[0], 0)
# Tokens are drawn as often as their probability says.
random, counts = samples.Random(1), [0] * 3
for _ in range(4000):
    counts[language.draw([0.0, math.log(2), math.log(5)], random)] += 1
for count, want in zip(counts, (500, 1000, 2500)):
    if abs(count - want) > 100:
        sys.exit(f"{counts}")
# The module before its softmax; one that has none, and one whose softmax is inside.
if figures.before_softmax("%y = log_softmax(%x_1) {axis = 1}\nreturn(%y)") != "%y = log_softmax(%x_1) {axis = 1}\nreturn(%x_1)":
    sys.exit("no logits")
for text in ("%y = relu(%x)\nreturn(%y)", "%s = softmax(%x)\n%y = linear(%s, @w)\nreturn(%y)"):
    if figures.before_softmax(text) is not None:
        sys.exit(text)
# Known results are not measured again, in another process either; those of other parts are.
path, calls = sys.argv[2], []
for parts in (["a", 1], ["a", 1], ["a", 2]):
    near(store.Store(path).result(parts, lambda: calls.append(parts) or len(calls)), parts[1])
near(store.Store(path, fresh=True).result(["a", 1], lambda: 5), 5)
print(f"{len(calls)} measured")
