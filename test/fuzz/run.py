#!/usr/bin/env python3
"""Runs every fuzz target of a build for some seconds, from seeds made of the test data.

    run.py BUILD [SECONDS]

A finding leaves its input in BUILD/fuzz and makes the exit status 1."""
import glob
import importlib
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = os.path.dirname(HERE)
ONNX_DATA = os.environ.get("QCC_ONNX_TESTDATA", "/usr/share/libonnx-testdata/data")
MODELS = os.environ.get("QCC_MODELS") or os.path.join(HERE, "no-models")  # never the root folder
SMALL = 16384  # bytes: larger seeds only make the fuzzer slow


def seed_files(target):
    """Files to begin with; more than one kind may exist for a reader."""
    patterns = {"onnx": [ONNX_DATA + "/node/*/model.onnx", ONNX_DATA + "/simple/*/model.onnx"],
                "qir": [TEST + "/**/*.qir"],
                "safetensors": [MODELS + "/**/*.safetensors"],
                "tflite": [MODELS + "/**/*.tflite"],
                "pt2": [MODELS + "/**/*.pt2"]}
    for pattern in patterns.get(target, []):
        for path in sorted(glob.glob(pattern, recursive=True)):
            if os.path.getsize(path) <= SMALL:
                yield path


def generated(target, folder):
    """Seeds that need no data: the models of the tests, assembled."""
    if target == "safetensors":
        header = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
        data = len(header).to_bytes(8, "little") + header + bytes(8)
        open(os.path.join(folder, "w"), "wb").write(data)
    if target in ("onnx", "tflite"):
        sys.path.insert(0, os.path.join(TEST, target))
        assembler = importlib.import_module("mk" + target)
        for path in sorted(glob.glob(os.path.join(TEST, "frontend", target, "*.test"))):
            try:
                data = assembler.assemble(open(path).read())
            except (Exception, SystemExit):
                continue  # not a model in text
            open(os.path.join(folder, os.path.basename(path)), "wb").write(data)
    if target == "pt2":
        sys.path.insert(0, os.path.join(TEST, "pt2"))
        import mkpt2
        for path in sorted(glob.glob(TEST + "/frontend/pt2/*.test")):
            members = mkpt2.Archive(open(path).read()).all_members()
            name = os.path.join(folder, os.path.basename(path))
            mkpt2.write(name, members)
            for member in members:
                if member.startswith("models/"):
                    open(name + ".json", "w").write(members[member])


def run(program, seconds):
    target = os.path.basename(program)[len("fuzz-"):]
    folder = os.path.join(os.path.dirname(program), target + ".seeds")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for i, path in enumerate(seed_files(target)):
        shutil.copy(path, os.path.join(folder, "%04d" % i))
    generated(target, folder)
    result = subprocess.run([program, "-max_total_time=%d" % seconds, "-max_len=%d" % SMALL, "-timeout=20",
                             "-rss_limit_mb=2048", "-malloc_limit_mb=1024", "-print_final_stats=1",
                             "-artifact_prefix=%s/%s-" % (os.path.dirname(program), target), folder],
                            stderr=subprocess.PIPE, text=True, errors="replace",
                            env=dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1:detect_leaks=0"))
    count = re.search(r"number_of_executed_units: *(\d+)", result.stderr)
    print("%s: %s after %s inputs" % (target, "clean" if result.returncode == 0 else "FINDING",
                                      count.group(1) if count else "?"))
    if result.returncode:
        print(result.stderr[-4000:])
    return result.returncode == 0


def main():
    programs = sorted(p for p in glob.glob(os.path.join(sys.argv[1], "fuzz", "fuzz-*")) if os.access(p, os.X_OK))
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    results = [run(p, seconds) for p in programs]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
