"""Modules of one op each, for the kernel tests: every shape of code that a kernel can take (whole
vectors and tails, padding, strides, groups, zero points), random weights from a fixed seed.
`cases(group)` yields (name, text)."""
import random
import struct

import typed

INPUT = 'quant<i8:f32, 0.03:-5>'
OTHER = 'quant<i8:f32, 0.041:7>'
UNSIGNED = 'quant<u8:f32, 0.03:120>'


def f32(v):
    return struct.unpack('<f', struct.pack('<f', v))[0]


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
                 bias=True, zero_points=False, raw=False, storage='i8'):
        self.rng = random.Random(str((x, o, kernel, stride, pads, groups)))
        self.x, self.o, self.kernel = list(x), o, list(kernel)
        n = len(kernel)
        self.stride = [stride] * n if isinstance(stride, int) else list(stride)
        self.dilation = [dilation] * n if isinstance(dilation, int) else list(dilation)
        self.pads = [pads] * 2 * n if isinstance(pads, int) else list(pads)
        self.groups, self.attrs, self.real, self.bias = groups, attrs, real, bias
        self.zero_points, self.raw, self.storage = zero_points, raw, storage

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
        scales = [f32(self.rng.uniform(0.002, 0.02)) for _ in range(self.o)]
        zps = [self.rng.randint(-5, 9) if self.zero_points else 0 for _ in range(self.o)]
        values = [self.rng.randint(-127, 127) for _ in range(n)]
        return f'tensor<{dims(shape)}x{axis_quant(scales, zps, self.axis)}> = {dense("b", values)}', n // self.o

    def text(self):
        weight, k = self.weight()
        if self.real:
            elem, result = 'f32', 'f32'
            bias = f'tensor<{self.o}xf32> = ' + dense('f', [self.rng.uniform(-1, 1)
                                                           for _ in range(self.o)])
        else:
            elem = f'quant<{self.storage}:f32, 0.02:{3 if self.storage == "i8" else 131}>'
            zp = -7 if self.storage == 'i8' else 121
            scale = f32(0.02 * k ** 0.5)
            result = 'i32' if self.raw else f'quant<{self.storage}:f32, {scale!r}:{zp}>'
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


RELU6 = 'min = 0.0, max = 6.0'


def conv():
    yield 'pointwise', Weighted([1, 16, 8, 8], 24, [1, 1])
    yield 'pointwise-tails', Weighted([2, 24, 9, 7], 37, [1, 1], attrs='min = 0.0')
    yield 'pointwise-small', Weighted([1, 3, 5, 5], 5, [1, 1])
    yield 'pointwise-stride', Weighted([1, 16, 9, 9], 12, [1, 1], stride=2)
    yield '3x3', Weighted([1, 16, 8, 8], 16, [3, 3], pads=1)
    yield '3x3-stride', Weighted([1, 3, 17, 15], 19, [3, 3], 2, [1, 1, 0, 1])
    yield '5x3-dilated', Weighted([2, 5, 14, 13], 11, [5, 3], [2, 1], [3, 2, 1, 4], [1, 2], attrs=RELU6)
    yield '7x7', Weighted([1, 3, 20, 20], 8, [7, 7], 2, 3)
    yield 'groups', Weighted([1, 12, 8, 8], 18, [3, 3], pads=1, groups=3)
    yield 'multiplier', Weighted([1, 6, 7, 7], 12, [3, 3], pads=1, groups=6)
    yield 'no-bias', Weighted([1, 8, 4, 4], 8, [3, 3], pads=1, bias=False)
    yield 'weight-zero-point', Weighted([1, 8, 6, 6], 10, [3, 3], pads=1, zero_points=True)
    yield 'accumulator', Weighted([1, 8, 6, 6], 13, [3, 3], pads=1, raw=True)
    yield 'unsigned', Weighted([1, 8, 6, 6], 13, [3, 3], pads=1, storage='u8')
    yield '1d', Weighted([1, 8, 20], 12, [5], 2, 2)
    yield '3d', Weighted([1, 4, 5, 6, 7], 6, [3, 3, 3], [1, 2, 1], 1)


