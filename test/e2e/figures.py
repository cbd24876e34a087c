"""How near quantized results are to those of the float model.  Sequences of floats; logits row by row."""
import math
import re
from operator import mul

SOFTMAX = re.compile(r"(%[\w.$-]+) = (?:log_)?softmax\((%[\w.$-]+)\)")
RETURN = re.compile(r"return\((%[\w.$-]+)\)")


def before_softmax(text):
    """A module in QIR whose result is the operand of its final softmax; None where it ends otherwise."""
    end, last = RETURN.search(text), SOFTMAX.findall(text)
    if not last or last[-1][0] != end[1]:
        return None
    return text[:end.start(1)] + last[-1][1] + text[end.end(1):]


def power(values):
    return math.fsum(map(mul, values, values))


def sqnr(reference, got):
    """Signal to quantization noise in dB, over all samples and elements."""
    if len(reference) != len(got):
        raise RuntimeError(f"{len(got)} results, expected {len(reference)}")
    noise = power([a - b for a, b in zip(reference, got)])
    return 10 * math.log10(power(reference) / noise) if noise else math.inf


def rows(values, width):
    return [values[i:i + width] for i in range(0, len(values), width)]


def top1(results, labels):
    """Percent of the samples whose largest result has the number of the label."""
    width = len(results) // len(labels)
    return 100 * sum(r.index(max(r)) == label for r, label in zip(rows(results, width), labels)) / len(labels)


def log_sum(row):
    """log(sum(exp(row)))"""
    most = max(row)
    return most + math.log(sum(map(math.exp, (v - most for v in row))))


def loss(logits, tokens, width):
    """-log of the probability of each token but the first, given the true ones before."""
    return [log_sum(row) - row[token] for row, token in zip(rows(logits, width), tokens[1:])]


def divergence(reference, got, width):
    """Of each row: how many nats `got` is away from the distribution `reference` (Kullback and Leibler)."""
    out = []
    for p, q in zip(rows(reference, width), rows(got, width)):
        whole = log_sum(p)
        share = [math.exp(v - whole) for v in p]
        out.append(sum(map(mul, share, p)) - sum(map(mul, share, q)) - whole + log_sum(q))
    return out


def mean(values):
    return math.fsum(values) / len(values)
