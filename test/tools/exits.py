"""Runs a command and checks its exit status: exits.py STATUS COMMAND...  Exits 0 when it is that."""
import subprocess
import sys

status = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
if status != int(sys.argv[1]):
    print(f"exit status {status}, expected {sys.argv[1]}")
    sys.exit(1)