def depthwise():
    yield '3x3', Weighted([1, 32, 10, 11], 32, [3, 3], pads=1, groups=32, attrs=RELU6)
    yield '3x3-stride', Weighted([2, 20, 11, 9], 20, [3, 3], 2, 1, groups=20)
    yield '5x5', Weighted([1, 9, 8, 8], 9, [5, 5], pads=2, groups=9)
    yield 'dilated', Weighted([1, 9, 12, 12], 9, [3, 3], 1, 2, 2, groups=9)
    yield '3x2', Weighted([1, 9, 8, 7], 9, [3, 2], pads=1, groups=9)
    yield '1d', Weighted([1, 9, 12], 9, [3], pads=1, groups=9)
    yield '3d', Weighted([1, 9, 4, 6, 5], 9, [3, 3, 2], pads=1, groups=9)
    yield 'no-padding', Weighted([1, 16, 7, 7], 16, [3, 3], groups=16, zero_points=True)
    yield 'narrow', Weighted([1, 19, 5, 3], 19, [3, 3], pads=1, groups=19, raw=True)
    yield 'unsigned', Weighted([1, 19, 5, 5], 19, [3, 3], pads=1, groups=19, storage='u8')


def linear():
    yield 'rows', Weighted([4, 30], 10)
    yield 'one-row', Weighted([1, 64], 10)
    yield 'wide', Weighted([1, 128], 1000)
    yield 'tails', Weighted([65, 33], 17, attrs='min = 0.0')
    yield 'leading', Weighted([2, 3, 32], 8)


def weighted_real():
    yield 'pointwise', Weighted([1, 16, 8, 8], 24, [1, 1], real=True)
    yield 'pointwise-tails', Weighted([1, 5, 8, 7], 7, [1, 1], real=True, attrs='min = 0.0')
    yield '3x3', Weighted([2, 7, 9, 8], 9, [3, 3], [2, 1], 1, real=True, attrs=RELU6)
    yield 'groups', Weighted([1, 12, 8, 8], 18, [3, 3], pads=1, groups=3, real=True)
    yield 'depthwise', Weighted([1, 13, 9, 8], 13, [3, 3], pads=1, groups=13, real=True)
    yield 'depthwise-5x5', Weighted([1, 16, 9, 8], 16, [5, 5], 2, 2, groups=16, real=True)
    yield '3d', Weighted([1, 3, 5, 6, 7], 5, [3, 3, 3], pads=1, real=True)
    yield 'one-output', Weighted([1, 3, 5, 6], 1, [3, 3], pads=1, real=True)
    yield 'linear', Weighted([3, 50], 9, real=True)
    yield 'linear-no-bias', Weighted([1, 64], 11, real=True, bias=False)


def transposed():
    """Transposed convolutions: phases, cut and empty ones."""
    for real in (False, True):
        kind = '-f32' if real else '-i8'
        yield '2x2' + kind, Transposed([1, 12, 5, 6], 7, [2, 2], 2, real=real, attrs='min = 0.0')
        yield '3x3-pads' + kind, Transposed([2, 5, 6, 5], 9, [3, 3], 2, [1, 1, 0, 1], real=real,
                                            output_pads=1)
        yield 'stride-1' + kind, Transposed([1, 6, 5, 5], 6, [3, 3], 1, 1, real=real, bias=False)
        yield 'gaps' + kind, Transposed([1, 6, 4, 5], 6, [2, 3], 3, real=real)
        yield 'dilated' + kind, Transposed([1, 3, 5, 5], 4, [3, 3], 2, 1, [2, 3], real=real)
        yield 'cut' + kind, Transposed([1, 3, 5], 4, [3], 2, 4, real=real)
        yield '3d' + kind, Transposed([1, 3, 3, 4, 2], 4, [3, 2, 2], [2, 1, 3], real=real)
    yield 'groups', Transposed([1, 6, 5, 5], 9, [3, 3], 2, groups=3, real=True)
    yield 'unsigned', Transposed([1, 6, 5, 5], 9, [3, 3], 2, storage='u8', zero_points=True)
    yield 'accumulator', Transposed([1, 6, 5, 5], 9, [3, 3], 2, raw=True)


