"""Odd targets of outputs: each tool's answer, and that nothing changes when it fails."""
import os
import stat
import sys
import threading

import bad

bad.start(sys.argv[1])
os.mkdir("dir")
os.symlink("loop", "loop")
WRONG = [("no/such/out", b"No such file or directory"), ("dir", b"Is a directory"), ("dir/", b"Is a directory"),
         ("new/", b"Is a directory"), ("good.qir/out", b"Not a directory"), ("x" * 300, b"File name too long"),
         ("d/" * 2500 + "out", b"File name too long"), ("/dev/full", b"No space left on device"),
         ("/proc/version", b""), ("/proc/self/none", b"")]


def fresh(name, data=b"old"):
    if os.path.lexists(name):
        os.remove(name)
    with open(name, "wb") as f:
        f.write(data)


def wrong_places():
    for path, text in WRONG:
        for command in bad.commands(path):
            before = sorted(os.listdir("."))
            r = bad.run(command)
            what = f"{command[0]} -o {path[:20]}"
            bad.check(r.returncode == 1 and b"error: cannot " in r.stderr and text in r.stderr, what, r)
            bad.check(sorted(os.listdir(".")) == before, what + " left something")
    for command in bad.commands(""):
        bad.check(bad.run(command).returncode in (1, 2), f"{command[0]} -o ''")


def direct():
    for command in bad.commands("/dev/null"):
        r = bad.run(command)
        bad.check(r.returncode == 0 and stat.S_ISCHR(os.stat("/dev/null").st_mode), command, r)
    os.mkfifo("pipe")
    for command, to_pipe, to_stdout in zip(bad.commands("out"), bad.commands("pipe"), bad.commands("-")):
        bad.run(command)
        got = []
        reader = threading.Thread(target=lambda: got.append(bad.read("pipe")))
        reader.start()
        r = bad.run(to_pipe)
        reader.join()
        bad.check(r.returncode == 0 and got == [bad.read("out")], f"{command[0]} to a pipe", r)
        bad.check(stat.S_ISFIFO(os.stat("pipe").st_mode), "the pipe is gone")
        r = bad.run(to_stdout)
        bad.check(r.returncode == 0 and r.stdout == bad.read("out"), f"{command[0]} to standard output", r)


def odd_names():
    for name in ("a b", "new\nline", "-x", "'\"$(x)", "\udcff\udcfe", "x" * 240):
        for command in bad.commands("./" + name):
            r = bad.run(command)
            bad.check(r.returncode == 0 and os.path.exists("./" + name), [command[0], name], r)


def links():
    """A link to a file is replaced, its target is kept; planted names are not followed."""
    for command in bad.commands("link"):
        fresh("target")
        os.path.lexists("link") and os.remove("link")
        os.symlink("target", "link")
        r = bad.run(command)
        bad.check(r.returncode == 0 and not os.path.islink("link"), command, r)
        bad.check(bad.read("target") == b"old", f"{command[0]} wrote through a link")
        os.remove("link")
        os.symlink("nowhere", "link")
        r = bad.run(command)
        bad.check(r.returncode == 0 and not os.path.lexists("nowhere"), f"{command[0]} to a dangling link", r)
    for command in bad.commands("loop"):
        bad.check(bad.run(command).returncode == 0 and not os.path.islink("loop"), f"{command[0]} to a loop")
        os.remove("loop")
        os.symlink("loop", "loop")


def modes():
    for mask in (0o000, 0o022, 0o077):
        for command in bad.commands("mode"):
            os.path.exists("mode") and os.remove("mode")
            for existing in (False, True):
                if existing:
                    os.chmod("mode", 0o755)
                old = os.umask(mask)
                r = bad.run(command)
                os.umask(old)
                got = os.stat("mode").st_mode & 0o7777
                bad.check(r.returncode == 0 and got == 0o666 & ~mask, f"{command[0]} umask {mask:o}: {got:o}", r)


def kept():
    """A failure leaves the old output."""
    fresh("bad.qir", bad.MODEL.replace(b"add(", b"nope("))
    for command in bad.commands("kept", "bad.qir"):
        fresh("kept")
        r = bad.run(command)
        bad.check(r.returncode == 1 and bad.read("kept") == b"old", command, r)


def same():
    """The input is not overwritten, whatever it is called."""
    os.symlink("good.qir", "alias")
    os.link("good.qir", "hard")
    for name in ("good.qir", "./good.qir", os.path.abspath("good.qir"), "alias", "hard"):
        for command in bad.commands(name):
            r = bad.run(command)
            bad.check(r.returncode == 1 and b"put" in r.stderr, command, r)
            bad.check(bad.read("good.qir") == bad.MODEL, f"{command[0]} overwrote its input")


for part in (wrong_places, direct, odd_names, links, modes, kept, same):
    part()
bad.check(not [f for f in os.listdir(".") if ".tmp" in f], f"left {os.listdir('.')}")
bad.finish()
