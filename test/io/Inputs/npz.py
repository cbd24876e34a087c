#!/usr/bin/env python3
"""Writes an .npz: npz.py FILE [-d] MEMBER=HEADER=DATA ...   (-d: deflated)"""
import os
import sys
import warnings
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import npy  # noqa: E402

warnings.simplefilter("ignore")  # duplicate names are a test
args = sys.argv[2:]
method = zipfile.ZIP_DEFLATED if "-d" in args else zipfile.ZIP_STORED
with zipfile.ZipFile(sys.argv[1], "w", method) as archive:
    for member in args:
        if member != "-d":
            name, header, data = member.split("=", 2)
            archive.writestr(name, npy.npy(header) + npy.data(data))
