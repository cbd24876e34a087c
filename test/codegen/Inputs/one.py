"""Prints one case of cases.py: one.py GROUP NAME."""
import sys

from cases import cases

print(dict(cases(sys.argv[1]))[sys.argv[2]], end='')
