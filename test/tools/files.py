"""Inputs and outputs of qir-opt in odd places (rows A, G and H of the bad inputs).

usage: files.py WORKDIR    (qir-opt on PATH)
"""
import os
import resource
import signal
import subprocess
import sys
import threading
import time

GOOD = b"module @m {\n  func @main(%x: tensor<2xf32>) -> (tensor<2xf32>) {\n    return(%x)\n  }\n}\n"
failures = 0


def run(*args, **kw):
    kw.setdefault("stdin", subprocess.DEVNULL)
    start = time.time()
    r = subprocess.run(["qir-opt", *args], stdout=kw.pop("stdout", subprocess.PIPE),
                       stderr=kw.pop("stderr", subprocess.PIPE), timeout=60, **kw)
    r.seconds = time.time() - start
    return r


def check(what, r, code, text="", absent=None):
    global failures
    got = ((r.stdout or b"") + (r.stderr or b"")).decode(errors="replace")
    left = [f for f in os.listdir(".") if ".tmp" in f or (absent and f == absent)]
    if r.returncode != code or text not in got or left:
        failures += 1
        print(f"FAILED {what}: exit {r.returncode}, expected {code} and {text!r}; left {left}\n{got[:600]}")


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def text_inputs():
    printed = run("good.qir").stdout
    for name, data in {"crlf": GOOD.replace(b"\n", b"\r\n"), "no-newline": GOOD.rstrip(b"\n"),
                       "bom": b"\xef\xbb\xbf" + GOOD, "one-line": GOOD.replace(b"\n", b" ")}.items():
        write("t.qir", data)
        r = run("t.qir")
        check(name, r, 0)
        if r.stdout != printed:
            check(name + ": other module", r, -1)
    for name, data, text in [
            ("empty", b"", "no module in source, expected 'module @name { ... }' [qir.empty]"),
            ("comments", b"// nothing\n", "[qir.empty]"),
            ("NUL", GOOD.replace(b"@main", b"@ma\0in"), "t.qir:2:11: error: NUL byte in source [qir.nul]"),
            ("NUL first", b"\0" + GOOD, "t.qir:1:1: error: NUL byte in source"),
            ("UTF-16", GOOD.decode().encode("utf-16"), "[qir.encoding]"),
            ("invalid UTF-8 in a comment", b"// \xff\n" + GOOD, "t.qir:1:4: error: byte 0xff is not valid UTF-8"),
            ("invalid UTF-8 in a string", GOOD.replace(b"@m ", b'@m attributes {a = "\xc0\x80"} '), "[qir.encoding]"),
            ("long identifier", b"a" * (8 << 20), "token longer than 255 bytes [qir.token]"),
            ("long number", GOOD.replace(b"2x", b"2" * (8 << 20)), "token longer than 255 bytes"),
            ("rank 10^6", GOOD.replace(b"2x", b"2x" * 1000000), "rank above 8"),
            ("nested lists", GOOD.replace(b"@m ", b"@m attributes {a = " + b"[" * 10000000), "unexpected '['"),
            ("nested types", GOOD.replace(b"2xf32", b"tensor<" * 1000000), "unexpected 'tensor'"),
            ("many errors", GOOD.replace(b"return(%x)", b"%y = nope(%x)\n" * 1000), "nope")]:
        write("t.qir", data)
        r = run("t.qir", "-o", "out.qir")
        check(name, r, 1, text, absent="out.qir")
        if r.seconds > 5 or r.stderr.count(b"error:") > 21:
            check(name + f": {r.seconds} s", r, -1)
    for name, data in {"comment": b"// " + b"x" * (8 << 20) + b"\n" + GOOD, "blank": b" " * (8 << 20) + GOOD}.items():
        write("t.qir", data)
        r = run("t.qir")
        check("8 MiB " + name, r, 0)
        if r.seconds > 3:
            check(f"8 MiB {name}: {r.seconds} s", r, -1)
    write("t.qir", GOOD.replace(b"return(%x)", b'return(%x) loc("\\x1b[31m\\x0a*/%s%n")'))
    check("hostile location", run("t.qir", "-verify-roundtrip"), 0, 'loc("\\x1b[31m\\x0a*/%s%n")')


def input_places():
    check("missing", run("none.qir"), 1, "cannot open 'none.qir': No such file or directory")
    os.makedirs("dir", exist_ok=True)
    check("directory", run("dir"), 1, "'dir' is a directory, not a regular file")
    os.mkfifo("pipe")
    check("pipe", run("pipe"), 1, "'pipe' is a pipe, not a regular file")
    check("device", run("/dev/zero"), 1, "'/dev/zero' is a device")
    with open("sparse", "wb") as f:
        f.truncate(3 << 30)
    r = run("sparse")
    check("3 GiB", r, 1, "'sparse': source larger than 1073741824 bytes (-fmax-source)")
    os.remove("sparse")
    check("limit", run("-fmax-source=10", "good.qir"), 1, "source larger than 10 bytes (-fmax-source)")
    check("stdin", run("-", stdin=open("good.qir")), 0, "module @m")
    check("stdin limit", run("-fmax-source=10", "-", stdin=open("good.qir")), 1, "source larger than 10 bytes")
    check("dash dash", run("--", "good.qir"), 0, "module @m")
    os.symlink("loop", "loop")
    check("loop", run("loop"), 1, "cannot open 'loop'")


