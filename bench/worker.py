"""Runs one peer for bench/run, in the Python that has it:
    worker.py PEER VARIANT MODEL THREADS
Speaks as model.c does: first `ready` and what it is as JSON, or `cannot` and why; then answers
    time MILLISECONDS    one warm-up, then calls for that long: `CALLS MIN MEDIAN`, microseconds
    run IN OUT           every input in the file IN: results in the file OUT, `COUNT`"""
import json
import os
import sys
import time

from peers import PEERS

MIN_CALLS = 3


def time_calls(peer, milliseconds):
    clock, times = time.perf_counter_ns, []
    peer.run(1)
    start = clock()
    end = start + int(1e6 * milliseconds)
    while len(times) < MIN_CALLS or start < end:
        peer.run(1)
        stop = clock()
        times.append(stop - start)
        start = stop
    times.sort()
    return f"{len(times)} {1e-3 * times[0]:.3f} {1e-3 * times[len(times) // 2]:.3f}"


def run_file(peer, source, target):
    size, count = peer.input_bytes(), 0
    with open(source, "rb") as file, open(target, "wb") as out:
        while len(data := file.read(size)) == size:
            peer.feed(data)
            peer.run(1)
            out.write(peer.result())
            count += 1
    return str(count)


def prepare(name, variant, path, threads):
    peer = PEERS[name](variant)
    peer.prepare(path, int(threads))
    peer.run(1)
    return peer


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # runtimes print to standard output
    try:
        peer = prepare(*sys.argv[1:5])
    except Exception as error:  # whatever a runtime throws is why it cannot
        print("cannot", f"{type(error).__name__}: {error}".splitlines()[0], file=replies, flush=True)
        return
    print("ready", json.dumps({"version": peer.version()}), file=replies, flush=True)
    for line in sys.stdin:
        word, *operands = line.split()
        answer = time_calls(peer, float(operands[0])) if word == "time" else run_file(peer, *operands)
        print(answer, file=replies, flush=True)


if __name__ == "__main__":
    main()