def pool():
    window = 'kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 0]'
    small, large, odd = [1, 19, 8, 8], [1, 19, 4, 4], [2, 19, 9, 8]
    half = [2, 19, 5, 4]
    yield 'max', simple('max_pool', small, INPUT, large, INPUT, 'kernel = [2, 2], strides = [2, 2]')
    for t, name in ((INPUT, 'i8'), (UNSIGNED, 'u8'), ('f32', 'f32')):
        yield 'max-padded-' + name, simple('max_pool', odd, t, half, t, window)
    for t, name in ((UNSIGNED, 'u8'), ('f32', 'f32'), ('f64', 'f64'), ('i64', 'i64')):
        yield 'indices-' + name, simple('max_pool_indices', odd, t, half, 'i64', window)
    yield 'indices-columns', simple('max_pool_indices', odd, 'f32', half, 'i64',
                                    window + ', column_major = true')
    yield 'avg', simple('avg_pool', small, INPUT, large, OTHER, 'kernel = [2, 2], strides = [2, 2]')
    yield 'avg-global', simple('avg_pool', [2, 64, 7, 7], INPUT, [2, 64, 1, 1], OTHER, 'kernel = [7, 7]')
    yield 'avg-padded', simple('avg_pool', odd, INPUT, half, OTHER, window)
    yield 'avg-count-pads', simple('avg_pool', odd, INPUT, half, OTHER, window + ', count_pads = true')
    yield 'avg-f32', simple('avg_pool', odd, 'f32', half, 'f32', window)
    yield 'avg-global-f32', simple('avg_pool', [1, 33, 7, 7], 'f32', [1, 33, 1, 1], 'f32',
                                   'kernel = [7, 7]')
    yield 'avg-1d', simple('avg_pool', [1, 33, 9], 'f32', [1, 33, 4], 'f32',
                           'kernel = [3], strides = [2]')


def parameters():
    """Quantization per axis and per group, along each axis."""
    rng = random.Random(5)
    s = [3, 20, 6]
    for axis, group, name in ((0, 0, 'outer'), (1, 0, 'middle'), (2, 0, 'inner'), (1, 5, 'groups'),
                              (2, 3, 'inner-groups'), (0, 1, 'outer-groups')):
        count = s[axis] if not group else s[axis] // group * (s[0] if axis else 1)
        scales = [f32(rng.uniform(0.01, 0.05)) for _ in range(count)]
        zero_points = [rng.randint(-20, 20) for _ in range(count)]
        grouping = f'axis = {axis}, group = {group}, ' if group else f'axis = {axis}, '
        t = f'quant<i8:f32, {grouping}{dense("f", scales)} : {dense("i", zero_points)}>'
        yield 'quantize-' + name, simple('quantize', s, 'f32', s, t)
        yield 'dequantize-' + name, simple('dequantize', s, t, s, 'f32')


def elementwise():
    s = [3, 37]
    yield 'quantize', simple('quantize', s, 'f32', s, INPUT)
    yield 'quantize-u8', simple('quantize', s, 'f32', s, UNSIGNED)
    yield 'dequantize', simple('dequantize', s, INPUT, s, 'f32')
    yield 'requantize', simple('requantize', s, INPUT, s, OTHER)
    yield 'requantize-u8', simple('requantize', s, UNSIGNED, s, OTHER)
    yield 'requantize-relabel', simple('requantize', s, UNSIGNED, s, 'quant<i8:f32, 0.03:-8>')
    yield 'requantize-shift', simple('requantize', s, UNSIGNED, s, 'quant<i8<-127:127>:f32, 0.03:-20>')
    yield 'requantize-shift-signed', simple('requantize', s, INPUT, s, 'quant<u8:f32, 0.03:140>')
    for op in ('relu sigmoid tanh hard_swish exp log sqrt erf neg abs reciprocal hard_sigmoid elu '
               'leaky_relu sign floor ceil round sin cos atan silu softplus mish softsign gelu').split():
        yield op, simple(op, s, 'f32', s, 'f32')
    yield 'gelu-tanh', simple('gelu', s, 'f32', s, 'f32', 'approximate = "tanh"')
    yield 'gelu-i8', simple('gelu', s, INPUT, s, OTHER)
    yield from parameters()
    yield 'clamp', simple('clamp', s, 'f32', s, 'f32', 'min = -1.0, max = 2.5')
    yield 'relu-i8', simple('relu', s, INPUT, s, INPUT)
    yield 'clamp-i8', simple('clamp', s, INPUT, s, INPUT, 'min = -1.0, max = 2.5')
    yield 'sigmoid-i8', simple('sigmoid', s, INPUT, s, 'quant<i8:f32, 0.00390625:-128>')
    yield 'hard_swish-u8', simple('hard_swish', s, UNSIGNED, s, OTHER)


