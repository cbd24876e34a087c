"""Describes the files that bench/run wrote."""
import json
import sys
import xml.dom.minidom

with open(sys.argv[1] + "/results.json") as file:
    rows = json.load(file)["results"]
turns, = {len(r["turns"]) for r in rows}
known = all(r["object_bytes"] > 0 and r["scratch_bytes"] >= r["scratch_bound"] > 0 for r in rows)
beside = all(r["tile_share"] > 0 and all(len(t["tiles"]) == 1 for t in r["turns"]) for r in rows if r.get("burst_rate"))
print("tiles beside every burst" if beside else "a burst without tiles")
print(f"{len(rows)} rows of {rows[0]['model']}, {turns} turns each, object and scratch are {'known' if known else 'not known'}")
chart = xml.dom.minidom.parse(sys.argv[1] + "/results.svg")
bars = len(chart.getElementsByTagName("rect")) - 5  # background and legend
print("bars as expected" if bars == len(rows) else f"{bars} bars")
