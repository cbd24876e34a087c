"""Ops on single elements; quantization by every kind of parameters."""
import random

from modules import INPUT, OTHER, UNSIGNED, dense, dims, f32, simple


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
    for name, t in (('exact', 'quant<i32:f32, 3.051851e-05>'), ('saturates', 'quant<i32:f32, 1e-09:100>'),
                    ('bounds', 'quant<i32<-1000000000:500000000>:f32, 1e-09:-77>')):
        yield 'quantize-i32-' + name, simple('quantize', s, 'f32', s, t)
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
    for op in 'add sub'.split(): # whole registers; factors far apart
        yield op + '-u8-long', simple(op, [3, 67], UNSIGNED, [3, 67], 'quant<u8:f32, 0.06:140>', 'max = 4.5',
                                      '3x67xquant<i8:f32, 12.5:-20>')
        yield op + '-u8-small', simple(op, [3, 67], UNSIGNED, [3, 67], 'quant<i8:f32, 20.0:-3>', '',
                                       '3x67xquant<u8:f32, 25.5:200>')
    for op in 'maximum minimum'.split():
        yield op + '-i8', simple(op, s, INPUT, s, INPUT, 'max = 1.0', '3x29x' + INPUT)
        yield op + '-u8', simple(op, [2] + s, UNSIGNED, [2] + s, UNSIGNED, '', '3x1x' + UNSIGNED)


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
    yield 'type-wide', simple('quantize', shape, 'f32', shape,
                              'quant<i32:f32, axis = 1, {1e-09:3, 0.001:-800000, 1e-08, 0.07:1}>')
    t, p = 'tensor<6x40x', 'tensor<3x3x'
    yield 'real-zero-points', '\n'.join([
        'module @m {', f'  func @main(%x: {t}i8> {{name = "x"}}, %s: {p}f32> {{name = "s"}},'
        f' %z: {p}f32> {{name = "z"}}) -> ({t}f32> {{name = "y"}}) {{',
        '    %d = dequantize_affine(%x, %s, %z) {block = [2, 16]}', '    return(%d)', '  }', '}', ''])
