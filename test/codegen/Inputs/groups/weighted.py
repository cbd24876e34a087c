"""Convolutions and products of matrices."""
from modules import Extreme, INPUT, Narrow, OTHER, Transposed, Weighted, simple

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
    yield 'many-outputs', Weighted([1, 9, 6, 5], 67, [3, 3], pads=1)


def windows():
    """Read where they lie: in bands or in the operand, runs that end within a step of k, tiles of several lines."""
    yield 'stem', Weighted([1, 3, 21, 19], 33, [3, 3], 2, [1, 0, 1, 1], storage='u8')
    yield 'stem-zero-points', Weighted([2, 3, 9, 10], 20, [3, 3], pads=1, zero_points=True)
    yield 'one-channel', Weighted([1, 1, 30, 10], 64, [10, 4], 2, [4, 1, 5, 1], storage='u8')
    yield 'lines', Weighted([1, 8, 13, 7], 48, [3, 3], pads=1, storage='u8')
    yield 'short-lines', Weighted([1, 12, 9, 2], 18, [3, 3], pads=1, storage='u8', raw=True)
    yield 'one-column', Weighted([1, 4, 17, 1], 16, [5, 1], pads=[2, 0, 2, 0], storage='u8')
    yield 'in-place', Weighted([2, 8, 11, 9], 20, [3, 3], storage='u8')
    yield 'in-place-stride', Weighted([1, 16, 15, 13], 40, [1, 1], 2, storage='u8')
    yield 'in-place-planes', Weighted([1, 4, 6, 7, 8], 9, [3, 2, 3], [2, 1, 2], 0, [1, 2, 2], storage='u8')
    yield 'over-read', Weighted([1, 3, 6, 6], 10, [2, 3], storage='u8')
    yield 'dilated', Weighted([1, 5, 16, 9], 11, [3, 3], 1, 4, [4, 4], storage='u8')
    yield 'blocks', Weighted([1, 96, 40, 36], 8, [3, 3], pads=1, storage='u8')
    yield 'extreme', Extreme([1, 3, 11, 12], 35, [7, 7], 2, 3, zero_point=0, storage='u8', raw=True)
    yield 'extreme-signed', Extreme([1, 6, 9, 9], 20, [3, 3], 1, 1, zero_point=127, raw=True)


def winograd():
    """3x3 windows of stride 1 with channels for a vector: tiles of 4x4 or 2x2 results, cut where sizes are others."""
    yield 'whole', Weighted([1, 32, 8, 8], 64, [3, 3], pads=1)
    yield 'odd', Weighted([2, 32, 7, 9], 40, [3, 3], pads=1, attrs=RELU6)
    yield 'tails', Weighted([1, 37, 8, 5], 27, [3, 3], pads=1, storage='u8')
    yield 'one-vector', Weighted([1, 48, 6, 6], 5, [3, 3], pads=1, bias=False)
    yield 'unpadded', Weighted([1, 32, 9, 6], 48, [3, 3])
    yield 'far', Weighted([1, 32, 5, 4], 24, [3, 3], pads=[2, 0, 1, 3], zero_points=True)
    yield 'one-row', Weighted([1, 64, 1, 33], 33, [3, 3], pads=1)
    yield 'blocks', Weighted([1, 64, 19, 22], 16, [3, 3], pads=1)
    yield 'planes', Weighted([1, 32, 3, 5, 6], 17, [1, 3, 3], pads=[0, 1, 1, 0, 1, 1])
    yield 'accumulator', Weighted([1, 32, 5, 6], 37, [3, 3], pads=1, raw=True)
    yield 'accumulator-large', Weighted([1, 64, 8, 12], 41, [3, 3], pads=1, raw=True)
    yield 'extreme', Extreme([1, 64, 6, 5], 50, [3, 3], pads=1, zero_point=127, raw=True)
    yield 'extreme-unsigned', Extreme([1, 64, 5, 6], 35, [3, 3], pads=1, zero_point=0, storage='u8', raw=True)
    yield 'extreme-large', Extreme([1, 64, 8, 7], 48, [3, 3], pads=1, zero_point=127, raw=True)
    yield 'weights-of-bytes', Weighted([1, 100, 8, 6], 77, [3, 3], pads=1)
    yield 'extreme-bytes', Extreme([1, 96, 4, 8], 80, [3, 3], pads=1, zero_point=127, raw=True)
    yield 'extreme-large-unsigned', Extreme([1, 64, 11, 8], 32, [3, 3], pads=1, zero_point=0, storage='u8', raw=True)


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


