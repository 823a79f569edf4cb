"""Selection by value or index: ARG_MAX, ARG_MIN, TOPK_V2, GATHER, GATHER_ND."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from generator import operator
from oracle_model import Case, Tensor, constant, options

MOVED = ("int8", "uint8", "int16", "float32", "int32", "bool")


def with_ties(g, source):
    """Now and then only a few different values."""
    if g.integer(0, 1):
        few = g.values([3])
        source.data = few[g.rng.integers(0, 2, source.shape, endpoint=True)]
    return source


def arg_extreme(name, kind):
    def generate(g):
        rank = g.integer(1, 4)
        source = with_ties(g, g.input(g.shape(rank, 7)))
        axis = g.integer(0, rank - 1)
        wide = g.integer(0, 1)
        table = options(kind, outputType=schema.TensorType.INT64 if wide else schema.TensorType.INT32)
        axis = constant(g.choice(axis, axis - rank), g.choice("int32", "int64"))
        if g.integer(0, 1):
            axis = constant([int(axis.data)], axis.dtype)
        return Case(name, table, [source, axis], [Tensor([], "int64" if wide else "int32")])

    return generate


operator("ARG_MAX", "int8", "uint8", "float32", "int32")(arg_extreme("ARG_MAX", "ArgMaxOptions"))
operator("ARG_MIN", "int8", "uint8", "float32", "int32")(arg_extreme("ARG_MIN", "ArgMinOptions"))


@operator("TOPK_V2", "int8", "uint8", "int16", "float32", "int32", "int64")
def topk_v2(g):
    source = with_ties(g, g.input(g.shape(g.integer(1, 3), 9)))
    count = constant(g.integer(1, source.shape[-1]))
    return Case("TOPK_V2", options("TopKV2Options"), [source, count], [g.like(source), Tensor([], "int32")])


def indices(g, shape, below, dtype="int32"):
    """Indices along dimensions of these sizes: fed, or a constant."""
    data = np.asarray(g.rng.integers(0, below, shape), dtype)
    return Tensor(list(shape), dtype, data=data, fixed=bool(g.integer(0, 1)))


@operator("GATHER", *MOVED, "int64")
def gather(g):
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, 5))
    axis = g.integer(0, rank - 1)
    batch_dims = g.choice(0, g.integer(0, axis))
    shape = source.shape[:batch_dims] + g.shape(g.integer(0, 2), 4)
    chosen = indices(g, shape, source.shape[axis], g.choice("int32", "int64"))
    table = options("GatherOptions", axis=g.choice(axis, axis - rank), batchDims=batch_dims)
    return Case("GATHER", table, [source, chosen], [g.like(source)])


@operator("GATHER_ND", *MOVED, "int64")
def gather_nd(g):
    source = g.input(g.shape(g.integer(1, 4), 5))
    depth = g.integer(1, len(source.shape))
    chosen = indices(g, [*g.shape(g.integer(0, 2), 4), depth], source.shape[:depth], g.choice("int32", "int64"))
    return Case("GATHER_ND", options("GatherNdOptions"), [source, chosen], [g.like(source)])
