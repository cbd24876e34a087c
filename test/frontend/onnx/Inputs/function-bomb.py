"""25 functions, each calling the next one twice: 2^25 nodes when all are expanded."""
print("ir 8\nopset 13\nopset my 1")
for i in range(25):
    op = "my::F%d" % (i + 1) if i < 24 else "Relu"
    print("function my F%d a -> c\nopset my 1\nopset 13" % i)
    print("node %s a -> b\nnode %s b -> c\nend" % (op, op))
print("input x f32 1\nnode my::F0 x -> y\noutput y f32 ?")
