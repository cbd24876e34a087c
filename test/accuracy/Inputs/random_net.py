"""A small network of random weights, and samples for it: FOLDER/net.qir, FOLDER/x.npy.
usage: random_net.py FOLDER [wide]      wide: with products that are worth a second thread"""
import array
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
import samples  # noqa: E402

folder, *wide = sys.argv[1:]
A, B, KERNEL, SIZE = (96, 160, 3, 16) if wide else (10, 12, 1, 9)
INNER = SIZE - 2
rng = random.Random(1)
SAMPLES, SHAPE = 6, (1, 3, SIZE, SIZE)


def const(name, *dims):
    n = 1
    for d in dims:
        n *= d
    values = ", ".join("%.4f" % rng.gauss(0, 3 / (n / dims[0]) ** 0.5) for _ in range(n))
    return f"  const @{name} : tensor<{'x'.join(map(str, dims))}xf32> = dense<[{values}]>\n"


with open(os.path.join(folder, "net.qir"), "w") as f:
    f.write("module @net {\n" + const("w1", A, 3, 3, 3) + const("b1", A) + const("w2", A, 1, 3, 3) + const("w3", B, A, KERNEL, KERNEL) +
            const("w4", 5, B * INNER * INNER) + f"""  func @main(%x: tensor<1x3x{SIZE}x{SIZE}xf32>) -> (tensor<1x5xf32>) {{
    %a = conv(%x, @w1, @b1) {{pads = [1], min = 0.0}} : tensor<1x{A}x{SIZE}x{SIZE}xf32>
    %b = conv(%a, @w2) {{groups = {A}, min = 0.0}} : tensor<1x{A}x{INNER}x{INNER}xf32>
    %c = conv(%b, @w3) {{pads = [{KERNEL // 2}], min = 0.0}} : tensor<1x{B}x{INNER}x{INNER}xf32>
    %f = reshape(%c) {{shape = [1, {B * INNER * INNER}]}} : tensor<1x{B * INNER * INNER}xf32>
    %y = linear(%f, @w4) : tensor<1x5xf32>
    return(%y)
  }}
}}
""")
n = SAMPLES * 3 * SIZE * SIZE
samples.write_npy(os.path.join(folder, "x.npy"), "<f4", (SAMPLES, *SHAPE),
                  array.array("f", (rng.gauss(0, 1) for _ in range(n))).tobytes())
