"""Float32 forms of operators that are mostly quantized.

Where products are fused or functions are correctly rounded, the results are not, or not all, the oracle's bits: those recorded
are those of docs/numerics.md §14, computed in `floating.py`, and the oracle's must lie within the bound that each case states,
or recording fails. The others are the oracle's.
"""

import numpy as np

import floating
from families.convolutions import transposed_extents
from families.functions import rows
from generator import ACTIVATIONS, PADDINGS, operator
from oracle_model import Case, Tensor, constant, options

# Units in the last place of a sum's magnitude by which the oracle, which rounds products, may differ.
PRODUCTS = 4


def numbers(g, shape, fixed=False):
    """Floats of one size; now and then so small that products are below the normal range."""
    scale = g.choice(0.1, 1.0, 1.0, 30.0, 1e-20)
    return Tensor(list(shape), "float32", data=(g.rng.normal(0, scale, shape)).astype(np.float32), fixed=fixed)


def case(name, table, operands, sums, activation):
    """A case of sums of products; the bias is the last operand, where there is one."""
    bias = operands.pop() if operands[-1] is None else operands[-1]
    expected, unit = sums.finish(None if bias is None else bias.data, activation)
    return Case(name, table, operands, [Tensor([], "float32")], expected=[expected], within=[PRODUCTS * unit])


def bias_of(g, count):
    return numbers(g, [count], fixed=True)


@operator("CONV_2D.float32", "float32")
def conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    groups, group_c = g.choice(1, 1, 1, 2, 3), g.integer(1, 9)
    outputs = groups * g.integer(1, 4)
    x = numbers(g, [g.integer(1, 2), *size, groups * group_c])
    w = numbers(g, [outputs, *kernel, group_c], fixed=True)
    activation = g.choice("none", *ACTIVATIONS)
    table = options(
        "Conv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], fusedActivationFunction=ACTIVATIONS[activation],
    )
    sums = floating.convolution(x.data, w.data, (stride, dilation, padding), groups)
    return case("CONV_2D", table, [x, w, bias_of(g, outputs)], sums, activation)


@operator("DEPTHWISE_CONV_2D.float32", "float32")
def depthwise_conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    channels, multiplier = g.integer(1, 7), g.integer(1, 3)
    x = numbers(g, [g.integer(1, 2), *size, channels])
    w = numbers(g, [1, *kernel, channels * multiplier], fixed=True)
    activation = g.choice("none", *ACTIVATIONS)
    table = options(
        "DepthwiseConv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
        fusedActivationFunction=ACTIVATIONS[activation],
    )
    sums = floating.convolution(x.data, w.data, (stride, dilation, padding))
    bias = bias_of(g, channels * multiplier) if g.integer(0, 4) else None
    return case("DEPTHWISE_CONV_2D", table, [x, w, bias], sums, activation)


@operator("TRANSPOSE_CONV.float32", "float32")
def transpose_conv(g):
    _, kernel, stride, _, padding = g.window()
    size, channels, outputs = [g.integer(1, 5), g.integer(1, 5)], g.integer(1, 6), g.integer(1, 5)
    extents = transposed_extents(g, size, kernel, stride, padding)
    x = numbers(g, [g.integer(1, 2), *size, channels])
    w = numbers(g, [outputs, *kernel, channels], fixed=True)
    activation = g.choice("none", *ACTIVATIONS)
    table = options(
        "TransposeConvOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        fusedActivationFunction=ACTIVATIONS[activation],
    )
    sums = floating.transposed(x.data, w.data, extents, stride, padding)
    bias = bias_of(g, outputs) if g.integer(0, 3) else None
    return case("TRANSPOSE_CONV", table, [constant([x.shape[0], *extents, outputs]), w, x, bias], sums, activation)


