#!/usr/bin/env python3
"""Programs of torch.export against PyTorch itself.

    pt2.py float   ...   float programs: outputs as PyTorch's eager
    pt2.py codes   ...   quantized programs op by op, on PyTorch's own codes
    pt2.py static  ...   quantized programs end to end, compiled
    pt2.py dynamic ...   parameters from run time, int4 weights, quantized embeddings, compiled
    pt2.py zoo     ...   corner cases of the format, exactly
    with --build DIR --models DIR --out DIR"""
import argparse
import array
import ast
import os
import re
import sys
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import samples  # noqa: E402
from accuracy import Runner, host_level  # noqa: E402

FLOAT = [("digits_cnn", "float"), ("digits_cnn", "float_coreaten"), ("digits_cnn", "float_dynbatch"),
         ("digits_rnn", "float"), ("mbv2_mnist32", "float"), ("mnist_mlp", "float"), ("odd_ops", "float"),
         ("odd_ops", "float_coreaten"), ("sort_gpt", "float")]
STATIC = [("digits_cnn", "static_pc"), ("digits_cnn", "static_pt"), ("digits_cnn", "qat_pc"),
          ("mbv2_mnist32", "static_pc"), ("mbv2_mnist32", "static_pt"), ("odd_ops", "static_pc")]
DYNAMIC = [("mnist_mlp", "dynamic_pc"), ("mnist_mlp", "dynamic_pt"), ("sort_gpt", "dynamic_pc"),
           ("sort_gpt", "w4g32"), ("sort_gpt", "w4g32_e2"), ("sort_gpt", "w4g32_e4"), ("sort_gpt", "w4g32_e8"),
           ("sort_gpt", "w8pc_e8"), ("sort_gpt", "wo4g32")]
# Labelled samples, and how many PyTorch's eager run of the quantized program gets right.
TOP1 = {("digits_cnn", "static_pc"): (360, 357), ("digits_cnn", "static_pt"): (360, 357),
        ("digits_cnn", "qat_pc"): (360, 355), ("mbv2_mnist32", "static_pc"): (1000, 991),
        ("mbv2_mnist32", "static_pt"): (200, 199)}
# sort_gpt: sequences of 300 that PyTorch's eager run of the program sorts.
SORTED = {"dynamic_pc": 300, "w4g32": 299, "w4g32_e2": 17, "w4g32_e4": 280, "w4g32_e8": 299, "w8pc_e8": 300,
          "wo4g32": 299}
# The same schemes out of float.pt2; the constant table of positions is no embedding there and stays as it is.
OWN = {"dynamic_pc": "dynamic{rows=false}", "wo4g32": "weight-only{bits=4 group=32}", "w4g32": "dynamic{bits=4 group=32}",
       "w4g32_e8": "dynamic{bits=4 group=32 embeddings=8}",
       "w4g32_e4": "dynamic{bits=4 group=32 embeddings=4 embedding-group=32}",
       "w4g32_e2": "dynamic{bits=4 group=32 embeddings=2 embedding-group=32}", "w8pc_e8": "dynamic{embeddings=8}"}
# One code at a tie of rounding, in one of the inputs, on which CPUs differ under PyTorch as well: its run of this
# program on another CPU than that of the file has our codes, and our outputs within 4e-7.
TIES = {("sort_gpt", "w4g32_e4"): 0.003}
TYPES = {"<f4": "f", "<f8": "d", "|i1": "b", "<i4": "i", "<i8": "q", "|b1": "B", "|u1": "B"}


def parse_npy(data):
    size = int.from_bytes(data[8:10], "little")
    head = ast.literal_eval(data[10:10 + size].decode())
    return head["shape"], array.array(TYPES[head["descr"]], data[10 + size:])


def read(path):
    with open(path, "rb") as f:
        return parse_npy(f.read())


def read_npz(path):
    with zipfile.ZipFile(path) as z:
        return {n[:-4]: parse_npy(z.read(n)) for n in z.namelist()}


