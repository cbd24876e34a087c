"""Bar charts as SVG; that of a run has every program's fastest call, for each model and number of threads."""
from xml.sax.saxutils import escape

from harness.candidates import is_float
from harness.results import groups, is_qcc, label

WIDTH, LABEL, ROW, GAP, TITLE = 860, 230, 16, 14, 22
COLORS = {"qcc": "#1b7837", "exact": "#4a7fb5", "inexact": "#c2504a", "float": "#9a9a9a"}
LEGEND = {"qcc": "qcc", "exact": "int8, exact sums", "inexact": "int8, sums not exact", "float": "float"}


def text(x, y, words, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(words)}</text>\n'


def bar(y, share, name, words, color):
    width = max(1.0, (WIDTH - LABEL - 90) * share)
    return (text(LABEL - 8, y + ROW - 5, name, ' text-anchor="end"') +
            f'<rect x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}" fill="{color}"/>\n' +
            text(LABEL + width + 5, y + ROW - 5, words))


def legend(y, entries):
    out, x = "", LABEL
    for words, color in entries:
        out += f'<rect x="{x}" y="{y}" width="10" height="10" fill="{color}"/>\n' + text(x + 15, y + 9, words)
        x += 150
    return out


def draw(title, entries, parts):
    """`entries` of the legend: (words, color); `parts`: (heading, bars), a bar is (name, value, words, color).
    The longest bar of a part has the whole width."""
    y, body = 44, text(10, 18, title) + legend(27, entries)
    for heading, bars in parts:
        body += text(10, y + TITLE - 6, heading, ' font-weight="bold"')
        y += TITLE
        longest = max(value for _, value, _, _ in bars)
        for name, value, words, color in bars:
            body += bar(y, value / longest, name, words, color)
            y += ROW
        y += GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" '
            f'font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}</svg>\n')


def kind(r):
    if is_qcc(r):
        return "qcc"
    if is_float(r["form"]):
        return "float"
    return "exact" if r.get("sums") == "exact" else "inexact"


def svg(document):
    title = f"Microseconds per inference, minimum, {document['date']}, {document['machine']['cpu']}"
    return draw(title, [(words, COLORS[key]) for key, words in LEGEND.items()], [
        (f"{model}, {threads} thread{'s' if threads > 1 else ''}",
         [(label(r), r["min_us"], f"{r['min_us']:.1f} us", COLORS[kind(r)]) for r in rows])
        for (model, threads), rows in groups(document["results"]).items()])
