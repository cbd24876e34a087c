"""Products of integers whose parameters come from run time."""
from builder import Builder
from values import CHANNELS, MAX_ELEMENTS, MAX_PRODUCTS, Quant, Value, product


class Dynamic(Builder):
    def measured(self, x, block):
        """x quantized with parameters from run time: integers, scales, zero points."""
        storage = self.pick(["i8", "i8", "u8"])
        low = -128 if storage == "i8" else 0
        stored = [f"block = {block}", f'dtype = "{storage}"', f"qmin = {low}", f"qmax = {low + 255}"]
        params = [-(-d // b) for d, b in zip(x.dims, block)]
        n = len(self.lines)
        s, z = Value(f"%s{n}", params, "f32"), Value(f"%z{n}", params, "i32")
        symmetric = ["symmetric = true"] * self.chance(0.3)
        self.lines.append(f"    {s.name}, {z.name} = choose_qparams({x.name})"
                          f" {{{', '.join(stored + symmetric)}}} : ({s.type}, {z.type})")
        return [self.hidden("quantize_affine", [x, s, z], stored, x.dims, storage), s, z]

    def low_bit_weight(self, dims, grouped):
        storage = self.pick(["i8", "i8", "u8", "i4", "i4", "u4", "i2", "u2"])
        probe = Quant(storage, [1.0], [0])
        middle = 0 if storage[0] == "i" else (probe.high + 1) // 2
        group = self.pick([g for g in range(1, dims[1] + 1) if dims[1] % g == 0]) if grouped else None
        n = dims[0] * (dims[1] // group if group else 1)
        axis = 1 if group else self.pick([None, 0, 0])
        n = 1 if axis is None else n
        points = [self.rng.randint(probe.low, probe.high) if self.chance(0.5) else middle
                  for _ in range(n)] if self.chance(0.4) else [middle] * n
        return self.quant_const(dims, Quant(storage, [self.scale(0.01) for _ in range(n)], points, axis,
                                            group=group))

    def finish(self, op, operands, attrs, dims, channels):
        bias = [self.real_const([channels])] * self.chance(0.7)
        return self.result(op, operands + bias, attrs + self.bounds(), dims, "f32")

    def linear_dynamic(self):
        x = self.operand()
        out = self.pick(CHANNELS + [65, 100])
        if x.elem != "f32" or product(x.dims[:-1]) * out > MAX_ELEMENTS:
            return None
        rows = self.chance(0.6)
        q = self.measured(x, [1] * (len(x.dims) - 1) + x.dims[-1:] if rows else x.dims)
        w = self.low_bit_weight([out, x.dims[-1]], self.chance(0.5))
        return self.finish("linear_dynamic", q + [w], [], x.dims[:-1] + [out], out)

    def conv_dynamic(self):
        x = self.operand([3, 4, 5])
        if x.elem != "f32":
            return None
        n, c, kernel = len(x.dims) - 2, x.dims[1], self.pick([1, 3])
        groups = self.pick([1, 1] + [g for g in (2, 3, c) if c % g == 0])
        out, stride, pad = groups * self.pick([1, 3, 8, 9]), self.pick([1, 1, 2]), self.pick([0, 1])
        dims = [x.dims[0], out] + [(d + 2 * pad - kernel) // stride + 1 for d in x.dims[2:]]
        depth = c // groups * kernel ** n
        if min(dims) < 1 or product(dims) > MAX_ELEMENTS or product(dims) * depth > MAX_PRODUCTS:
            return None
        q = self.measured(x, [1] + x.dims[1:] if self.chance(0.5) else x.dims)
        w = self.low_bit_weight([out, c // groups] + [kernel] * n, False)
        attrs = [f"strides = [{stride}]", f"pads = [{pad}]", f"groups = {groups}"]
        return self.finish("conv_dynamic", q + [w], attrs, dims, out)