def columns():
    """Depthwise convolutions whose rows are interleaved: blocks of channels, whole lines, tails of both."""
    yield 'blocks', Weighted([2, 72, 7, 9], 72, [3, 3], pads=1, groups=72, attrs=RELU6)
    yield 'blocks-stride', Weighted([1, 128, 9, 10], 128, [3, 3], 2, [0, 0, 1, 1], groups=128)
    yield 'lines', Weighted([1, 48, 6, 8], 48, [3, 3], pads=1, groups=48)
    yield 'lines-tail', Weighted([1, 12, 5, 27], 12, [3, 3], pads=1, groups=12, storage='u8')
    yield 'lines-phases', Weighted([1, 144, 4, 7], 144, [3, 3], pads=1, groups=144, bias=False)
    yield 'one-row', Weighted([1, 64, 1, 6], 64, [3, 3], pads=1, groups=64)
    yield '5x5-stride', Weighted([1, 68, 11, 9], 68, [5, 5], 2, 2, groups=68)
    yield '7x3', Weighted([1, 16, 12, 13], 16, [7, 3], 1, [3, 1, 3, 1], groups=16)
    yield 'dilated', Weighted([1, 24, 11, 12], 24, [3, 3], 1, 2, 2, groups=24)
    yield 'far-padding', Weighted([1, 32, 6, 3], 32, [3, 5], [1, 3], [2, 4, 2, 6], groups=32)
    yield 'accumulator', Weighted([1, 100, 5, 4], 100, [3, 3], pads=1, groups=100, raw=True)
    yield 'extremes', Extreme([1, 64, 6, 5], 64, [3, 3], pads=1, groups=64, zero_point=-128)
    yield 'extremes-unsigned', Extreme([1, 48, 6, 5], 48, [5, 5], pads=2, groups=48, zero_point=255,
                                       storage='u8')


def streams():
    """Depthwise convolutions whose columns may pass through registers: turns that padding begins or ends."""
    yield 'padded', Weighted([2, 64, 5, 7], 64, [3, 3], pads=1, groups=64, attrs=RELU6)
    yield 'even', Weighted([1, 64, 4, 8], 64, [3, 3], pads=1, groups=64, storage='u8')
    yield 'valid', Weighted([1, 80, 6, 8], 80, [2, 3], groups=80)
    yield 'far', Weighted([1, 64, 5, 4], 64, [3, 3], pads=2, groups=64, bias=False)
    yield 'right', Weighted([1, 96, 4, 5], 96, [3, 2], 1, [0, 0, 2, 3], groups=96)
    yield 'stride', Weighted([1, 96, 9, 12], 96, [3, 3], 2, 1, groups=96)
    yield 'stride-odd', Weighted([1, 72, 8, 9], 72, [3, 3], 2, [0, 0, 1, 1], groups=72, storage='u8')
    yield 'stride-3', Weighted([1, 64, 7, 10], 64, [3, 3], 3, groups=64)
    yield 'one-column', Weighted([1, 64, 5, 1], 64, [3, 3], pads=1, groups=64)
    yield 'one-position', Weighted([1, 128, 3, 2], 128, [3, 3], 2, [1, 1, 0, 0], groups=128)
    yield 'pointwise', Weighted([1, 64, 3, 5], 64, [1, 1], groups=64)
    yield 'accumulator', Weighted([1, 100, 5, 6], 100, [3, 3], pads=1, groups=100, raw=True)
    yield 'extremes', Extreme([1, 64, 5, 5], 64, [3, 3], pads=1, groups=64, zero_point=127)


def linear():
    yield 'rows', Weighted([4, 30], 10)
    yield 'one-row', Weighted([1, 64], 10)
    yield 'wide', Weighted([1, 128], 1000)
    yield 'tails', Weighted([65, 33], 17, attrs='min = 0.0')
    yield 'leading', Weighted([2, 3, 32], 8)
    yield 'many-outputs', Weighted([9, 43], 75)


