"""Modules that take one op family through every element type: operands are cast from f32 or i64
arguments, results are cast to f64 or i64, which loses nothing, and joined."""

FLOATS = ['f32', 'f16', 'bf16', 'f64']
INTS = ['i1', 'i2', 'i4', 'i8', 'i16', 'i32', 'i64', 'u2', 'u4', 'u8', 'u16', 'u32', 'u64']
ROWS, COLUMNS = 3, 29


def tensor(elem, rows=ROWS, columns=COLUMNS):
    return f'tensor<{rows}x{columns}x{elem}>'


class Module:
    """Ops on %a, and on operands of its type."""

    def __init__(self, elem, scales=None):
        self.elem, self.real = elem, elem in FLOATS
        self.source, self.target = ('f32', 'f64') if self.real else ('i64', 'i64')
        self.consts, self.lines, self.results = [], [], []
        value = '%x'
        if scales:  # exponents that random arguments do not have
            self.const('scales', [scales[i % len(scales)] for i in range(COLUMNS)], self.source)
            value = self.emit('mul', '%x, @scales', self.source)
        self.a = self.cast(value, self.source, elem)

    def const(self, name, values, elem=None):
        self.consts.append(f'  const @{name} : tensor<{len(values)}x{elem or self.elem}> = '
                           f'dense<[{", ".join(map(str, values))}]>')

    def emit(self, op, operands, elem, attrs=''):
        name = f'%{len(self.lines)}'
        self.lines.append(f'    {name} = {op}({operands}) {{{attrs}}} : {tensor(elem)}')
        return name

    def cast(self, value, old, new):
        return value if old == new else self.emit('cast', value, new, f'to = "{new}"')

    def result(self, value, elem, target=None):
        self.results.append(self.cast(value, elem, target or self.target))

    def op(self, op, operands, attrs='', elem=None, target=None):
        elem = elem or self.elem
        self.result(self.emit(op, operands, elem, attrs), elem, target)

    def text(self, target=None):
        y = tensor(target or self.target, ROWS * len(self.results))
        return '\n'.join(
            ['module @m {'] + self.consts +
            [f'  func @main(%x: {tensor(self.source)} {{name = "x"}}) -> ({y} {{name = "y"}}) {{'] +
            self.lines + [f'    %y = concat({", ".join(self.results)}) {{axis = 0}} : {y}',
                          '    return(%y)', '  }', '}', ''])


# subnormals, ties and ends of f16 and of the integer types
SCALES = [1.0, 3e-8, 6.1e-5, 1e-3, 200.0, 4e4, 65536.0, 1e5, 3e9, 1e10, 1e19, 3.3e38, 'inf', 'nan']


def cast():
    for t in FLOATS + INTS:
        for family, target in ((FLOATS, 'f64'), (INTS, 'i64')):
            m = Module(t, SCALES if t in FLOATS else None)
            for to in family:
                m.result(m.cast(m.a, t, to), to, target)
            yield f'{t}-{target}', m.text(target)


def operands(t):
    """Of binary ops: every interesting divisor, exponent and shift of the type."""
    if t in FLOATS:
        return [0.5, -2.0, 3.0, 1e-3, 7.25, -0.125, 1.0, 100.0, -3.5]
    bits = int(t[1:])
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if t[0] == 'i' else (0, (1 << bits) - 1)
    return [v for v in (0, 1, 2, 3, 5, 7, 8, 31, 32, 33, 63, 64, -1, -2, -3, low, high, high - 1)
            if low <= v <= high]


def repeated(values):
    return [values[i % len(values)] for i in range(COLUMNS)]


ARITHMETIC = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum']
BITS = ['and', 'or', 'xor', 'shift_left', 'shift_right']
BOUNDS = 'min = -3.0, max = 100.5'


def compare(m):
    for op in ('equal', 'less', 'less_equal'):
        m.op(op, f'{m.a}, @k', '', 'i1')
        m.op(op, f'{m.a}, {m.a}', '', 'i1')
    less = m.emit('less', f'{m.a}, @k', 'i1')
    m.op('where', f'{less}, @k, {m.a}')


def arithmetic():
    for t in FLOATS + INTS[1:]:
        m = Module(t, [1.0, 10.0, 1e4] if t in FLOATS else None)
        m.const('k', repeated(operands(t)))
        for op in ARITHMETIC:
            m.op(op, f'{m.a}, @k')
            m.op(op, f'@k, {m.a}')
            m.op(op, f'{m.a}, @k', BOUNDS)
        for op in ('neg', 'abs', 'relu'):
            m.op(op, m.a)
        m.op('clamp', m.a, BOUNDS)
        compare(m)
        if not m.real:
            for op in BITS:
                m.op(op, f'{m.a}, @k')
            for op in ('sign', 'not'):
                m.op(op, m.a)
            m.op('pow', f'{m.a}, @k', BOUNDS)
        if t != 'f64':
            for attrs in ('', 'truncated = true'):
                m.op('mod', f'{m.a}, @k', attrs)
            m.op('pow', f'{m.a}, @k')
        else:
            m.op('sqrt', m.a)
            m.op('reciprocal', m.a)
        yield t, m.text()
    m = Module('i1')
    m.const('k', repeated(['true', 'false']))
    for op in ('and', 'or', 'xor', 'equal', 'less', 'less_equal'):
        m.op(op, f'{m.a}, @k')
    m.op('not', m.a)
    m.op('where', f'{m.a}, {m.a}, @k')
    yield 'i1', m.text()
    m = Module('f32', SCALES)  # quotients beyond all measure, and none at all
    m.const('k', repeated([3.0, 0.0, 1e-38, -1e-45, 'inf', 'nan', -7e37, 1.0]))
    for attrs in ('', 'truncated = true'):
        m.op('mod', f'{m.a}, @k', attrs)
    yield 'mod', m.text()


HALF_UNARY = ['sigmoid', 'tanh', 'gelu', 'silu', 'exp', 'sqrt', 'floor', 'round', 'sign', 'sin']


def half():
    """Unary programs on half floats: computed in f32, rounded once."""
    for t in ('f16', 'bf16'):
        m = Module(t, [1.0, 20.0, 0.01])
        for op in HALF_UNARY:
            m.op(op, m.a)
        yield t, m.text()