@operator("FULLY_CONNECTED.float32", "float32")
def fully_connected(g):
    keep = g.integer(0, 2) == 0
    lead = [g.integer(1, 2) for _ in range(g.integer(1, 3))] if keep else [g.integer(1, 3)]
    depth, outputs = g.integer(1, 60), g.integer(1, 20)
    x, w = numbers(g, [*lead, depth]), numbers(g, [outputs, depth], fixed=True)
    activation = g.choice("none", *ACTIVATIONS)
    table = options("FullyConnectedOptions", fusedActivationFunction=ACTIVATIONS[activation], keepNumDims=keep)
    sums = floating.Sums([*lead, outputs])
    for k in range(depth):
        sums.add(np.s_[...], x.data[..., k, None], w.data[:, k])
    bias = bias_of(g, outputs) if g.integer(0, 3) else None
    return case("FULLY_CONNECTED", table, [x, w, bias], sums, activation)


def real_values(g):
    """Floats of all sizes that a function may meet."""
    shape = [g.integer(1, 60)]
    data = g.rng.normal(0, 1, shape) * g.choice(1.0, 1.0, 4.0, 30.0, 1e-3, 1e-40)
    data[0] = g.choice(0.0, -0.0, 1.0, -1.0, 100.0, -100.0, 1e-45)
    return Tensor(shape, "float32", data=data.astype(np.float32))


def function(name, exact, within, table=None, resolver="BUILTIN_REF", source=real_values):
    """Cases of a function of one operand; `within` is the bound for results of `x` that are `y`."""

    def generate(g):
        x = source(g)
        with np.errstate(all="ignore"):
            y = floating.one_nan(exact(x.data.astype(np.float64)).astype(np.float32))
        return Case(name, table, [x], [Tensor([], "float32")], expected=[y], within=[within(x.data, y)],
                    resolver=resolver)

    return generate


def ulps(count):
    return lambda x, y: floating.units(y, count)


def positive(g):
    x = real_values(g)
    x.data = np.abs(x.data)
    return x


def logistic_bound(x, y):
    # Below -9 the oracle has e^x in place of e^x / (1 + e^x).
    return floating.units(y, 2) + np.where(x < -9, np.exp(np.minimum(2.0 * x.astype(np.float64), 0)), 0)


def tanh_form(x):
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return x / (1 + np.exp(-2 * u))


def angle(g):
    """Angles, some of them many turns."""
    x = real_values(g)
    x.data = (x.data * np.float32(g.choice(1.0, 1.0, 100.0, 1e6))).astype(np.float32)
    return x


def gelu_bound(x, y):
    # The oracle's factor 1 + tanh, or erfc of a rounded argument, has an error in units of 1.
    return floating.units(y, 2) + np.abs(x.astype(np.float64)) * 2.0**-23


operator("LOGISTIC.float32", "float32")(function("LOGISTIC", lambda x: 1 / (1 + np.exp(-x)), logistic_bound))
operator("TANH.float32", "float32")(function("TANH", np.tanh, ulps(2)))
operator("EXP.float32", "float32")(function("EXP", np.exp, ulps(1)))
operator("LOG.float32", "float32")(function("LOG", np.log, ulps(1), source=positive))
operator("SIN", "float32")(function("SIN", np.sin, ulps(1), source=angle))
operator("COS", "float32")(function("COS", np.cos, ulps(1), source=angle))
operator("ELU.float32", "float32")(function(
    "ELU", lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x), lambda x, y: floating.units(y, 1) + 2.0**-23,
    resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES",
))


@operator("GELU.float32", "float32")
def gelu(g):
    approximate = bool(g.integer(0, 1))
    form = tanh_form if approximate else lambda x: x / 2 * floating.erfc(-x / np.sqrt(2))

    def exact(x):
        # Tiny results are a little more than the half, which for the least floats is a tie.
        return np.where((np.abs(x) < 1e-30) & (x != 0), np.nextafter(x / 2, np.inf), form(x))

    return function("GELU", exact, gelu_bound, options("GeluOptions", approximate=approximate))(g)


def row_values(g):
    """Rows of one size."""
    return numbers(g, rows(g))


def exponentials(x, beta):
    """Those of a softmax, and their sums in order."""
    greatest = x.max(axis=-1, keepdims=True)
    powers = np.exp(((x - greatest) * np.float32(beta)).astype(np.float64)).astype(np.float32)
    total = np.zeros(greatest.shape, np.float32)
    for column in range(x.shape[-1]):
        total += powers[..., column, None]
    return greatest, powers, total


