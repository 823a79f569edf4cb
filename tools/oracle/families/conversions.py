"""Conversions between element types: QUANTIZE, DEQUANTIZE, CAST."""

import numpy as np

from families.functions import around, spread
from generator import operator
from oracle_model import TENSOR_TYPES, Case, Tensor, options


def channels(g, dtype, shape):
    """Scales and zero points of each index of one dimension."""
    dimension = g.integer(0, len(shape) - 1)
    return dict(scale=[g.scale() for _ in range(shape[dimension])], zero_point=g.zero_point(dtype), dimension=dimension)


@operator("QUANTIZE", "float32.int8", "float32.uint8", "float32.int16", "float32.int8_channels",
          "int8.int8", "int8.uint8", "int8.int16", "uint8.int8", "uint8.uint8", "uint8.int16", "int16.int8",
          "int16.int16")
def quantize(g):
    to, _, per_channel = g.variant.partition("_")
    if g.dtype != "float32":
        source = spread(g, g.input([1]))
        return Case("QUANTIZE", options("QuantizeOptions"), [source], [g.output(around(g, source.scale[0]), dtype=to)])
    shape = g.shape(g.integer(1, 4), 5)
    quantization = channels(g, to, shape) if per_channel else dict(scale=[g.scale()], zero_point=g.zero_point(to))
    limits = np.iinfo(to)
    data = g.rng.uniform(limits.min - 5, limits.max + 5, shape) - quantization["zero_point"]
    # Ties, where the rounding direction shows.
    if g.integer(0, 1):
        data = np.round(data * 2) / 2
    data = (data * quantization["scale"][0]).astype(np.float32)
    # Far outside, but within 32 bits: beyond them the oracle's conversion is undefined.
    data.flat[0] = np.float32(quantization["scale"][0]) * g.choice(1e9, -1e9) * (0.01 if per_channel else 1)
    return Case("QUANTIZE", options("QuantizeOptions"), [Tensor(shape, "float32", data=data)],
                [Tensor([], to, **quantization)])


@operator("DEQUANTIZE", "int8", "uint8", "int16", "float16", "int8.channels", "uint8.channels")
def dequantize(g):
    output = Tensor([], "float32")
    table = options("DequantizeOptions")
    if g.dtype == "float16":
        source = g.input(g.shape(g.integer(1, 4)))
        source.data.flat[0] = g.choice(np.inf, -np.inf, 6e-8, 65504, 0.0)
    elif g.variant:
        shape = g.shape(g.integer(1, 4), 5)
        source = Tensor(shape, g.dtype, data=g.values(shape), **channels(g, g.dtype, shape))
    else:
        source = spread(g, g.input([1], g.scale(1e-12, 1e6)))
    return Case("DEQUANTIZE", table, [source], [output])


NUMBERS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float16", "float32", "float64")


@operator("CAST", *NUMBERS)
def cast(g):
    to = g.choice(*NUMBERS)
    shape = g.shape(g.integer(1, 3), 5)
    data = g.values(shape)
    if np.issubdtype(data.dtype, np.floating):
        limit = 3e4 if g.dtype == "float16" else g.choice(100.0, 3e4, 1e10)
        data = (data * g.choice(1.0, limit / 100)).astype(data.dtype)
        data.flat[0] = g.choice(np.nan, np.inf, -np.inf, -0.0, 0.5, -0.5)
    # The type that the options name is not looked at, the tensor's is.
    table = options("CastOptions", inDataType=TENSOR_TYPES[g.dtype], outDataType=TENSOR_TYPES[to])
    return Case("CAST", table, [Tensor(shape, g.dtype, data=data)], [Tensor([], to)])
