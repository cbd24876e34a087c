#!/usr/bin/env python3
"""Golden graphs: what qcc makes of the float models in pt2e/ against what PyTorch made of them.

    pt2e.py --build DIR --out DIR [NAME...]

NAME.txt (gen_pt2e.py says how it is written) holds the operations, parameters and weight codes of
prepare_pt2e, calibration and convert_pt2e.  Here the same samples go through qcc's passes, and the result
is listed the same way.  Everything must be equal, down to the bits of the scales, after the
differences of spelling in NAMES and in the functions that read the two texts."""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pt2e")

# ATen's name -> QIR's.
NAMES = {"conv1d": "conv", "conv2d": "conv", "conv_transpose1d": "conv_transpose", "conv_transpose2d": "conv_transpose",
         "adaptive_avg_pool2d": "reduce_mean", "mean": "reduce_mean", "sum": "reduce_sum", "avg_pool2d": "avg_pool",
         "max_pool2d": "max_pool", "hardtanh": "clamp", "hardtanh_": "clamp", "cat": "concat", "permute": "transpose",
         "relu_": "relu", "view": "reshape", "flatten": "reshape", "squeeze": "reshape", "unsqueeze": "reshape", "dropout": "reshape"}

# What the quantizers are told, where it is not xnnpack for all: a quantizer, or the rules of a .qcfg file.
# Rules for modules say that they are; PyTorch's leave convolutions and fused relus out.
PC, PT, DYNAMIC = "xnnpack", "xnnpack{per-channel=false}", "xnnpack{dynamic=true}"
PC_MODULE, PT_MODULE = "xnnpack{module-rule=true}", "xnnpack{module-rule=true per-channel=false}"
CONFIGURATIONS = {
    **dict.fromkeys(["linear_per_tensor", "mlp_dropout", "conv2d_per_tensor", "conv_transpose_per_tensor", "mul_relu"], PT),
    **dict.fromkeys(["linear_dynamic", "linear_dynamic_shared_input", "conv_dynamic", "conv1d_dynamic"], DYNAMIC),
    "linear_dynamic_per_tensor": "xnnpack{dynamic=true per-channel=false}",
    "linear_dynamic_filter": [{"name": "second", "use": "float"}, {"use": DYNAMIC}],
    "module_name": [{"module": "second", "use": PC_MODULE}],
    "module_name_conv": [{"module": "a", "use": PC_MODULE}, {"module": "block", "use": PT_MODULE}],
    "module_name_relu": [{"module": "first", "use": PC_MODULE}, {"module": "head", "use": PC_MODULE}],
    "module_type": [{"module_type": "Head", "use": PC_MODULE}],
    "module_type_conv": [{"module_type": "Conv2d", "use": PC_MODULE}],
    "global_and_name": [{"use": PT}, {"module": "second", "use": PC_MODULE}],
    "name_over_type": [{"use": PC}, {"module_type": "Head", "use": PT_MODULE}, {"module": "head.fc", "use": PC_MODULE}],
    "static_and_dynamic": [{"use": PC}, {"module": "second", "use": DYNAMIC}],
    "two_specs": [{"module": "a", "use": DYNAMIC}, {"module": "b", "use": PC_MODULE}],
    "two_ranges": [{"module": "b", "use": PT_MODULE}, {"module": "a", "use": PT_MODULE, "specs": {
        "act": "i8<-64:63> affine observer=histogram eps=0x1p-12"}}],
    "operator_type": [{"op": "conv", "use": PC}],
    "operator_type_and_global": [{"op": "add", "use": PC}, {"use": PT}],
}


# --- PyTorch's listing ----------------------------------------------------------------------------------
def split(text):
    return [a.strip() for a in text.split(",")] if text.strip() else []


def golden(path):
    """The lines with QIR's names; numbers of operations left out are replaced by what they stand for."""
    lines, value, number = [], {}, 0
    for line in read(path).splitlines():
        if line.startswith("return"):
            operands = split(line[6:])
            lines.append(("return", [rename(a, value) for a in operands], ""))
            continue
        key, name, operands, rest = re.match(r"(\d+) = (\w+)\((.*)\)(.*)", line).groups()
        operands = [rename(a, value) for a in split(operands)]
        if name == "chunk":
            value[key] = operands[0]
            continue
        if name == "quantize" and len(rest.split()) == 4:  # by parameters from run time
            rest = f" {value[rest.split()[0]]} " + " ".join(rest.split()[1:])
        if name == "getitem":
            name, rest = "slice", ""
        number += 1
        value[key] = str(number)
        lines.append((NAMES.get(name, name), operands, rest.strip()))
    return lines


