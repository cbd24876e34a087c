"""Labelled samples of the shared models as .npy files, with the standard library only."""
import array
import gzip
import os

# What resnet20 was trained with: the statistics of ImageNet's photos.
PHOTOS = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def npy(dtype, shape, data):
    """The bytes of a .npy.  `data`: bytes; dtype as numpy spells it, e.g. '<f4'."""
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + data


def write_npy(path, dtype, shape, data):
    with open(path, "wb") as f:
        f.write(npy(dtype, shape, data))


def read_npy(path):
    with open(path, "rb") as f:
        data = f.read()
    return data[10 + int.from_bytes(data[8:10], "little"):]


def mnist(models, scale, mean, std):
    """10,000 images as [N,1,28,28] floats (byte * scale - mean) / std, and labels."""
    with gzip.open(os.path.join(models, "mnist", "t10k-images-idx3-ubyte.gz")) as f:
        pixels = f.read()[16:]
    with gzip.open(os.path.join(models, "mnist", "t10k-labels-idx1-ubyte.gz")) as f:
        labels = f.read()[8:]
    table = [(b * scale - mean) / std for b in range(256)]
    return array.array("f", map(table.__getitem__, pixels)), (1, 28, 28), labels


def cifar(models, order, scale=1.0, mean=(0, 0, 0), std=(1, 1, 1)):
    """500 images as floats; order 'nchw' or 'nhwc'."""
    folder = os.path.join(models, "mlperf_tiny_ic")
    with open(os.path.join(folder, "cifar_test_500x32x32x3.u8"), "rb") as f:
        pixels = f.read()
    with open(os.path.join(folder, "cifar_test_500.lab"), "rb") as f:
        labels = f.read()
    tables = [[(b * scale - mean[c]) / std[c] for b in range(256)] for c in range(3)]
    planes = [list(map(tables[c].__getitem__, pixels[c::3])) for c in range(3)]
    values = array.array("f")
    for i in range(len(labels)):
        image = [plane[1024 * i:1024 * (i + 1)] for plane in planes]
        if order == "nchw":
            for plane in image:
                values.extend(plane)
        else:
            for pixel in zip(*image):
                values.extend(pixel)
    return values, (3, 32, 32) if order == "nchw" else (32, 32, 3), labels


class Random:
    """A 64-bit linear congruential generator: the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self, low, high):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return low + (high - low) * ((self.state >> 40) / (1 << 24))


def uniform(count, size, low, high, seed):
    """`count` samples of `size` floats, uniform in [low, high]."""
    random = Random(seed)
    return array.array("f", (random.uniform(low, high) for _ in range(count * size)))


def clustered(count, size, low, high, seed):
    """Samples of different offset and spread within [low, high]: they reach more classes of a
    classifier than uniform noise does."""
    random, values = Random(seed), array.array("f")
    for _ in range(count):
        center, spread = random.uniform(low, high), random.uniform(0, (high - low) / 2)
        for _ in range(size):
            values.append(min(max(random.uniform(center - spread, center + spread), low), high))
    return values
