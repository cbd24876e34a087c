"""Ops that pick among elements: positions of extremes, samples, repeated and overwritten parts."""
from builder import Builder
from values import MAX_ELEMENTS, Value, product


class Picking(Builder):
    def arg(self):
        x = self.operand()
        axis, keep = self.rng.randrange(len(x.dims)), self.chance(0.5) or len(x.dims) == 1
        dims = [1 if i == axis else d for i, d in enumerate(x.dims) if keep or i != axis]
        attrs = [f"axis = {axis}", f"keepdims = {'true' if keep else 'false'}",
                 f"select_last = {self.pick(['true', 'false'])}"]
        return self.emit(self.pick(["arg_max", "arg_min"]), [x], attrs, dims, "i64")

    def top_k(self):
        x, n = self.operand(), len(self.lines)
        axis = self.rng.randrange(len(x.dims))
        k = self.pick([1, x.dims[axis], self.rng.randint(1, x.dims[axis])])
        dims = [k if i == axis else d for i, d in enumerate(x.dims)]
        v, at = Value(f"%v{n}", dims, x.elem), Value(f"%v{n}_i", dims, "i64")
        self.lines.append(f"    {v.name}, {at.name} = top_k({x.name}) {{axis = {axis}, k = {k}, largest = "
                          f"{self.pick(['true', 'false'])}}} : ({v.type}, {at.type})")
        self.values += [at, v]
        return self.pair(v)

    def expanded(self):
        x = self.operand()
        dims = [self.pick([2, 3, 5]) if d == 1 else d for d in x.dims]
        dims = [self.pick([1, 2])] * (len(dims) < 5 and self.chance(0.3)) + dims
        if product(dims) > MAX_ELEMENTS:
            return None
        return self.result("expand", [x], [f"shape = {dims}"], dims, x.elem)

    def updated(self):
        """Written over, where it falls inside."""
        x = self.operand()
        axis = self.rng.randrange(len(x.dims))
        dims = [self.rng.randint(1, d) for d in x.dims]
        start = self.const([1], self.pick(["i32", "i64"]), f"dense<[{self.rng.randint(0, x.dims[axis])}]>")
        at = [self.rng.randint(0, d - u) for d, u in zip(x.dims, dims)]
        return self.result("update_slice", [x, self.more_of(x, dims), start],
                           [f"axis = {axis}", f"at = {at}"], x.dims, x.elem)

    def sampled(self):
        x = self.operand([4])
        if x.quantized:
            return self.arg()
        grid = [x.dims[0], self.pick([1, 3, 8]), self.pick([1, 2, 5, 9]), 2]
        dims = x.dims[:2] + grid[1:3]
        if product(dims) > MAX_ELEMENTS:
            return None
        attrs = [f'mode = "{self.pick(["linear", "nearest", "cubic"])}"',
                 f'padding = "{self.pick(["zeros", "border", "reflection"])}"',
                 f"align_corners = {self.pick(['true', 'false'])}"]
        return self.result("grid_sample", [x, self.real_const(grid, -1.3, 1.3)], attrs, dims, "f32")
