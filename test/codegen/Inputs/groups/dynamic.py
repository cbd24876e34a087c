"""Products of integers whose parameters come from run time: weights of every width, groups of every
size, operands with one pair of parameters or one per row or image."""
import random
import struct

from modules import Weighted, dense, dims, f32, product


def bf16(v):
    return struct.unpack('<f', b'\0\0' + struct.pack('<f', v)[2:])[0]


class Dynamic(Weighted):
    """choose_qparams, quantize_affine and the product.  rows: parameters per row or image; weight: its
    type, `zeros`: with zero points; group: along a row, 0: per channel, None: per tensor; half: scales
    that bf16 holds; given: the parameters are arguments; lowest: all weights are, and zero
    points are highest."""

    def __init__(self, x, o, kernel=(), rows=True, weight='i8', zeros=False, group=0, half=False,
                 given=False, lowest=False, compat='', **more):
        super().__init__(x, o, kernel, **more)
        self.rng = random.Random(str((x, o, weight, zeros, group)))
        self.rows, self.kind, self.zeros, self.group = rows, weight, zeros, group
        self.half, self.given, self.lowest = half, given, lowest
        self.module = f' attributes {{compat = "{compat}"}}' if compat else ''

    def op(self):
        return super().op() + '_dynamic'

    def parameter_dims(self):
        if not self.rows:
            return [1] * len(self.x)
        return [self.x[0]] + [1] * (len(self.x) - 1) if self.kernel else self.x[:-1] + [1]

    def weight(self):
        shape, bits = self.weight_dims(), int(self.kind[1:])
        low = 0 if self.kind[0] == 'u' else -(1 << (bits - 1))
        middle, high = low + (1 << (bits - 1)), low + (1 << bits) - 1
        n = 1 if self.group is None else self.o * (shape[1] // self.group if self.group else 1)
        scales = [f32(self.rng.uniform(0.002, 0.02)) for _ in range(n)]
        scales = [bf16(s) for s in scales] if self.half else scales
        zps = [high if self.lowest else self.rng.randint(low, high) for _ in range(n)] if self.zeros else [middle] * n
        head = f'{self.kind}:f32, '
        if self.group is None:
            head += f'{scales[0]!r}:{zps[0]}'
        else:
            grouped = f'axis = 1, group = {self.group}, ' if self.group else 'axis = 0, '
            head += f'{grouped}{dense("f", scales)} : {dense("i", zps)}'
        values = [low if self.lowest else self.rng.randint(low, high) for _ in range(product(shape))]
        fmt = 'B' if self.kind[0] == 'u' else 'b'
        return f'tensor<{dims(shape)}xquant<{head}>> = {dense(fmt, values)}'

    def text(self):
        x, p = dims(self.x), dims(self.parameter_dims())
        scales, zeros = f'tensor<{p}xf32>', f'tensor<{p}xi32>'
        block = [a // b for a, b in zip(self.x, self.parameter_dims())]
        low = 0 if self.storage == 'u8' else -128
        stored = f'dtype = "{self.storage}", qmin = {low}, qmax = {low + 255}'
        attrs = [self.attrs] if self.attrs else []
        if self.kernel:
            attrs += [f'strides = {self.stride}', f'pads = {self.pads}',
                      f'dilations = {self.dilation}', f'groups = {self.groups}']
        y = f'tensor<{dims(self.result_dims())}xf32>'
        bias = [self.rng.uniform(-1, 1) for _ in range(self.o)]
        args = f'%x: tensor<{x}x{self.storage if self.given else "f32"}> {{name = "x"}}'
        if self.given:
            args += f', %s: {scales} {{name = "s"}}, %z: {zeros} {{name = "z"}}'
        made = [] if self.given else [
            f'    %s, %z = choose_qparams(%x) {{block = {block}, {stored}}} : ({scales}, {zeros})',
            f'    %q = quantize_affine(%x, %s, %z) {{block = {block}, {stored}}} : '
            f'tensor<{x}x{self.storage}>']
        return '\n'.join([
            f'module @m{self.module} {{', f'  const @w : {self.weight()}'] +
            [f'  const @b : tensor<{self.o}xf32> = {dense("f", bias)}'] * self.bias +
            [f'  func @main({args}) -> ({y} {{name = "y"}}) {{'] + made + [
            f'    %0 = {self.op()}({"%x" if self.given else "%q"}, %s, %z, @w{", @b" * self.bias})'
            f' {{{", ".join(attrs)}}} : {y}', '    return(%0)', '  }', '}', ''])


def dynamic_i8():
    yield 'row', Dynamic([1, 64], 10)
    yield 'rows-tails', Dynamic([7, 35], 17, attrs='min = 0.0')
    yield 'many-rows', Dynamic([65, 48], 40)
    yield 'tensor', Dynamic([2, 3, 33], 9, rows=False, group=None, bias=False)
    yield 'one-axis', Dynamic([40], 11, rows=False)
    yield 'unsigned', Dynamic([5, 36], 13, storage='u8', attrs='max = 0.5')
    yield 'unsigned-weight', Dynamic([5, 36], 13, weight='u8')
    yield 'weight-zero-points', Dynamic([5, 37], 13, weight='u8', zeros=True)
    yield 'both-unsigned', Dynamic([5, 37], 13, storage='u8', weight='u8', zeros=True, group=None)
    yield 'groups', Dynamic([3, 64], 12, group=32)
    yield 'groups-zero-points', Dynamic([3, 60], 12, group=20, zeros=True)
    yield 'xnnpack', Dynamic([19, 33], 8, compat='xnnpack')
    yield 'xnnpack-unsigned', Dynamic([5, 33], 8, compat='xnnpack', storage='u8')
    yield 'given', Dynamic([4, 32], 8, given=True)
    yield 'page-apart', Dynamic([13, 4096], 80, storage='u8')
    yield 'given-unsigned', Dynamic([4, 33], 8, given=True, storage='u8', rows=False)


def dynamic_i4():
    yield 'channels', Dynamic([1, 96], 20, weight='i4')
    yield 'channels-tails', Dynamic([6, 37], 19, weight='i4', zeros=True)
    yield 'odd-inner', Dynamic([3, 7], 5, weight='u4', zeros=True)
    for group in (16, 32, 64, 128, 256):
        yield f'group-{group}', Dynamic([1 if group < 64 else 6, 256], 34, weight='i4', group=group)
    yield 'group-32-rows', Dynamic([9, 96], 13, weight='i4', group=32, half=True)
    yield 'group-zero-points', Dynamic([5, 64], 11, weight='u4', group=32, zeros=True)
    yield 'group-signed-zero-points', Dynamic([2, 64], 16, weight='i4', group=16, zeros=True, half=True)
    yield 'group-odd', Dynamic([3, 45], 9, weight='i4', group=5, attrs='min = -0.25, max = 0.25')
    yield 'group-odd-zero-points', Dynamic([3, 42], 9, weight='u4', group=6, zeros=True, storage='u8')
    yield 'group-of-row', Dynamic([3, 40], 9, weight='i4', group=40)
    yield 'tensor', Dynamic([3, 40], 9, weight='i4', group=None, rows=False)
    yield 'two-bits', Dynamic([3, 64], 9, weight='i2', group=32)
    yield 'two-bits-zero-points', Dynamic([3, 36], 9, weight='u2', group=12, zeros=True)
    yield 'given', Dynamic([4, 64], 8, weight='i4', group=32, given=True)
    yield 'many-rows', Dynamic([29, 96], 37, weight='i4', group=32, zeros=True)
    yield 'many-rows-channels', Dynamic([14, 37], 19, weight='u4', zeros=True)
    yield 'many-rows-two-bits', Dynamic([26, 72], 70, weight='i2', group=24, half=True, storage='u8')
    yield 'many-rows-given', Dynamic([12, 64], 16, weight='u4', group=32, given=True, rows=False)
    yield 'lowest', Dynamic([13, 64], 20, weight='i4', group=32, given=True, lowest=True)
    yield 'lowest-of-64', Dynamic([2, 128], 20, weight='i4', group=64, given=True, lowest=True)
    yield 'lowest-zero-points', Dynamic([13, 64], 20, weight='u4', group=32, zeros=True, given=True, lowest=True)
    yield 'many-rows-many-groups', Dynamic([29, 608], 37, weight='i4', group=32, half=True)
    yield 'many-rows-many-groups-zero-points', Dynamic([14, 480], 19, weight='u4', group=16, zeros=True)


def dynamic_conv():
    yield 'pointwise', Dynamic([1, 16, 6, 6], 12, [1, 1])
    yield 'pointwise-images', Dynamic([3, 9, 4, 5], 11, [1, 1], attrs='min = 0.0')
    yield '3x3', Dynamic([1, 8, 7, 7], 10, [3, 3], pads=1)
    yield '3x3-images', Dynamic([2, 5, 9, 8], 9, [3, 3], stride=2, pads=[1, 1, 0, 1], weight='u8', zeros=True)
    yield '3x3-tensor', Dynamic([2, 5, 6, 8], 9, [3, 3], pads=1, rows=False, storage='u8')
    yield 'groups', Dynamic([2, 12, 6, 6], 18, [3, 3], pads=1, groups=3)
    yield 'depthwise', Dynamic([1, 11, 6, 6], 11, [3, 3], pads=1, groups=11)
    yield '4-bits', Dynamic([1, 7, 8, 6], 10, [3, 3], pads=1, weight='i4', group=0)
    yield '4-bits-zero-points', Dynamic([2, 7, 8, 6], 10, [3, 3], pads=1, weight='u4', zeros=True)
    yield '1d', Dynamic([1, 8, 20], 12, [5], stride=2, pads=2)
    yield '3d', Dynamic([1, 4, 5, 6, 7], 6, [3, 3, 3], stride=[1, 2, 1], pads=1)
    yield 'given', Dynamic([2, 4, 6, 7], 6, [3, 3], pads=1, given=True)