def binary():
    s = [3, 29]
    for op in 'add sub mul div pow maximum minimum prelu'.split():
        yield op, simple(op, s, 'f32', s, 'f32', '', '3x29xf32')
        yield op + '-broadcast', simple(op, [2] + s, 'f32', [2] + s, 'f32', '', '3x1xf32')
    for op in 'add sub mul'.split():
        yield op + '-i8', simple(op, s, INPUT, s, OTHER, 'min = 0.0', '3x29xquant<i8:f32, 0.05:9>')
        yield op + '-i8-broadcast', simple(op, [2] + s, INPUT, [2] + s, OTHER, '',
                                           '1x29xquant<u8:f32, 0.05:99>')
    for op in 'maximum minimum'.split():
        yield op + '-i8', simple(op, s, INPUT, s, INPUT, 'max = 1.0', '3x29x' + INPUT)
        yield op + '-u8', simple(op, [2] + s, UNSIGNED, [2] + s, UNSIGNED, '', '3x1x' + UNSIGNED)


def relayout(shape, t):
    """To pixels and back to planes."""
    plain = f'tensor<{dims(shape)}x{t}>'
    return '\n'.join([
        'module @m {', f'  func @main(%x: {plain} {{name = "x"}}) -> ({plain} {{name = "y"}}) {{',
        f'    %0 = relayout(%x) {{order = "nhwc"}} : tensor<{dims(shape)}x{t}, nhwc>',
        f'    %1 = relayout(%0) {{order = "row_major"}} : {plain}', '    return(%1)', '  }', '}', ''])


def copy():
    for t, name in (('f32', '-f32'), (INPUT, '-i8')):
        yield 'transpose' + name, simple('transpose', [2, 3, 4, 35], t, [2, 4, 35, 3], t,
                                         'perm = [0, 2, 3, 1]')
        yield 'slice' + name, simple('slice', [2, 9, 4, 35], t, [2, 4, 4, 17], t, 'starts = [0, 1, 3, 0],'
                                     ' ends = [2, 9, -1, 34], steps = [1, 2, -1, 2]')
        for mode in ('constant', 'reflect', 'edge'):
            yield 'pad-' + mode + name, simple(
                'pad', [2, 3, 4, 5], t, [2, 4, 7, 9], t,
                f'pads = [0, 0, 2, 3, 0, 1, 1, 1], mode = "{mode}", value = 0.5')
        yield 'concat' + name, simple('concat', [2, 3, 4, 5], t, [2, 8, 4, 5], t, 'axis = 1',
                                      '2x5x4x5x' + t)
    for c, w in ((2, 8), (3, 7), (4, 7), (5, 7)):
        yield f'relayout-{c}', relayout([2, c, 5, w], INPUT)
    yield 'relayout-f32', relayout([2, 3, 5, 7], 'f32')


def constant(name, shape, elem, values):
    return f'const @{name} : tensor<{dims(shape)}x{elem}> = dense<{values}>'


def indexed(op, xs, x, indices, index_shape, ys, attrs='', updates=None):
    """An op that reads or writes at constant indices."""
    more = f', %u: tensor<{dims(updates)}x{x}> {{name = "u"}}' if updates else ''
    return '\n'.join([
        'module @m {', '  ' + constant('i', index_shape, 'i64', indices),
        f'  func @main(%x: tensor<{dims(xs)}x{x}> {{name = "x"}}{more})'
        f' -> (tensor<{dims(ys)}x{x}> {{name = "y"}}) {{',
        f'    %0 = {op}(%x, @i{", %u" if updates else ""}) {{{attrs}}} : tensor<{dims(ys)}x{x}>',
        '    return(%0)', '  }', '}', ''])


