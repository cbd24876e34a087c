"""A function of N equal ops with a name each, to be merged into one."""
import sys

n = int(sys.argv[1])
print("module @m {\n  func @main(%x: tensor<4xf32>) -> (tensor<4xf32>) {")
for i in range(n):
    print('    %%a%d = exp(%%x) : tensor<4xf32> loc("n%d")' % (i, i))
print("    return(%%a%d)\n  }\n}" % (n - 1))