def rename(operand, value):
    head, _, key = operand.rpartition(" ")
    if head not in ("", "dq") or not key.isdigit():
        return operand
    return value[key] if not head else "dq " + value[key].removeprefix("dq ")


# --- qcc's module -----------------------------------------------------------------------------------------
def floats(text):
    """A scale, {list} or dense of them, as fp32 bytes."""
    packed = re.search(r'"0x([0-9a-f]*)"', text)
    if packed:
        return bytes.fromhex(packed[1])
    return b"".join(struct.pack("<f", float(v)) for v in re.findall(r"[-+.\w]+", text))


def shortest(data):
    """fp32 bytes as the shortest decimal."""
    value = struct.unpack("<f", data)[0]
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == data:
            return repr(float(text))
    raise ValueError(text)


def same_number(text):
    """A decimal of either side in one spelling."""
    return shortest(struct.pack("<f", float(text)))


class Type:
    """!q = quant<i8<-127:127>:f32, axis = 0, {...}>"""

    def __init__(self, text):
        m = re.match(r"quant<(\w+)(?:<(-?\d+):(-?\d+)>)?:f32, (.*)>$", text)
        self.dtype, low, high, rest = m.groups()
        bits, signed = int(self.dtype[1:]), self.dtype[0] == "i"
        self.low = low or str(-(1 << bits - 1) if signed else 0)
        self.high = high or str((1 << bits - (1 if signed else 0)) - 1)
        self.axis, self.zero = None, "0"
        if rest.startswith("axis"):
            self.axis, rest = re.match(r"axis = (\d+), (.*)", rest).groups()
            self.scales = floats(rest)
        else:
            scale, _, zero = rest.partition(":")
            self.scales, self.zero = floats(scale), zero or "0"

    def parameters(self):
        return f"{shortest(self.scales)} {self.zero}"


class Module:
    def __init__(self, text):
        self.types = dict(re.findall(r"^(!\w+) = (quant<.*>)$", text, re.M))
        self.types = {k: Type(v) for k, v in self.types.items()}
        self.consts = {m[1]: m for m in re.finditer(r"^  const (@\S+) : tensor<(\S+)> = (.*)$", text, re.M)}
        self.body = text[text.index("  func @main("):].splitlines()[1:]
        inputs = re.findall(r"(%[\w.]+): tensor", text[text.index("  func @main("):].split("->")[0])
        self.inputs = {name: "x" for name in inputs}

    def const(self, name):
        """As an operand."""
        dims, data = self.consts[name][2], self.consts[name][3]
        alias = re.search(r"!\w+", dims)
        shape = re.sub(r"x?[!\w]+$", "", dims) if alias else re.sub(r"x?[a-z]+\d+$", "", dims)
        if not alias:
            return "c " + (shape or "scalar")
        t, size = self.types[alias[0]], 1
        for d in filter(None, shape.split("x")):
            size *= int(d)
        per_channel = t.axis is not None and len(t.scales) > 4
        where = f"axis={t.axis} {zlib.crc32(t.scales):08x}" if per_channel else t.parameters()
        return f"w {t.dtype} {t.low} {t.high} {where} {zlib.crc32(codes(data, size)):08x}"

    def lines(self):
        out, value = [], dict(self.inputs)

        def operand(name):
            return self.const(name) if name.startswith("@") else value[name]

        def emit(result, name, operands, rest=""):
            out.append((name, operands, rest))
            value[result] = str(len(out))

        for line in self.body:
            m = re.match(r"    (?:(%[\w.]+(?:, %[\w.]+)*) = )?(\w+)\(([^)]*)\)(.*)", line)
            if not m:
                continue
            results, name, operands, rest = m.groups()
            operands = [operand(a) for a in split(operands) if a != "none" and (a in value or a[0] == "@")]
            if name == "return":
                out.append((name, operands, ""))
            elif name == "dequantize":
                value[results] = operands[0] if operands[0].startswith("w ") else "dq " + operands[0]
            elif name == "choose_qparams":
                emit(results.split(", ")[0], name, operands, measured(rest))
            elif name == "quantize_affine":
                emit(results, "quantize", operands[:1], f"{operands[1]} {limits(rest)}")
            elif name == "dequantize_affine":
                value[results] = "dq " + operands[0]
            elif name == "quantize":
                t = self.types[re.search(r"(!\w+)", rest)[1]]
                emit(results, name, operands, f"{t.parameters()} {t.low} {t.high} {t.dtype}")
            else:
                emit(results, name, operands)
                if re.search(r"[{ ]min = 0\.0", rest) and "max =" not in rest and name != "clamp":
                    emit(results, "relu", [value[results]])
        return out


