"""Programs that wait for orders on a pipe, one line each, and answer with one: what compiled models
(model.c), peers (worker.py) and the calibration (calibrate.c) have in common."""
import ctypes
import json
import os
import signal
import subprocess
import sys


PR_SET_PDEATHSIG = 1


def confine(cpus):
    """In the child: these CPUs only; dies with its parent, stopped or not."""
    os.sched_setaffinity(0, cpus)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Worker:
    """A process on the given CPUs.  Between orders it is stopped, so that no thread of its pools spins
    while others are measured."""

    def __init__(self, command, cpus, log):
        self.log = open(log, "w")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            preexec_fn=lambda: confine(cpus))
        word, _, rest = self.answer().partition(" ")
        self.ready, self.about = word == "ready", rest
        if not self.ready:
            self.about = rest or f"ended without a word, see {log}"
        self.signal(signal.SIGSTOP)

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def answer(self):
        return self.process.stdout.readline().strip()

    def order(self, *words):
        self.signal(signal.SIGCONT)
        try:
            print(*words, file=self.process.stdin, flush=True)
            reply = self.answer()
        except BrokenPipeError:
            reply = ""
        self.signal(signal.SIGSTOP)
        if not reply:
            raise RuntimeError(f"'{' '.join(map(str, words))}' killed it, see {self.log.name}")
        return reply

    def close(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


class Candidate:
    """One row of the results: a program, one form of the model, a number of threads."""

    def __init__(self, name, form, threads, command, burst=None, exact=None, facts=None):
        self.name, self.form, self.threads, self.command = name, form, threads, command
        self.burst, self.tiles, self.exact = burst, None, exact
        self.facts, self.turns, self.worker, self.skipped = dict(facts or {}), [], None, None

    def start(self, cpus, folder):
        log = os.path.join(folder, f"{self.name} {self.form} {self.threads}.log".replace(" ", "_"))
        self.worker = Worker(self.command, set(cpus[:self.threads]), log)
        if self.worker.ready:
            self.facts.update(json.loads(self.worker.about))
            self.name = self.facts.pop("program", self.name)  # `qcc native` knows better
        else:
            self.skipped = self.worker.about
            print(f"  {self.name} {self.form}: {self.skipped}", file=sys.stderr)
        return self.worker.ready

    def run(self, samples, folder):
        """Results of all samples, as bytes."""
        source, target = os.path.join(folder, "samples.raw"), os.path.join(folder, "results.raw")
        with open(source, "wb") as out:
            out.write(samples)
        self.worker.order("run", source, target)
        with open(target, "rb") as file:
            return file.read()