class Score:
    def __init__(self, args):
        self.runner, self.models, self.failed = Runner(args), os.path.join(args.models, "pt2"), False

    def file(self, folder, name):
        return os.path.join(self.models, folder, name)

    def options(self, variant):
        return ["-bind", "x.0=1"] if "dynbatch" in variant else []

    def say(self, ok, text):
        print(text + ("" if ok else "   <-- worse than allowed"))
        self.failed |= not ok

    def evaluate(self, model, inputs, *options):
        out = self.runner.path("y.npy")
        self.runner.tool("qir-run", model, "-samples", inputs, "-output", out, *options)
        return read(out)[1]

    def emit(self, model, phase, *options):
        qir = self.runner.path(phase + ".qir")
        self.runner.tool("qcc", model, "-stop-after=" + phase, "-emit-qir", "-o", qir, *options)
        return qir

    def compiled(self, model, folder, name="inputs.npy"):
        """Outputs of the object, which must be the evaluator's."""
        inputs = self.file(folder, name)
        shape, values = read(inputs)
        results = self.evaluate(model, inputs)
        app = self.runner.build(model, os.uname().machine, host_level())
        raw = self.runner.path("inputs.raw")
        with open(raw, "wb") as f:
            f.write(values.tobytes())
        size, out_size = len(values.tobytes()) // shape[0], len(results.tobytes()) // shape[0]
        same = self.runner.execute(app, [], raw, size, out_size) == results.tobytes()
        self.say(same, "the object gives the evaluator's bytes" if same else "the object differs from the evaluator")
        return results

    def compare(self, folder, variant, results, tolerance):
        expected = read(self.file(folder, f"out_{variant}_eager.npy"))[1]
        largest = max(map(abs, expected))
        worst = max(abs(a - b) for a, b in zip(expected, results, strict=True))
        self.say(worst <= tolerance * largest, f"{folder}/{variant}: {worst / largest:.1e} of the largest output")


def check_float(score):
    for folder, variant in FLOAT:
        model = score.file(folder, variant + ".pt2")
        qir = score.emit(model, "canonicalize", "-quantize=none", *score.options(variant))
        results = score.compiled(qir, folder)
        score.compare(folder, variant, results, 1e-5)


def check_sorted(score, variant, model, own=False):
    """Positions 7 to 14 of the logits [15,12] name the digits in order; within one sequence of PyTorch's, or better
    for a quantization of our own, which leaves more in float."""
    logits, labels = score.compiled(model, "sort_gpt", "test_x.npy"), read(score.file("sort_gpt", "test_y.npy"))[1]
    rows = [logits[i:i + 12] for i in range(0, len(logits), 12)]
    digits = [row.index(max(row)) for i, row in enumerate(rows) if i % 15 >= 7]
    right = sum(digits[i:i + 8] == list(labels[i:i + 8]) for i in range(0, len(labels), 8))
    expected = SORTED[variant]
    score.say(right >= expected - 1 and (own or right <= expected + 1),
              f"  {right} of {len(labels) // 8} sorted{' by our own quantization' * own}, PyTorch {expected}")


def check_integer_products(score, folder, variant, qir):
    """Every linear layer whose activations are quantized."""
    expected = 0 if variant.startswith("wo") else {"mnist_mlp": 3, "sort_gpt": 13}[folder]
    with open(qir) as f:
        found = f.read().count("= linear_dynamic(")
    score.say(found == expected, f"{folder}/{variant}: {found} integer products, expected {expected}")


def check_xnnpack(score, folder, variant):
    """As ExecuTorch computes it: ranges per row, scales of groups in bf16."""
    peer = score.file(folder, f"out_{variant}_et.npy")
    if not os.path.exists(peer) or variant.startswith("wo"):
        return
    qir = score.emit(score.file(folder, variant + ".pt2"), "lower", "-compat=xnnpack")
    expected = read(peer)[1]
    worst = max(abs(a - b) for a, b in zip(expected, score.compiled(qir, folder), strict=True))
    share, most = worst / max(map(abs, expected)), TIES.get((folder, variant), 1e-6)
    score.say(share <= most, f"{folder}/{variant}: {share:.1e} of the largest output from ExecuTorch's")


def check_dynamic(score):
    for folder, variant in DYNAMIC:
        model = score.emit(score.file(folder, variant + ".pt2"), "lower")
        check_integer_products(score, folder, variant, model)
        score.compare(folder, variant, score.compiled(model, folder), TIES.get((folder, variant), 1e-4))
        check_xnnpack(score, folder, variant)
        if variant in SORTED and folder == "sort_gpt":
            check_sorted(score, variant, model)
            own = score.emit(score.file(folder, "float.pt2"), "lower", "-quantizer=" + OWN[variant])
            if variant in ("wo4g32", "w4g32"):
                score.compare(folder, variant, score.compiled(own, folder), 1e-5)
            check_sorted(score, variant, own, own=True)


