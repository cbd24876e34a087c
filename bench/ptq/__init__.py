"""What bench/accuracy is made of: labelled models and their samples, quantizers, scores, tables.  The
program needs nothing but the standard library; peers run in a process of their own (bench/quantize.py)
with the Python that bench/setup made.  Samples and compiled models are those of the tests (test/e2e)."""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(TOP, "test", "e2e"))
