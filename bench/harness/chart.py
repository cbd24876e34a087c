"""A bar chart of a run as SVG: for each model and number of threads, every program's fastest call."""
from xml.sax.saxutils import escape

from harness.candidates import is_float
from harness.results import groups, is_qcc, label

WIDTH, LABEL, ROW, GAP, TITLE = 860, 230, 16, 14, 22
COLORS = {"qcc": "#1b7837", "exact": "#4a7fb5", "inexact": "#c2504a", "float": "#9a9a9a"}
LEGEND = {"qcc": "qcc", "exact": "int8, exact sums", "inexact": "int8, sums not exact", "float": "float"}


def kind(r):
    if is_qcc(r):
        return "qcc"
    if is_float(r["form"]):
        return "float"
    return "exact" if r.get("sums") == "exact" else "inexact"


def text(x, y, words, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(words)}</text>\n'


def bar(r, y, longest):
    width = max(1.0, (WIDTH - LABEL - 90) * r["min_us"] / longest)
    return (text(LABEL - 8, y + ROW - 5, label(r), ' text-anchor="end"') +
            f'<rect x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}" fill="{COLORS[kind(r)]}"/>\n' +
            text(LABEL + width + 5, y + ROW - 5, f"{r['min_us']:.1f} us"))


def legend(y):
    out, x = "", LABEL
    for key, words in LEGEND.items():
        out += f'<rect x="{x}" y="{y}" width="10" height="10" fill="{COLORS[key]}"/>\n' + text(x + 15, y + 9, words)
        x += 150
    return out


def svg(document):
    y, body = 44, text(10, 18, f"Microseconds per inference, minimum, {document['date']}, {document['machine']['cpu']}")
    body += legend(27)
    for (model, threads), rows in groups(document["results"]).items():
        body += text(10, y + TITLE - 6, f"{model}, {threads} thread{'s' if threads > 1 else ''}", ' font-weight="bold"')
        y += TITLE
        for r in rows:
            body += bar(r, y, rows[-1]["min_us"])
            y += ROW
        y += GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" '
            f'font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}</svg>\n')
