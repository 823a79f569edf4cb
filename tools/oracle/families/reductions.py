"""Reductions over constant axes: MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD."""

import numpy as np

from fixed_point import multiply, quantize_multiplier
from generator import Redraw, operator
from oracle_model import Case, constant, options


def reduction(g, largest=7):
    """A source and axes of it: from either end, in any order, now and then one twice."""
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, largest))
    axes = [int(a) for a in g.rng.permutation(rank)[: g.integer(1, rank)]]
    axes = [g.choice(a, a - rank) for a in axes] + ([axes[0]] if g.integer(0, 4) == 0 else [])
    return source, axes


def case(g, name, source, axes, output):
    keep = bool(g.integer(0, 1))
    return Case(name, options("ReducerOptions", keepDims=keep), [source, constant(axes)], [output])


def rescaled(g, source, spread=1.0):
    """An output of another scale and zero point than the source's, where there are such."""
    if source.scale is None:
        return g.output()
    return g.output(source.scale[0] * np.float32(g.choice(1.0, 1.0, 0.5, 2.0, 0.3, 0.02, 3.7) * spread))


@operator("MEAN", "int8", "uint8", "int16", "float32", "int32", "int64")
def mean(g):
    source, axes = reduction(g)
    return case(g, "MEAN", source, axes, rescaled(g, source))


@operator("SUM", "int8", "uint8", "int16", "float32", "int32", "int64")
def total(g):
    source, axes = reduction(g)
    output = rescaled(g, source, g.choice(1.0, 10.0))
    made = case(g, "SUM", source, axes, output)
    if g.dtype in ("int8", "int16"):
        made.expected = [intended_sum(g, source, axes, output)]
    return made


def intended_sum(g, source, axes, output):
    """What SUM computes where the oracle is right: with signed types it reads its operand as uint8."""
    reduced = tuple({axis % len(source.shape) for axis in axes})
    raw = source.data.astype(np.int64).sum(axis=reduced, keepdims=True)
    count = source.data.size // raw.size
    factor = quantize_multiplier(float(source.scale[0]) / float(output.scale[0]))
    centred = raw - source.zero_point * count
    if np.abs(centred).max() >= 2**31:
        raise Redraw
    sums = [multiply(int(value), factor) + output.zero_point for value in centred.flatten()]
    return np.clip(sums, g.lo, g.hi).astype(g.dtype)


def extremum(g, name):
    source, axes = reduction(g)
    return case(g, name, source, axes, g.like(source))


@operator("REDUCE_MAX", "int8", "uint8", "int16", "float32", "int32", "int64")
def reduce_max(g):
    return extremum(g, "REDUCE_MAX")


@operator("REDUCE_MIN", "int8", "uint8", "int16", "float32", "int32", "int64")
def reduce_min(g):
    return extremum(g, "REDUCE_MIN")


@operator("REDUCE_PROD", "int8", "int16", "float32", "int32", "int64")
def reduce_prod(g):
    source, axes = reduction(g, 3)
    return case(g, "REDUCE_PROD", source, axes, rescaled(g, source))
