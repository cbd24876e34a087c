"""Locales, temporary folders, PATH and odd variables change no byte of the output."""
import os
import shutil
import sys

import bad

bad.start(sys.argv[1])
ODD = [{"LC_ALL": "tr_TR.UTF-8"}, {"LC_NUMERIC": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}, {"LC_ALL": "no such"},
       {"TMPDIR": "/no/such/dir"}, {"TMPDIR": ""}, {"PATH": ""}, {"HOME": ""}, {"POSIXLY_CORRECT": "1"},
       {"TERM": "x" * 5000}, {"COLUMNS": "-1"}, {"TZ": "\x01"}, {"LD_BIND_NOW": "1"},
       {"QCC_DEBUG": "1", "QCC_FLAGS": "-S", "QIR_OPTIONS": "-hash"},
       {"SOURCE_DATE_EPOCH": "0"}, {"USER": "someone", "HOSTNAME": "elsewhere"}]
BARE = {k: v for k, v in os.environ.items() if k == "ASAN_OPTIONS"}
for command in bad.commands("out"):
    # The option stands before the input, as POSIXLY_CORRECT wants it.
    command = [shutil.which(command[0]), *command[2:], command[1]] if command[0] != "qcc" else \
              [shutil.which("qcc"), *command[1:-3], "-o", "out", command[-3]]
    r = bad.run(command)
    bad.check(r.returncode == 0, command, r)
    want = bad.read("out")
    for env in ODD + [None]:
        os.remove("out")
        r = bad.run(command, env=BARE if env is None else {**os.environ, **env})
        bad.check(r.returncode == 0 and bad.read("out") == want, f"{command[0]} with {env}", r)
bad.finish()
