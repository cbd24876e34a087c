"""Every `file` and `file:name` that docs/architecture.md names exists, the name as a word of the file."""
import os
import re
import sys

source = sys.argv[1]
text = open(os.path.join(source, "docs/architecture.md")).read()
places = sorted(set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:c|h|def))(?::(\w+))?`", text)))
missing = 0
for path, name in places:
    full = os.path.join(source, path)
    found = os.path.exists(full) and (not name or re.search(r"\b%s\b" % name, open(full).read()))
    if not found:
        missing += 1
        print("missing: %s%s" % (path, ":" + name if name else ""))
print("%s places, %d missing" % ("many" if len(places) > 40 else len(places), missing))
