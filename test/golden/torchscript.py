#!/usr/bin/env python3
"""Golden graphs of TorchScript: what qcc's passes, called by TorchScript's names, make of the float models in
torchscript/ against what PyTorch's passes made of them.

    torchscript.py --build DIR --out DIR [NAME...]

NAME.ENGINE.txt (gen_torchscript.py says how it is written) holds the graphs of convert_jit with and without
debug.  Operations, their order, operands, scales, zero points, codes and names of packed weights must be
equal, after the differences of spelling and those that the tables below state."""
import argparse
import os
import re
import subprocess
import sys

import pt2e
from pt2e import number

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchscript")

# ATen's and quantized's names -> QIR's; two names: an operation and the relu that is fused into it.
NAMES = {"conv1d": "conv", "conv2d": "conv", "conv1d_relu": "conv relu", "conv2d_relu": "conv relu", "adaptive_avg_pool2d": "reduce_mean",
         "avg_pool2d": "avg_pool", "max_pool2d": "max_pool", "cat": "concat", "flatten": "reshape", "permute": "transpose",
         "linear_relu": "linear relu", "add_relu": "add relu", "hardswish": "hard_swish"}
# A function is called main here, forward there.
PACKED = ("quantized_forward.", "quantized_main.")
# What differs by design: (pattern, how PyTorch's lines stand here).  `same` names what a line is another name for.
DIFFERENCES = {
    # A float operation reads a value before it is quantized for others, as in PT2E; TorchScript observes the value itself.
    "add_float": [(r"neg\(dq 1\)", "neg(x)")],
    # Where the parameters of its operands differ, concat runs on integers behind requantize in both forms.
    "cat": [(r"cat\(dq (\d+), dq (\d+)\)\n(\d+) = quantize\((\d+)\).*", r"cat(\1, \2)\n\3 = same(\4)")],
    # neg has an integer form.
    "neg_stays": [(r"(?s)(fused.*)neg\(dq (\d+)\)\n(\d+) = quantize\((\d+)\)[^\n]*", r"\1neg(\2)\n\3 = same(\4)")],
    # The parameters of layer_norm stay in float.
    "layer_norm": [(r"(dq \d+), w i8 [^,]*, w i8 [^)]*", r"\1, c 8, c 8"), (r"dq c 8, dq c 8", "c 8, c 8")],
}
# Models with an operation that rounds: scales behind it agree to 2 in the last place of fp32.
ROUNDED = {"hardswish", "layer_norm"}

# The steps of quantize_jit.py by their names.
PREPARE = 'simplify,FoldConvBatchNorm,Fusion,annotate-quant{quantizer="QUANTIZER"},InsertObservers'
CONVERT = "apply-calibration{profile=PROFILE},InsertQuantDeQuant,PropagateQuantizationOps"
DYNAMIC = "apply-calibration,InsertQuantDeQuant,ReplicateChooseQParamsQuantDequant"
FUSE = "InsertPrepackUnpack,cse,QuantFusion"
FINALIZE = "Finalize"


# --- PyTorch's listings ---------------------------------------------------------------------------------
def listing(lines):
    """Names as they are here."""
    out, value = [], {"x": "x"}
    for line in lines:
        if line.startswith("return"):
            out.append(("return", [rename(a, value) for a in pt2e.split(line[6:])], ""))
            continue
        key, op, operands, rest = re.match(r"(\w+) = (\w+)\((.*)\)(.*)", line).groups()
        operands = [rename(a, value) for a in pt2e.split(operands)]
        if op == "same":
            value[key] = operands[0]
            continue
        if op == "quantize" and len(rest.split()) == 2:  # by parameters from run time
            rest = f" {value[rest.split()[0]]} {rest.split()[1]}"
        op, _, relu = NAMES.get(op, op).partition(" ")
        out.append((op, operands, rest.strip() + (" relu" if relu else "")))
        value[key] = str(len(out))
    return out


def rename(operand, value):
    head, _, key = operand.rpartition(" ")
    if head in ("", "dq") and key in value:
        return (head + " " + value[key]).strip()
    return operand.replace(*PACKED)


# --- qcc's module ----------------------------------------------------------------------------------------
# Operations whose result has parameters of its own; the others keep their operand's, or have fixed ones.
SCALED = {"conv", "linear", "add", "mul", "concat", "hard_swish", "layer_norm"}


