"""Operators with weights: CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED, BATCH_MATMUL.

int16 activations have int8 weights and an int64 bias; the variant `int16.bias32` has an int32 bias and an option that
says so, which makes the accumulator 32 bits wide.
"""

import numpy as np

from generator import ACTIVATIONS, PADDINGS, Redraw, operator
from oracle_model import TENSOR_TYPES, Case, Tensor, constant, options

INT32, INT64 = TENSOR_TYPES["int32"], TENSOR_TYPES["int64"]


def filter_of(g, shape, dimension):
    """Weights of a convolution: one scale or one per output channel, a zero point only in uint8."""
    per_channel = g.dtype != "uint8" and g.integer(0, 3) > 0
    return g.weights(shape, per_channel, dimension, g.zero_point() if g.dtype == "uint8" else 0)


def bias_of(g, count, source, weights):
    """A bias of the type that the case's accumulator has."""
    wide = g.dtype == "int16" and g.variant != "bias32"
    spread = g.choice(0, 1000, 20000, *([2**33] if wide else []))
    return g.bias(count, source, weights, spread, "int64" if wide else "int32")


def output_of(g, source, weights, taps):
    """An output whose scale suits int16 sums too, which are 256 times as large."""
    output = g.accumulated(source, weights, taps)
    if g.dtype == "int16" and g.integer(0, 3):
        # Sums of int16 products are as wide as int8 sums times 2^8, and so is the output's range: only the weights
        # and the number of taps are left over.
        output.scale = [np.float32(source.scale[0] * max(weights.scale) * np.sqrt(taps) * g.choice(1, 30, 100, 0.2))]
    return output


def bias_type(g):
    """The option that names the type of the accumulator where it is not the usual one."""
    return {"quantizedBiasType": INT32} if g.variant == "bias32" else {}


@operator("CONV_2D", "int8", "uint8", "int16", "int16.bias32")
def conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    groups, group_c = g.choice(1, 1, 1, 2, 3), g.integer(1, 9)
    outputs = groups * g.integer(1, 4)
    source = g.input([g.integer(1, 2), *size, groups * group_c])
    weights = filter_of(g, [outputs, *kernel, group_c], 0)
    output = output_of(g, source, weights, kernel[0] * kernel[1] * group_c)
    bias = bias_of(g, outputs, source, weights)
    table = options(
        "Conv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
        fusedActivationFunction=ACTIVATIONS[g.activation(output)], **bias_type(g),
    )
    return Case("CONV_2D", table, [source, weights, bias], [output])


@operator("DEPTHWISE_CONV_2D", "int8", "uint8", "int16")
def depthwise_conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    channels, multiplier = g.integer(1, 7), g.integer(1, 3)
    outputs = channels * multiplier
    source = g.input([g.integer(1, 2), *size, channels])
    weights = filter_of(g, [1, *kernel, outputs], 3)
    output = output_of(g, source, weights, kernel[0] * kernel[1])
    table = options(
        "DepthwiseConv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
        fusedActivationFunction=ACTIVATIONS[g.activation(output)],
    )
    # An absent bias is a missing operand here, not index -1; with int16 it must be there.
    operands = [source, weights]
    if g.dtype == "int16" or g.integer(0, 4):
        operands.append(bias_of(g, outputs, source, weights))
    return Case("DEPTHWISE_CONV_2D", table, operands, [output])


def transposed_extents(g, size, kernel, stride, padding):
    """Output extents that suit an input: with SAME any whose windows are as many as the input's pixels."""
    if padding == "same":
        return [max(1, i * s - g.integer(0, s - 1)) for i, s in zip(size, stride)]
    return [(i - 1) * s + k + g.integer(0, s - 1) for i, s, k in zip(size, stride, kernel)]


