"""Types and values of random modules: parameters of quantization, shapes, literals."""
import struct

CHANNELS = [1, 1, 2, 3, 3, 4, 7, 7, 8, 9, 15, 15, 16, 17, 17, 20, 24, 31, 32, 33, 63, 64, 65]
SPATIAL = [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
MAX_ELEMENTS, MAX_PRODUCTS = 6000, 1500000
BYTES = {"i1": 1, "i8": 1, "u8": 1, "i16": 2, "u16": 2, "f16": 2, "bf16": 2, "i64": 8, "u64": 8,
         "f64": 8}


def f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def product(values):
    n = 1
    for v in values:
        n *= v
    return n


def broadcast(a, b):
    n = max(len(a), len(b))
    a, b = [1] * (n - len(a)) + a, [1] * (n - len(b)) + b
    return [y if x == 1 else x for x, y in zip(a, b)]


def dense(fmt, values):
    return 'dense<"0x' + b"".join(struct.pack("<" + fmt, v) for v in values).hex() + '">'


class Quant:
    """Parameters per tensor (lists of one), along `axis`, or per `group` of its indices."""

    def __init__(self, storage, scales, zero_points, axis=None, low=None, group=None):
        self.storage, self.scales, self.zero_points, self.axis = storage, scales, zero_points, axis
        self.group = group
        bits = int(storage[1:])
        self.low = -(1 << (bits - 1)) if storage[0] == "i" else 0
        self.high = self.low + (1 << bits) - 1
        self.narrow = low is not None
        self.low = low if self.narrow else self.low

    def __str__(self):
        bounds = f"<{self.low}:{self.high}>" if self.narrow else ""
        head = f"quant<{self.storage}{bounds}:f32, "
        entries = [f"{s!r}:{z}" if z else repr(s) for s, z in zip(self.scales, self.zero_points)]
        if self.axis is None:
            return head + entries[0] + ">"
        head += f"axis = {self.axis}, " + (f"group = {self.group}, " if self.group else "")
        if len(entries) <= 8:
            return f"{head}{{{', '.join(entries)}}}>"
        zeros = ": " + dense("i", self.zero_points) if any(self.zero_points) else ""
        return f"{head}{dense('f', self.scales)}{zeros}>"

    @property
    def scale(self):
        return self.scales[0]

    @property
    def words(self):
        return self.storage[1:] == "16"

    @property
    def step(self):
        """The scale of 8 bits for the same range."""
        return self.scale * (256 if self.words else 1)


class Value:
    """`pair` is the Quant of which a real tensor is the dequantized form, where it is one."""

    def __init__(self, name, dims, elem, pair=None):
        self.name, self.dims, self.elem, self.pair = name, list(dims), elem, pair

    @property
    def type(self):
        return f"tensor<{''.join(f'{d}x' for d in self.dims)}{self.elem}>"

    @property
    def bytes(self):
        return product(self.dims) * BYTES.get(self.elem.storage if self.quantized else self.elem, 4 - 3 * self.quantized)

    @property
    def quantized(self):
        return isinstance(self.elem, Quant)
