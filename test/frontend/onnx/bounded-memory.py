"""bounded-memory.py MODEL: wherever memory ends, in the import or in one for another size, there is an exit
status and a message, no signal."""
import resource
import subprocess
import sys

results = {}
for mib in range(120, 420, 6):
    limit = (mib << 20, mib << 20)
    r = subprocess.run(["qir-run", sys.argv[1], "-bind", "S<=8", "-func", "none"], text=True, stderr=-1,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    if r.returncode != 127:  # not even the program
        results.setdefault((r.returncode, r.stderr.split("(")[0].strip()), []).append(mib)
for (status, text), limits in sorted(results.items()):
    print(status, text, "at %d limits" % len(limits) if "-v" not in sys.argv else limits)
