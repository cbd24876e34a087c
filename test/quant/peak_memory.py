"""peak_memory.py MODEL FOLDER: peak memory of calibrations with 32 and with 3200 samples, within 5 %."""
import array
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import samples  # noqa: E402

model, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
SHAPE = (3, 16, 16)


def peak(count):
    path, size = os.path.join(folder, "%d.npy" % count), 3 * 16 * 16
    tile = array.array("f", ((i * 7919 % 1000) / 1000 for i in range(size)))
    samples.write_npy(path, "<f4", (count, *SHAPE), tile.tobytes() * count)
    pid = os.posix_spawnp("qir-run", ["qir-run", model, "-calibrate=" + path, "-o", path + ".profile"], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit("qir-run failed")
    return usage.ru_maxrss


few, many = peak(32), peak(3200)
if many > 1.05 * few:
    sys.exit("peak memory %d KiB with 32 samples, %d KiB with 3200" % (few, many))
print("peak memory within 5 %")
