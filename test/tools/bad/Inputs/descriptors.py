"""Closed standard descriptors: the output file must not become one of them and hold messages."""
import itertools
import os
import sys

import bad

bad.start(sys.argv[1])
with open("warns.qir", "wb") as f:
    f.write(bad.MODEL.replace(b"%y)", b"%nothing)"))
SETS = [s for n in (1, 2, 3) for s in itertools.combinations((0, 1, 2), n)]


def without(command, closed):
    return bad.run(command, stdin=None, stdout=None if 1 in closed else -3, stderr=None if 2 in closed else -3,
                   preexec_fn=lambda: [os.close(fd) for fd in closed])


for command, wrong in zip(bad.commands("out"), bad.commands("bad", "warns.qir")):
    bad.run(command)
    want = bad.read("out")
    for closed in SETS:
        os.remove("out")
        r = without(command, closed)
        bad.check(r.returncode == 0 and bad.read("out") == want, f"{command[0]} without {closed}: {r.returncode}")
        r = without(wrong, closed)
        bad.check(r.returncode == 1 and not os.path.exists("bad"), f"{wrong} without {closed}: {r.returncode}")
# No descriptor 0 to 2 may be taken by a file that is read, either.
r = bad.run(["qir-opt", "-"], stdin=None, preexec_fn=lambda: os.close(0))
bad.check(r.returncode == 1 and b"[qir.empty]" in r.stderr, "closed standard input", r)
bad.finish()
