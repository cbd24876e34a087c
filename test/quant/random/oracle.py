#!/usr/bin/env python3
"""Writes oracle.txt: what PyTorch (2.13 made the one that is checked in) computes for the graphs of
cases.py and dynamic.py.

    PATH=build/bin:$PATH test/quant/random/oracle.py > test/quant/random/oracle.txt

A line holds a case's number and kind, and for each of PyTorch's two answers, the QNNPACK kernels and
quantize/dequantize around float ops, the CRC-32 of the result's codes as i32 (of dynamic graphs: of the
integer sums behind it).  Behind it stands where qcc's evaluator gives others, as INDEX:DIFFERENCE: the
CRC says that these are all."""
import tempfile
import warnings

import torch
import torch.ao.quantization.fx._decomposed  # registers quantized_decomposed
import torch.nn.functional as F

import compare
import dynamic
import engines

warnings.filterwarnings("ignore")
torch.backends.quantized.engine = "qnnpack"
torch.backends.mkldnn.enabled = False
torch.set_num_threads(1)
Q, D = torch.ops.quantized, torch.ops.quantized_decomposed


def spatial(x):
    return len(x.dims) - 2


def symmetric_pads(node):
    return node.attrs["pads"][:spatial(node.inputs[0])]


# ---- parameters ---------------------------------------------------------------------------------
def quantized_weight(w):
    codes = torch.tensor(w.codes, dtype=torch.int8).reshape(w.dims)
    scales = torch.tensor(w.scales, dtype=torch.float64)
    if len(w.scales) == 1:
        return torch._make_per_tensor_quantized_tensor(codes, w.scales[0], 0)
    zeros = torch.zeros(len(w.scales), dtype=torch.int64)
    return torch._make_per_channel_quantized_tensor(codes, scales, zeros, w.axis)


def bias_of(node):
    return None if node.bias is None else torch.tensor(node.bias, dtype=torch.float32)


def rounded_bias(node):
    """As PT2E has it: i32 with scale input times weight, dequantized."""
    if node.bias is None:
        return None
    scale = torch.tensor(node.inputs[0].scale, dtype=torch.float32) * \
        torch.tensor(node.weight.scales, dtype=torch.float32)
    return torch.round(bias_of(node) * (1.0 / scale)) * scale


# ---- the integer kernels --------------------------------------------------------------------------
def kernel_accumulate(node, x):
    n, relu = spatial(node.inputs[0]), "_relu" if node.relu else ""
    w, b = quantized_weight(node.weight), bias_of(node)
    scale = (node.output.scale, node.output.zero_point)
    if node.op == "linear":
        return getattr(Q, "linear" + relu)(x, Q.linear_prepack(w, b), *scale)
    a, ones = node.attrs, [1] * n
    if node.op == "conv":
        packed = getattr(Q, f"conv{n}d_prepack")(w, b, a["strides"], symmetric_pads(node),
                                                 a["dilations"], a["groups"])
        return getattr(Q, f"conv{n}d{relu}")(x, packed, *scale)
    packed = getattr(Q, f"conv_transpose{n}d_prepack")(w, b, a["strides"], symmetric_pads(node),
                                                       [0] * n, ones, 1)
    y = getattr(Q, f"conv_transpose{n}d")(x, packed, *scale)
    return torch.relu(y) if node.relu else y


def kernel_binary(node, *operands):
    op = getattr(Q, node.op + ("_relu" if node.relu else ""))
    return op(*operands, node.output.scale, node.output.zero_point)


def kernel_cat(node, *operands):
    return Q.cat(list(operands), node.attrs["axis"], node.output.scale, node.output.zero_point)


# ---- the float ops ----------------------------------------------------------------------------------
def real_accumulate(node, x, b):
    n, w, a = spatial(node.inputs[0]), quantized_weight(node.weight).dequantize(), node.attrs
    if node.op == "linear":
        y = F.linear(x, w, b)
    elif node.op == "conv":
        y = getattr(F, f"conv{n}d")(x, w, b, a["strides"], symmetric_pads(node), a["dilations"],
                                    a["groups"])
    else:
        y = getattr(F, f"conv_transpose{n}d")(x, w, b, a["strides"], symmetric_pads(node))
    return F.relu(y) if node.relu else y


