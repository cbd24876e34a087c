"""Real ops with quantized weights and tables, which objects hold in their bits."""
import math
import random

from modules import Transposed, Weighted, dense, dims, f32, product


def shortened(v, bits):
    """v with that many significant bits."""
    unit = 2.0 ** (math.frexp(v)[1] - bits)
    return round(v / unit) * unit


def quant(rng, storage, shape, group=0, rows=True, zero_points=False, axis=0, precision=24):
    """Type of a constant: parameters per tensor, per row (index of an axis), or per group of dimension 1."""
    bits = int(storage[1:])
    low = -(1 << bits - 1) if storage[0] == 'i' else 0
    count = shape[0] * (shape[1] // group) if group else shape[axis] if rows else 1
    scales = [shortened(f32(rng.uniform(0.01, 0.1)), precision) for _ in range(count)]
    zeros = [rng.randrange(low, low + (1 << bits)) if zero_points else 0 for _ in scales]
    where = f'axis = 1, group = {group}, ' if group else f'axis = {axis}, ' if rows else ''
    if len(scales) > 8:
        return f'quant<{storage}:f32, {where}{dense("f", scales)} : {dense("i", zeros)}>'
    entries = ', '.join(f'{s!r}:{z}' for s, z in zip(scales, zeros))
    return f'quant<{storage}:f32, {where}{{{entries}}}>' if where else f'quant<{storage}:f32, {entries}>'


def constant(rng, shape, storage, **how):
    bits = int(storage[1:])
    low = -(1 << bits - 1) if storage[0] == 'i' else 0
    values = [rng.randrange(low, low + (1 << bits)) for _ in range(product(shape))]
    return f'tensor<{dims(shape)}x{quant(rng, storage, shape, **how)}> = ' + dense(
        'b' if low else 'B', values)


class Codes(Weighted):
    """A real conv or linear whose weight is quantized."""

    def __init__(self, x, o, storage, *args, group=0, rows=True, zero_points=False, precision=24, **more):
        super().__init__(x, o, *args, real=True, **more)
        self.storage = storage
        self.how = {'group': group, 'rows': rows, 'zero_points': zero_points, 'precision': precision}

    def weight(self):
        return constant(self.rng, self.weight_dims(), self.storage, **self.how), 0


class TransposedCodes(Transposed):
    """A real conv_transpose whose weight is quantized."""

    def weight(self):
        return constant(self.rng, self.weight_dims(), self.storage, axis=1, zero_points=True), 0


def table(shape, storage, indices, **how):
    """Rows of a table plus an argument."""
    rng = random.Random(str((shape, storage, how)))
    y = f'tensor<{len(indices)}x{shape[1]}xf32>'
    return '\n'.join([
        'module @m {', f'  const @t : {constant(rng, shape, storage, **how)}',
        f'  const @i : tensor<{len(indices)}xi64> = {dense("q", indices)}',
        f'  func @main(%x: {y} {{name = "x"}}) -> ({y} {{name = "y"}}) {{',
        f'    %0 = gather(@t, @i) : {y}', f'    %1 = add(%0, %x) : {y}', '    return(%1)', '  }', '}', ''])


def recurrent(op, gates, states, cells, storage, attrs='', **how):
    """A recurrent layer whose weight is quantized."""
    rng = random.Random(str((op, cells, storage, how)))
    xw, y, state = f'tensor<4x2x{gates * cells}xf32>', f'tensor<4x2x{cells}xf32>', f'tensor<2x{cells}xf32>'
    names = ['h', 'c'][:states]
    args = ', '.join([f'%x: {xw} {{name = "x"}}'] + [f'%{n}: {state} {{name = "{n}"}}' for n in names])
    return '\n'.join([
        'module @m {', f'  const @r : {constant(rng, [gates * cells, cells], storage, **how)}',
        f'  func @main({args}) -> ({y} {{name = "y"}}) {{',
        f'    %0{"".join(f", %{i + 1}" for i in range(states))} = {op}(%x, @r, {", ".join("%" + n for n in names)})'
        f' {{{attrs}}} : ({", ".join([y] + [state] * states)})',
        '    return(%0)', '  }', '}', ''])


def codes():
    for t in ('i4', 'u4', 'i2', 'u2', 'i8', 'u8'):
        yield 'linear-groups-' + t, Codes([3, 96], 9, t, group=32)
        yield 'linear-rows-' + t, Codes([2, 53], 7, t, zero_points=True)
        yield 'table-' + t, table([5, 48], t, [4, 0, -1, 2], group=16, zero_points=True)
        yield 'table-tail-' + t, table([5, 37], t, [4, 0, 3])
    yield 'linear-tensor', Codes([1, 40], 11, 'i4', rows=False, zero_points=True)
    yield 'linear-group-16', Codes([65, 48], 5, 'i4', group=16, zero_points=True, attrs='min = 0.0')
    yield 'linear-group-256', Codes([1, 512], 3, 'i4', group=256, bias=False)
    yield 'linear-odd-group', Codes([2, 35], 6, 'i4', group=5)
    yield 'linear-group-7', Codes([2, 42], 6, 'u2', group=7, zero_points=True)
    yield 'linear-many', Codes([7, 160], 61, 'i4', group=32)
    yield 'linear-one', Codes([1, 33], 1, 'i4')
    yield 'linear-wide', Codes([2, 5000], 5, 'i4', group=40)
    yield 'conv-rows', Codes([1, 5, 8, 7], 7, 'i4', [3, 3], pads=1, attrs='min = 0.0')
    yield 'conv-groups', Codes([2, 32, 5, 6], 9, 'i4', [3, 2], pads=[1, 0, 1, 1], group=16)
    yield 'conv-small-groups', Codes([1, 6, 7, 7], 5, 'u4', [3, 3], group=3, zero_points=True)
    yield 'conv-grouped', Codes([1, 12, 8, 8], 18, 'i8', [3, 3], pads=1, groups=3)
    yield 'pointwise', Codes([1, 32, 8, 8], 24, 'i4', [1, 1], group=16, zero_points=True)
    yield 'depthwise', Codes([1, 13, 9, 8], 13, 'i4', [3, 3], pads=1, groups=13, zero_points=True)
    yield 'transposed', TransposedCodes([1, 6, 5, 5], 9, [3, 3], 2, groups=3, real=True, storage='i4')
    yield '1d', Codes([1, 8, 20], 12, 'i2', [5], 2, 2)
    yield 'lstm', recurrent('lstm', 4, 2, 19, 'i8', zero_points=True)
    yield 'lstm-groups', recurrent('lstm', 4, 2, 32, 'i4', group=16)
    yield 'gru', recurrent('gru', 3, 1, 21, 'i4', 'reset_after = false')
    yield 'rnn', recurrent('rnn', 1, 1, 3, 'i2', rows=False)
    for name, precision in (('f16', 11), ('bf16', 8)):
        yield f'linear-{name}-scales', Codes([2, 64], 6, 'i4', group=16, precision=precision)
