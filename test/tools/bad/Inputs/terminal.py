"""Colours and progress: on a terminal only, and not with NO_COLOR, TERM=dumb or -fcolor=never."""
import os
import pty
import subprocess
import sys

import bad

bad.start(sys.argv[1])
with open("wrong.qir", "wb") as f:
    f.write(bad.MODEL.replace(b"%x, %x", b"%x, %none"))


def on_terminal(command, **env):
    """What the command writes to a terminal that is its standard error."""
    master, slave = pty.openpty()
    every = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    p = subprocess.Popen(command, stdin=-3, stdout=-3, stderr=slave, env={**every, "TERM": "xterm", **env})
    os.close(slave)
    text = b""
    while True:
        try:
            more = os.read(master, 65536)
        except OSError:
            more = b""
        if not more:
            break
        text += more
    os.close(master)
    p.wait()
    return text


WRONG = ["qir-opt", "wrong.qir"]
ESC = b"\x1b["
bad.check(ESC in on_terminal(WRONG), "colours on a terminal")
bad.check(ESC in on_terminal(WRONG, NO_COLOR=""), "colours with an empty NO_COLOR")
bad.check(ESC not in on_terminal(WRONG, NO_COLOR="1"), "NO_COLOR")
bad.check(ESC not in on_terminal(WRONG, TERM="dumb"), "TERM=dumb")
bad.check(ESC not in on_terminal(WRONG + ["-fcolor=never"]), "-fcolor=never")
bad.check(ESC in bad.run(WRONG + ["-fcolor=always"]).stderr, "-fcolor=always")
bad.check(ESC not in bad.run(WRONG).stderr, "colours in a pipe")
text = on_terminal(WRONG, NO_COLOR="1").replace(b"\r\n", b"\n").split(b"\n")
bad.check(text[1].index(b"%none") == text[2].index(b"^"), f"caret: {text}")
bad.run(["qir-run", "good.qir", "-random", "1", "-output", "one.npy"])
SAMPLES = ["qir-run", "good.qir", "-samples", "one.npy", "-hash"]
bad.check(b"\r" in on_terminal(SAMPLES), "progress on a terminal")
bad.check(bad.run(SAMPLES).stderr == b"", "progress in a pipe")
bad.finish()
