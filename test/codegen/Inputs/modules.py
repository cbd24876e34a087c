"""Texts of modules of one op, with random weights from a fixed seed."""
import random
import struct

def f32(v):
    return struct.unpack('<f', struct.pack('<f', v))[0]


INPUT = 'quant<i8:f32, 0.03:-5>'
OTHER = 'quant<i8:f32, 0.041:7>'
UNSIGNED = 'quant<u8:f32, 0.03:120>'
WORDS = 'quant<i16:f32, 0.0001>'
# Activations of a layer by their storage: scale and zero point of the operand, zero point of the result.
STORED = {'i8': (0.02, 3, -7), 'u8': (0.02, 131, 121), 'i16': (f32(0.02 / 256), 0, 0)}
REAL = ('f32', 'f64', 'f16')
WHOLE = ('i32', 'i64', 'i16', 'u8', 'u32', 'u64')


def dense(fmt, values):
    return 'dense<"0x' + b''.join(struct.pack('<' + fmt, v) for v in values).hex() + '">'


def dims(d):
    return 'x'.join(map(str, d))


def axis_quant(scales, zero_points, axis=0):
    if len(scales) <= 8:
        entries = ', '.join(f'{s!r}:{z}' if z else f'{s!r}' for s, z in zip(scales, zero_points))
        return f'quant<i8:f32, axis = {axis}, {{{entries}}}>'
    zps = ' : ' + dense('i', zero_points) if any(zero_points) else ''
    return f'quant<i8:f32, axis = {axis}, {dense("f", scales)}{zps}>'


def product(values):
    n = 1
    for v in values:
        n *= v
    return n


