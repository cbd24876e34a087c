"""Runs a command whose standard error is a terminal, and prints what that shows: a line for each time that it is cleared.
usage: terminal.py COMMAND..."""
import os
import subprocess
import sys

master, slave = os.openpty()
run = subprocess.Popen(sys.argv[1:], stderr=slave)
os.close(slave)
seen = b""
while True:
    try:
        part = os.read(master, 4096)
    except OSError:  # the other end is closed
        break
    if not part:
        break
    seen += part
print(seen.decode().replace("\r\x1b[K", "\nCLEAR "))
sys.exit(run.wait())
