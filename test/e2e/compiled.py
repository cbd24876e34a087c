"""A compiled model in this process: qcc, the system's linker, ctypes.

    model = compiled.Model(runner, "m", MODEL, "-mlevel=avx2")
    outputs = model(x=bytes, state=bytes)          # name -> bytearray
    model(out={"cache": buffer}, cache=buffer)     # the caller's buffers

Names are the fields of the generated header."""
import ctypes
import re


class Field:
    def __init__(self, header, kind, name):
        macro = name if name.isupper() else re.search(rf"_{kind}_({re.escape(name)})_BYTES", header, re.I).group(1)
        value = dict(re.findall(rf"_{kind}_{macro}_(BYTES|DTYPE|SHAPE|UPDATES) (.*)", header))
        self.updates = value.get("UPDATES", "").strip('"')
        self.name, self.bytes, self.dtype = name, int(value["BYTES"]), value["DTYPE"].strip('"')
        self.shape = [int(d) for d in re.findall(r"\d+", value["SHAPE"])]


class Model:
    def __init__(self, runner, name, model, *options):
        obj, lib = runner.path(name + ".o"), runner.path(name + ".so")
        runner.tool("qcc", model, "-name=m", "-fno-provenance", "-o", obj, *options)
        runner.run("cc", "-shared", "-o", lib, obj)
        with open(runner.path(name + ".h")) as f:
            header = f.read()
        self.inputs = self.fields(header, "INPUT", "inputs")
        self.outputs = self.fields(header, "OUTPUT", "outputs")
        self.scratch_bytes = int(re.search(r"M_SCRATCH_BYTES (\d+)", header).group(1))
        self.scratch = bytearray(self.scratch_bytes + 64)
        self.lib = ctypes.CDLL(lib)
        self.lib.m_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]

    @staticmethod
    def fields(header, kind, struct):
        body = re.search(rf"typedef struct m_{struct} {{(.*?)}}", header, re.S).group(1)
        return [Field(header, kind, n) for n in re.findall(r"\*(\w+);", body)]

    @staticmethod
    def address(buffer):
        return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))

    def pointers(self, fields, buffers):
        for f in fields:
            if len(buffers[f.name]) != f.bytes:
                raise ValueError(f"{f.name}: {len(buffers[f.name])} bytes, expected {f.bytes}")
        return (ctypes.c_void_p * len(fields))(*(self.address(buffers[f.name]) for f in fields))

    def __call__(self, out=None, **inputs):
        ins = {k: v if isinstance(v, bytearray) else bytearray(v) for k, v in inputs.items()}
        outs = {f.name: (out or {}).get(f.name) or bytearray(f.bytes) for f in self.outputs}
        scratch = -(-self.address(self.scratch) // 64) * 64
        code = self.lib.m_run(self.pointers(self.inputs, ins), self.pointers(self.outputs, outs), scratch,
                              self.scratch_bytes)
        if code:
            raise RuntimeError(f"m_run: {code}")
        return outs
