"""What was compiled: op x types x level, counted."""
from collections import Counter


class Coverage:
    def __init__(self, ops, kernels, levels):
        self.ops, self.kernels, self.levels, self.cells = ops, kernels, levels, Counter()

    def add(self, lines):
        self.cells.update(lines)

    def by_kernel(self):
        """Of each kernel how many ops; types end with it where there is a choice."""
        counts = dict.fromkeys(self.kernels, 0)
        for cell, n in self.cells.items():
            kernel = cell.split()[1].split(",")[-1]
            if kernel in counts:
                counts[kernel] += n
        return counts

    def absent_kernels(self):
        return [kernel for kernel, n in self.by_kernel().items() if not n]

    def report(self):
        """Cells and counts per level; then what lacks: ops that have code and never came, and cells
        of some level that another one does not have."""
        cells = {tuple(c.split()): n for c, n in self.cells.items()}
        for level in self.levels:
            counts = sorted(n for (_, _, where), n in cells.items() if where == level)
            if counts:
                yield f"{level}: {len(counts)} cells op x types, {sum(counts)} ops, median {counts[len(counts) // 2]}"
        yield "ops by kernel: " + ", ".join(f"{kernel} {n}" for kernel, n in self.by_kernel().items())
        seen = {op for op, _, _ in cells}
        yield "ops without a module: " + (", ".join(o for o in self.ops if o not in seen) or "none")
        pairs = sorted({(op, types) for op, types, _ in cells})
        for level in self.levels:
            lacks = [f"{op} {types}" for op, types in pairs if (op, types, level) not in cells]
            yield f"cells not covered at {level}: " + ("; ".join(lacks) or "none")
