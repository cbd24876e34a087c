"""Ops over windows and axes."""
import random
import struct

from modules import INPUT, OTHER, REAL, UNSIGNED, WHOLE, dims, simple


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


def odd_rows():
    """softmax of rows with NaNs of several kinds, infinities and zeros of both signs.  A NaN that an operation makes
    has the CPU's bits: 2.0 stands for it."""
    rng, bits = random.Random(3), []
    put = ({}, {40: 0x7fc00123, 5: 0x7fc00456}, {66: 0xffc00001}, {0: 0xff800000}, {i: 0 for i in range(67)},
           {i: 0 if i == 3 else 0x80000000 for i in range(67)})
    for row in put:
        values = [struct.unpack('<I', struct.pack('<f', rng.uniform(-3, 3)))[0] for _ in range(67)]
        bits += [row.get(i, v) for i, v in enumerate(values)]
    data, t = b''.join(struct.pack('<I', b) for b in bits).hex(), 'tensor<6x67xf32>'
    return '\n'.join([
        'module @m {', f'  const @k : {t} = dense<"0x{data}">', '  const @two : tensor<f32> = dense<[2.0]>',
        f'  func @main(%x: {t} {{name = "x"}}) -> ({t} {{name = "y"}}) {{', f'    %d = sub(%x, %x) : {t}',
        f'    %a = add(%d, @k) : {t}', f'    %s = softmax(%a) {{axis = 1}} : {t}',
        '    %real = equal(%s, %s) : tensor<6x67xi1>', f'    %y = where(%real, %s, @two) : {t}', '    return(%y)', '  }', '}', ''])


def softmax():
    yield 'odd', odd_rows()
    s, byte = [3, 37], 'quant<i8:f32, 0.00390625:-128>'
    yield 'inner', simple('softmax', s, 'f32', s, 'f32', 'axis = 1')
    yield 'outer', simple('softmax', s, 'f32', s, 'f32', 'axis = 0')
    yield 'one', simple('softmax', [3, 1, 37], 'f32', [3, 1, 37], 'f32', 'axis = 1')
    yield 'log', simple('log_softmax', s, 'f32', s, 'f32', 'axis = 1')
    yield 'i8', simple('softmax', s, INPUT, s, byte, 'axis = 1')
    yield 'free', simple('softmax', s, INPUT, s, 'quant<i8<-100:127>:f32, 0.0051:-37>', 'axis = 1')
    yield 'u8', simple('softmax', s, UNSIGNED, s, 'quant<u8:f32, 0.00390625:0>', 'axis = 0')