def limits(attributes):
    """Range and type of parameters from run time."""
    found = [re.search(rf"{name} = (-?\d+)", attributes) for name in ("qmin", "qmax")]
    low, high = (m[1] if m else default for m, default in zip(found, ("-128", "127"), strict=True))
    dtype = re.search(r'dtype = "(\w+)"', attributes)
    return f"{low} {high} {dtype[1] if dtype else 'i8'}"


def measured(attributes):
    return f"{limits(attributes)} eps={re.search(r'eps = ([^,}]*)', attributes)[1]}"


def codes(data, size):
    packed = re.search(r'"0x([0-9a-f]*)"', data)
    if packed:
        return bytes.fromhex(packed[1])
    values = re.search(r"dense<(.*?)>", data)[1]
    numbers = [int(v) & 255 for v in re.findall(r"-?\d+", values)]
    return bytes(numbers * size if "[" not in values else numbers)


# --- comparing --------------------------------------------------------------------------------------------
def spelled(line):
    name, operands, rest = line
    words = [same_number(w) if re.fullmatch(r"[-\d]*\.?\d+(e-?\d+)?", w) and "." in w + "." and not w.lstrip("-").isdigit()
             else w for w in rest.split()]
    operands = [" ".join(same_number(w) if re.match(r"\d+\.", w) else w for w in a.split()) for a in operands]
    return f"{name}({', '.join(operands)}) {' '.join(words)}".strip()


def number(lines):
    return [f"{i + 1} = {spelled(line)}" for i, line in enumerate(lines)]


def read(path):
    with open(path) as f:
        return f.read()


class Runner:
    def __init__(self, args):
        self.bin, self.out = os.path.join(args.build, "bin"), args.out

    def tool(self, name, *args):
        subprocess.run([os.path.join(self.bin, name), *args], check=True)

    def path(self, name):
        return os.path.join(self.out, name)

    def configuration(self, name):
        """Options of annotate-quant."""
        given = CONFIGURATIONS.get(name, PC)
        if isinstance(given, str):
            return f'quantizer="{given}"'
        path = self.path(name + ".qcfg")
        with open(path, "w") as f:
            json.dump({"rules": given}, f)
        return f'quantizer="" config="{path}"'

    def convert(self, name):
        source = os.path.join(HERE, name)
        observed, profile, converted = (self.path(name + e) for e in (".observed.qir", ".profile", ".qir"))
        self.tool("qir-opt", f"-passes=as-exported,annotate-quant{{{self.configuration(name)}}},insert-observers",
                  source + ".pt2", "-o", observed)
        if "= observe(" in read(observed):
            self.tool("qir-run", "-calibrate=" + source + ".npy", observed, "-o", profile)
            self.tool("qir-opt", f"-passes=apply-calibration{{profile={profile}}},insert-qdq", observed, "-o", converted)
        return read(converted if os.path.exists(converted) else observed)


def main(make_runner=Runner, folder=HERE, nearest=lambda expected, got: got):
    """`nearest`: a line of ours with what agrees with the golden one but for rounding taken from there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    runner, wrong = make_runner(args), []
    for name in args.names or sorted(f[:-4] for f in os.listdir(folder) if f.endswith(".txt")):
        expected = number(golden(os.path.join(folder, name + ".txt")))
        try:
            got = number(Module(runner.convert(name)).lines())
        except subprocess.CalledProcessError:
            got = []
        if len(got) == len(expected):
            got = [nearest(a, b) for a, b in zip(expected, got, strict=True)]
        print(name, "equal" if got == expected else "DIFFERS")
        if got == expected:
            continue
        wrong.append(name)
        for i in range(max(len(got), len(expected))):
            a, b = ((lines[i] if i < len(lines) else "-") for lines in (expected, got))
            print("    " + a if a == b else f"  p {a}\n  q {b}")
    print(f"{len(wrong)} differ")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