def index():
    some = [0, -1, 3, 2, 2, 0]
    for t, name in (('f32', 'f32'), (INPUT, 'i8'), ('i32', 'i32')):
        yield 'gather-outer-' + name, indexed('gather', [4, 37], t, some, [2, 3],
                                              [2, 3, 37], 'axis = 0')
        yield 'gather-inner-' + name, indexed('gather', [3, 5, 4], t, some, [6], [3, 5, 6], 'axis = 2')
        yield 'gather-elements-' + name, indexed('gather_elements', [4, 3], t, some[:4],
                                                 [2, 2], [2, 2], 'axis = 0')
        yield 'gather-nd-' + name, indexed('gather_nd', [4, 3, 9], t, [3, 2, 0, -1, -4, 1],
                                           [3, 2], [3, 9])
        yield 'gather-nd-batch-' + name, indexed('gather_nd', [2, 3, 9], t, [2, -3], [2, 1], [2, 9],
                                                 'batch_dims = 1')
        yield 'scatter-nd-' + name, indexed('scatter_nd', [4, 3, 9], t, [3, 0, 3], [3, 1],
                                            [4, 3, 9], '', [3, 3, 9])
        yield 'scatter-elements-' + name, indexed('scatter_elements', [3, 4], t, some,
                                                  [2, 3], [3, 4], 'axis = 1', [2, 3])
        for how in ('max', 'min') + (('add', 'mul') if t != INPUT else ()):
            yield f'scatter-{how}-{name}', indexed(
                'scatter_nd', [4, 19], t, [3, 0, -1], [3, 1], [4, 19], f'reduction = "{how}"',
                [3, 19])
            yield f'scatter-elements-{how}-{name}', indexed(
                'scatter_elements', [4, 2], t, [0, 1, 0, 3, -1, 1], [3, 2], [4, 2],
                f'axis = 0, reduction = "{how}"', [3, 2])
    yield 'scatter-add-f16', indexed('scatter_nd', [4, 19], 'f16', [3, 0, -1], [3, 1], [4, 19],
                                     'reduction = "add"', [3, 19])
    yield 'expand', simple('expand', [3, 1, 5], 'f32', [2, 3, 4, 5], 'f32', 'shape = [2, 3, 4, 5]')
    yield 'expand-inner', simple('expand', [3, 1], INPUT, [3, 37], INPUT, 'shape = [3, 37]')


REAL = ('f32', 'f64', 'f16')
WHOLE = ('i32', 'i64', 'i16', 'u8', 'u32', 'u64')


def reduce():
    s = [2, 9, 4, 35]
    for t, name in [(INPUT, 'quantized')] + [(t, t) for t in REAL + WHOLE]:
        yield 'max-' + name, simple('reduce_max', s, t, [2, 1, 4, 1], t, 'axes = [1, 3]')
        yield 'min-' + name, simple('reduce_min', s, t, [2, 4, 35], t, 'axes = [1], keepdims = false')
    for t in REAL + WHOLE:
        yield 'sum-' + t, simple('reduce_sum', [2, 20, 4, 35], t, [2, 1, 1, 35], t, 'axes = [1, 2]')
        yield 'prod-' + t, simple('reduce_prod', s, t, [2, 9, 4, 1], t, 'axes = [3]')
        yield 'mean-' + t, simple('reduce_mean', s, t, [2, 9], t, 'axes = [2, 3], keepdims = false')
    yield 'mean-outer', simple('reduce_mean', s, 'f32', [2, 1, 4, 35], 'f32', 'axes = [1]')
    yield 'mean-quantized', simple('reduce_mean', s, INPUT, [2, 9], OTHER,
                                   'axes = [2, 3], keepdims = false')


def first_result(op, xs, x, kept, y, attrs, others):
    """The result number `kept` of several."""
    names = ['%0' if i == kept else f'%u{i}' for i in range(others + 1)]
    return '\n'.join([
        'module @m {', f'  func @main(%x: tensor<{dims(xs)}x{x}> {{name = "x"}}) -> ({y} {{name = "y"}}) {{',
        f'    {", ".join(names)} = {op}(%x) {{{attrs}}}', '    return(%0)', '  }', '}', ''])