# --- op by op ------------------------------------------------------------------------------------------
def cut(qir, names):
    """Every quantized value named becomes an argument for what reads it, and a result."""
    types = {n: re.search(rf"%{n} = quantize\(.*?\) : (tensor<[^>]*>)", qir).group(1) for n in names}
    plain = {n: re.sub(r"![\w.]+", "i8", t) for n, t in types.items()}
    lines = []
    for line in qir.splitlines():
        if "func @main(" in line:
            args = "".join(f", %in_{n}: {plain[n]} {{name = \"in_{n}\"}}" for n in names)
            results = ", ".join(f"{plain[n]} {{name = \"{n}\"}}" for n in names)
            line = re.sub(r"\) -> \(.*\) loc", lambda m: f"{args}) -> ({results}) loc", line)
            line += "".join(f"\n    %at_{n} = storage_cast(%in_{n}) : {types[n]}" for n in names)
        elif " return(" in line:
            line = "".join(f"    %out_{n} = storage_cast(%{n}) : {plain[n]}\n" for n in names)
            line += "    return(" + ", ".join(f"%out_{n}" for n in names) + ")"
        elif " = " in line and "(" in line:
            left, right = line.split(" = ", 1)
            line = left + " = " + re.sub(r"%(\w+)", lambda m: "%at_" + m[1] if m[1] in types else m[0], right)
        lines.append(line)
    return "\n".join(lines) + "\n"


def compare_codes(score, qir, codes, names, inputs, title, minimum):
    runner, equal, total, worst = score.runner, 0, 0, 0
    outputs = [a for n in names for a in ("-output", f"{n}={runner.path(n + '.npy')}")]
    runner.tool("qir-run", qir, "-samples", inputs, *outputs)
    for n in names:
        expected, got = codes[n][1], read(runner.path(n + ".npy"))[1]
        differ = [abs(a - b) for a, b in zip(expected, got, strict=True) if a != b]
        equal, total = equal + len(got) - len(differ), total + len(got)
        worst = max([worst, *differ])
    share = 100 * equal / total
    score.say(share >= minimum and worst <= 1, f"{title}: {share:.3f} % of {total} codes equal, at most {worst} step apart")


def check_codes(score):
    for folder, variant in STATIC:
        source = score.file(folder, f"codes_{variant}.npz")
        if not os.path.exists(source):
            continue
        with open(score.emit(score.file(folder, variant + ".pt2"), "import")) as f:
            qir = f.read()
        codes = read_npz(source)
        names = [n for n in codes if re.search(rf"%{n} = quantize\(", qir)]
        score.say(len(names) == len(codes), f"{folder}/{variant}: {len(names)} of {len(codes)} quantizers")
        whole, inputs = score.runner.path("cut.qir"), score.runner.path("codes.npz")
        with open(whole, "w") as f:
            f.write(cut(qir, names))
        count = codes[names[0]][0][0]
        with zipfile.ZipFile(source) as z, zipfile.ZipFile(inputs, "w") as out:
            for n in names:
                out.writestr(f"in_{n}.npy", z.read(n + ".npy"))
            out.writestr("x.npy", first(score.file(folder, "inputs.npy"), count))
        compare_codes(score, whole, codes, names, inputs, "  as imported", 99.9)
        compare_codes(score, score.emit(whole, "lower"), codes, names, inputs, "  in integers", 99.5)


def first(path, count):
    """The first samples of a .npy, as bytes of a .npy."""
    shape, values = read(path)
    size = len(values) // shape[0]
    return samples.npy("<f4", (count, *shape[1:]), values[:size * count].tobytes())


# --- end to end ------------------------------------------------------------------------------------------
def top1(outputs, labels):
    width = len(outputs) // len(labels)
    rows = (outputs[width * i:width * (i + 1)] for i in range(len(labels)))
    return sum(row.index(max(row)) == label for row, label in zip(rows, labels, strict=True))


