"""Dynamic range quantization: float32 activations and int8 weights. All results are the oracle's bits (docs/numerics.md §15)."""

import numpy as np

from generator import ACTIVATIONS, PADDINGS, operator
from oracle_model import Case, Tensor, options


def activations(g, shape):
    """Floats of one size: of both signs, of one, all zeros, or with zeros and ties of the conversion among them."""
    kind = g.integer(0, 7)
    data = g.rng.normal(0, 1, shape) * g.choice(0.1, 1.0, 30.0, 1e-3)
    if kind == 0:
        data = np.abs(data)
    elif kind == 1:
        data = -np.abs(data)
    elif kind == 2:
        data = np.maximum(data, 0)
    elif kind == 3:
        # Scaled by 1, halves and the numbers next to them.
        data = np.clip(np.round(data * 20) / 2, -127, 127)
        data.flat[0] = g.choice(127.0, -127.0)
        half = np.float32(0.5)
        near = [half, -half, np.nextafter(half, np.float32(0)), -np.nextafter(half, np.float32(0))]
        data = np.where(g.rng.random(shape) < 0.3, g.rng.choice(near, shape), data)
    elif kind == 4 and g.integer(0, 2) == 0:
        data = np.zeros(shape)
    return Tensor(list(shape), "float32", data=data.astype(np.float32))


def filters(g, shape, dimension, equal, least=-128):
    """int8 weights with one scale, or one for each output channel.

    Where the oracle multiplies by pairs, none is -128: it would take the product with a negative activation for its opposite.
    """
    count = 1 if equal else shape[dimension]
    scale = [g.scale() for _ in range(count)]
    data = np.maximum(g.values(shape, "int8"), least).astype(np.int8)
    return Tensor(list(shape), "int8", scale, 0, dimension, data, fixed=True)


def bias(g, count):
    return Tensor([count], "float32", data=g.rng.normal(0, g.choice(0, 1, 100), count).astype(np.float32), fixed=True)


@operator("CONV_2D.hybrid", "float32", "float32.symmetric")
def conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    equal = g.variant == "symmetric"
    # Where all scales are equal the oracle knows no groups, and no dilation of its own kernel.
    groups, group_c = (1, g.integer(1, 9)) if equal else (g.choice(1, 1, 1, 2, 3), g.integer(1, 9))
    outputs = groups * g.integer(1, 4)
    if not equal and outputs == 1:
        outputs = groups = 2
    x = activations(g, [g.integer(1, 2), *size, groups * group_c])
    w = filters(g, [outputs, *kernel, group_c], 0, equal, -127 if equal else -128)
    table = options(
        "Conv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
        fusedActivationFunction=ACTIVATIONS[g.choice("none", *ACTIVATIONS)],
    )
    return Case("CONV_2D", table, [x, w, bias(g, outputs)], [Tensor([], "float32")], version=5)


@operator("DEPTHWISE_CONV_2D.hybrid", "float32")
def depthwise_conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    channels, multiplier = g.integer(2, 7), g.integer(1, 3)
    x = activations(g, [g.integer(1, 2), *size, channels])
    w = filters(g, [1, *kernel, channels * multiplier], 3, False)
    table = options(
        "DepthwiseConv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
        fusedActivationFunction=ACTIVATIONS[g.choice("none", *ACTIVATIONS)],
    )
    return Case("DEPTHWISE_CONV_2D", table, [x, w, bias(g, channels * multiplier)], [Tensor([], "float32")], version=6)


@operator("FULLY_CONNECTED.hybrid", "float32", "float32.asymmetric")
def fully_connected(g):
    keep = g.integer(0, 2) == 0
    lead = [g.integer(1, 2) for _ in range(g.integer(1, 3))] if keep else [g.integer(1, 3)]
    depth, outputs = g.integer(1, 60), g.integer(1, 20)
    x, w = activations(g, [*lead, depth]), filters(g, [outputs, depth], 0, bool(g.integer(0, 1)), -127)
    table = options(
        "FullyConnectedOptions", fusedActivationFunction=ACTIVATIONS[g.choice("none", *ACTIVATIONS)], keepNumDims=keep,
        asymmetricQuantizeInputs=g.variant == "asymmetric",
    )
    operands = [x, w, bias(g, outputs) if g.integer(0, 3) else None]
    return Case("FULLY_CONNECTED", table, operands, [Tensor([], "float32")], version=12)