def along():
    s = [3, 37, 2]
    for t, name in [(INPUT, 'quantized')] + [(t, t) for t in REAL + WHOLE]:
        for op in ('arg_max', 'arg_min'):
            yield f'{op}-{name}', simple(op, s, t, [3, 1, 2], 'i64', 'axis = 1')
            yield f'{op}-last-{name}', simple(op, [2, 300], t, [2], 'i64',
                                              'axis = 1, keepdims = false, select_last = true')
        for largest in ('true', 'false'):
            attrs = f'axis = 1, k = 5, largest = {largest}'
            yield f'top_k-{largest}-{name}', first_result(
                'top_k', s, t, 0, f'tensor<3x5x2x{t}>', attrs, 1)
            yield f'top_k-indices-{largest}-{name}', first_result(
                'top_k', s, t, 1, 'tensor<3x5x2xi64>', attrs, 1)
    for t in REAL + WHOLE:
        yield 'cumsum-' + t, simple('cumsum', s, t, s, t, 'axis = 1')
        yield 'cumsum-reverse-' + t, simple('cumsum', [3, 37], t, [3, 37], t,
                                            'axis = 0, exclusive = true, reverse = true')


def resized(shape, t, sizes, mode, attrs='', order=''):
    scales = [f32(b / a) for a, b in zip(shape, sizes)]
    return simple('resize', shape, t, sizes, t,
                  f'sizes = {sizes}, scales = {scales}, mode = "{mode}"' + attrs)


def resize():
    s, big, small = [2, 3, 5, 7], [2, 3, 10, 14], [2, 3, 4, 5]
    crop = ', coordinates = "tf_crop_and_resize", extrapolation = 1.5, ' \
           'roi = [0.0, 0.0, 0.25, -0.5, 1.0, 1.0, 1.25, 0.75]'
    for t, name in ((INPUT, 'i8'), ('f32', 'f32')):
        for mode in ('nearest', 'linear', 'cubic'):
            yield f'{mode}-{name}', resized(s, t, big, mode)
            yield f'{mode}-down-{name}', resized(s, t, small, mode, ', coordinates = "align_corners"')
            yield f'{mode}-crop-{name}', resized(s, t, small, mode, crop)
        yield 'channels-' + name, resized([1, 3, 4, 19], t, [1, 6, 7, 19], 'linear')
        yield 'line-' + name, resized([1, 9], t, [1, 4], 'nearest', ', coordinates = "asymmetric"')
    yield 'volume', resized([1, 2, 3, 4, 5], 'f32', [1, 2, 5, 6, 7], 'linear')
    yield 'outside', resized(s, 'f32', small, 'cubic', ', exclude_outside = true')
    for t in ('f64', 'f16', 'i32', 'u8', 'u32'):
        yield 'nearest-' + t, resized(s, t, big, 'nearest')
        yield 'linear-' + t, resized(s, t, small, 'linear')


def grid_sample():
    for mode in ('linear', 'nearest', 'cubic'):
        for padding in ('zeros', 'border', 'reflection'):
            for corners in ('true', 'false'):
                yield f'{mode}-{padding}-{corners}', simple(
                    'grid_sample', [2, 3, 5, 7], 'f32', [2, 3, 4, 3], 'f32',
                    f'mode = "{mode}", padding = "{padding}", align_corners = {corners}',
                    '2x4x3x2xf32')


def softmax():
    s, byte = [3, 37], 'quant<i8:f32, 0.00390625:-128>'
    yield 'inner', simple('softmax', s, 'f32', s, 'f32', 'axis = 1')
    yield 'outer', simple('softmax', s, 'f32', s, 'f32', 'axis = 0')
    yield 'one', simple('softmax', [3, 1, 37], 'f32', [3, 1, 37], 'f32', 'axis = 1')
    yield 'log', simple('log_softmax', s, 'f32', s, 'f32', 'axis = 1')
    yield 'i8', simple('softmax', s, INPUT, s, byte, 'axis = 1')
    yield 'free', simple('softmax', s, INPUT, s, 'quant<i8<-100:127>:f32, 0.0051:-37>', 'axis = 1')
    yield 'u8', simple('softmax', s, UNSIGNED, s, 'quant<u8:f32, 0.00390625:0>', 'axis = 0')


def matmul():
    a, y = [2, 5, 37], [2, 5, 11]
    yield 'f32', simple('matmul', a, 'f32', y, 'f32', '', '37x11xf32')
    yield 'i8', simple('matmul', a, INPUT, y, 'quant<i8:f32, 0.41:7>', '',
                       '2x37x11xquant<i8:f32, 0.05:9>')
    yield 'i32', simple('matmul', a, INPUT, y, 'i32', '', '2x37x11xquant<u8:f32, 0.05:9>')
    yield 'vector-matrix', simple('matmul', [37], 'f32', [2, 11], 'f32', '', '2x37x11xf32')
    yield 'matrix-vector', simple('matmul', a, 'f32', [2, 5], 'f32', '', '37xf32')
    yield 'outer', simple('matmul', [19, 1], INPUT, [9, 19, 1], 'i32', '', f'9x1x1x{OTHER}')
    yield 'products', simple('matmul', [19, 1, 1], 'f32', [19, 1, 1], 'f32', '', '19x1x1xf32')


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


