"""What bench/run is made of: cases.py (which models), objects.py and workers.py (which programs), rounds.py
(when they run), check.py (whether they are right), results.py, markdown.py, chart.py (what is said about it)."""
