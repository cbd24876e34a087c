"""Hides AMX from a process, so that a CPU with it measures as one without.

On Linux the tiles have to be asked for, with arch_prctl(ARCH_REQ_XCOMP_PERM); libraries that are refused take
their AVX-512 VNNI kernels.  A seccomp filter refuses."""
import ctypes
import errno
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SYS_arch_prctl, ARCH_REQ_XCOMP_PERM = 158, 0x1023
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF: ld [k]; jeq k, true, false; ret k
NUMBER, FIRST_ARGUMENT = 0, 16               # offsets in struct seccomp_data
ALLOW, REFUSE = 0x7fff0000, 0x00050000 | errno.EPERM

FILTER = ((LOAD, 0, 0, NUMBER), (JUMP_EQUAL, 0, 3, SYS_arch_prctl),
          (LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_EQUAL, 0, 1, ARCH_REQ_XCOMP_PERM),
          (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW))


class Program(ctypes.Structure):
    """struct sock_fprog"""
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def has_amx():
    with open("/proc/cpuinfo") as file:
        return " amx_int8" in file.read()


def hide_amx():
    """In the process itself; children inherit it.  x86-64 only, as AMX is."""
    code = b"".join(struct.pack("=HBBI", *row) for row in FILTER)
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(FILTER), code)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp filter refused")
