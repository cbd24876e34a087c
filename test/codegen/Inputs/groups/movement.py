"""Ops that move elements: copies, indices, sizes, updates in place."""
from modules import INPUT, dense, dims, f32, simple


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


def lookup(shape, t, rows):
    """Bytes through tables."""
    fmt = {'f32': 'f', INPUT: 'b', 'i64': 'q'}[t]
    table = [(i * 7 + i // 256) % 256 - 128 for i in range(256 * rows)]
    ts = [rows, 256] if rows > 1 else [256]
    return '\n'.join([
        'module @m {', f'  const @t : tensor<{dims(ts)}x{t}> = {dense(fmt, table)}',
        f'  func @main(%x: tensor<{dims(shape)}xu8> {{name = "x"}}) -> (tensor<{dims(shape)}x{t}> {{name = "y"}}) {{',
        f'    %0 = lookup(%x, @t) : tensor<{dims(shape)}x{t}>', '    return(%0)', '  }', '}', ''])


def index():
    yield 'lookup-one', lookup([3, 7], INPUT, 1)
    yield 'lookup-rows', lookup([1, 5, 4, 3], INPUT, 3)
    yield 'lookup-rows-f32', lookup([2, 3], 'f32', 3)
    yield 'lookup-many-rows', lookup([3, 11], 'i64', 11)
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
