"""Where a compiled model spends its time, by the compiler's own account: `qcc -bench -per-layer`."""
import json
import subprocess

from harness.workers import confine


def layers(qcc, candidate, path, cpus):
    """[{number, layer, op, kernel, shape, products, predicted_us, measured_us, share}] in the order in which ops
    run.  What serves a layer (a change of the order of its input) has its name."""
    level = candidate.name.split()[-1]
    done = subprocess.run([qcc, path, "-bench=json", "-per-layer", "-mlevel=" + level], check=True, capture_output=True,
                          text=True, preexec_fn=lambda: confine(cpus))
    rows = json.loads(done.stdout)[0]["layers"]
    whole = sum(r["measured_us"] for r in rows) or 1
    return [{**r, "share": r["measured_us"] / whole} for r in rows]
