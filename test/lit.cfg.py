# Test configuration: every .qir, .c and .test file below test/ has RUN lines.
import importlib.util
import os
import shutil
import sys

import lit.formats

config.name = "qcc"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".qir", ".c", ".test"]
config.excludes = ["Inputs", "fuzz", "engine", "program", "lit.cfg.py", "CMakeLists.txt", "driver.c", "harness"]
config.test_source_root = os.path.join(config.qcc_source, "test")
config.test_exec_root = os.path.join(config.qcc_build, "test")

path = [os.path.join(config.qcc_build, "bin"), os.path.join(config.qcc_build, "unit"),
        config.llvm_tools, config.environment.get("PATH", os.environ["PATH"])]
config.environment["PATH"] = os.pathsep.join(path)
config.environment["NO_COLOR"] = "1"
# What tests of x86-64 levels run here, and what runs the others: test/codegen/Inputs/levels.py.
config.environment.update({k: v for k, v in os.environ.items() if k in ("QCC_NATIVE", "QCC_EMULATE")})
# Arenas are freed at exit by the system in tools; leaks in libraries are found by the unit tests.
config.environment["ASAN_OPTIONS"] = "detect_leaks=0:allocator_may_return_null=1"

shared = os.path.join(os.path.dirname(config.qcc_source), "shared")
models = os.environ.get("QCC_MODELS", os.path.join(shared, "models"))
onnx_data = os.environ.get("QCC_ONNX_TESTDATA", "/usr/share/libonnx-testdata/data")
config.substitutions += [
    ("%src", config.qcc_source),
    ("%build", config.qcc_build),
    ("%python", shutil.which("python3") or "python3"),
    ("%mktflite", "%s %s/test/tflite/mktflite.py" % (shutil.which("python3") or "python3", config.qcc_source)),
    ("%mkonnx", "%s %s/test/onnx/mkonnx.py" % (shutil.which("python3") or "python3", config.qcc_source)),
    ("%mkpt2", "%s %s/test/pt2/mkpt2.py" % (shutil.which("python3") or "python3", config.qcc_source)),
    ("%cc", config.host_cc),
    ("%models", models),
    ("%prototypes", os.path.join(os.path.dirname(models), "prototypes")),
    ("%onnx_data", onnx_data),
]

if config.have_llvm:
    config.available_features.add("llvm")
if config.sanitizers:
    config.available_features.add("sanitizer")
if os.path.isdir(models):
    config.available_features.add("models")
if os.path.exists("/usr/include/tbb/task_arena.h"):
    config.available_features.add("tbb")
if os.path.isdir(onnx_data):
    config.available_features.add("onnx-testdata")
if shutil.which("aarch64-linux-gnu-gcc") and shutil.which("qemu-aarch64"):
    config.available_features.add("aarch64")
for tool in ("qemu-x86_64", "qemu-system-x86_64", "qemu-system-aarch64", "aarch64-linux-gnu-g++",
             "gdb", "clang-19", "llvm-mca-19"):
    if shutil.which(tool):
        config.available_features.add(tool)
if shutil.which("qemu-riscv64") and shutil.which("ld.lld", path=config.llvm_tools) and \
        os.path.isdir("/usr/riscv64-linux-gnu/include"):
    config.available_features.add("riscv64")
if all(importlib.util.find_spec(m) for m in ("torch", "onnx", "onnxscript", "onnxruntime")):
    config.available_features.add("exporters")
sys.path.append(os.path.join(config.qcc_source, "test", "codegen", "Inputs"))
import levels  # noqa: E402
config.substitutions.append(("%run_avx2", " ".join(levels.runner("avx2"))))  # in front of a static program
with open("/proc/cpuinfo") as cpuinfo:
    if " avx2" in cpuinfo.read():
        config.available_features.add("avx2")
