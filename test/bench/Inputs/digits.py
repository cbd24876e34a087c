"""A folder of models with one labelled model: 'noise', 8x8, whose label is the brighter half of the image."""
import array
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
import samples  # noqa: E402

COUNT = 60
values = samples.clustered(COUNT, 64, 0.0, 1.0, 3)
labels = array.array("q", (int(sum(values[64 * i + 32:64 * i + 64]) > sum(values[64 * i:64 * i + 32])) for i in range(COUNT)))
samples.write_npy(os.path.join(sys.argv[1], "inputs.npy"), "<f4", (COUNT, 1, 8, 8), values.tobytes())
samples.write_npy(os.path.join(sys.argv[1], "labels.npy"), "<i8", (COUNT,), labels.tobytes())
