"""Random products of values that are quantized at run time: linear and conv behind choose_qparams,
quantize_affine and dequantize_affine, with one pair of u8 parameters for a tensor, as PyTorch's dynamic
ops have it.  A case returns the real result and the scale, from which the integer sums follow."""
import struct

from cases import FLOAT, Bits, Case, f32, product, tensor

COUNT = 200


class DynamicCase(Case):
    signed = False

    def __init__(self, number):
        self.number, self.bits = number, Bits(f"qcc random dynamic graph {number}")
        self.full, self.per_channel = number % 2 == 1, number // 2 % 2 == 1
        self.inputs, self.nodes = [], []
        self.kind = "conv_dynamic" if number % 3 == 2 else "linear_dynamic"
        self.result = self.linear(self.features()) if number % 3 != 2 else \
            self.conv(self.image(self.bits.pick([1, 2])))
        self.node = self.nodes[0]

    def argument(self, dims):
        """Reals that fill the range of some parameters, between their steps."""
        v = super().argument(dims)
        fractions = self.bits.codes(product(dims), True)
        v.reals = [f32((c - v.zero_point + f / 256) * v.scale) for c, f in zip(v.codes, fractions)]
        return v

    def free(self, op, inputs, dims, scale, attrs=(), **rest):
        """No ReLU: it would hide sums."""
        return self.node_of(op, inputs, dims, scale, 0, attrs, **rest)

    node_of = Case.node

    def arguments(self):
        x = self.inputs[0]
        yield x.name, "<f4", x.dims, struct.pack(f"<{len(x.reals)}f", *x.reals)

    def outputs(self):
        return [(f"y{self.number}", 4 * product(self.result.dims)), (f"s{self.number}", 4)]

    def print_to(self, p):
        n, x, y = self.number, self.inputs[0], self.result
        one, block = [1] * len(x.dims), {"block": x.dims}
        stored = dict(block, dtype='"u8"', qmin=0, qmax=255)
        p.args.append(f'%{x.name}: {tensor(x.dims, FLOAT)} {{name = "{x.name}"}}')
        p.line(f"s{n}, %z{n}", "choose_qparams", [f"%{x.name}"],
               f"({tensor(one, FLOAT)}, {tensor(one, 'i32')})", stored)
        p.line(f"q{n}", "quantize_affine", [f"%{x.name}", f"%s{n}", f"%z{n}"], tensor(x.dims, "u8"), stored)
        p.line(f"d{n}", "dequantize_affine", [f"%q{n}", f"%s{n}", f"%z{n}"], tensor(x.dims, FLOAT), block)
        real = p.line(y.name, self.node.op, [f"%d{n}"] + p.parameters(self.node), tensor(y.dims, FLOAT),
                      self.node.attrs)
        p.results.append((real, f'{tensor(y.dims, FLOAT)} {{name = "y{n}"}}'))
        p.results.append((f"%s{n}", f'{tensor(one, FLOAT)} {{name = "s{n}"}}'))

    # ---- integers behind the results ------------------------------------------------------------
    def sums(self, reals, scale):
        """The integers whose products with both scales, bias added, are the reals (f32)."""
        w, bias, out = self.node.weight, self.node.bias, []
        inner = product(self.result.dims[2:]) if self.node.op == "conv" else 1
        for i, y in enumerate(reals):
            c = i // inner % w.channels
            step = scale * w.scales[c if len(w.scales) > 1 else 0]
            out.append(round((y - (bias[c] if bias else 0)) / step))
        return out

    def integers(self, blob):
        reals = struct.unpack(f"<{len(blob) // 4}f", blob)
        return self.sums(reals[:-1], reals[-1])


def dynamic_cases(first):
    return [DynamicCase(first + i) for i in range(COUNT)]
