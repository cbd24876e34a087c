"""Values of 16 bits: as operand, as result, or both, of every op that takes them."""
from modules import INPUT, OTHER, WORDS, Extreme, Weighted, simple

NARROW = 'quant<i16<-32767:32767>:f32, 0.00013>'
BOTH, FROM, TO = {'storage': 'i16'}, {'storage': 'i16', 'to': 'i8'}, {'to': 'i16'}


def weighted():
    for name, types in (('both', BOTH), ('from', FROM), ('to', TO), ('from-u8', {'storage': 'u8', 'to': 'i16'})):
        yield '3x3-' + name, Weighted([1, 16, 7, 6], 19, [3, 3], pads=1, attrs='min = 0.0', **types)
        yield 'pointwise-' + name, Weighted([1, 24, 9, 7], 37, [1, 1], **types)
        yield 'depthwise-' + name, Weighted([1, 20, 6, 9], 20, [3, 3], pads=1, groups=20, **types)
        yield 'linear-' + name, Weighted([5, 41], 33, **types)
    yield 'stride', Weighted([1, 3, 11, 9], 18, [3, 3], 2, 1, **BOTH)
    yield 'in-place', Weighted([2, 8, 9, 9], 20, [3, 3], **BOTH)
    yield 'groups', Weighted([1, 12, 8, 8], 18, [3, 3], pads=1, groups=3, **FROM)
    yield 'weight-zero-point', Weighted([1, 8, 6, 6], 10, [3, 3], pads=1, zero_points=True, **BOTH)
    yield 'accumulator', Weighted([1, 8, 6, 6], 13, [3, 3], pads=1, raw=True, **FROM)
    yield 'winograd', Weighted([1, 32, 7, 9], 40, [3, 3], pads=1, **TO)
    yield 'extreme', Extreme([1, 8, 6, 5], 17, [3, 3], pads=1, zero_point=0, raw=True, storage='i16')
    yield 'vector', Weighted([1, 300], 65, **BOTH)


def sums():
    s = [3, 37]
    for op in ('add', 'sub', 'mul'):
        for name, a, b, y in (('both', WORDS, WORDS, NARROW), ('mixed', WORDS, INPUT, NARROW),
                              ('to-i8', INPUT, WORDS, OTHER), ('from-i8', INPUT, INPUT, WORDS)):
            yield f'{op}-{name}', simple(op, s, a, s, y, 'min = -1.5', '3x37x' + b)
    yield 'maximum', simple('maximum', s, WORDS, s, WORDS, '', '3x1x' + WORDS)


def others():
    s, image = [3, 37], [1, 19, 7, 6]
    yield 'quantize', simple('quantize', s, 'f32', s, WORDS)
    yield 'dequantize', simple('dequantize', s, WORDS, s, 'f32')
    yield 'widen', simple('requantize', s, INPUT, s, WORDS)
    yield 'narrow', simple('requantize', s, WORDS, s, OTHER)
    yield 'rescale', simple('requantize', s, WORDS, s, NARROW)
    yield 'relu', simple('relu', s, WORDS, s, WORDS)
    yield 'clamp', simple('clamp', s, WORDS, s, WORDS, 'min = -1.0, max = 2.5')
    yield 'max-pool', simple('max_pool', image, WORDS, [1, 19, 4, 3], WORDS, 'kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 0]')
    for name, x, y in (('both', WORDS, NARROW), ('to-i8', WORDS, OTHER), ('from-i8', INPUT, WORDS)):
        yield 'avg-pool-' + name, simple('avg_pool', image, x, [1, 19, 4, 3], y, 'kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 0]')
        yield 'mean-' + name, simple('reduce_mean', image, x, [1, 19, 1, 1], y, 'axes = [2, 3]')
    yield 'reduce-max', simple('reduce_max', image, WORDS, [1, 19, 1, 1], WORDS, 'axes = [2, 3]')
    yield 'concat', simple('concat', s, WORDS, [3, 40], WORDS, 'axis = 1', '3x3x' + WORDS)
    yield 'transpose', simple('transpose', s, WORDS, [37, 3], WORDS, 'perm = [1, 0]')
    yield 'slice', simple('slice', s, WORDS, [2, 12], WORDS, 'starts = [2, 36], ends = [0, 0], steps = [-1, -3]')
    yield 'pad', simple('pad', s, WORDS, [4, 41], WORDS, 'pads = [0, 3, 1, 1], value = 0.5')


def words():
    yield from weighted()
    yield from sums()
    yield from others()
