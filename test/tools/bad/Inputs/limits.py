"""Resource limits, broken pipes and interrupts: an error or a clean death, no output, nothing left.

usage: limits.py DIRECTORY [memory]    (memory: small address spaces too; not under sanitizers)"""
import os
import random
import resource as res
import signal
import subprocess
import sys
import time

import bad

bad.start(sys.argv[1])
LIMITS = [("file size", res.RLIMIT_FSIZE, 0), ("file size", res.RLIMIT_FSIZE, 100),
          ("descriptors", res.RLIMIT_NOFILE, 3), ("descriptors", res.RLIMIT_NOFILE, 4)]
if "memory" in sys.argv:
    LIMITS += [("stack", res.RLIMIT_STACK, 64 << 10), ("stack", res.RLIMIT_STACK, 256 << 10)]
    LIMITS += [("memory", res.RLIMIT_AS, mib << 20) for mib in (4, 20, 100, 140, 200)]


def files():
    return sorted(os.listdir("."))


def whole(output, want):
    return not os.path.exists(output) or bad.read(output) == want


def remove(*names):
    for name in names:
        if os.path.exists(name):
            os.remove(name)


for command in bad.commands("out"):
    r = bad.run(command)
    want = bad.read("out")
    for name, limit, value in LIMITS:
        remove("out", "out.h")
        r = bad.run(command, preexec_fn=lambda: res.setrlimit(limit, (value, value)))
        what = f"{command[0]}: {name} {value}"
        bad.check(whole("out", want) and (r.returncode == 0) == os.path.exists("out"), what, r)
        bad.check(not [f for f in files() if ".tmp" in f], what + ": left " + str(files()))
        if name == "file size":
            bad.check(r.returncode == 1 and b"File too large" in r.stderr, what, r)
    remove("out", "out.h")
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for _ in range(15):
            p = subprocess.Popen(command, stdout=-3, stderr=-3)
            time.sleep(random.random() * 0.06)
            p.send_signal(sig)
            p.wait()
            bad.check(p.returncode in (0, -sig), f"{command[0]}: signal {sig}: exit {p.returncode}")
            bad.check(whole("out", want), f"{command[0]}: signal {sig}: part of an output")
    bad.check(not [f for f in files() if ".tmp" in f], f"{command[0]}: left {files()}")
    # A reader that goes away: an error, no signal.
    read_end, write_end = os.pipe()
    os.close(read_end)
    r = bad.run([a if a != "out" else "-" for a in command], stdout=write_end)
    os.close(write_end)
    bad.check(r.returncode == 1 and b"Broken pipe" in r.stderr, f"{command[0]}: broken pipe", r)
if "memory" in sys.argv:
    # Wherever memory ends: an exit status and a message, no signal.
    with open("big.qir", "wb") as f:
        const = b'  const @w : tensor<%dxi8> = dense<"0x%s">\n' % (1 << 22, b"01" * (1 << 22))
        f.write(bad.MODEL.replace(b"{\n", b"{\n" + const, 1))
    for mib in (8, 12, 16, 20, 24, 28, 32, 40, 48):
        r = bad.run(["qir-opt", "big.qir", "-o", "big.out"],
                    preexec_fn=lambda: res.setrlimit(res.RLIMIT_AS, (mib << 20, mib << 20)))
        bad.check(r.returncode in (0, 1, 70, 127) and (r.returncode in (0, 127) or b"memory" in r.stderr),
                  f"{mib} MiB", r)
        bad.check((r.returncode == 0) == os.path.exists("big.out"), f"{mib} MiB: part of an output")
for tool in ("qir-opt", "qir-run"):
    with open("/dev/full", "wb") as full:
        for args in (["-help"], ["-version"], ["good.qir"]):
            r = bad.run([tool, *args], stdout=full)
            bad.check(r.returncode == 1 and b"No space left" in r.stderr, f"{tool} {args} > /dev/full", r)
        r = bad.run([tool, "none.qir"], stderr=full)
        bad.check(r.returncode == 1, f"{tool} none.qir 2> /dev/full")
        r = bad.run([tool, "-no-such"], stderr=full)
        bad.check(r.returncode == 2, f"{tool} -no-such 2> /dev/full")
bad.finish()