def padded_mnist(models, first_image, count):
    """Images of the test split with 2 zeros on each side, [count,1,1,32,32]."""
    pixels, _, _ = samples.mnist(models, scale=1 / 255, mean=0.0, std=1.0)
    values = array.array("f", bytes(4 * 32 * 32 * count))
    for i in range(count):
        for row in range(28):
            at = (32 * i + row + 2) * 32 + 2
            begin = ((first_image + i) * 28 + row) * 28
            values[at:at + 28] = pixels[begin:begin + 28]
    return samples.npy("<f4", (count, 1, 1, 32, 32), values.tobytes())


def check_accuracy(score, folder, variant, qir):
    """As PyTorch's eager result, within 0.3 points, or 2 samples where there are few."""
    if (folder, variant) not in TOP1:
        return
    count, expected = TOP1[folder, variant]
    labels = list(read(score.file(folder, "test_y.npy"))[1])[:count]
    test = score.runner.path("test.npy")
    with open(test, "wb") as f:
        if folder == "digits_cnn":
            f.write(first(score.file(folder, "test_x.npy"), count))
        else:
            f.write(padded_mnist(os.path.dirname(score.models), 8000, count))
    right = top1(score.evaluate(qir, test), labels)
    score.say(abs(right - expected) <= max(2, 0.003 * count), f"  {right} of {count} right, PyTorch {expected}")


def differing(expected, results):
    largest = max(map(abs, expected))
    differ = sum(abs(a - b) > 1e-4 * largest for a, b in zip(expected, results, strict=True))
    return 100 * differ / len(expected)


def check_static(score):
    for folder, variant in STATIC:
        qir = score.emit(score.file(folder, variant + ".pt2"), "lower")
        results = score.compiled(qir, folder)
        expected = read(score.file(folder, f"out_{variant}_eager.npy"))[1]
        peer = score.file(folder, f"out_{variant}_et.npy")
        share = differing(expected, results)
        allowed = differing(expected, read(peer)[1]) if os.path.exists(peer) else 25.0  # odd_ops crashes it
        score.say(share <= allowed, f"{folder}/{variant}: {share:.1f} % of the outputs differ, ExecuTorch {allowed:.1f} %")
        check_accuracy(score, folder, variant, qir)


# --- the format's corners ----------------------------------------------------------------------------------
def check_io(score, model, io, tolerance, inputs, results, *options):
    """`inputs` and `results`: the program's name -> the file's.  Integers must be equal."""
    runner = score.runner
    with zipfile.ZipFile(io) as z:
        for name, member in inputs.items():
            with open(runner.path(name + ".npy"), "wb") as f:
                f.write(z.read(member + ".npy"))
    given = [a for n in inputs for a in ("-input", f"{n}={runner.path(n + '.npy')}")]
    wanted = [a for n in results for a in ("-output", f"{n}={runner.path(n + '.npy')}")]
    runner.tool("qir-run", model, *given, *wanted, *options)
    expected = read_npz(io)
    for name, member in results.items():
        got = read(runner.path(name + ".npy"))[1]
        largest = max(map(abs, expected[member][1]))
        allowed = tolerance * largest if got.typecode in "fd" else 0
        worst = max(abs(a - b) for a, b in zip(expected[member][1], got, strict=True))
        score.say(worst <= allowed, f"{os.path.basename(model)}: {member} within {worst:.1e}")


def check_zoo(score):
    folder = "format_zoo"
    check_io(score, score.file(folder, "zoo.pt2"), score.file(folder, "io.npz"), 1e-6,
             {"idx": "idx", "pair_a": "a", "pair_b_0": "b", "gain": "gain"},
             {"linear": "logits", "getitem_3": "best", "mul_1": "map", "getitem_2": "m", "to_6": "r"})
    check_io(score, score.file(folder, "dyn.pt2"), score.file(folder, "dyn_io.npz"), 1e-6, {"x": "x"},
             {"reshape": "y0", "mean": "y1"}, "-bind", "x.0=2", "-bind", "s69=3")
    for name in ("first", "second"):
        score.runner.tool("qir-run", score.file(folder, "two_models.pt2"), "-model=" + name, "-random=1")


CHECKS = {"float": check_float, "codes": check_codes, "static": check_static, "dynamic": check_dynamic,
          "zoo": check_zoo}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=CHECKS)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    score = Score(args)
    CHECKS[args.what](score)
    return score.failed


if __name__ == "__main__":
    sys.exit(main())