class Weighted:
    """A conv or linear with constant weights."""
    axis, more = 0, ()

    def op(self):
        return 'conv' if self.kernel else 'linear'

    def weight_dims(self):
        return [self.o, self.x[1] // self.groups if self.kernel else self.x[-1]] + self.kernel

    def __init__(self, x, o, kernel=(), stride=1, pads=0, dilation=1, groups=1, attrs='', real=False,
                 bias=True, zero_points=False, raw=False, storage='i8', to=None):
        self.rng = random.Random(str((x, o, kernel, stride, pads, groups)))
        self.x, self.o, self.kernel = list(x), o, list(kernel)
        n = len(kernel)
        self.stride = [stride] * n if isinstance(stride, int) else list(stride)
        self.dilation = [dilation] * n if isinstance(dilation, int) else list(dilation)
        self.pads = [pads] * 2 * n if isinstance(pads, int) else list(pads)
        self.groups, self.attrs, self.real, self.bias = groups, attrs, real, bias
        self.zero_points, self.raw, self.storage, self.to = zero_points, raw, storage, to or storage

    def result_dims(self):
        if not self.kernel:
            return self.x[:-1] + [self.o]
        n = len(self.kernel)
        out = [(self.x[2 + i] + self.pads[i] + self.pads[n + i] -
                (self.kernel[i] - 1) * self.dilation[i] - 1) // self.stride[i] + 1 for i in range(n)]
        return [self.x[0], self.o] + out

    def weight(self):
        shape = self.weight_dims()
        n = product(shape)
        if self.real:
            values = [self.rng.uniform(-1, 1) for _ in range(n)]
            return f'tensor<{dims(shape)}xf32> = {dense("f", values)}', n // self.o
        channels = shape[self.axis]
        scales = [f32(self.rng.uniform(0.002, 0.02)) for _ in range(channels)]
        zps = [self.rng.randint(-5, 9) if self.zero_points else 0 for _ in range(channels)]
        values = [self.rng.randint(-127, 127) for _ in range(n)]
        return f'tensor<{dims(shape)}x{axis_quant(scales, zps, self.axis)}> = {dense("b", values)}', n // self.o

    def text(self):
        weight, k = self.weight()
        if self.real:
            elem, result = 'f32', 'f32'
            bias = f'tensor<{self.o}xf32> = ' + dense('f', [self.rng.uniform(-1, 1)
                                                           for _ in range(self.o)])
        else:
            step, zp, _ = STORED[self.storage]
            elem = f'quant<{self.storage}:f32, {step!r}:{zp}>'
            step, _, zp = STORED[self.to]
            scale = f32(step * k ** 0.5)
            result = 'i32' if self.raw else f'quant<{self.to}:f32, {scale!r}:{zp}>'
            bias = f'tensor<{self.o}xi32> = ' + dense('i', [self.rng.randint(-20000, 20000)
                                                           for _ in range(self.o)])
        attrs = [self.attrs] if self.attrs else []
        if self.kernel:
            attrs = [f'strides = {self.stride}', f'pads = {self.pads}',
                     f'dilations = {self.dilation}', f'groups = {self.groups}'] + attrs + list(self.more)
        y = f'tensor<{dims(self.result_dims())}x{result}>'
        return '\n'.join([
            'module @m {', f'  const @w : {weight}'] + [f'  const @b : {bias}'] * self.bias + [
            f'  func @main(%x: tensor<{dims(self.x)}x{elem}> {{name = "x"}}) -> ({y} {{name = "y"}}) {{',
            f'    %0 = {self.op()}(%x, @w{", @b" * self.bias})'
            f' {{{", ".join(attrs)}}} : {y}', '    return(%0)', '  }', '}', ''])


class Extreme(Weighted):
    """Weights and operands are at the ends of their ranges, and so is the zero point."""

    def __init__(self, *args, zero_point, **more):
        super().__init__(*args, **more)
        self.zero_point = zero_point

    def weight(self):
        shape = self.weight_dims()
        k = product(shape[1:])
        values = [-128] * k + [127] * k + [self.rng.choice((-128, -127, 127)) for _ in range(k * (self.o - 2))]
        return f'tensor<{dims(shape)}xquant<i8:f32, 0.01>> = {dense("b", values)}', k

    def text(self):
        text = super().text().replace('%x', '%extreme').replace('"x"', '"extreme"')
        return text.replace('0.02:131' if self.storage == 'u8' else '0.02:3', f'0.02:{self.zero_point}')


class Narrow(Extreme):
    """Small weights, many of them 0, some at the ends of the range; the first two outputs have one sign each, so
    that sums go as far as they can."""

    def weight(self):
        shape = self.weight_dims()
        k = product(shape[1:])
        values = [self.rng.choice((0, 1, 5)) for _ in range(k)] + [self.rng.choice((0, -1, -7)) for _ in range(k)]
        for _ in range(k * (self.o - 2)):
            values.append(self.rng.choice((0, 0, 0, 0, 3, -9, 14, -2, 6, -20)))
        for i in range(0, len(values) - 1, 97):
            values[i] = values[i + 1] = self.rng.choice((-128, 127))
        return f'tensor<{dims(shape)}xquant<i8:f32, 0.01>> = {dense("b", values)}', k


class Transposed(Weighted):
    axis = 1

    def __init__(self, *args, output_pads=0, **more):
        super().__init__(*args, **more)
        self.output_pads = output_pads
        self.more = [f'output_pads = [{output_pads}]']

    def op(self):
        return 'conv_transpose'

    def weight_dims(self):
        return [self.x[1], self.o // self.groups] + self.kernel

    def result_dims(self):
        n = len(self.kernel)
        return [self.x[0], self.o] + [
            (self.x[2 + i] - 1) * self.stride[i] + (self.kernel[i] - 1) * self.dilation[i] + 1 -
            self.pads[i] - self.pads[n + i] + self.output_pads for i in range(n)]


def simple(op, xs, x, ys, y, attrs='', second=None):
    """An op on one or two arguments."""
    more = f', %b: tensor<{second}> {{name = "b"}}' if second else ''
    return '\n'.join([
        'module @m {',
        f'  func @main(%x: tensor<{dims(xs)}x{x}> {{name = "x"}}{more})'
        f' -> (tensor<{dims(ys)}x{y}> {{name = "y"}}) {{',
        f'    %0 = {op}(%x{", %b" if second else ""}) {{{attrs}}} : tensor<{dims(ys)}x{y}>',
        '    return(%0)', '  }', '}', ''])


def several(op, operands, results, attrs=''):
    """An op of arguments (name, shape); its results, flattened, are joined."""
    args = ', '.join(f'%{n}: tensor<{dims(s)}x{t}> {{name = "{n}"}}' for n, s, t in operands)
    names = ', '.join(f'%r{i}' for i in range(len(results)))
    flat = [f'    %f{i} = reshape(%r{i}) {{shape = [{product(s)}]}}' for i, s in enumerate(results)]
    join = ', '.join(f'%f{i}' for i in range(len(results)))
    total = sum(map(product, results))
    return '\n'.join([
        'module @m {', f'  func @main({args}) -> (tensor<{total}xf32> {{name = "y"}}) {{',
        f'    {names} = {op}({", ".join("%" + n for n, _, _ in operands)}) {{{attrs}}}'] + flat + [
        f'    %y = concat({join}) {{axis = 0}} : tensor<{total}xf32>', '    return(%y)', '  }', '}', ''])
