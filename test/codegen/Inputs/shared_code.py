"""A chain of 1x1 convolutions: three of one shape with weights of their own, and one with more channels."""
import random

C = 16


def conv(name, x, count, scale):
    weights = ''.join(f'{random.randrange(256):02x}' for _ in range(count * C))
    const = f'  const @{name}_w : tensor<{count}x{C}x1x1x!w{scale}> = dense<"0x{weights}">\n'
    bias = f'  const @{name}_b : tensor<{count}xi32> = dense<[{", ".join(str(random.randrange(99)) for _ in range(count))}]>\n'
    op = f'    %{name} = conv(%{x}, @{name}_w, @{name}_b) {{min = 0.0}} : tensor<1x{count}x8x8x!a> loc("{name}")\n'
    return const + bias, op


random.seed(1)
parts = [conv('first', 'x', C, 1), conv('second', 'first', C, 2), conv('third', 'second', C, 3), conv('wide', 'third', 2 * C, 1)]
print('!a = quant<u8:f32, 0.05:3>')
for i in (1, 2, 3):
    print(f'!w{i} = quant<i8:f32, 0.00{i}>')
print('module @m {')
print(''.join(p[0] for p in parts), end='')
print(f'  func @main(%x: tensor<1x{C}x8x8x!a>) -> (tensor<1x{2 * C}x8x8x!a>) {{')
print(''.join(p[1] for p in parts), end='')
print('    return(%wide)\n  }\n}')
