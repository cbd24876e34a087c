"""Arguments of 100 kB: answered at once, and messages stay short."""
import shutil

import bad

LONG = [(["qcc", "-target", "0" * 100000], 1, b"unknown target '0000"), (["qcc", "-mcpu", "x" * 100000], 1, b"unknown CPU"),
        (["qcc", "-name", "x" * 100000], 1, b"[name.prefix]"),
        (["qir-opt", "-passes", "x" * 100000], 1, b"[pipeline."), (["qir-opt", "-passes", "dce" + "{" * 100000], 1, b"[pipeline."),
        (["qir-opt", "-verify-each=0", "-passes", "dce," * 25000 + "dce"], 0, b""),
        (["qir-opt", "-" + "x" * 100000], 2, b"unknown option"), (["qir-opt", "-W" + "x" * 100000], 2, b"unknown warning"),
        (["qir-run", "-random", "9" * 100000], 2, b"-random takes a number"), (["qir-run", "-func", "x" * 100000], 1, b"[run.func]"),
        (["qir-run", "-limit", "9" * 100000], 2, b"-limit expects an integer"), (["qir-run", "-bind", "x" * 100000], 1, b"-bind")]
HERE = __file__[:__file__.rindex("/")]
for command, code, text in LONG:
    if not shutil.which(command[0]):
        continue
    r = bad.run([*command, HERE + "/good.qir"])
    what = f"{command[0]} {command[1][:20]}"
    bad.check(r.returncode == code and text in r.stderr, what, r)
    bad.check(len(r.stderr) < 8192, f"{what}: {len(r.stderr)} bytes of messages")
bad.finish()
