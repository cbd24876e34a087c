"""Recurrence, attention and normalization."""
from modules import several, simple


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
    i8, u8 = 'quant<i8:f32, 0.02:-3>', 'quant<u8:f32, 0.017:131>'
    yield 'i8', simple('layer_norm', [3, 66], i8, [3, 66], u8, 'axis = 1', '66xf32')
    yield 'u8', simple('layer_norm', [2, 3, 5], u8, [2, 3, 5], i8, 'axis = 1, epsilon = 0.001')
    yield 'rms', simple('rms_norm', x, 'f32', x, 'f32', 'axis = 2', '33xf32')
    yield 'rms-plain', simple('rms_norm', [64], 'f32', [64], 'f32', 'axis = 0')
