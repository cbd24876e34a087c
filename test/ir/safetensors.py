"""Params files: good ones load, bad ones are refused with the right code (rows E of the bad inputs).

usage: safetensors.py WORKDIR    (qir-opt on PATH)
"""
import json
import os
import struct
import subprocess
import sys
import time

MODULE = """module @m {
  params @w = external<"w.safetensors">
  const @k : %s = @w["k"]
  func @main() -> (tensor<4xf32>) {
    %%r = %s : tensor<4xf32>
    return(%%r)
  }
}
"""
DATA = struct.pack("<4f", -1, 2, -3, 4)
failures = 0


def file_bytes(header, data=DATA, pad=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) + len(pad)) + text + pad + data


def entry(dtype="F32", shape=(4,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def run(content, type_="tensor<4xf32>", op="relu(@k)", args=()):
    with open("m.qir", "w") as f:
        f.write(MODULE % (type_, op))
    if content is not None:
        with open("w.safetensors", "wb") as f:
            f.write(content)
    return subprocess.run(["qir-opt", "-passes=const-fold,canonicalize,dce", "m.qir", *args],
                          capture_output=True, text=True, timeout=20)


def check(what, result, code, text):
    global failures
    got = result.stdout + result.stderr
    if result.returncode != code or text not in got:
        failures += 1
        print(f"FAILED {what}: exit {result.returncode}, expected {code} and {text!r}:\n{got}")


def refused(what, content, text, **kw):
    check(what, run(content, **kw), 1, text)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    good = {"k": entry()}
    check("good", run(file_bytes(good)), 0, "dense<[0.0, 2.0, 0.0, 4.0]>")
    check("metadata", run(file_bytes({"__metadata__": {"a": "b"}, "k": entry()})), 0, "dense<[0.0, 2.0")
    check("padded with spaces", run(file_bytes(good, pad=b"   ")), 0, "dense<[0.0, 2.0")
    os.rename("w.safetensors", "other.safetensors")
    check("rebound", run(None, args=["-params", "w=other.safetensors"]), 0, "dense<[0.0, 2.0")
    refused("missing", None, "cannot open: No such file or directory [st.open]")
    refused("no scope", None, "the model has no params scope '@x'", args=["-params", "x=other.safetensors"])

    text = json.dumps(good).encode()
    refused("7 bytes", b"\0" * 7, "[st.header]")
    for n in (0, 1, 2**63, 2**64 - 1, len(text) + 17, 200 << 20):
        refused(f"length {n}", struct.pack("<Q", n) + text + DATA, "[st.header]")
    refused("NUL padding", file_bytes(good, pad=b"\0\0"), "[st.header]")
    refused("no brace", file_bytes(b' {"k":1}'), "[st.header]")
    refused("not JSON", file_bytes(b'{"k":'), "[st.header]")
    refused("twice", file_bytes(b'{"k":' + json.dumps(entry()).encode() + b',"k":'
                                + json.dumps(entry()).encode() + b"}"), "duplicate object key")
    refused("deep", file_bytes(b'{"k":' + b"[" * 100000 + b"]" * 100000 + b"}"), "[st.header]")
    refused("entry", file_bytes({"k": 3}), "[st.header]")
    refused("backwards", file_bytes({"k": entry(offsets=(16, 0))}), "[st.offsets]")
    refused("past end", file_bytes({"k": entry(offsets=(0, 32))}), "[st.offsets]")
    refused("three", file_bytes({"k": entry(offsets=(0, 8, 16))}), "[st.offsets]")
    refused("gap", file_bytes({"k": entry(shape=(3,), offsets=(4, 16))}), "[st.offsets]")
    refused("tail", file_bytes(good, DATA + b"x"), "1 bytes of data belong to no tensor [st.offsets]")
    refused("overlap", file_bytes({"k": entry(), "l": entry(shape=(2,), offsets=(8, 16))}), "[st.offsets]")
    refused("size", file_bytes({"k": entry(shape=(5,))}), "16 bytes of data, its shape needs 20 [st.size]")
    refused("product", file_bytes({"k": entry(shape=(2**62, 2**62))}), "[st.size]")
    refused("negative", file_bytes({"k": entry(shape=(-4,))}), "[st.shape]")
    refused("rank", file_bytes({"k": entry(shape=(1,) * 9)}), "[st.shape]")
    refused("dtype", file_bytes({"k": entry(dtype="F8_E4M3")}), "unsupported dtype 'F8_E4M3' [st.dtype]")
    refused("no key", file_bytes({"l": entry()}), "no tensor 'k' in 'w.safetensors' [params.key]")
    refused("shape", file_bytes({"k": entry(shape=(2, 2))}), "is F32 [2, 2], expected F32 [4] [params.type]")
    refused("type", file_bytes({"k": entry(dtype="I32")}), "is I32 [4], expected F32 [4]")
    refused("4 bits", file_bytes({"k": entry("I8", (4,), (0, 4))}, b"\1\2\x09\4"),
            "byte 2 is outside the range of i4", type_="tensor<4xi4>", op='cast(@k) {to = "f32"}')
    refused("part of 8 bits", file_bytes({"k": entry("I8", (4,), (0, 4))}, b"\1\2\x80\4"),
            "byte 2 is outside the range of i8<-127:127>", type_="tensor<4xquant<i8<-127:127>:f32, 0.5>>",
            op="dequantize(@k)", args=["-passes=const-fold{fold-dequantize=true}"])

    os.remove("w.safetensors")
    os.mkfifo("w.safetensors")
    refused("pipe", None, "not a regular file [st.open]")
    os.remove("w.safetensors")

    many = {f"t{i}": entry("U8", (0,), (0, 0)) for i in range(100000)}
    start = time.time()
    check("100000 tensors", run(file_bytes({**many, "k": entry()})), 0, "dense<[0.0, 2.0")
    if time.time() - start > 10:
        print("FAILED: 100000 tensors took too long")
        sys.exit(1)
    print("failures:", failures)
    sys.exit(failures != 0)


main()
