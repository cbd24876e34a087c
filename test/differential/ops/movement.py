"""Ops that move elements: views, pieces, indices, sizes."""
from builder import Builder
from values import CHANNELS, MAX_ELEMENTS, f32, product


class Movement(Builder):
    def reshape(self):
        x = self.operand(ints=True)
        dims = list(x.dims)
        mode = self.rng.randrange(4)
        if mode == 0:
            dims = [dims[0], product(dims[1:])]
        elif mode == 1 and len(dims) > 2:
            i = self.rng.randrange(len(dims) - 1)
            dims = dims[:i] + [dims[i] * dims[i + 1]] + dims[i + 2:]
        elif len(dims) < 5:
            i = self.rng.randrange(len(dims) + 1)
            dims = dims[:i] + [1] + dims[i:]
        return self.emit("reshape", [x], [f"shape = {dims}"], dims, x.elem)

    def transpose(self):
        x = self.operand(ints=True)
        perm = list(range(len(x.dims)))
        self.rng.shuffle(perm)
        if len(perm) == 4 and self.chance(0.4):
            perm = self.pick([[0, 2, 3, 1], [0, 3, 1, 2]])
        self.perm = perm
        return self.emit("transpose", [x], [f"perm = {perm}"], [x.dims[p] for p in perm], x.elem)

    def framed(self):
        """An op between a transposition and its inverse, as models of another layout have them."""
        self.only = self.transpose()
        self.pick([self.concat, self.slice, self.pad, self.resized, self.unary, self.reduce] + [self.softmax] * 3)()
        y, self.only = self.values[-1], None
        if len(y.dims) != len(self.perm):
            return None
        back = sorted(range(len(y.dims)), key=lambda i: self.perm[i])
        return self.result("transpose", [y], [f"perm = {back}"], [y.dims[p] for p in back], y.elem)

    def concat(self):
        x = self.operand(ints=True)
        axis = self.rng.randrange(len(x.dims))
        xs = [x]
        for _ in range(self.pick([0, 1, 1, 2])):
            same = [v for v in self.values if len(v.dims) == len(x.dims) and v.elem is x.elem and
                    v.dims[:axis] + v.dims[axis + 1:] == x.dims[:axis] + x.dims[axis + 1:]]
            if self.chance(0.5) or x.elem == "i32":
                xs.append(self.pick(same))
                continue
            dims = list(x.dims)
            dims[axis] = self.pick([1, 2, 3, 5])
            xs.append(self.quant_const(dims, x.elem) if x.quantized else self.real_const(dims))
        self.rng.shuffle(xs)
        dims = list(x.dims)
        dims[axis] = sum(v.dims[axis] for v in xs)
        if product(dims) > MAX_ELEMENTS:
            return None
        return self.result("concat", xs, [f"axis = {axis}"], dims, x.elem)

    def slice(self):
        x = self.operand(ints=True)
        starts, ends, steps, dims = [], [], [], []
        for d in x.dims:
            step = self.pick([1, 1, 1, 2, 3, -1, -2])
            if self.chance(0.4):
                step, low, high = self.pick([1, -1]), 0, d
            else:
                low = self.rng.randrange(d)
                high = self.rng.randint(low + 1, d)
            if self.chance(0.01):
                step, high = 1, low
            starts.append(low if step > 0 else high - 1)
            ends.append(high if step > 0 else low - 1)
            steps.append(step)
            dims.append(-(-(high - low) // abs(step)))
        attrs = [f"starts = {starts}", f"ends = {ends}", f"steps = {steps}"]
        return self.result("slice", [x], attrs, dims, x.elem)

    def pad(self):
        x = self.operand(ints=True)
        mode = self.pick(["constant", "constant", "reflect", "edge"])
        most = [min(3, d - 1) if mode == "reflect" else 3 for d in x.dims]
        pads = [self.rng.randint(0, m) if self.chance(0.4) else 0 for m in most + most]
        n = len(x.dims)
        dims = [d + pads[i] + pads[n + i] for i, d in enumerate(x.dims)]
        if product(dims) > MAX_ELEMENTS:
            return None
        attrs = [f"pads = {pads}"]
        if mode != "constant":
            attrs.append(f'mode = "{mode}"')
        elif self.chance(0.5):
            attrs.append("value = " + self.pick(["0.5", "-1.0", "1000.0", "-1000.0"]))
        return self.result("pad", [x], attrs, dims, x.elem)

    def indices(self, shape, size):
        values = [self.rng.randrange(-size, size) for _ in range(product(shape))]
        return self.const(shape, self.pick(["i32", "i64"]), f"dense<{values}>")

    def table(self):
        """Rows of a quantized table."""
        dims, shape = [self.pick([1, 3, 9]), self.pick(CHANNELS)], self.pick([[], [1], [5], [2, 3]])
        rows = self.emit("gather", [self.codes(dims), self.indices(shape, dims[0])], ["axis = 0"],
                         shape + [dims[1]], "f32")
        return self.pair(rows)

    def indexed(self):
        if self.kind != "integer" and self.chance(0.2):
            return self.table()
        x = self.operand()
        axis = self.rng.randrange(len(x.dims))
        attrs, mode = [f"axis = {axis}"], self.rng.randrange(4)
        how = self.pick(["none", "max", "min"] + ["add", "mul"] * (not x.quantized))
        update = attrs * (mode == 2) + [f'reduction = "{how}"'] * (how != "none")
        if mode == 0:
            shape = self.pick([[], [1], [5], [2, 3]])
            dims = x.dims[:axis] + shape + x.dims[axis + 1:]
            at = self.indices(shape, x.dims[axis])
            good = product(dims) <= MAX_ELEMENTS and len(dims) < 6
            return self.result("gather", [x, at], attrs, dims, x.elem) if good else None
        if mode in (1, 2):
            dims = [self.pick([1, 3, 7]) if i == axis else self.pick([1, d]) for i, d in enumerate(x.dims)]
            at = self.indices(dims, x.dims[axis])
            if product(dims) > MAX_ELEMENTS:
                return None
            if mode == 1:
                return self.result("gather_elements", [x, at], attrs, dims, x.elem)
            return self.result("scatter_elements", [x, at, self.more_of(x, dims)], update, x.dims, x.elem)
        at = self.indices([4, 1], x.dims[0])
        if self.chance(0.5):
            return self.result("gather_nd", [x, at], [], [4] + x.dims[1:], x.elem)
        return self.result("scatter_nd", [x, at, self.more_of(x, [4] + x.dims[1:])], update, x.dims,
                           x.elem)

    def resized(self):
        x = self.byte(self.operand([2, 3, 4]))
        dims = x.dims[:-2] + [self.pick([1, 2, 5, 8, 12, d]) for d in x.dims[-2:]]
        if product(dims) > MAX_ELEMENTS:
            return None
        scales = [f32(b / a) for a, b in zip(x.dims, dims)]
        coordinates = self.pick(["half_pixel", "asymmetric", "align_corners"])
        attrs = [f"sizes = {dims}", f"scales = {scales}", f'coordinates = "{coordinates}"',
                 f'mode = "{self.pick(["nearest", "linear", "cubic"])}"']
        return self.result("resize", [x], attrs, dims, x.elem)
