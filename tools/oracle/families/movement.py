"""Operators that only move elements, and those that make tensors of nothing: SHAPE and FILL."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from generator import Redraw, operator
from oracle_model import Case, Tensor, constant, options, run

QUANTIZED = ("int8", "uint8", "int16")


def factors(g, count):
    """A random factorization."""
    shape = []
    for divisor in (2, 3, 5, 7):
        while count % divisor == 0:
            shape.insert(g.integer(0, len(shape)), divisor)
            count //= divisor
    while len(shape) > 3 or (len(shape) > 1 and g.integer(0, 1)):
        last = shape.pop()
        shape[g.integer(0, len(shape) - 1)] *= last
    return shape + [count] if count > 1 or not shape else shape


@operator("RESHAPE", *QUANTIZED, "float32", "int32", "int64", "bool")
def reshape(g):
    source = g.input(g.shape(g.integer(0, 4), 6))
    shape = factors(g, int(np.prod(source.shape)))
    if g.integer(0, 2) == 0:
        shape[g.integer(0, len(shape) - 1)] = -1
    # The shape is an operand, an option, or a scalar operand that counts for nothing beside the option.
    kind = g.integer(0, 2)
    table = options("ReshapeOptions", newShape=None if kind == 0 else shape)
    operands = [[source, constant(shape)], [source], [source, constant(1)]][kind]
    return Case("RESHAPE", table, operands, [g.like(source)])


@operator("SQUEEZE", *QUANTIZED, "float32")
def squeeze(g):
    shape = [g.choice(1, g.integer(1, 5)) for _ in range(g.integer(1, 5))]
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    axes = [axis for axis in ones if g.integer(0, 1)]
    source = g.input(shape)
    table = options("SqueezeOptions", squeezeDims=[g.choice(axis, axis - len(shape)) for axis in axes])
    return Case("SQUEEZE", table, [source], [g.like(source)])


@operator("EXPAND_DIMS", *QUANTIZED, "float32")
def expand_dims(g):
    source = g.input(g.shape(g.integer(0, 4), 5))
    rank = len(source.shape)
    axis = g.integer(-rank - 1, rank)
    axis = constant(g.choice(axis, [axis]), g.choice("int32", "int64"))
    return Case("EXPAND_DIMS", options("ExpandDimsOptions"), [source, axis], [g.like(source)])


def paddings(g, rank, most):
    pairs = [[g.integer(0, most(axis)), g.integer(0, most(axis))] for axis in range(rank)]
    return constant(np.array(pairs).reshape(rank, 2), g.choice("int32", "int64"))


@operator("PAD", *QUANTIZED, "float32", "int32", "int64", "bool")
def pad(g):
    rank = g.integer(1, 5)
    source = g.input(g.shape(rank, 4))
    return Case("PAD", options("PadOptions"), [source, paddings(g, rank, lambda axis: 2)], [g.like(source)])


@operator("PADV2", *QUANTIZED, "float32", "int32", "int64")
def pad_v2(g):
    rank = g.integer(1, 5)
    source = g.input(g.shape(rank, 4))
    value = g.like(source)
    value.shape, value.data, value.fixed = [1], g.values([1]), True
    operands = [source, paddings(g, rank, lambda axis: 2), value]
    return Case("PADV2", options("PadV2Options"), operands, [g.like(source)])


@operator("MIRROR_PAD", *QUANTIZED, "float32")
def mirror_pad(g):
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, 4))
    mode = g.integer(0, 1)
    pairs = paddings(g, rank, lambda axis: source.shape[axis] - (1 - mode))
    return Case("MIRROR_PAD", options("MirrorPadOptions", mode=mode), [source, pairs], [g.like(source)])


@operator("TRANSPOSE", *QUANTIZED, "float32", "int32", "int64", "bool")
def transpose(g):
    rank = g.integer(1, 5)
    source = g.input(g.shape(rank, 5))
    order = [int(axis) for axis in g.rng.permutation(rank)]
    return Case("TRANSPOSE", options("TransposeOptions"), [source, constant(order)], [g.like(source)])


def mask(g, count):
    """Bits for some of `count` entries."""
    return sum(1 << entry for entry in range(count) if g.integer(0, 3) == 0)


@operator("STRIDED_SLICE", *QUANTIZED, "float32", "int32", "int64", "bool")
def strided_slice(g):
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, 6))
    new_axes = g.integer(0, 1) if rank < 4 else 0
    entries = g.integer(1, rank) + new_axes
    masks = {"beginMask": mask(g, entries), "endMask": mask(g, entries)}
    if entries and g.integer(0, 2) == 0:
        masks["ellipsisMask"] = 1 << g.integer(0, entries - 1)
    if new_axes:
        masks["newAxisMask"] = 1 << g.integer(0, entries - 1)
    begin = [g.integer(-6, 6) for _ in range(entries)]
    end = [g.integer(-7, 7) for _ in range(entries)]
    strides = [g.choice(1, 1, 2, 3, -1, -2) for _ in range(entries)]
    # Beside the end mask, where dimensions are left out and beyond the end, the kernel leaves the tensor.
    offset = entries == rank and not masks["endMask"] and len(masks) == 2 and g.integer(0, 2) == 0
    if offset:
        first = [0 if masks["beginMask"] >> axis & 1 else g.integer(0, size - 1) for axis, size in enumerate(source.shape)]
        begin = [g.choice(start, start - size) for start, size in zip(first, source.shape)]
        end = [g.integer(1, size - start) for start, size in zip(first, source.shape)]
        strides = [g.integer(1, 3) for _ in range(entries)]
    plain = "ellipsisMask" not in masks and not new_axes
    shrunk = [e for e in range(entries) if plain and strides[e] > 0 and g.integer(0, 4) == 0]
    masks["shrinkAxisMask"] = sum(1 << entry for entry in shrunk)
    for entry in shrunk:
        size = source.shape[entry]
        begin[entry] = g.integer(-size, size - 1)
    table = options("StridedSliceOptions", offset=offset, **masks)
    operands = [source, *(constant(np.array(values).reshape(-1)) for values in (begin, end, strides))]
    case = Case("STRIDED_SLICE", table, operands, [g.like(source)])
    if run(case)[0].size == 0:
        raise Redraw
    return case


@operator("SLICE", *QUANTIZED, "float32", "int32", "int64", "bool")
def slice_(g):
    rank = g.integer(1, 5)
    source = g.input(g.shape(rank, 6))
    begin = [g.integer(0, size - 1) for size in source.shape]
    size = [g.choice(-1, g.integer(1, whole - first)) for whole, first in zip(source.shape, begin)]
    dtype = g.choice("int32", "int64")
    return Case("SLICE", options("SliceOptions"), [source, constant(begin, dtype), constant(size, dtype)], [g.like(source)])


@operator("SPLIT", *QUANTIZED, "float32", "int32")
def split(g):
    rank = g.integer(1, 4)
    axis, parts = g.integer(0, rank - 1), g.integer(1, 4)
    shape = g.shape(rank, 4)
    shape[axis] *= parts
    source = g.input(shape)
    axis = constant(g.choice(axis, axis - rank))
    outputs = [g.like(source) for _ in range(parts)]
    return Case("SPLIT", options("SplitOptions", numSplits=parts), [axis, source], outputs)


@operator("SPLIT_V", *QUANTIZED, "float32", "int32")
def split_v(g):
    rank = g.integer(1, 4)
    axis = g.integer(0, rank - 1)
    sizes = [g.integer(1, 4) for _ in range(g.integer(1, 4))]
    shape = g.shape(rank, 4)
    shape[axis] = sum(sizes)
    source = g.input(shape)
    if g.integer(0, 1):
        sizes[g.integer(0, len(sizes) - 1)] = -1
    operands = [source, constant(sizes, g.choice("int32", "int64")), constant(g.choice(axis, axis - rank))]
    outputs = [g.like(source) for _ in sizes]
    return Case("SPLIT_V", options("SplitVOptions", numSplits=len(sizes)), operands, outputs)


@operator("PACK", *QUANTIZED, "float32", "int32", "int64")
def pack(g):
    shape = g.shape(g.integer(0, 3), 5)
    first = g.input(shape)
    sources = [first]
    for _ in range(g.integer(0, 3)):
        source = g.like(first)
        source.shape, source.data = list(shape), g.values(shape)
        sources.append(source)
    axis = g.integer(-len(shape) - 1, len(shape))
    table = options("PackOptions", valuesCount=len(sources), axis=axis)
    return Case("PACK", table, sources, [g.like(first)])


@operator("UNPACK", *QUANTIZED, "float32", "int32", "bool")
def unpack(g):
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, 5))
    axis = g.integer(-rank, rank - 1)
    count = source.shape[axis]
    return Case("UNPACK", options("UnpackOptions", num=count, axis=axis), [source], [g.like(source) for _ in range(count)])


@operator("CONCATENATION", *QUANTIZED, "float32", "int32", "int64", "bool")
def concatenation(g):
    rank = g.integer(1, 4)
    shape = g.shape(rank, 4)
    axis = g.integer(0, rank - 1)
    output = g.output()
    sources = []
    for _ in range(g.integer(1, 4)):
        shape[axis] = g.integer(1, 6)
        # Only uint8 is rescaled. Halves put most values next to a rounding tie, where the last bit of the scales
        # decides.
        if g.dtype == "uint8" and g.integer(0, 2):
            ratio = np.float32(g.choice(0.5, 1.5, 2.5, *np.exp(g.rng.uniform(-3, 3, 3))))
            sources.append(g.input(list(shape), np.float32(output.scale[0] * ratio)))
        elif g.dtype in QUANTIZED:
            sources.append(g.input(list(shape), output.scale[0], output.zero_point))
        else:
            sources.append(g.input(list(shape)))
    return Case("CONCATENATION", options("ConcatenationOptions", axis=g.choice(axis, axis - rank)), sources, [output])


def deep(name, kind, *dtypes):
    """SPACE_TO_DEPTH and its inverse."""

    @operator(name, *dtypes)
    def generate(g):
        block = g.integer(1, 3)
        [batch, height, width, channels] = [g.integer(1, 2), *g.shape(3, 3)]
        if name == "SPACE_TO_DEPTH":
            shape = [batch, height * block, width * block, channels]
        else:
            shape = [batch, height, width, channels * block * block]
        source = g.input(shape)
        return Case(name, options(kind, blockSize=block), [source], [g.like(source)])


deep("SPACE_TO_DEPTH", "SpaceToDepthOptions", "int8", "uint8", "float32", "int32", "int64")
deep("DEPTH_TO_SPACE", "DepthToSpaceOptions", "int8", "uint8", "float32", "int32", "int64")


@operator("SPACE_TO_BATCH_ND", *QUANTIZED, "float32", "int32")
def space_to_batch_nd(g):
    rank = g.choice(3, 4, 4)
    source = g.input(g.shape(rank, 5))
    block = [g.integer(1, 3) for _ in range(rank - 2)]
    around = []
    for size, step in zip(source.shape[1:], block):
        before = g.integer(0, 3)
        around.append([before, -(size + before) % step + step * g.integer(0, 1)])
    operands = [source, constant(block), constant(around)]
    return Case("SPACE_TO_BATCH_ND", options("SpaceToBatchNDOptions"), operands, [g.like(source)])


@operator("BATCH_TO_SPACE_ND", *QUANTIZED, "float32", "int32")
def batch_to_space_nd(g):
    rank = g.choice(3, 4, 4)
    block = [g.integer(1, 3) for _ in range(rank - 2)]
    shape = g.shape(rank, 4)
    crops = []
    for size, step in zip(shape[1:], block):
        before = g.integer(0, min(2, size * step - 1))
        crops.append([before, g.integer(0, min(2, size * step - before - 1))])
    shape[0] = int(np.prod(block)) * g.integer(1, 2)
    source = g.input(shape)
    operands = [source, constant(block), constant(crops)]
    return Case("BATCH_TO_SPACE_ND", options("BatchToSpaceNDOptions"), operands, [g.like(source)])


@operator("TILE", *QUANTIZED, "float32", "int32", "int64", "bool")
def tile(g):
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, 4))
    multiples = constant([g.integer(1, 3) for _ in range(rank)], g.choice("int32", "int64"))
    return Case("TILE", options("TileOptions"), [source, multiples], [g.like(source)])


@operator("BROADCAST_TO", *QUANTIZED, "float32", "int32", "int64", "bool")
def broadcast_to(g):
    target = g.shape(g.integer(1, 5), 4)
    shape = [g.choice(1, size) for size in target][g.integer(0, len(target) - 1):]
    source = g.input(shape)
    operands = [source, constant(target, g.choice("int32", "int64"))]
    # The oracle knows no version 1 of this operator.
    return Case("BROADCAST_TO", options("BroadcastToOptions"), operands, [g.like(source)], version=2)


@operator("REVERSE_V2", *QUANTIZED, "float32", "int32", "int64", "bool")
def reverse_v2(g):
    rank = g.integer(1, 4)
    source = g.input(g.shape(rank, 5))
    # The kernel takes several axes only where they follow each other.
    first = g.integer(0, rank - 1)
    axes = [g.choice(axis, axis - rank) for axis in range(first, g.integer(first, rank - 1) + 1)]
    return Case("REVERSE_V2", options("ReverseV2Options"), [source, constant(axes)], [g.like(source)])


@operator("FILL", *QUANTIZED, "float32", "int32", "int64", "bool")
def fill(g):
    value = g.input([])
    dims = constant(g.shape(g.integer(0, 4), 4), g.choice("int32", "int64"))
    if dims.data.size == 0:
        raise Redraw
    # A network without inputs does not run, so the value is fed.
    return Case("FILL", options("FillOptions"), [dims, value], [g.like(value)])


@operator("SHAPE", *QUANTIZED, "float32", "int32", "int64", "bool")
def shape_of(g):
    source = g.input(g.shape(g.integer(1, 5), 4))
    wide = bool(g.integer(0, 1))
    table = options("ShapeOptions", outType=schema.TensorType.INT64 if wide else schema.TensorType.INT32)
    return Case("SHAPE", table, [source], [Tensor([], "int64" if wide else "int32")])
