"""gen_observer_oracle.py torch|onnxruntime FILE: what other people's observers choose for
pseudo-random and adversarial tensors.  The tests read the files only.

observer-oracle.txt needs torch 2.13.0 and torchao 0.18.0, run with ATEN_CPU_CAPABILITY=avx2 (PyTorch's
order of summation depends on the vector width); observer-oracle-ort.txt needs onnxruntime 1.31.0 and
numpy 2.4.

The first line names the observers, kind/scheme (a: affine, s: symmetric, c: affine, 3 channels).  Each
further line is one stream: seed, "count:spread:offset:shape" per tensor, "=", and the answers in the
order of the first line: bits of lo, hi (and scale), zero point; "-" where the observer fails.  The
values come from `batch` below, which test/unit/observers.c repeats."""
import contextlib
import io
import math
import random
import struct
import sys
import warnings

MASK = (1 << 64) - 1
EPS = 2.0 ** -12
CHANNELS = 3


class Stream:
    def __init__(self, seed):
        self.state = seed

    def unit(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 40) / 16777216.0


def batch(stream, count, spread, offset, shape):
    out = []
    for _ in range(count):
        u = stream.unit()
        if shape in ("normal", "spike"):
            u = (u + stream.unit() + stream.unit() + stream.unit()) / 4 - 0.5
            if shape == "spike" and stream.unit() < 0.004:
                u *= 100
        elif shape == "tail":
            v = 2 * u - 1
            u = v * v * v * v * v
        elif shape == "relu":
            u = max(u + stream.unit() - 1, 0.0)
        elif shape == "point":
            u = 1.0
        out.append(u * spread + offset)
    return out


ADVERSARIAL = [
    [(1, 2.5, 0.0, "point")], [(1, -2.5, 0.0, "point")], [(5, 0.0, 0.0, "point")],
    [(1, 1e-45, 0.0, "point")], [(300, 1e-42, 0.0, "normal")], [(300, 1e-39, 0.0, "tail")],
    [(300, 1e-38, 1e-38, "uniform")], [(300, 1e-20, 0.0, "normal")],
    [(300, 1e20, 0.0, "normal")], [(300, 1e38, 0.0, "normal")], [(300, 3e38, 0.0, "uniform")],
    [(300, 3e38, -3e38, "uniform")], [(300, 3e38, 0.0, "normal")], [(300, 6.8e38, 0.0, "normal")],
    [(300, 1.0, -5.0, "uniform")], [(300, 0.001, -5.0, "uniform")], [(300, 0.001, 1000.0, "uniform")],
    [(300, 1e-6, 1.0, "uniform")], [(2, 1.0, 0.0, "tail")], [(3, 1.0, 0.0, "tail")],
    [(0, 1.0, 0.0, "normal"), (200, 1.0, 0.0, "normal")],
    [(200, 1.0, 0.0, "normal"), (0, 1.0, 0.0, "normal"), (200, 1.5, 0.0, "normal")],
    [(7, 0.0, 0.0, "point"), (200, 1.0, 0.0, "normal")],
    [(7, 3.0, 0.0, "point"), (9, 3.0, 0.0, "point")], [(7, 3.0, 0.0, "point"), (9, -3.0, 0.0, "point")],
    [(7, 0.0, 0.0, "point"), (9, 0.0, 0.0, "point")],
    [(10, 1.0, 0.0, "point"), (600, 3.0, 0.0, "normal"), (600, 5.0, -1.0, "tail")],
    [(800, 0.3 * (i + 1), 0.01 * i, "tail") for i in range(12)],
    [(100, 2.0 ** i, 0.0, "normal") for i in range(7)],
    [(100, 2.0 ** -i, 0.0, "normal") for i in range(10)],
    [(50, 1.0, float(i), "uniform") for i in range(10)],
    [(20, 1.0, 0.0, "normal")] * 40,
    [(200, 1.0, 0.0, "normal"), (200, 1.0, -40.0, "normal")],
    [(1000, 255.0, 0.0, "uniform"), (1000, 255.0, 0.0, "uniform")],
    [(20000, 40.0, 0.0, "tail")], [(5000, 6.0, 0.0, "relu")],
    [(2000, 1.0, 0.0, "tail"), (2000, 1.0, 3.0, "normal"), (2000, 1.0, -3.0, "normal")],
    [(4096, 8.0, 0.5, "normal")], [(3000, 100.0, 300.0, "uniform")], [(3000, 1.0, 0.0, "spike")],
]
SHAPES = ("normal", "uniform", "tail", "relu", "spike")