@operator("TRANSPOSE_CONV", "int8", "uint8", "int16", "int16.bias32")
def transpose_conv(g):
    _, kernel, stride, _, padding = g.window()
    size = [g.integer(1, 5), g.integer(1, 5)]
    channels, outputs = g.integer(1, 6), g.integer(1, 5)
    batches = g.integer(1, 2)
    extents = transposed_extents(g, size, kernel, stride, padding)
    source = g.input([batches, *size, channels])
    weights = filter_of(g, [outputs, *kernel, channels], 0)
    output = output_of(g, source, weights, max(1, kernel[0] * kernel[1] // (stride[0] * stride[1])) * channels)
    shape = constant([batches, *extents, outputs])
    operands = [shape, weights, source]
    if g.integer(0, 3):
        operands.append(bias_of(g, outputs, source, weights))
    elif g.variant == "bias32":
        raise Redraw
    table = options(
        "TransposeConvOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        fusedActivationFunction=ACTIVATIONS[g.activation(output)], **bias_type(g),
    )
    return Case("TRANSPOSE_CONV", table, operands, [output])


@operator("FULLY_CONNECTED", "int8", "uint8", "int16", "int16.bias32", "int16.weights16")
def fully_connected(g):
    keep = g.integer(0, 2) == 0
    rows = [g.integer(1, 2) for _ in range(g.integer(1, 3))] if keep else [g.integer(1, 3)]
    depth, outputs = g.integer(1, 60), g.integer(1, 20)
    source = g.input([*rows, depth])
    if g.variant == "weights16":
        count = outputs if outputs > 1 and g.integer(0, 1) else 1
        scale = [g.scale() for _ in range(count)]
        weights = Tensor([outputs, depth], "int16", scale, 0, 0, g.values([outputs, depth], "int16"), fixed=True)
    else:
        per_channel = g.dtype != "uint8" and outputs > 1 and g.integer(0, 1) > 0
        zero_point = 0 if per_channel or g.dtype == "int16" else g.choice(0, g.zero_point())
        weights = g.weights([outputs, depth], per_channel, 0, zero_point)
    output = output_of(g, source, weights, depth)
    if g.variant == "weights16":
        output.scale = [np.float32(output.scale[0] * 256)]
    extra = bias_type(g)
    bias = bias_of(g, outputs, source, weights) if g.integer(0, 3) else None
    if g.variant == "weights16" and bias is not None:
        extra = {"quantizedBiasType": INT64}
    table = options(
        "FullyConnectedOptions", fusedActivationFunction=ACTIVATIONS[g.activation(output)], keepNumDims=keep, **extra
    )
    operands = [source, weights, bias] if bias is not None or g.integer(0, 1) else [source, weights]
    return Case("FULLY_CONNECTED", table, operands, [output])


@operator("BATCH_MATMUL", "int8", "int16", "int16.by8", "float32")
def batch_matmul(g):
    lead, rhs_lead = g.broadcast(2, 3) if g.integer(0, 2) else ([], [])
    rows, depth, columns = g.integer(1, 6), g.integer(1, 20), g.integer(1, 6)
    adj_x, adj_y = bool(g.integer(0, 1)), bool(g.integer(0, 1))
    left = [*lead, *([depth, rows] if adj_x else [rows, depth])]
    right = [*rhs_lead, *([columns, depth] if adj_y else [depth, columns])]
    x = g.input(left)
    if g.variant == "by8":
        y = Tensor(right, "int8", [g.scale()], 0, data=g.values(right, "int8"))
    else:
        y = g.input(right)
    if g.dtype == "float32":
        output = g.output()
    else:
        output = g.accumulated(x, y, depth)
        if g.dtype == "int16":
            factor = 1 if g.variant == "by8" else 256
            output.scale = [np.float32(x.scale[0] * y.scale[0] * np.sqrt(depth) * factor * g.choice(1, 30, 100, 0.2))]
    if g.integer(0, 3) == 0:
        y.fixed = True
    return Case("BATCH_MATMUL", options("BatchMatMulOptions", adjX=adj_x, adjY=adj_y), [x, y], [output])
