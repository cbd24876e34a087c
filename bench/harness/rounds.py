"""When programs run: in turns, each between two calibrations, so that a neighbour who takes a share of the
core slows all of them or shows in the bursts."""
import statistics

from harness.workers import Worker

QUIET = 0.9  # of the best burst of the run


class Calibration:
    """What the machine can do now; `best` keeps the best that was seen, by what was asked."""

    def __init__(self, program, cpus, log):
        self.cpus, self.best = cpus, {}
        self.worker = Worker([program], set(cpus), log)
        self.names = self.worker.about.split()  # levels, ascending

    def burst_of(self, level=None):
        """What to ask for a level; the best of this CPU where it has no burst of its own."""
        name = level if level in self.names else self.names[-1] if self.names else None
        return name and f"burst {name}"

    def rate(self, what, threads):
        """Rate of a burst (`burst avx2`), of tiles (`tiles avx2 MILLISECONDS`) or of reading (`read BYTES`)."""
        rate = float(self.worker.order(what, threads))
        self.best[what, threads] = max(rate, self.best.get((what, threads), 0))
        return rate

    def quiet(self, turn, what, threads):
        return min(turn["bursts"]) >= QUIET * self.best[what, threads] if turn["bursts"] else True


def tiles_beside(burst, milliseconds):
    """What to ask for the rate of tiles of a burst's dot product; None beside reading."""
    kind, _, level = (burst or "").partition(" ")
    return f"tiles {level} {milliseconds:g}" if kind == "burst" else None


def take_turn(candidate, calibration, milliseconds):
    """One between two bursts, then as long a time of tiles."""
    def calibrate(what):
        return [calibration.rate(what, candidate.threads)] if what else []
    candidate.tiles = tiles_beside(candidate.burst, milliseconds)
    bursts = calibrate(candidate.burst)
    calls, low, median = candidate.worker.order("time", milliseconds).split()
    bursts += calibrate(candidate.burst)
    candidate.turns.append({"calls": int(calls), "min_us": float(low), "median_us": float(median), "bursts": bursts,
                            "tiles": calibrate(candidate.tiles)})


def measure(candidates, calibration, rounds, milliseconds):
    """Every candidate once a round; each round begins with another one."""
    for r in range(rounds):
        first = r % max(1, len(candidates))
        for candidate in candidates[first:] + candidates[:first]:
            take_turn(candidate, calibration, milliseconds)


def summary(candidate, calibration, case):
    """Fastest call of all turns; median of the medians of quiet turns (of all if there are none)."""
    turns, what = candidate.turns, candidate.burst
    quiet = [t for t in turns if calibration.quiet(t, what, candidate.threads)]
    low = min(t["min_us"] for t in turns)
    out = {"min_us": low, "median_us": statistics.median(t["median_us"] for t in quiet or turns),
           "quiet_turns": len(quiet), "gmacs": 1e-3 * case.macs / low}
    if what:
        out["burst"], out["burst_rate"] = what, calibration.best[what, candidate.threads]
        out["share"] = 1e-3 * (case.reads or case.macs) / low / out["burst_rate"]
    if candidate.tiles:
        out["tile_rate"] = calibration.best[candidate.tiles, candidate.threads]
        out["tile_share"] = out["gmacs"] / out["tile_rate"]
    return out
