#!/bin/sh
# Stands for the Python of the quantizers: one is not there, one gives zeros, of one method fails.
# `quantize.py run TOOL METHOD MODEL SAMPLES CALIBRATION OUTPUT LOGITS`; runs are counted beside the results.
case $2 in
list) echo '{"nncf": {"why": "no such thing"}, "onnxruntime": {"kind": "classes", "version": "onnxruntime 0", "reads": ["onnx"], "methods": ["zeros", "fails"], "file": "'"$0"'"}}' ;;
run)
    echo "$4" >> "$(dirname "$8")/runs"
    case $4 in
    zeros) head -c $((26 * 2 * 4)) /dev/zero > "$8" ;;
    *) echo "RuntimeError: it does not work" >&2; exit 1 ;;
    esac
    ;;
esac