def recurrent(op, steps, rows, cells, extra=False, attrs=''):
    gates, states = {'lstm': (4, 2), 'gru': (3, 1), 'rnn': (1, 1)}[op]
    operands = [('x', [steps, rows, gates * cells], 'f32'), ('r', [gates * cells, cells], 'f32')]
    operands += [(n, [rows, cells], 'f32') for n in 'hc'[:states]]
    operands += [('p', [3 * cells], 'f32')] * extra
    return several(op, operands, [[steps, rows, cells]] + [[rows, cells]] * states, attrs)


def sequence():
    for rows, cells in ((1, 32), (2, 5), (3, 19)):
        yield f'lstm-{cells}', recurrent('lstm', 4, rows, cells)
        yield f'gru-{cells}', recurrent('gru', 4, rows, cells)
    yield 'lstm-peephole', recurrent('lstm', 3, 2, 9, True, 'reverse = true')
    yield 'lstm-one', recurrent('lstm', 1, 1, 1)
    yield 'lstm-clip', recurrent('lstm', 3, 2, 9, False, 'cell_clip = 0.25')
    yield 'gru-bias', recurrent('gru', 3, 2, 9, True)
    yield 'gru-before', recurrent('gru', 3, 2, 9, True, 'reset_after = false, reverse = true')
    yield 'rnn', recurrent('rnn', 5, 2, 17)
    yield 'rnn-relu', recurrent('rnn', 5, 1, 3, False, 'activation = "relu", reverse = true')


def attend(q, k, v, mask=None, attrs='', elem='f32'):
    operands = [(n, s, 'f32') for n, s in zip('qkv', (q, k, v))]
    operands += [('m', mask, elem)] if mask else []
    rank = max(len(q), len(k), len(v))
    lead = [max(([1] * rank + s)[-rank + i] for s in (q, k, v)) for i in range(rank - 2)]
    return several('attention', operands, [lead + [q[-2], v[-1]]], attrs)


def attention():
    q, k, v = [2, 3, 5, 19], [3, 21, 19], [2, 1, 21, 11]
    yield 'plain', attend(q, k, v, attrs='scale = 0.25')
    yield 'added', attend(q, k, v, [5, 21])
    yield 'added-column', attend(q, k, v, [2, 1, 5, 1])
    yield 'seen', attend(q, k, v, [21], elem='i1')
    yield 'seen-matrices', attend(q, k, v, [2, 1, 5, 21], elem='i1')
    yield 'causal', attend(q, k, v, attrs='causal = true')
    yield 'causal-offset', attend([7, 16], [16, 16], [16, 32], attrs='causal = true, offset = 9')
    yield 'unseen', attend([7, 16], [3, 16], [3, 8], attrs='causal = true, offset = -5')
    yield 'one', attend([1, 1], [1, 1], [1, 1])


def layer_norm():
    x = [3, 2, 33]
    yield 'inner', simple('layer_norm', x, 'f32', x, 'f32', 'axis = 2, epsilon = 0.01')
    yield 'gamma', simple('layer_norm', x, 'f32', x, 'f32', 'axis = 1', '2x33xf32')
    yield 'small', simple('layer_norm', [5, 3], 'f32', [5, 3], 'f32', 'axis = 1', '3xf32')
    yield 'affine', several('layer_norm', [('x', x, 'f32'), ('g', [33], 'f32'), ('b', [33], 'f32')],
                            [x], 'axis = 2')
    yield 'rms', simple('rms_norm', x, 'f32', x, 'f32', 'axis = 2', '33xf32')
    yield 'rms-plain', simple('rms_norm', [64], 'f32', [64], 'f32', 'axis = 0')


