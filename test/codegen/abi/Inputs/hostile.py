"""Names that no C programmer would choose: MODELS modules with 250 inputs of such names each, and what
must hold of the names in headers and objects.

  hostile.py make MODELS FOLDER      writes FOLDER/n0.qir, ..., and FOLDER/all.c, which includes n0.h, ...
  hostile.py check MODELS FOLDER     of n0.h, n0.o, n0.symbols, ...
"""
import random
import re
import sys

# Each is an attack on the header, a comment, the symbol table or on injectivity.
CHOSEN = [
    "x; } __attribute__((constructor)) void p(void) {} struct { int y",
    '*/ #include "/etc/passwd" /*', "\\\n", "a\\", "??/", '"', "%n%s%n", "\u202ex", "\u0430\u0440\u0440\u04cfe",
    "a.b", "a-b", "a_b", "A_b", "a_B", "a b", "aB", "Ab", "ab",
    "int", "class", "operator", "nullptr", "char8_t", "co_await", "typeof_unqual", "restrict", "_Bool",
    "NULL", "errno", "INT_MAX", "I", "EOF", "PRId64", "SCNx8", "linux", "unix", "near", "stdin", "assert",
    "_Reserved", "__x", "_x", "x__y", "int8_t", "int32_t", "uint8_t", "size_t", "float", "void", "main",
    "n0_run", "n0_inputs", "n0_outputs", "n0_run_at", "n0_run_mt", "n0_info",
    "\x01_start", "\x01printf", "a\nb", "a\tb", "a\rb", "\x7f", "x" * 63, "x" * 64, "y" * 65536, "", " ",
    "0", "123", "1x", "\U0001f600", "\U0001f601", "ab_01234567", "ab_0123456z", "a_b_0badf00d",
    "none", "scale", "x_scale", "x_zero", "x_zero_point", "x", "X", "y", "Y", "malloc", "_start", "NaN",
]
PIECES = ["a", "b", "ab", "A", "_", "__", ".", "/", "-", ":", "*/", "/*", "//", "\\", "\n", '"', "'", "??/",
          "#define", "(", ")", "{", "}", ";", "%s", "\x01", "\u202e", "\u00e9", "int", "0", "9", "deadbeef",
          "_0badf00d", " ", "layer", "conv1", "weight", "INT", "\t", "\U0001f600", "$", "@", "`", "?", "="]
DTYPES = ["f32", "i8", "u8", "i32", "i64", "f64"]


EACH = 250


def names(models):
    """EACH for every model, all distinct but for two: tensors with the same name are tensors, too."""
    rng = random.Random(7)
    all_names = list(dict.fromkeys(CHOSEN))
    seen = set(all_names)
    while len(all_names) < EACH * models:
        name = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 9)))
        if name not in seen:
            seen.add(name)
            all_names.append(name)
    each = [all_names[EACH * m:EACH * (m + 1)] for m in range(models)]
    each[0][-2:] = ["x" * 63, "a.b"]
    return each


def quoted(name):
    return '"' + "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else
                         "".join("\\x%02x" % b for b in c.encode()) for c in name) + '"'


def module(m, tensor_names):
    args = ["%%a%d: tensor<1x%s> {name = %s}" % (i, DTYPES[i % len(DTYPES)], quoted(n))
            for i, n in enumerate(tensor_names)]
    ops = ["    %%y%d = sqrt(%%%s) : tensor<1xf32> loc(%s)\n" % (i, "y%d" % (i - 1) if i else "a0", quoted(n))
           for i, n in enumerate(tensor_names[::25 if m < 8 else EACH])]
    return ("module @n%d {\n  func @main(%s)\n      -> (tensor<1xf32> {name = %s}) {\n%s    return(%%y%d)\n  }\n}\n"
            % (m, ",\n             ".join(args), quoted(tensor_names[0]), "".join(ops), len(ops) - 1))


def make(models, folder):
    for m, tensor_names in enumerate(names(models)):
        with open("%s/n%d.qir" % (folder, m), "w") as f:
            f.write(module(m, tensor_names))
    with open(folder + "/all.c", "w") as f:
        others = "".join("#include <%s.h>\n" % h for h in ("errno", "inttypes", "stdio", "math", "limits"))
        f.write(others + "".join('#include "n%d.h"\n' % m for m in range(models)))


def fields_of(m, header):
    assert re.fullmatch(r"[\n !-~]*", header), "bytes of a model in the header"
    for comment in re.findall(r"/\*(.*?)\*/", header, re.S):
        assert re.fullmatch(r"[\n A-Za-z0-9_.,:;=*()\[\]`'\"+-]*", comment), comment
    struct = header[header.index("typedef struct n%d_inputs" % m):header.index("} n%d_inputs;" % m)]
    fields = re.findall(r"\*(\S+);", struct)
    macros = re.findall(r"#define N%d_INPUT_(\S+)_DTYPE" % m, header)
    assert len(fields) == len(macros) == EACH, (len(fields), len(macros))
    assert len(set(fields)) == EACH and len(set(macros)) == EACH
    for field in fields:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", field), field
    return fields


def check_object(folder, m, tensor_names):
    symbols = [line.split()[1:] for line in open("%s/n%d.symbols" % (folder, m))]
    functions = [symbol for kind, symbol in symbols if kind in "tT"]
    assert len(functions) > (EACH // 25 if m < 8 else 1), functions
    for symbol in functions:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", symbol), symbol
    for kind, symbol in symbols:
        assert re.fullmatch(r"[A-Za-z0-9_.]+", symbol), symbol
    data = open("%s/n%d.o" % (folder, m), "rb").read()
    for name in tensor_names:
        if len(name) > 8 and re.search(r"[^A-Za-z0-9_.]", name):
            assert name.encode() not in data, name


def check(models, folder):
    kept = {"a_b", "aB", "Ab", "ab", "x_scale", "malloc", "scale", "none"}
    owner = {}
    for m, tensor_names in enumerate(names(models)):
        fields = fields_of(m, open("%s/n%d.h" % (folder, m), encoding="ascii").read())
        check_object(folder, m, tensor_names)
        for name, field in zip(tensor_names, fields):
            assert (field == name) or name not in kept, (name, field)
            assert owner.setdefault(field, name) == name, (field, name, owner[field])
    print("%d names, %d identifiers" % (models * EACH, len(owner)))


{"make": make, "check": check}[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