def extremes():
    yield 'pointwise', Extreme([1, 64, 4, 4], 19, [1, 1], zero_point=-128, raw=True)
    yield 'pointwise-unsigned', Extreme([1, 64, 4, 4], 19, [1, 1], zero_point=255, storage='u8')
    yield '3x3', Extreme([1, 7, 6, 5], 18, [3, 3], pads=1, zero_point=127, raw=True)
    yield 'depthwise', Extreme([1, 19, 6, 5], 19, [3, 3], pads=1, groups=19, zero_point=-128, raw=True)
    yield 'linear', Extreme([3, 67], 17, zero_point=-128)
    yield 'linear-unsigned', Extreme([3, 67], 17, zero_point=0, storage='u8', raw=True)


def small():
    """What is compiled for size: weights of i16 products are stored as bytes."""
    chosen = {conv: ('pointwise-tails', '3x3', '5x3-dilated', 'groups', 'weight-zero-point', 'unsigned', '3d'),
              linear: ('one-row', 'tails'), extremes: ('pointwise', '3x3', 'linear-unsigned')}
    for group, names in chosen.items():
        for name, case in group():
            if name in names:
                yield f'{group.__name__}-{name}', case.text().replace('@m {', '@m attributes {optimize = "size"} {')


def chains():
    """Products that i16 can sum."""
    yield 'pointwise', Narrow([1, 64, 5, 5], 48, [1, 1], zero_point=-128, raw=True)
    yield 'pointwise-tails', Narrow([2, 37, 3, 5], 29, [1, 1], zero_point=127)
    yield 'unsigned', Narrow([1, 64, 4, 4], 32, [1, 1], zero_point=0, storage='u8', raw=True)
    yield 'unsigned-tails', Narrow([1, 31, 4, 3], 21, [1, 1], zero_point=255, storage='u8', attrs=RELU6)
    yield '3x3-stride', Narrow([1, 19, 9, 8], 24, [3, 3], 2, 1, zero_point=-7)
    yield '3d', Narrow([1, 8, 4, 5, 4], 18, [3, 2, 2], pads=1, zero_point=3, raw=True)
    yield 'row', Narrow([1, 128], 100, zero_point=-128, raw=True)
    yield 'rows', Narrow([7, 66], 17, zero_point=5)


def inner():
    """Products of sums, where results are many: whole tiles and tails of k, rows and columns."""
    yield 'pointwise', Weighted([1, 64, 8, 8], 96, [1, 1])
    yield 'pointwise-tails', Weighted([2, 36, 7, 9], 149, [1, 1], attrs=RELU6)
    yield 'unsigned', Weighted([1, 72, 5, 8], 160, [1, 1], storage='u8', bias=False)
    yield 'blocks', Weighted([1, 64, 11, 12], 72, [1, 1], storage='u8')
    yield 'stride', Weighted([1, 128, 15, 15], 256, [1, 1], stride=2, zero_points=True)
    yield '3x3-stride', Weighted([1, 20, 17, 15], 320, [3, 3], 2, 1)
    yield 'rows', Weighted([68, 128], 100, zero_points=True)
    yield 'few-rows', Weighted([4, 100], 129, storage='u8', raw=True)
    yield 'extreme', Extreme([1, 96, 4, 8], 80, [1, 1], zero_point=127, raw=True)
    yield 'extreme-unsigned', Extreme([1, 96, 8, 7], 80, [1, 1], zero_point=255, storage='u8', raw=True)


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
    yield 'groups-i8', Transposed([1, 6, 5, 5], 9, [3, 3], 2, groups=3, zero_points=True)
    yield 'unsigned', Transposed([1, 6, 5, 5], 9, [3, 3], 2, storage='u8', zero_points=True)
    yield 'accumulator', Transposed([1, 6, 5, 5], 9, [3, 3], 2, raw=True)


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
    for t in ('i32', 'i64', 'u8'):
        yield 'plain-' + t, simple('matmul', a, t, y, t, '', f'2x37x11x{t}')
    yield 'plain-bounds', simple('matmul', a, 'i8', y, 'i8', 'min = -100.0, max = 90.0', '37x11xi8')
    yield 'plain-bounds-i32', simple('matmul', a, 'i32', y, 'i32', 'min = -5.0, max = 1e+09', '37x11xi32')
