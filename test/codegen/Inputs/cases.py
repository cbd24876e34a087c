"""Modules of one op each, for the kernel tests: every shape of code that a kernel can take (whole
vectors and tails, padding, strides, groups, zero points).  `cases(group)` yields (name, text)."""
import typed
from groups.along import along, pool, reduce, softmax
from groups.codes import codes
from groups.dynamic import dynamic_conv, dynamic_i4, dynamic_i8
from groups.elementwise import affine, binary, elementwise
from groups.movement import copy, grid_sample, index, resize, update
from groups.sequence import attention, layer_norm, sequence
from groups.weighted import (chains, columns, conv, depthwise, extremes, inner, linear, matmul, small, streams,
                             transposed, weighted_real, windows, winograd)
from groups.words import words
from modules import Weighted

GROUPS = {f.__name__: f for f in (conv, windows, winograd, chains, inner, small, columns, streams, depthwise, words, linear, extremes,
                                  weighted_real,
                                  codes, transposed, pool, elementwise, binary, copy, index, reduce, along, resize,
                                  grid_sample, softmax,
                                  matmul, affine, sequence, attention, layer_norm, update,
                                  dynamic_i8, dynamic_i4, dynamic_conv,
                                  typed.cast, typed.arithmetic, typed.half)}


def cases(group):
    for name, case in GROUPS[group]():
        yield name, case.text() if isinstance(case, Weighted) else case
