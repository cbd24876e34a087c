"""merge_shards.py MODEL SAMPLES PROFILE N...: calibrates in N shards, merges them in a random order and
expects the bytes of PROFILE, which one run wrote."""
import random
import subprocess
import sys

model, samples, whole = sys.argv[1:4]
with open(whole, "rb") as f:
    expected = f.read()
for count in map(int, sys.argv[4:]):
    shards = ["%s.%dof%d" % (whole, i, count) for i in range(count)]
    for i, path in enumerate(shards):
        subprocess.check_call(["qir-run", model, "-calibrate=" + samples, "-shard=%d/%d" % (i, count), "-o", path])
    random.Random(count).shuffle(shards)
    merged = subprocess.check_output(["qir-run", "-merge-profiles", *shards])
    if merged != expected:
        sys.exit("%d shards: the merged profile differs" % count)
