"""Builds the programs written in C: qcc's object of a case linked with model.c, and calibrate.c."""
import os
import resource
import subprocess

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POOL = os.path.join(os.path.dirname(BENCH), "examples", "threads")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def cc(output, *words):
    run(["cc", "-std=gnu11", "-O3", "-I", BENCH, *words, "-pthread", "-o", output])
    return output


def calibrator(folder):
    return cc(os.path.join(folder, "calibrate"), "-march=native", os.path.join(BENCH, "calibrate.c"))


def compile_model(qcc, path, level, threads, folder):
    """(command of the program, facts about the object).  One thread: without -fthreads."""
    os.makedirs(folder, exist_ok=True)
    m = os.path.join(folder, "m.o")
    before = cpu_seconds()
    run([qcc, path, "-name=m", "-mlevel=" + level, "-o", m, *(["-fthreads"] if threads > 1 else [])])
    facts = {"compile_s": round(cpu_seconds() - before, 3), "object_bytes": os.path.getsize(m)}
    pool = ["-DTHREADS", "-I", POOL, os.path.join(POOL, "pthread_pool.c")] if threads > 1 else []
    program = cc(os.path.join(folder, "model"), "-no-pie", "-I", folder, *pool, os.path.join(BENCH, "model.c"), m)
    return [program, str(threads)], facts
