#!/usr/bin/env python3
"""Writes oracle.txt: what PyTorch (2.13 made the one that is checked in) computes for the graphs of
cases.py.

    PATH=build/bin:$PATH test/quant/random/oracle.py > test/quant/random/oracle.txt

A line holds a case's number and kind, and for each of PyTorch's two answers, the QNNPACK kernels and
quantize/dequantize around float ops, the CRC-32 of the result's bytes.  Behind it stands where qcc's
evaluator gives other codes, as INDEX:DIFFERENCE: the CRC says that these are all."""
import tempfile
import warnings
import zlib

import torch
import torch.nn.functional as F

import cases
import engines

warnings.filterwarnings("ignore")
torch.backends.quantized.engine = "qnnpack"
torch.backends.mkldnn.enabled = False
torch.set_num_threads(1)
Q = torch.ops.quantized


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
def kernel_accumulate(node, x, q):
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
def real_accumulate(node, x):
    n, w, b = spatial(node.inputs[0]), quantized_weight(node.weight).dequantize(), rounded_bias(node)
    a = node.attrs
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


KERNELS = {"conv": kernel_accumulate, "conv_transpose": kernel_accumulate,
           "linear": kernel_accumulate, "add": kernel_binary, "mul": kernel_binary,
           "concat": kernel_cat, "reduce_mean": mean, "avg_pool": avg_pool, "max_pool": max_pool}
REALS = dict(KERNELS, conv=real_accumulate, conv_transpose=real_accumulate, linear=real_accumulate,
             add=real_binary, mul=real_binary, concat=real_cat)


def answers(case):
    """Codes of the result by the kernels, and by float ops between quantize and dequantize."""
    codes, reals = {}, {}
    for v in case.inputs:
        raw = torch.tensor(list(v.codes), dtype=torch.uint8).reshape(v.dims)
        codes[v.name] = torch._make_per_tensor_quantized_tensor(raw, v.scale, v.zero_point)
        reals[v.name] = codes[v.name]
    for n in case.nodes:
        names = [v.name for v in n.inputs]
        operands = [codes[k] for k in names]
        y = kernel_accumulate(n, operands[0], Q) if n.weight else KERNELS[n.op](n, *operands)
        assert (y.q_scale(), y.q_zero_point()) == (n.output.scale, n.output.zero_point), case.number
        assert list(y.shape) == n.output.dims, (case.number, n.op, y.shape, n.output.dims)
        codes[n.output.name] = y
        z = REALS[n.op](n, *[reals[k].dequantize() for k in names])
        reals[n.output.name] = torch.quantize_per_tensor(z, n.output.scale, n.output.zero_point,
                                                         torch.quint8)
    return [bytes(t[case.result.name].int_repr().contiguous().flatten().tolist())
            for t in (codes, reals)]


def answer(case, theirs, mine):
    """CRC and differences; `theirs` counts from 0, `mine` is as stored."""
    text = f"{zlib.crc32(engines.stored(case, theirs)):08x}"
    for i, (a, b) in enumerate(zip(theirs, engines.stored(case, mine))):
        text += f" {i}:{a - b:+d}" if a != b else ""
    return text


def main():
    everything = [cases.Case(n) for n in range(cases.COUNT)]
    with tempfile.TemporaryDirectory() as work:
        evaluated = engines.Engines(work).evaluate(everything)
    for c in everything:
        print(c.number, c.kind, " | ".join(answer(c, a, evaluated[c.number]) for a in answers(c)))


if __name__ == "__main__":
    main()