def updated(xs, us, start, attrs, t='f32'):
    """update_slice twice in one chain: of an argument, and in place."""
    x, u = f'tensor<{dims(xs)}x{t}>', f'tensor<{dims(us)}x{t}>'
    return '\n'.join([
        'module @m {', f'  const @i : tensor<1xi64> = dense<[{start}]>',
        f'  func @main(%x: {x} {{name = "x"}}, %u: {u} {{name = "u"}}) -> ({x} {{name = "y"}})'
        ' attributes {updates = [0]} {',
        f'    %0 = update_slice(%x, %u, @i) {{{attrs}}} : {x}',
        f'    %1 = update_slice(%0, %u, @i) {{axis = 0, at = [1]}} : {x}',
        '    return(%1)', '  }', '}', ''])


def update():
    for start in (0, 3, 6, -1, -4, 9, 1 << 62, -(1 << 62)):
        yield f'axis1-{start}', updated([3, 7, 5], [2, 2, 5], start, 'axis = 1, at = [1, 0, 0]')
    for t, name in (('f32', 'f32'), (INPUT, 'i8'), ('i64', 'i64'), ('f16', 'f16')):
        yield 'last-' + name, updated([4, 9], [4, 1], 5, 'axis = 1', t)
    yield 'beyond', updated([4, 9], [3, 1], 2, 'axis = 1, at = [3, 4]')


def chain(shape, block, bits, back, choose='', put=''):
    """Parameters from x itself; the result is quantized, or (`back`) dequantized again."""
    x, at = f'tensor<{dims(shape)}x', f'block = {block}'
    storage, low, high = {'i8': ('i8', -128, 127), 'u8': ('u8', 0, 255), 'i4': ('i8', -8, 7)}[bits]
    stored = f'{at}, dtype = "{storage}", qmin = {low}, qmax = {high}'
    return '\n'.join([
        'module @m {', f'  func @main(%x: {x}f32> {{name = "x"}})'
        f' -> ({x}{"f32" if back else storage}> {{name = "y"}}) {{',
        f'    %s, %z = choose_qparams(%x) {{{stored}{choose}}}',
        f'    %q = quantize_affine(%x, %s, %z) {{{stored}{put}}}',
        f'    %d = dequantize_affine(%q, %s, %z) {{{at}}}',
        f'    return({"%d" if back else "%q"})', '  }', '}', ''])


def affine():
    for back in (False, True):
        end = '-back' if back else ''
        yield 'tensor' + end, chain([3, 37], [3, 37], 'i8', back)
        yield 'rows' + end, chain([5, 67], [1, 67], 'i8', back)
        yield 'onnx' + end, chain([1, 131], [1, 131], 'u8', back, ', eps = 0.0', ', divide = true')
        yield 'groups' + end, chain([3, 70], [2, 32], 'i4', back, ', symmetric = true')
        yield 'channels' + end, chain([2, 5, 9], [2, 1, 9], 'i8', back)
        yield 'columns' + end, chain([33, 6], [33, 1], 'u8', back, ', symmetric = true')
    scales = ', '.join(f'0.0{i + 1}' for i in range(8))
    for name, params in (('axis', 'axis = 1, {0.02:3, 0.03:-8, 0.05, 0.07:1}'),
                         ('group', f'axis = 1, group = 2, {{{scales}}}')):
        shape, kind = [4, 4, 9], f'quant<i8:f32, {params}>'
        yield f'type-{name}', simple('quantize', shape, 'f32', shape, kind)
        yield f'type-{name}-back', simple('dequantize', shape, kind, shape, 'f32')
    t, p = 'tensor<6x40x', 'tensor<3x3x'
    yield 'real-zero-points', '\n'.join([
        'module @m {', f'  func @main(%x: {t}i8> {{name = "x"}}, %s: {p}f32> {{name = "s"}},'
        f' %z: {p}f32> {{name = "z"}}) -> ({t}f32> {{name = "y"}}) {{',
        '    %d = dequantize_affine(%x, %s, %z) {block = [2, 16]}', '    return(%d)', '  }', '}', ''])


GROUPS = {f.__name__: f for f in (conv, depthwise, linear, weighted_real, transposed, pool, elementwise,
                                  binary, copy, index, reduce, along, resize, grid_sample, softmax,
                                  matmul, affine, sequence, attention, layer_norm, update,
                                  typed.cast, typed.arithmetic, typed.half)}


def cases(group):
    for name, case in GROUPS[group]():
        yield name, case.text() if isinstance(case, Weighted) else case
