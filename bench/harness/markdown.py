"""Tables of a run as Markdown: one for each model, and the ratios to the best peers."""
from harness.results import best_peer, groups, is_qcc, label
from harness.targets import target_of, with_goal

LAYER_TITLES = ("layer", "op", "kernel", "shape", "predicted us", "measured us", "share", "GMAC/s")
TITLES = ("program", "form", "threads", "min us", "median us", "GMAC/s", "share of burst", "of tiles", "sums", "bytes",
          "top-1")


def lines(titles, rows):
    text = [titles, ["---"] * len(titles), *rows]
    return "".join("| " + " | ".join(map(str, row)) + " |\n" for row in text)


def percent(x):
    return "" if x is None else f"{100 * x:.1f} %"


def same(difference):
    """`same`, or how many results differ from the evaluator's, and by how much."""
    if difference is None:
        return ""
    if not difference["differ"]:
        return "same"
    return f"{difference['differ']} of {difference['of']} differ, by {difference['largest']:.3g}"


def cells(r):
    return (r["program"], r["form"], r["threads"], f"{r['min_us']:.1f}", f"{r['median_us']:.1f}", f"{r['gmacs']:.1f}",
            percent(r.get("share")), percent(r.get("tile_share")), r.get("sums") or "", same(r.get("bytes")),
            percent(r.get("accuracy")))


def table(name, rows):
    ordered = [r for group in groups(rows).values() for r in group]
    text = f"#### {name}\n\n" + lines(TITLES, map(cells, ordered))
    return text + "".join(layer_table(r) for r in ordered if r.get("layers"))


def layer_table(r):
    rows = [(x["layer"], x["op"], x["kernel"], x["shape"], f"{x['predicted_us']:.1f}",
             f"{x['measured_us']:.1f}", percent(x["share"]), gmacs(x)) for x in r["layers"]]
    return f"\n{label(r)}, {r['model']}, by layer:\n\n" + lines(LAYER_TITLES, rows)


def gmacs(layer):
    return f"{1e-3 * layer['products'] / layer['measured_us']:.1f}" if layer["products"] and layer["measured_us"] else ""


def ratio(r, peer):
    return f"{r['min_us'] / peer['min_us']:.2f} ({label(peer)})" if peer else ""


def ratios(rows):
    """Of every row of qcc: its time over that of the best peer, and over that of the best exact one."""
    out = []
    for (model, threads), group in groups(rows).items():
        any_kind, exact = best_peer(group), best_peer(group, exact=True)
        for r in filter(is_qcc, group):
            goal = target_of(r)
            share = with_goal(percent(r.get("share")), goal.share and percent(goal.share), ">=")
            out.append((model, threads, label(r), f"{r['min_us']:.1f}", share, percent(r.get("tile_share")),
                        with_goal(ratio(r, any_kind), goal.ratio), with_goal(ratio(r, exact), goal.exact)))
    return lines(("model", "threads", "qcc", "min us", "share of burst", "of tiles", "/ best peer",
                  "/ best exact int8 peer"), out)


def own_threads(rows):
    """Of every row of qcc with several threads: its time over that of one."""
    alone = {(r["model"], r["program"], r["form"]): r["min_us"] for r in rows if is_qcc(r) and r["threads"] == 1}
    out = [(r["model"], label(r), r["threads"], f"{r['min_us']:.1f}", f"{r['min_us'] / alone[key]:.2f}")
           for r in rows if is_qcc(r) and r["threads"] > 1
           for key in [(r["model"], r["program"], r["form"])] if key in alone]
    return lines(("model", "qcc", "threads", "min us", "/ one thread"), out) if out else ""


def sizes(rows):
    """What objects take: bytes, memory, and time to compile."""
    out = [(r["model"], label(r), r["threads"], with_goal(str(r["object_bytes"]), target_of(r).object_bytes),
            r["scratch_bytes"], r["scratch_bound"], with_goal(f"{r['compile_s']:.2f}", target_of(r).compile_s))
           for r in rows if is_qcc(r)]
    return lines(("model", "qcc", "threads", "object bytes", "scratch bytes", "least possible", "compile s"), out)


def versions(rows):
    found = {r["program"].split()[0]: r["version"] for r in rows if not is_qcc(r)}
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items())) or "no peers"


def head(document):
    m, s = document["machine"], document["settings"]
    return (f"{document['date']}, {m['cpu']}, {m['cpus']} CPUs, pinned to {m['pinned']}, load {m['load']:.1f} at the "
            f"start; AMX {s['amx']}; {s['rounds']} rounds of {s['milliseconds']:g} ms; "
            f"{versions(document['results'])}.\n")


def section(document):
    """All of it, from the heading on."""
    rows = document["results"]
    parts = [f"### Results\n\n{head(document)}", ratios(rows), *filter(None, [own_threads(rows)]), sizes(rows)]
    parts += [table(name, [r for r in rows if r["model"] == name]) for name in dict.fromkeys(r["model"] for r in rows)]
    skipped = {f"- {s['program']} {s['form']}, {s['model']}: {s['why']}\n" for s in document["skipped"]}
    if skipped:
        parts.append("Not measured:\n\n" + "".join(sorted(skipped)))
    return "\n".join(parts)


def update(path, document):
    """Replaces the tables in a document."""
    replace(path, "bench/run", "![Microseconds per inference](performance.svg)\n\n" + section(document))


def replace(path, program, text):
    """Replaces what is between the marks of a program in a document."""
    begin, end = f"<!-- {program}: begin -->\n", f"<!-- {program}: end -->\n"
    with open(path) as file:
        whole = file.read()
    head, found, rest = whole.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise RuntimeError(f"{path} lacks the lines {begin.strip()} and {end.strip()}")
    with open(path, "w") as out:
        out.write(head + begin + text + end + tail)