def real_binary(node, *operands):
    y = getattr(torch, node.op)(*operands)
    return F.relu(y) if node.relu else y


def real_cat(node, *operands):
    return torch.cat(operands, node.attrs["axis"])


# ---- ops that are the same for codes and for reals --------------------------------------------------
def mean(node, x, *_):
    return x.mean(node.attrs["axes"], keepdim=node.attrs["keepdims"])


def avg_pool(node, x, *_):
    n, a = spatial(node.inputs[0]), node.attrs
    if "adaptive" in a:
        return getattr(F, f"adaptive_avg_pool{n}d")(x, node.output.dims[2:])
    return getattr(F, f"avg_pool{n}d")(x, a["kernel"], a["strides"], symmetric_pads(node))


def max_pool(node, x, *_):
    a = node.attrs
    return getattr(F, f"max_pool{spatial(node.inputs[0])}d")(
        x, a["kernel"], a["strides"], symmetric_pads(node), a["dilations"])


KERNELS = {"add": kernel_binary, "mul": kernel_binary, "concat": kernel_cat, "reduce_mean": mean,
           "avg_pool": avg_pool, "max_pool": max_pool}
REALS = dict(KERNELS, add=real_binary, mul=real_binary, concat=real_cat)


def dynamic_answers(case):
    """Integer sums behind the results of QNNPACK's linear, and of PT2E's reference form."""
    n, v = case.node, case.inputs[0]
    x, kernel = torch.tensor(v.reals, dtype=torch.float32).reshape(v.dims), None
    if n.op == "linear":
        w = Q.linear_prepack(quantized_weight(n.weight), bias_of(n))
        y = Q.linear_dynamic(x, w, False).flatten().tolist()
        kernel = case.sums(y, torch.quantize_per_tensor_dynamic(x, torch.quint8, False).q_scale())
    scale, zero_point = D.choose_qparams.tensor(x, 0, 255, torch.finfo(torch.float32).eps, torch.uint8)
    q = D.quantize_per_tensor.tensor(x, scale, zero_point, 0, 255, torch.uint8)
    real = D.dequantize_per_tensor.tensor(q, scale, zero_point, 0, 255, torch.uint8)
    y = real_accumulate(n, real, bias_of(n)).flatten().tolist()
    return [kernel, case.sums(y, float(scale))]


def answers(case):
    """Codes of the result by the kernels, and by float ops between quantize and dequantize."""
    if isinstance(case, dynamic.DynamicCase):
        return dynamic_answers(case)
    codes, reals = {}, {}
    for v in case.inputs:
        raw = torch.tensor(list(v.codes), dtype=torch.uint8).reshape(v.dims)
        codes[v.name] = torch._make_per_tensor_quantized_tensor(raw, v.scale, v.zero_point)
        reals[v.name] = codes[v.name]
    for n in case.nodes:
        names = [v.name for v in n.inputs]
        operands = [codes[k] for k in names]
        y = kernel_accumulate(n, *operands) if n.weight else KERNELS[n.op](n, *operands)
        assert (y.q_scale(), y.q_zero_point()) == (n.output.scale, n.output.zero_point), case.number
        assert list(y.shape) == n.output.dims, (case.number, n.op, y.shape, n.output.dims)
        codes[n.output.name] = y
        operands = [reals[k].dequantize() for k in names]
        z = real_accumulate(n, *operands, rounded_bias(n)) if n.weight else REALS[n.op](n, *operands)
        reals[n.output.name] = torch.quantize_per_tensor(z, n.output.scale, n.output.zero_point,
                                                         torch.quint8)
    return [t[case.result.name].int_repr().flatten().tolist() for t in (codes, reals)]


def answer(theirs, mine):
    """CRC and differences."""
    if theirs is None:
        return "-"
    text = f"{compare.checksum(theirs):08x}"
    for i, (a, b) in enumerate(zip(theirs, mine)):
        text += f" {i}:{a - b:+d}" if a != b else ""
    return text


def main():
    everything = compare.every_case()
    with tempfile.TemporaryDirectory() as work:
        evaluated = engines.Engines(work).evaluate(everything)
    for c in everything:
        mine = c.integers(evaluated[c.number])
        print(c.number, c.kind, " | ".join(answer(a, mine) for a in answers(c)))


if __name__ == "__main__":
    main()
