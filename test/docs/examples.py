#!/usr/bin/env python3
"""Runs the examples of documents.  A fenced block whose first line says so takes part:

    ```sh run        executed by `sh -e`
    ```c file=app.c  written to app.c (any language)

The blocks of one document share a folder, in order.  It starts with model.onnx and samples.npy (the
digits example); the tools are on PATH.  Relative links must lead to files, and so must paths in
backquotes that begin with a folder of the source tree, but in how-tos, which name files to be made."""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

FENCE = re.compile(r"^```(\w+) (run|file=(\S+))\n(.*?)^```$", re.M | re.S)
PATH = re.compile(r"`([a-z]+/[\w.*/-]+)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def prepare(folder, source):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, copy in (("digits.onnx", "model.onnx"), ("calib.npy", "samples.npy")):
        shutil.copy(os.path.join(source, "examples", "digits", name), os.path.join(folder, copy))


def shell(text, folder, place):
    done = subprocess.run(["sh", "-e"], input=text, cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{place}: exit code {done.returncode}\n{text}--\n{done.stdout}")


def run_document(path, text, folder, source):
    """Number of blocks that ran; ends the program when one fails."""
    prepare(folder, source)
    ran = 0
    for block in FENCE.finditer(text):
        place = f"{path}:{text.count(chr(10), 0, block.start()) + 1}"
        if block[3]:
            with open(os.path.join(folder, block[3]), "w") as f:
                f.write(block[4])
        else:
            shell(block[4], folder, place)
            ran += 1
    return ran


def check_links(path, text):
    for link in LINK.findall(text):
        if not os.path.exists(os.path.join(os.path.dirname(path), link)):
            sys.exit(f"{path}: link to '{link}', which does not exist")


def check_paths(path, text, source):
    for name in PATH.findall(text):
        known = os.path.isdir(os.path.join(source, name.split("/")[0])) and not name.startswith("build")
        if known and not glob.glob(os.path.join(source, name)):
            sys.exit(f"{path}: names '{name}', which does not exist")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="root of the source tree")
    parser.add_argument("--build", required=True, help="build folder")
    parser.add_argument("--out", required=True, help="folder to run in")
    parser.add_argument("documents", nargs="+")
    args = parser.parse_args()
    os.environ["PATH"] = os.path.join(args.build, "bin") + os.pathsep + os.environ["PATH"]
    for path in args.documents:
        with open(path) as f:
            text = f.read()
        check_links(path, text)
        if not os.path.basename(path).startswith("howto-"):
            check_paths(path, text, args.source)
        folder = os.path.join(args.out, os.path.splitext(os.path.basename(path))[0])
        print(f"{os.path.basename(path)}: {run_document(path, text, folder, args.source)} ran")


if __name__ == "__main__":
    main()
