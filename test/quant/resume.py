"""resume.py MODEL FOLDER: interrupts a calibration, resumes it as often as it takes, and expects the
profile of an uninterrupted one; no other file may be left."""
import array
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import samples  # noqa: E402

model, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
data, whole, part = (os.path.join(folder, name) for name in ("x.npy", "whole", "part"))
for name in os.listdir(folder):
    os.remove(os.path.join(folder, name))


def write_samples(count):
    chosen = random.Random(1)
    values = array.array("f", (chosen.gauss(0, 1 + i / count) for i in range(3 * count)))
    samples.write_npy(data, "<f4", (count, 1, 3), values.tobytes())


def obey_interrupts():
    """What is started in the background may have been told to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(seconds, *options):
    """Exit code of a calibration that is interrupted after so many seconds."""
    calibration = subprocess.Popen(["qir-run", model, "-calibrate=" + data, "-o", part, *options],
                                   stderr=subprocess.PIPE, text=True, preexec_fn=obey_interrupts)
    time.sleep(seconds)
    calibration.send_signal(signal.SIGINT)
    text = calibration.communicate()[1]
    if calibration.returncode not in (0, -signal.SIGINT):
        sys.exit("exit code %d\n%s" % (calibration.returncode, text))
    return calibration.returncode, text


def interrupt():
    """Leaves a profile of some of the samples, whatever the speed of this machine."""
    count, seconds = 4000, 0.1
    for _ in range(12):
        write_samples(count)
        code, text = run(seconds)
        if code == 0:
            count *= 4
        elif "-resume=" in text:
            return text
        elif os.path.exists(part):
            count *= 4  # it had just come to the end
        else:
            seconds *= 2  # it had not begun
    sys.exit("never interrupted in the middle")


message = interrupt()
if "-resume=%s goes on with the same options" % part not in message:
    sys.exit("the way to go on is not told:\n" + message)
with open(part) as f:
    if "\nnext " not in f.read():
        sys.exit("the profile does not say where to go on")
merged = subprocess.run(["qir-run", "-merge-profiles", part, part], stderr=subprocess.PIPE, text=True)
if merged.returncode != 1 or "complete it with -resume first" not in merged.stderr:
    sys.exit("an incomplete profile was merged\n" + merged.stderr)
limited = subprocess.run(["qir-run", model, "-calibrate=" + data, "-resume=" + part, "-limit=7"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
if limited.returncode != 1 or "the number of samples differs: 7 here" not in limited.stderr:
    sys.exit("other samples were taken\n" + limited.stderr)

subprocess.check_call(["qir-run", model, "-calibrate=" + data, "-o", whole])
run(0.3, "-resume=" + part)  # perhaps to the end, perhaps interrupted again
with open(part) as f:
    if "\nnext " in f.read():
        subprocess.check_call(["qir-run", model, "-calibrate=" + data, "-resume=" + part, "-o", part])
done = subprocess.run(["qir-run", model, "-calibrate=" + data, "-resume=" + part, "-o", part],
                      stderr=subprocess.PIPE, text=True)
if done.returncode != 1 or "the profile is complete" not in done.stderr:
    sys.exit("a complete profile was resumed\n" + done.stderr)
with open(part, "rb") as a, open(whole, "rb") as b:
    if a.read() != b.read():
        sys.exit("the resumed profile differs from the uninterrupted one")
if sorted(os.listdir(folder)) != ["part", "whole", "x.npy"]:
    sys.exit("files were left: %s" % os.listdir(folder))
print("resumed profile equals the uninterrupted one")
