"""Interrupts correct-bias as soon as it has a temporary file: no output, no file, the signal's status.
usage: interrupt.py FOLDER QIR_OPT"""
import os
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
import samples  # noqa: E402

folder, tool = sys.argv[1:]
CHANNELS, SIZE, SAMPLES = 32, 64, 8

layers, value = "", "%x"
for i in range(0, 12, 2):
    layers += f"""
    %{i} = observe({value}) {{hi = [8.0], id = {i}, kind = "minmax", lo = [-8.0]}} : !t
    %{i + 1} = conv(%{i}, @w) {{pads = [1, 1, 1, 1]}} : !t"""
    value = f"%{i + 1}"
layers = layers.replace("!t", f"tensor<1x{CHANNELS}x{SIZE}x{SIZE}xf32>")
module = f"""module @m attributes {{stage = ["observed"]}} {{
  const @w : tensor<{CHANNELS}x{CHANNELS}x3x3xf32> = splat<0.01>
  func @main(%x: tensor<1x{CHANNELS}x{SIZE}x{SIZE}xf32>) -> (tensor<1x{CHANNELS}x{SIZE}x{SIZE}xf32>) {{{layers}
    return({value})
  }}
}}
"""
with open(f"{folder}/m.qir", "w") as f:
    f.write(module)
half = struct.pack("<f", 0.5) * (SAMPLES * CHANNELS * SIZE * SIZE)
samples.write_npy(f"{folder}/x.npy", "<f4", (SAMPLES, CHANNELS, SIZE, SIZE), half)

run = subprocess.Popen([tool, "-passes=correct-bias{memory=1}", f"-samples={folder}/x.npy", f"{folder}/m.qir",
                        "-o", f"{folder}/out.qir"], env={**os.environ, "TMPDIR": f"{folder}/tmp"},
                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # in the background: ignored
while "(deleted)" not in open(f"/proc/{run.pid}/maps").read():
    if run.poll() is not None:
        sys.exit("it ended without a temporary file")
    time.sleep(0.001)
run.send_signal(signal.SIGINT)
status = run.wait()
left = os.listdir(f"{folder}/tmp") + [f for f in os.listdir(folder) if f not in ("tmp", "m.qir", "x.npy")]
if status != -signal.SIGINT or left:
    sys.exit(f"status {status}, left behind: {left}")
