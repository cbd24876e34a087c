"""Starts the tools with an empty argv: a usage error, as without arguments."""
import ctypes
import os
import shutil

import bad

libc = ctypes.CDLL(None, use_errno=True)
EMPTY = (ctypes.c_char_p * 1)(None)
for tool in ("qir-opt", "qir-run", "qcc"):
    path = shutil.which(tool)
    if not path:
        continue
    pid = os.fork()
    if pid == 0:
        os.close(2)
        libc.execv(path.encode(), EMPTY)
        os._exit(99)
    status = os.waitpid(pid, 0)[1]
    # Linux 5.18 and later put "" there; older kernels leave argc 0.
    bad.check(os.WIFEXITED(status) and os.WEXITSTATUS(status) == 2, f"{tool} without argv: status {status:#x}")
bad.finish()
