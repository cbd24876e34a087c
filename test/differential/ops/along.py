"""Ops over windows and axes, normalization, attention, recurrence."""
from builder import Builder
from values import MAX_ELEMENTS, Quant, product


class Along(Builder):
    def pool(self):
        op = self.pick(["max_pool", "avg_pool"])
        x = self.operand([3, 4, 5])
        n = len(x.dims) - 2
        ceil = self.chance(0.4)
        kernel, strides, dilations, pads, dims = [], [], [], [[], []], x.dims[:2]
        for i in range(n):
            for _ in range(50):
                k, s, d = self.pick([1, 2, 3, 3, 5]), self.pick([1, 1, 2, 3]), self.pick([1, 1, 1, 2])
                begin, end = self.pick([0, 0, 1, 2]), self.pick([0, 0, 1, 2])
                count = self.windows(x.dims[2 + i], k, s, d, begin, end, ceil)
                if count:
                    break
            else:
                return None
            kernel.append(k)
            strides.append(s)
            dilations.append(d)
            pads[0].append(begin)
            pads[1].append(end)
            dims = dims + [count]
        attrs = [f"kernel = {kernel}", f"strides = {strides}", f"pads = {pads[0] + pads[1]}",
                 f"dilations = {dilations}", f"ceil_mode = {'true' if ceil else 'false'}"]
        if product(dims) > MAX_ELEMENTS:
            return None
        if op == "max_pool" and self.chance(0.2):
            self.emit("max_pool_indices", [x], attrs, dims, "i64")
        elem = x.elem
        if op == "avg_pool":
            attrs.append(f"count_pads = {self.pick(['true', 'false'])}")
            elem = self.free(x)
        return self.result(op, [x], attrs, dims, elem)

    @staticmethod
    def windows(size, k, s, d, begin, end, ceil):
        """Number of windows, 0 when one of them would hold nothing."""
        extent = (k - 1) * d + 1
        room = size + begin + end - extent
        if room < 0:
            return 0
        n = (-(-room // s) if ceil else room // s) + 1
        if ceil and (n - 1) * s >= size + begin:
            n -= 1
        good = all(any(0 <= o * s - begin + t * d < size for t in range(k)) for o in range(n))
        return n if good and begin < extent else 0

    def reduce(self):
        ops = ["reduce_mean", "reduce_mean", "reduce_max", "reduce_min"]
        x = self.operand(ints=True)
        op = self.pick(ops + ["reduce_sum", "reduce_prod"] * (not x.quantized))
        axes = [i for i in range(len(x.dims)) if self.chance(0.5)] or [len(x.dims) - 1]
        keep = self.chance(0.6) or len(axes) >= len(x.dims) - 1
        dims = [1 if i in axes else d for i, d in enumerate(x.dims) if keep or i not in axes]
        attrs = [f"axes = {axes}", f"keepdims = {'true' if keep else 'false'}"]
        elem = self.free(x) if op == "reduce_mean" else x.elem
        return self.result(op, [x], attrs, dims, elem)

    def cumsum(self):
        if self.kind == "integer":
            return self.indexed()
        x = self.operand()
        attrs = [f"axis = {self.rng.randrange(len(x.dims))}"]
        attrs += [f"{flag} = true" for flag in ("exclusive", "reverse") if self.chance(0.5)]
        return self.result("cumsum", [x], attrs, x.dims, "f32")

    def softmax(self):
        x = self.byte(self.operand())
        attrs = [f"axis = {self.rng.randrange(len(x.dims))}"]
        if not x.quantized:
            return self.result(self.pick(["softmax", "softmax", "log_softmax"]), [x], attrs, x.dims,
                               "f32")
        storage = self.pick(["i8", "u8"])
        elem = Quant(storage, [1 / 256], [-128 if storage == "i8" else 0])
        return self.emit("softmax", [x], attrs, x.dims, elem)

    def norm(self):
        x = self.byte(self.operand())
        axis = self.rng.randrange(len(x.dims))
        if x.quantized:
            rest = [self.real_const(x.dims[axis:]) for _ in range(self.pick([0, 1, 2]))]
            return self.emit("layer_norm", [x] + rest, [f"axis = {axis}"], x.dims, self.activation(0.02, words=False))
        op = self.pick(["layer_norm", "rms_norm"])
        rest = [self.real_const(x.dims[axis:]) for _ in range(self.pick([0, 1, 2 if op == "layer_norm" else 1]))]
        return self.result(op, [x] + rest, [f"axis = {axis}", "epsilon = 0.01"], x.dims, "f32")

    def attention(self):
        if self.kind == "integer":
            return self.instead()
        q = self.operand([2, 3, 4])
        *lead, rows, depth = q.dims
        columns, width = self.pick([1, 3, 8, 17, 33]), self.pick([1, 5, 8, 19])
        own = [self.pick([1, d]) for d in lead] if self.chance(0.5) else []
        operands = [q, self.real_const(own + [columns, depth]), self.real_const(own + [columns, width])]
        if self.chance(0.4):
            operands.append(self.real_const([self.pick([1, rows]), self.pick([1, columns])], -3.0, 3.0))
        attrs = ["scale = 0.3"]
        if self.chance(0.4):
            attrs += ["causal = true", f"offset = {self.rng.randint(-2, 5)}"]
        return self.result("attention", operands, attrs, lead + [rows, width], "f32")

    def recurrent(self):
        if self.kind == "integer":
            return self.instead()
        op = self.pick(["lstm", "gru", "rnn"])
        gates, states = {"lstm": (4, 2), "gru": (3, 1), "rnn": (1, 1)}[op]
        x = self.operand([3])
        steps, rows, width = x.dims
        cells = self.pick([1, 3, 8, 11, 17])
        xw = self.result("linear", [x, self.real_const([gates * cells, width])], [],
                         [steps, rows, gates * cells], "f32")
        operands = [xw, self.real_const([gates * cells, cells])]
        operands += [self.real_const([rows, cells]) for _ in range(states)]
        if op != "rnn" and self.chance(0.5):
            operands.append(self.real_const([3 * cells]))
        attrs = ["reverse = true"] * self.chance(0.3) + ["reset_after = false"] * (op == "gru" and self.chance(0.5))
        return self.several(op, operands, attrs, [[steps, rows, cells]] + [[rows, cells]] * states)