def outputs():
    for target, reason in [("no/such/dir/o", "No such file"), ("dir", "Is a directory"), ("good.qir/", "Is a directory"),
                           ("", "No such file"), ("x" * 5000, "File name too long")]:
        check("output " + target[:20], run("good.qir", "-o", target), 1, reason)
    check("same", run("good.qir", "-o", "good.qir"), 1, "is both input and output")
    os.symlink("good.qir", "link")
    check("same through a link", run("link", "-o", "good.qir"), 1, "is both input and output")
    check("full", run("good.qir", "-o", "/dev/full"), 1, "No space left on device")
    check("null", run("good.qir", "-o", "/dev/null"), 0)
    check("dash", run("good.qir", "-o", "-"), 0, "module @m")
    check("full stdout", run("good.qir", stdout=open("/dev/full", "w")), 1, "No space left on device")
    write("old", b"old")
    write("bad.qir", b"module")
    check("kept", run("bad.qir", "-o", "old"), 1)
    if open("old", "rb").read() != b"old":
        check("kept: overwritten", run("good.qir"), -1)
    os.umask(0o027)
    check("mode", run("good.qir", "-o", "mode.qir"), 0)
    if os.stat("mode.qir").st_mode & 0o777 != 0o640:
        check("mode: " + oct(os.stat("mode.qir").st_mode), run("good.qir"), -1)
    got = []
    reader = threading.Thread(target=lambda: got.append(open("pipe", "rb").read()))
    reader.start()
    check("to a pipe", run("good.qir", "-o", "pipe"), 0)
    reader.join()
    if b"module @m" not in got[0]:
        check("to a pipe: empty", run("good.qir"), -1)
    limit = lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)))
    check("file size limit", run("good.qir", "-o", "limited.qir", preexec_fn=limit), 1, "File too large", absent="limited.qir")


def descriptors():
    close = lambda: [os.close(fd) for fd in (0, 1, 2)]
    r = subprocess.run(["qir-opt", "good.qir", "-o", "closed.qir"], preexec_fn=close, close_fds=True)
    if r.returncode != 0 or b"module @m" not in open("closed.qir", "rb").read():
        check("closed descriptors", run("good.qir"), -1)
    read_end, write_end = os.pipe()
    os.close(read_end)
    check("broken pipe", run("good.qir", stdout=write_end), 1, "Broken pipe")


def kills():
    """Killed at any moment: the old output or the new one, and no other file."""
    with open("large.qir", "wb") as f:
        f.write(GOOD.replace(b"    return", b"    %y = relu(%x) : tensor<2xf32>\n" + b"    return"))
        f.write(b"//" + b"x" * 1000000 + b"\n")
    whole = run("large.qir").stdout
    for i in range(60):
        write("kill.out", b"old")
        p = subprocess.Popen(["qir-opt", "large.qir", "-o", "kill.out"])
        time.sleep(i * 0.0002)
        p.send_signal(signal.SIGKILL if i % 2 else signal.SIGTERM)
        p.wait()
        got = open("kill.out", "rb").read()
        if got not in (b"old", whole) or [f for f in os.listdir(".") if f.endswith(".tmp")]:
            check(f"killed after {i * 0.2} ms", run("good.qir"), -1)


def parallel():
    """Two writers of one output: one whole winner."""
    for i in range(10):
        ps = [subprocess.Popen(["qir-opt", f, "-o", "both.out"]) for f in ("good.qir", "large.qir")]
        codes = [p.wait() for p in ps]
        got = open("both.out", "rb").read()
        if codes != [0, 0] or got not in [run(f).stdout for f in ("good.qir", "large.qir")]:
            check("two writers", run("good.qir"), -1)


def colors():
    for args, env, want in [(["-fcolor=always"], {}, True), ([], {}, False), (["-fcolor=never"], {}, False)]:
        r = run("bad.qir", *args, env={**os.environ, **env})
        if (b"\x1b[" in r.stderr) != want:
            check(f"colours {args}", r, -1)


def main():
    os.makedirs(sys.argv[1])
    os.chdir(sys.argv[1])
    write("good.qir", GOOD)
    for part in (text_inputs, input_places, outputs, descriptors, kills, parallel, colors):
        part()
    print("failures:", failures)
    sys.exit(failures != 0)


main()
