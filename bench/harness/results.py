"""The results of a run as one dictionary, which is written as JSON, and what follows from them: who was best."""
import datetime
import os
import platform


def cpu_model():
    with open("/proc/cpuinfo") as file:
        facts = dict((part.strip() for part in line.split(":", 1)) for line in file if ":" in line)
    name = facts.get("model name", platform.machine())
    family = f", family {facts['cpu family']} model {facts['model']}" if "cpu family" in facts else ""
    return name + family


def machine(calibration, cpus):
    return {"cpu": cpu_model(), "cpus": os.cpu_count(), "pinned": cpus, "levels": calibration.names,
            "load": os.getloadavg()[0]}


def document(calibration, cpus, settings):
    return {"format": 1, "date": datetime.date.today().isoformat(), "machine": machine(calibration, cpus),
            "settings": settings, "results": [], "skipped": []}


def row(case, candidate, facts):
    return {"model": case.name, "program": candidate.name, "form": candidate.form, "threads": candidate.threads,
            **candidate.facts, **facts, "turns": candidate.turns}


def is_qcc(result):
    return result["program"].startswith("qcc ")


def groups(results):
    """{(model, threads): rows}, fastest first."""
    out = {}
    for r in results:
        out.setdefault((r["model"], r["threads"]), []).append(r)
    return {key: sorted(rows, key=lambda r: r["min_us"]) for key, rows in out.items()}


def best_peer(rows, exact=False):
    """The fastest program that is not qcc; `exact`: of those whose int8 sums were exact."""
    peers = [r for r in rows if not is_qcc(r) and (not exact or r.get("sums") == "exact")]
    return min(peers, key=lambda r: r["min_us"], default=None)


def label(result):
    return f"{result['program']} {result['form']}"
