"""Convolutions and products of matrices."""
from builder import Builder
from values import CHANNELS, MAX_ELEMENTS, MAX_PRODUCTS, product


class Weighted(Builder):
    def conv(self):
        x = self.operand([3, 4, 5])
        n, c = len(x.dims) - 2, x.dims[1]
        groups = self.pick([1, 1, c, c] + [g for g in (2, 3, 4) if c % g == 0])
        out = self.pick(CHANNELS) if groups == 1 else \
            groups * self.pick([1, 1, 2, 3] if groups == c else [1, 3, 4, 8, 9])
        kernel = [self.pick([1, 1, 2, 3, 3, 3, 5]) for _ in range(n)] if self.chance(0.7) else [1] * n
        strides = [self.pick([1, 1, 2, 3]) for _ in range(n)]
        dilations = [self.pick([1, 1, 1, 2]) for _ in range(n)]
        pads = [self.pick([0, 1, 1, 2, 4]) for _ in range(2 * n)] if self.chance(0.6) else [0] * 2 * n
        if self.chance(0.25):  # what has kernels of its own
            kernel, strides, dilations = [1] * (n - 2) + [3] * min(n, 2), [1] * n, [1] * n
        return self.conv_of(x, out, kernel, strides, pads, dilations, groups)

    def conv_of(self, x, out, kernel, strides, pads, dilations, groups):
        dims, n, c = [x.dims[0], out], len(kernel), x.dims[1]
        for i in range(n):
            room = x.dims[2 + i] + pads[i] + pads[n + i] - (kernel[i] - 1) * dilations[i] - 1
            if room < 0:
                return None
            dims.append(room // strides[i] + 1)
        depth = c // groups * product(kernel)
        if product(dims) > MAX_ELEMENTS or product(dims) * depth > MAX_PRODUCTS or self.overflows(x, depth):
            return None
        w = self.weight([out, c // groups] + kernel, 0)
        attrs = [f"strides = {strides}", f"pads = {pads}", f"dilations = {dilations}",
                 f"groups = {groups}"]
        return self.accumulate("conv", x, w, attrs, dims, depth)

    @staticmethod
    def overflows(x, depth):
        """Sums of 16 bits times 8, zero points of weights and the largest bias included."""
        return x.quantized and x.elem.words and depth * (32768 * 255) + (1 << 28) >= 1 << 31

    def many(self):
        """More values and results than blocks and tiles have: what counts is how each product is computed."""
        elem = self.activation(words=False) if self.kind == "integer" else "f32"
        side = self.pick([1, 1, 1, 3])
        depth = self.pick([32, 36] if side > 1 else [64, 68, 96, 100, 131])
        out = self.pick([40, 65, 72] if side > 1 else [65, 72, 96, 128])
        rows = self.pick([[4, 4], [4, 4], [7, 8], [8, 8]] if side > 1 else [[3, 4], [4, 4], [5, 7], [5, 8]])
        if side == 1 and self.chance(0.5):
            x = self.pair(self.argument([product(rows), depth], elem))
            return self.accumulate("linear", x, self.weight([out, depth], 0, 0.4), [], [product(rows), out], depth)
        x = self.pair(self.argument([1, depth] + rows, elem))
        return self.conv_of(x, out, [side] * 2, [1, 1], [side // 2] * 4, [1, 1], 1)

    def chain(self):
        """What can work row by row: 1x1, depthwise, 1x1 and the like, each read by the next alone."""
        elem = self.activation() if self.kind == "integer" else "f32"
        dims = [1, self.pick(CHANNELS), self.pick([5, 7, 8, 11, 13, 16]), self.pick([1, 2, 3, 5, 7])]
        x = first = self.pair(self.argument(dims, elem))
        residual, n = self.chance(0.4), self.pick([2, 3, 3, 4])
        for i in range(n):
            y = self.link(x, residual, dims[1] if residual and i == n - 1 else None)
            if y is None:
                break
            self.values = [v for v in self.values if v is not x]
            x = y
            if y.elem == "i32":
                return y
        return self.shortcut(first, x) if residual and x.dims == dims and x is not first else x

    def shortcut(self, first, x):
        if self.kind != "integer":
            return self.result("add", [first, x], [], x.dims, "f32")
        a, b = first.elem.step, x.elem.step
        if not 2 ** -8 < a / b < 2 ** 8:
            return x
        return self.result("add", [first, x], [], x.dims, self.activation(max(a, b)))

    def link(self, x, same, out):
        """`same`: rows and columns stay as many."""
        groups = x.dims[1] if out is None and self.chance(0.45) else 1
        out = out or (groups if groups > 1 else self.pick([4, 8, 9, 16, 33]))
        kernel = [self.pick([3, 3, 5] if same else [2, 3, 3, 5]), self.pick([1, 3])]
        if groups == 1 and self.chance(0.7):
            kernel = [1, 1]
        strides = [1, 1] if same or self.chance(0.4) else [self.pick([1, 2, 2, 3]), self.pick([1, 1, 2])]
        dilations = [self.pick([1, 1, 1, 2]), 1]
        pads = [self.pick([0, 1, 1, 2]) if k > 1 else 0 for k in kernel * 2]
        if same:
            pads = [(k - 1) // 2 * d for k, d in zip(kernel, dilations)] * 2
        return self.conv_of(x, out, kernel, strides, pads, dilations, groups)

    def transposed(self):
        x = self.operand([3, 4, 5])
        n, c = len(x.dims) - 2, x.dims[1]
        groups = self.pick([1, 1, 1] + [g for g in (2, 3, 4) if c % g == 0])
        out = groups * self.pick([1, 2, 3, 8, 9])
        kernel, strides = ([self.pick(sizes) for _ in range(n)] for sizes in ([1, 2, 3, 4], [1, 2, 2, 3]))
        dilations = [self.pick([1, 1, 1, 2]) for _ in range(n)]
        pads = [self.pick([0, 0, 1, 2]) for _ in range(2 * n)]
        dims = [x.dims[0], out]
        for i in range(n):
            size = (x.dims[2 + i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
            dims.append(size - pads[i] - pads[n + i])
        depth = c // groups * product(kernel)
        if min(dims) < 1 or product(dims) > MAX_ELEMENTS or product(dims) * depth > MAX_PRODUCTS or \
                self.overflows(x, depth):
            return None
        w = self.weight([c, out // groups] + kernel, 1)
        attrs = [f"strides = {strides}", f"pads = {pads}", f"dilations = {dilations}",
                 f"groups = {groups}"]
        return self.accumulate("conv_transpose", x, w, attrs, dims, depth)

    def linear(self):
        x = self.operand()
        out = self.pick(CHANNELS + [65, 100])
        if product(x.dims[:-1]) * out > MAX_ELEMENTS or self.overflows(x, x.dims[-1]):
            return None
        w = self.weight([out, x.dims[-1]], 0)
        return self.accumulate("linear", x, w, [], x.dims[:-1] + [out], x.dims[-1])

    def matmul(self):
        x = self.byte(self.operand())
        cols = self.pick(CHANNELS)
        lead = x.dims[:-2]
        mode = self.rng.randrange(4)
        shape = [1 if self.chance(0.3) else d for d in lead] if mode else []
        right, dims = shape + [x.dims[-1], cols], x.dims[:-1] + [cols]
        if mode == 1 and self.chance(0.4):
            right, dims, cols = [x.dims[-1]], x.dims[:-1], 1
        if product(dims) > MAX_ELEMENTS or product(dims) * x.dims[-1] > MAX_PRODUCTS or \
                product(right) > 40000:
            return None
        if self.kind == "integer":
            y = self.matmul_right(right, cols, len(x.dims) > 1)
            if self.chance(0.15):
                return self.emit("matmul", [x, y], [], dims, "i32")
            around = x.elem.scale * max(y.elem.scales) * 60 * x.dims[-1] ** 0.5
            return self.emit("matmul", [x, y], self.bounds(), dims, self.activation(around, words=False))
        y = self.real_const(right) if self.chance(0.5) or len(self.args) > 3 else \
            self.argument(right, "f32")
        return self.result("matmul", [x, self.pair(y)], self.bounds(), dims, "f32")

    def matmul_right(self, dims, cols, rows):
        """Parameters per column only of a matrix, and where it multiplies rows."""
        if self.chance(0.4) and len(self.args) < 4:
            return self.argument(dims, self.activation(words=False))
        q = self.weight_quant(cols if len(dims) == 2 else 1, len(dims) - 1)
        q.axis = q.axis if rows and len(dims) == 2 else None
        return self.quant_const(dims, q)