def streams(count):
    chosen = random.Random(1)
    for batches in ADVERSARIAL:
        yield batches
    for _ in range(count - len(ADVERSARIAL)):
        spread = round(10.0 ** chosen.uniform(-4, 3), 6)
        offset = chosen.choice((0.0, 0.0, round(chosen.uniform(-1, 1) * spread, 6)))
        shape = chosen.choice(SHAPES)
        yield [(chosen.randint(2, 1500), round(spread * chosen.uniform(0.5, 2), 7), offset, shape)
               for _ in range(chosen.choice((1, 1, 2, 3, 5)))]


def bits(v):
    return struct.pack(">f", float(v)).hex()


def torch_observers():
    import torch
    from torchao.quantization.pt2e import observer as o
    torch.set_num_threads(1)

    def run(make, symmetric, channels, lo=-128, **more):
        kind = "channel" if channels else "tensor"
        scheme = getattr(torch, "per_%s_%s" % (kind, "symmetric" if symmetric else "affine"))

        def answer(tensors):
            observer = make(dtype=torch.int8, qscheme=scheme, quant_min=lo, quant_max=127, eps=EPS, **more)
            for values in tensors:
                x = torch.tensor(values, dtype=torch.float64).to(torch.float32)
                observer(x[:len(x) - len(x) % CHANNELS].reshape(-1, CHANNELS) if channels else x)
            ends = observer.min_val, observer.max_val
            if make is o.HistogramObserver:
                ends = observer._non_linear_param_search()
            rows = list(zip(*(v.reshape(-1).tolist() for v in (*ends, *observer.calculate_qparams()))))
            if any(math.isinf(s) for _, _, s, _ in rows):
                raise ValueError("an infinite scale, for which qcc takes the largest float")
            return " ".join("%s %s %s %d" % (bits(a), bits(b), bits(s), z) for a, b, s, z in rows)
        return answer

    return {
        "minmax/a": run(o.MinMaxObserver, False, False),
        "minmax/s": run(o.MinMaxObserver, True, False, lo=-127),
        "moving-average/a": run(o.MovingAverageMinMaxObserver, False, False),
        "histogram/a": run(o.HistogramObserver, False, False),
        "minmax/c": run(o.PerChannelMinMaxObserver, False, True, ch_axis=1),
        "moving-average:0.25/c": run(o.MovingAveragePerChannelMinMaxObserver, False, True, ch_axis=1,
                                     averaging_constant=0.25),
    }


def onnxruntime_observers():
    import numpy
    from onnxruntime.quantization.calibrate import HistogramCollector

    def run(method, num_bins, percentile=99.999):
        def answer(tensors):
            collector = HistogramCollector(method, False, num_bins, 128, percentile, "same")
            for values in tensors:
                if values:
                    collector.collect({"x": [numpy.array(values, dtype=numpy.float64).astype(numpy.float32)]})
            if method == "entropy" and len(collector.get_histogram_dict()["x"][0]) > 800:
                raise ValueError("that many bins take onnxruntime minutes")
            lo, hi = collector.compute_collection_result()["x"][:2]
            lo, hi = min(lo, hi), max(lo, hi)  # they cross where all values are in one bin
            return "%s %s" % (bits(lo), bits(hi))
        return answer

    return {
        "percentile/a": run("percentile", 2048),
        "percentile:95/a": run("percentile", 2048, 95.0),
        "entropy/a": run("entropy", 128),
        "entropy:400/a": run("entropy", 400),
    }


def main():
    observers = torch_observers() if sys.argv[1] == "torch" else onnxruntime_observers()
    warnings.simplefilter("ignore")
    with open(sys.argv[2], "w") as out:
        out.write(" ".join(observers) + "\n")
        for seed, batches in enumerate(streams(220), 1):
            stream, answers = Stream(seed), []
            tensors = [batch(stream, *b) for b in batches]
            for name, answer in observers.items():
                try:
                    with contextlib.redirect_stdout(io.StringIO()):
                        answers.append(answer(tensors) or "-")
                except Exception as e:  # noqa: BLE001 whatever it is, there is no answer
                    print("stream %d, %s: %s" % (seed, name, str(e)[:100]))
                    answers.append("-")
            text = " ".join("%d:%s:%s:%s" % b for b in batches)
            out.write("%d %s = %s\n" % (seed, text, " ".join(answers)))


main()