class Module(pt2e.Module):
    """`names`: of the packed weights in order of their users, for the form in which operations are fused."""

    def __init__(self, text, names=None):
        super().__init__(text)
        self.fused, self.names = names is not None, list(names or [])

    def const(self, name):
        """Without the range of codes."""
        return re.sub(r"^(w \w+) -?\d+ -?\d+ ", r"\1 ", super().const(name))

    def lines(self):
        out, value = [], dict(self.inputs)
        for line in self.body:
            m = re.match(r"    (?:(%[\w.]+(?:, %[\w.]+)*) = )?(\w+)\(([^)]*)\)(.*)", line)
            if not m:
                continue
            results, name, operands, rest = m.groups()
            operands = [self.const(a) if a.startswith("@") else value[a] for a in pt2e.split(operands) if a != "none"]
            if name in ("prepack", "requantize"):  # cat does the latter itself
                made = operands[0]
            elif self.fused and name in ("choose_qparams", "quantize_affine"):  # linear_dynamic does both itself
                made = operands[0]
            elif name.startswith("dequantize"):
                made = operands[0] if operands[0].startswith("w ") else "dq " + operands[0]
            else:
                out += self.operation(name, operands, rest, len(out) + 1)
                made = str(len(out))
            value.update(dict.fromkeys(pt2e.split(results or ""), made))
        return out

    def operation(self, name, operands, rest, number):
        """One line, two where a relu is fused."""
        relu = re.search(r"[{ ]min = 0\.0", rest) and name != "clamp"
        if name == "quantize_affine":
            return [("quantize", operands[:1], f"{operands[1]} u8")]
        if name == "choose_qparams":
            return [(name, operands, "u8")]
        if name == "linear_dynamic":
            operands = operands[:1] + operands[3:]
        line = name, [self.packed(a) for a in operands], self.parameters(name, rest)
        if self.fused and name != "linear_dynamic":  # which never takes the relu there
            return [line[:2] + (line[2] + " relu" * bool(relu),)]
        return [line, ("relu", [str(number)], "")] if relu else [line]

    def packed(self, operand):
        return f"{operand} {self.names.pop(0)}" if self.fused and operand.startswith("w ") else operand

    def parameters(self, name, rest):
        alias = re.search(r": tensor<[\dx]*x(!\w+)>", rest)
        if name == "quantize":
            return f"{self.types[alias[1]].parameters()} {self.types[alias[1]].dtype}"
        return self.types[alias[1]].parameters() if self.fused and alias and name in SCALED else ""


class Runner(pt2e.Runner):
    def passes(self, pipeline, source, result):
        self.tool("qir-opt", "-passes=" + pipeline, source, "-o", result)
        with open(result) as f:
            return f.read()

    def listings(self, name, engine, dynamic):
        source, stem = os.path.join(HERE, name), self.path(f"{name}.{engine}.")
        quantizer = engine + ("{dynamic=true}" if dynamic else "")
        self.passes(PREPARE.replace("QUANTIZER", quantizer), source + ".pt2", stem + "observed.qir")
        if not dynamic:
            self.tool("qir-run", "-calibrate=" + source + ".npy", stem + "observed.qir", "-o", stem + "profile")
        convert = DYNAMIC if dynamic else CONVERT.replace("PROFILE", stem + "profile")
        debug = self.passes(convert, stem + "observed.qir", stem + "debug.qir")
        final = self.passes(FINALIZE, stem + "debug.qir", stem + "final.qir")
        fused = self.passes(FUSE, stem + "debug.qir", stem + "fused.qir")
        names = re.findall(r"(?:conv|linear)(?:_dynamic)?\((?:%[\w.]+, )+@([\w.]+)", final)
        return number(Module(debug).lines()), number(Module(fused, names).lines())


def nearest(expected, got):
    """`got` with the numbers of `expected` that it agrees with but for rounding."""
    pairs = list(zip(expected.split(), got.split()))
    if len(expected.split()) != len(got.split()):
        return got
    return " ".join(a if re.fullmatch(r"\d+\.\d+(e-\d+)?", a) and abs(float(a) - float(b)) <= 2.4e-7 * float(a) else b
                    for a, b in pairs)


def compare(runner, name, engine):
    with open(os.path.join(HERE, f"{name}.{engine}.txt")) as f:
        text = f.read()
    for pattern, here in DIFFERENCES.get(name, []):
        text, count = re.subn(pattern, here, text)
        assert count, f"{name}: nothing matches {pattern}"
    text = text.splitlines()
    at, dynamic = text.index("fused"), any("choose_qparams" in line for line in text)
    expected = number(listing(text[1:at])), number(listing(text[at + 1:]))
    try:
        got = runner.listings(name, engine, dynamic)
    except subprocess.CalledProcessError:
        got = [], []
    if name in ROUNDED:
        got = tuple([nearest(a, b) for a, b in zip(*forms)] if len(forms[0]) == len(forms[1]) else forms[1]
                    for forms in zip(expected, got))
    print(name, engine, "equal" if got == expected else "DIFFERS")
    for form in range(2):
        for i in range(max(len(got[form]), len(expected[form])) if got[form] != expected[form] else 0):
            a, b = ((lines[i] if i < len(lines) else "-") for lines in (expected[form], got[form]))
            print("    " + a if a == b else f"  p {a}\n  q {b}")
    return got == expected


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    runner = Runner(args)
    names = args.names or sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".pt2"))
    equal = [compare(runner, name, engine) for name in names for engine in ("fbgemm", "qnnpack")]
    print(f"{equal.count(False)} of {len(equal)} differ")
    return not all(equal)


if __name__ == "__main__":
    sys.exit(main())
