"""The results as JSON, as Markdown and as a chart."""
import datetime
import json
import os

from harness import chart, markdown
from ptq import TOP

COLORS = {"qcc": "#1b7837", "onnxruntime": "#4a7fb5", "nncf": "#c2504a", "pt2e": "#8a6bb0"}
NAMES = {"onnxruntime": "ONNX Runtime", "nncf": "NNCF", "nncf_int4": "NNCF", "pt2e": "PT2E"}
# Figures of classifiers, of which more is better: title and digits; and of language models.
CLASSES = {"output": ("SQNR of the output, dB", 1), "logits": ("SQNR of the logits, dB", 1), "top1": ("Top-1, %", 2)}
TEXTS = {"greedy": "greedy NLL", "sampled": "sampled NLL", "kl": "KL, nats"}


def document(args, programs, missing):
    return {"format": 1, "date": datetime.date.today().isoformat(), "calibration": args.calibration,
            "sequences": args.sequences, "versions": {p.tool: p.version for p in programs}, "missing": missing,
            "absent": [], "results": []}


def name(row):
    return f"{NAMES.get(row['tool'], row['tool'])} {row['method']}".strip()


def unique(values):
    return list(dict.fromkeys(values))


def cell(rows, program, key, digits):
    """A figure in bold where no program has a better one."""
    row = next((r for r in rows if name(r) == program), {})
    if key not in row:
        return "fails" if "why" in row else ""
    best = max((r[key] for r in rows if r["tool"] != "float" and key in r), default=None)
    return f"**{row[key]:.{digits}f}**" if row[key] == best else f"{row[key]:.{digits}f}"


def matrix(doc, key):
    """One figure of classifiers: a line for each model, a column for each program."""
    title, digits = CLASSES[key]
    models = unique(r["model"] for r in doc["results"] if key in r)
    rows = [r for r in doc["results"] if r["model"] in models]
    columns = unique(name(r) for r in rows if r["tool"] != "float" or key == "top1")
    if not models:
        return ""
    by_model = {model: [r for r in rows if r["model"] == model] for model in models}
    return f"#### {title}\n\n" + markdown.lines(["model", *columns], [
        [model, *(cell(by_model[model], program, key, digits) for program in columns)] for model in models])


def texts(doc):
    """The language models: a line for each program."""
    rows = [r for r in doc["results"] if "kl" in r]
    return "".join(f"#### {model}, int4 weights\n\n" + markdown.lines(["program", *TEXTS.values()], [
        [name(r), *(f"{r[key]:.4f}" for key in TEXTS)] for r in rows if r["model"] == model])
        for model in unique(r["model"] for r in rows))


def head(doc):
    return f"{doc['date']}; {doc['calibration']} samples calibrate; {', '.join(unique(doc['versions'].values()))}.\n"


def failures(doc):
    lines = unique(f"- {name(r)}, {r['model']}: {r['why']}\n" for r in doc["results"] if "why" in r)
    lines += [f"- {NAMES.get(tool, tool)} is not installed: {why}\n" for tool, why in doc["missing"].items()]
    lines += [f"- {model}: not in the folder\n" for model in doc["absent"]]
    return "Not measured:\n\n" + "".join(lines) if lines else ""


def section(doc):
    return "\n".join(filter(None, [head(doc), *(matrix(doc, key) for key in CLASSES), texts(doc), failures(doc)]))


def table_of(doc, model):
    """The rows of one model, for a terminal."""
    figures = [key for key in (*CLASSES, *TEXTS) if any(key in r for r in doc["results"] if r["model"] == model)]
    return f"{model}\n\n" + markdown.lines(["program", *figures], [
        [name(r), r["why"]] if "why" in r else [name(r), *(f"{r[key]:.4f}" if key in r else "" for key in figures)]
        for r in doc["results"] if r["model"] == model])


def svg(doc):
    rows = [r for r in doc["results"] if r.get("output", 0) > 0]
    bars = [(model, [(name(r), r["output"], f"{r['output']:.1f} dB", COLORS[r["tool"]])
                     for r in sorted(rows, key=lambda r: -r["output"]) if r["model"] == model])
            for model in unique(r["model"] for r in rows)]
    legend = [(NAMES.get(tool, tool), COLORS[tool]) for tool in unique(r["tool"] for r in rows)]
    return chart.draw(f"SQNR of the output in dB, {doc['date']}: more is better", legend, bars)


def write(folder, doc):
    for file, text in (("results.json", json.dumps(doc, indent=1) + "\n"), ("results.md", section(doc)),
                       ("results.svg", svg(doc))):
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)


def update(doc):
    docs = os.path.join(TOP, "docs")
    markdown.replace(os.path.join(docs, "accuracy.md"), "bench/accuracy",
                     "![SQNR of the output](accuracy.svg)\n\n" + section(doc))
    with open(os.path.join(docs, "accuracy.svg"), "w") as out:
        out.write(svg(doc))
