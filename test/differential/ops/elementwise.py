"""Ops on single elements, in every element type; quantization and back."""
from builder import Builder
from values import MAX_ELEMENTS, Quant, Value, broadcast, product

UNARY = ["sigmoid", "tanh", "hard_swish", "exp", "log", "sqrt", "erf", "neg", "abs", "reciprocal",
         "hard_sigmoid", "elu", "leaky_relu", "sign", "floor", "ceil", "round", "sin", "cos", "atan",
         "gelu", "silu", "softplus", "mish", "softsign"]
INTS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
ARITHMETIC = ["add", "sub", "mul", "div", "maximum", "minimum"]
BITS = ["and", "or", "xor", "shift_left", "shift_right"]


class Elementwise(Builder):
    def binary(self):
        a = self.operand()
        dims = [1 if self.chance(0.2) else d for d in a.dims]
        dims = dims[self.rng.randrange(len(dims) + 1):] if self.chance(0.4) else dims
        if len(dims) < 5 and self.chance(0.1):
            dims = [self.pick([2, 3])] + [1] * (len(a.dims) - len(dims)) + dims
        if self.chance(0.2):
            one = broadcast(a.dims, dims)[-len(dims):] if dims else []
            dims = [self.pick([1, 2, 9]) if d == 1 else e for d, e in zip(one, dims)]
        out = broadcast(a.dims, dims)
        if product(out) > MAX_ELEMENTS:
            return None
        ops = ["add", "add", "sub", "mul", "maximum", "minimum"]
        if a.quantized:
            return self.quant_binary(a, dims, out, self.pick(ops))
        same = [v for v in self.values if v.elem == "f32" and v.dims == a.dims]
        op = self.pick(ops + ["div", "prelu"])
        if op == "prelu":
            dims = [d if d in (1, e) else 1 for d, e in zip(dims[-len(a.dims):], a.dims[-len(dims):])]
            slope = self.real_const(dims)
            return self.result(op, [a, slope], [], a.dims, "f32")
        if op == "div":
            b = self.real_const(dims, 0.5, 3.0)
        elif self.chance(0.5):
            b, out = self.pick(same), a.dims
        elif self.chance(0.5) and len(self.args) < 4:
            b = self.pair(self.argument(dims, "f32"))
        else:
            b = self.pair(self.real_const(dims), 0.7)
        both = [a, b] if self.chance(0.7) or op == "div" else [b, a]
        return self.result(op, both, self.bounds(0.3), out, "f32")

    def quant_binary(self, a, dims, out, op):
        shared = op in ("maximum", "minimum")
        same = [v for v in self.values if v.quantized and v.dims == a.dims and
                (not shared or v.elem is a.elem)]
        elem = a.elem if shared else self.activation(a.elem.step * 2 ** self.rng.uniform(-2, 2))
        if self.chance(0.4):
            b, out = self.pick([v for v in same if v is not a] or [a]), a.dims
        elif self.chance(0.5) and len(self.args) < 4:
            b = self.argument(dims, elem)
        else:
            b = self.quant_const(dims, elem)
        largest = max(a.elem.step, b.elem.step)
        around = a.elem.step * b.elem.step * 100 if op == "mul" else largest
        result = a.elem if shared else self.activation(around * 2 ** self.rng.uniform(-2, 2))
        if not shared and op != "mul":
            ratios = [a.elem.step / result.step, b.elem.step / result.step]
            if min(ratios) < 2 ** -9 or max(ratios) > 200:
                return None
        both = [a, b] if self.chance(0.7) else [b, a]
        return self.emit(op, both, self.bounds(0.3), out, result)

    def unary(self):
        x = self.operand()
        op = self.pick(UNARY + ["relu", "relu", "clamp", "clamp"])
        if op == "clamp":
            return self.result(op, [x], self.bounds(1.0), x.dims, x.elem)
        if op == "relu":
            return self.result(op, [x], [], x.dims, x.elem)
        if op in ("log", "sqrt", "reciprocal") and x.elem == "f32":
            x = self.emit("abs", [x], [], x.dims, "f32")
            x = self.emit("add", [x, self.real_const([1], 0.25, 1.0)], [], x.dims, "f32")
        if op == "exp" and x.elem == "f32":
            x = self.emit("clamp", [x], ["min = -20.0", "max = 6.0"], x.dims, "f32")
        attrs, x = [], self.byte(x)
        if op in ("elu", "leaky_relu"):
            attrs = [f"alpha = {self.pick([0.01, 0.3, 1.0, 1.7])}"]
        elem = x.elem
        if x.quantized:
            elem = self.activation(self.pick([1 / 256, 1 / 128, x.elem.scale]), words=False)
        return self.result(op, [x], attrs, x.dims, elem)

    def other_type(self):
        """Ops on another element type, or a choice, between casts."""
        if self.kind == "integer":
            return self.choice(self.operand())
        t = self.pick(INTS + ["f16", "f16", "bf16", "f64"])
        x = self.operand()
        if t in INTS:
            x = self.emit("mul", [x, self.const([1], "f32", "dense<[37.5]>")], [], x.dims, "f32")
        x = self.emit("cast", [x], [f'to = "{t}"'], x.dims, t)
        for _ in range(self.pick([1, 1, 2])):
            x = self.choice(x) if self.chance(0.3) else self.typed_op(x)
        x = self.emit("cast", [x], ['to = "f32"'], x.dims, "f32")
        return self.result("clamp", [x], ["min = -4.0", "max = 4.0"], x.dims, "f32")

    def typed_op(self, x):
        ints = x.elem in INTS
        if self.chance(0.2):
            op = self.pick(["relu", "neg", "abs"] + ["sign", "not"] * ints)
            return self.emit(op, [x], [], x.dims, x.elem)
        op = self.pick(ARITHMETIC + (BITS if ints else []) + ["mod", "pow"] * (x.elem != "f64"))
        attrs = self.bounds(0.3) if op in ARITHMETIC or op == "pow" else []
        if op == "mod" and self.chance(0.5):
            attrs = ["truncated = true"]
        return self.emit(op, [x, self.typed_const(x)], attrs, x.dims, x.elem)

    def typed_const(self, x):
        dims = x.dims[-1:] if self.chance(0.5) else [1]
        low = -9 if x.elem[0] != "u" else 0
        values = [self.rng.randint(low, 9) if x.elem in INTS else self.rng.randint(-9, 9) / 4 or 0.75
                  for _ in range(product(dims))]
        return self.const(dims, x.elem, f"dense<{values}>")

    def choice(self, x):
        """where(x < y, x, y) and its like, of equal types."""
        if x.quantized:
            y = self.quant_const(x.dims[-1:], x.elem)
        else:
            y = self.typed_const(x)
        c = self.emit(self.pick(["less", "less_equal", "equal"]), [x, y], [], x.dims, "i1")
        if self.chance(0.3):
            c = self.emit("not", [c], [], x.dims, "i1")
        both = [x, y] if self.chance(0.5) else [y, x]
        return self.emit("where", [c] + both, [], x.dims, x.elem)

    def batch_norm(self):
        if self.kind == "integer":
            return self.instead()
        x = self.operand([2, 3, 4, 5])
        c = [x.dims[1]]
        rest = [self.real_const(c), self.real_const(c), self.real_const(c),
                self.real_const(c, 0.25, 2.0)]
        return self.result("batch_norm", [x] + rest, [], x.dims, "f32")

    def dynamic(self):
        """Quantized with parameters from its own blocks, and back."""
        if self.kind == "integer":
            return self.instead()
        x, n = self.operand(), len(self.lines)
        block = [self.pick([1, d, d, (d + 1) // 2, min(d, 3)]) for d in x.dims]
        counts = [-(-d // b) for d, b in zip(x.dims, block)]
        storage, low, high = self.pick([("i8", -128, 127), ("u8", 0, 255), ("i8", -8, 7)])
        stored = [f"block = {block}", f'dtype = "{storage}"', f"qmin = {low}", f"qmax = {high}"]
        s, z = Value(f"%s{n}", counts, "f32"), Value(f"%z{n}", counts, "i32")
        choice = stored + [f"symmetric = {self.pick(['true', 'false'])}", f"eps = {self.pick(['0.0', '0.01'])}"]
        self.lines.append(f"    {s.name}, {z.name} = choose_qparams({x.name}) {{{', '.join(choice)}}}")
        put = stored + ["divide = true"] * self.chance(0.5)
        q = self.hidden("quantize_affine", [x, s, z], put, x.dims, storage)
        # A pair behind it: with a quantized weight, lower-qdq would make an op of other arithmetic.
        return self.pair(self.emit("dequantize_affine", [q, s, z], stored[:1], x.dims, "f32"))

    def typed(self):
        """Quantized per index or per group of an axis, and back."""
        if self.kind == "integer":
            return self.instead()
        x = self.operand()
        axis = self.rng.randrange(len(x.dims))
        d = x.dims[axis]
        group = self.pick([g for g in range(2, d + 1) if d % g == 0] or [None]) if self.chance(0.5) else None
        count = d // group * (x.dims[0] if axis else 1) if group else d
        points = [self.rng.randint(-128, 127) for _ in range(count)]
        quant = Quant("i8", [self.scale(0.05) for _ in range(count)], points, axis, group=group)
        q = self.hidden("quantize", [x], [], x.dims, quant)
        return self.emit("dequantize", [q], [], x.dims, "f32")