@operator("SOFTMAX.float32", "float32")
def softmax(g):
    x = row_values(g)
    beta = float(np.float32(g.choice(1.0, 1.0, g.rng.uniform(0.1, 2.0))))
    _, powers, total = exponentials(x.data, beta)
    y = powers / total
    return Case("SOFTMAX", options("SoftmaxOptions", beta=beta), [x], [Tensor([], "float32")], expected=[y],
                within=[floating.units(y, 4)])


@operator("LOG_SOFTMAX.float32", "float32")
def log_softmax(g):
    x = row_values(g)
    greatest, _, total = exponentials(x.data, 1.0)
    y = (x.data - greatest) - np.log(total.astype(np.float64)).astype(np.float32)
    return Case("LOG_SOFTMAX", options("LogSoftmaxOptions"), [x], [Tensor([], "float32")], expected=[y],
                within=[floating.units(y, 1) + 2.0**-21])


def pool(g, name):
    size, kernel, stride, _, padding = g.window()
    table = options(
        "Pool2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        filterHeight=kernel[0], filterWidth=kernel[1], fusedActivationFunction=ACTIVATIONS[g.choice("none", *ACTIVATIONS)],
    )
    return Case(name, table, [numbers(g, [g.integer(1, 2), *size, g.integer(1, 7)])], [Tensor([], "float32")])


@operator("AVERAGE_POOL_2D.float32", "float32")
def average_pool_2d(g):
    return pool(g, "AVERAGE_POOL_2D")


@operator("MAX_POOL_2D.float32", "float32")
def max_pool_2d(g):
    return pool(g, "MAX_POOL_2D")


@operator("HARD_SWISH.float32", "float32")
def hard_swish(g):
    return Case("HARD_SWISH", None, [real_values(g)], [Tensor([], "float32")])


@operator("L2_NORMALIZATION.float32", "float32")
def l2_normalization(g):
    return Case("L2_NORMALIZATION", options("L2NormOptions"), [row_values(g)], [Tensor([], "float32")])


def near_whole(g):
    """Floats near whole numbers and halves of them."""
    x = real_values(g)
    if g.integer(0, 1):
        x.data = (np.round(x.data * 2) / 2).astype(np.float32)
    return x


@operator("FLOOR", "float32")
def floor(g):
    return Case("FLOOR", None, [near_whole(g)], [Tensor([], "float32")])


@operator("CEIL", "float32")
def ceil(g):
    return Case("CEIL", None, [near_whole(g)], [Tensor([], "float32")], resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES")


@operator("ROUND", "float32")
def rounded(g):
    # Neither is among the reference kernels; there is only one implementation of each.
    return Case("ROUND", None, [near_whole(g)], [Tensor([], "float32")], resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES")


@operator("POW", "float32")
def power(g):
    shapes = g.broadcast()
    base, exponent = (numbers(g, shape) for shape in shapes)
    base.data = np.abs(base.data)
    exponent.data = np.clip(exponent.data, -8, 8) if g.integer(0, 1) else np.round(np.clip(exponent.data, -8, 8))
    with np.errstate(all="ignore"):
        y = np.power(base.data.astype(np.float64), exponent.data.astype(np.float64)).astype(np.float32)
    return Case("POW", options("PowOptions"), [base, exponent], [Tensor([], "float32")], expected=[y],
                within=[floating.units(y, 8)])


def truths(g, shape):
    return Tensor(list(shape), "bool", data=g.values(shape, "bool"))


def logical(g, name, kind):
    operands = [truths(g, shape) for shape in g.broadcast()]
    return Case(name, options(kind), operands, [Tensor([], "bool")])


@operator("LOGICAL_AND", "bool")
def logical_and(g):
    return logical(g, "LOGICAL_AND", "LogicalAndOptions")


@operator("LOGICAL_OR", "bool")
def logical_or(g):
    return logical(g, "LOGICAL_OR", "LogicalOrOptions")


@operator("LOGICAL_NOT", "bool")
def logical_not(g):
    return Case("LOGICAL_NOT", options("LogicalNotOptions"), [truths(g, g.shape(g.integer(1, 4)))],
                [Tensor([], "bool")])
