"""Functions of one operand, element by element or row by row."""

import numpy as np

from generator import operator
from oracle_model import Case, Tensor, options

QUANTIZED = ("int8", "uint8", "int16")


def spread(g, source):
    """Replaces an operand's values: all of an 8-bit type, else uniform with both limits and some around 0."""
    shape = [256] if g.dtype != "int16" else [512]
    if g.dtype != "int16":
        values = np.arange(g.lo, g.hi + 1)
    else:
        values = np.concatenate([g.rng.integers(g.lo, g.hi, 480, endpoint=True), np.arange(-16, 16)])
        values[:2] = g.lo, g.hi
    source.shape, source.data = shape, values.astype(g.dtype)
    if g.integer(0, 1):
        source.shape = [2, shape[0] // 16, 8]
        source.data = source.data.reshape(source.shape)
    return source


def around(g, scale, octaves=4):
    """A scale within some powers of two of another, now and then the same."""
    return scale if g.integer(0, 5) == 0 else np.float32(scale * 2.0 ** g.rng.uniform(-octaves, octaves))


def unary(g, name, table=None, **output):
    """An operand of all values and a result of any scale near it."""
    source = spread(g, g.input([1]))
    return Case(name, table, [source], [g.output(output.pop("scale", around(g, source.scale[0])), **output)])


def real_input(g):
    """Floats of both signs with exact ties of integers among them."""
    data = g.values([g.integer(1, 60)], "float32")
    data[:: g.integer(2, 9)] = g.choice(0.0, -0.0, 6.0, 1.0, -1.0, 0.5)
    return Tensor(list(data.shape), "float32", data=data)


def relu_case(g, name):
    if g.dtype == "float32":
        return Case(name, None, [real_input(g)], [g.output()])
    return unary(g, name)


@operator("RELU", *QUANTIZED, "float32")
def relu(g):
    return relu_case(g, "RELU")


@operator("RELU6", *QUANTIZED, "float32")
def relu6(g):
    return relu_case(g, "RELU6")


@operator("RELU_N1_TO_1", "int8", "uint8", "float32")
def relu_n1_to_1(g):
    return relu_case(g, "RELU_N1_TO_1")


@operator("RELU_0_TO_1", "int8", "uint8", "float32")
def relu_0_to_1(g):
    return relu_case(g, "RELU_0_TO_1")


@operator("LEAKY_RELU", *QUANTIZED, "float32")
def leaky_relu(g):
    alpha = float(np.float32(g.choice(0.1, 0.2, 0.01, 0.3, 0.0, 1.0, g.rng.uniform(-2, 2))))
    table = options("LeakyReluOptions", alpha=alpha)
    if g.dtype == "float32":
        return Case("LEAKY_RELU", table, [real_input(g)], [g.output()])
    return unary(g, "LEAKY_RELU", table)


@operator("HARD_SWISH", "int8", "uint8")
def hard_swish(g):
    source = spread(g, g.input([1], g.scale(1e-4, 3.0)))
    return Case("HARD_SWISH", None, [source], [g.output(around(g, source.scale[0]))])


def real_scale(g):
    """Input scales from far too fine to so coarse that the function is all saturated."""
    return g.scale(1e-4, g.choice(0.1, 0.5, 2.0))


@operator("LOGISTIC", *QUANTIZED)
def logistic(g):
    source = spread(g, g.input([1], real_scale(g)))
    if g.dtype == "int16" and g.integer(0, 3) == 0:
        source.scale = [np.float32(2.0 ** g.integer(-13, -11))]
    return Case("LOGISTIC", None, [source], [g.output(1 / 32768 if g.dtype == "int16" else 1 / 256)])


@operator("TANH", *QUANTIZED)
def tanh(g):
    source = spread(g, g.input([1], real_scale(g)))
    if g.dtype == "int16":
        if g.integer(0, 3) == 0:
            source.scale = [np.float32(2.0 ** g.integer(-13, -10))]
        return Case("TANH", None, [source], [g.output(1 / 32768)])
    return Case("TANH", None, [source], [g.output(g.choice(1 / 128, 1 / 256, g.scale(1e-3, 0.1)))])


@operator("ELU", "int8")
def elu(g):
    source = spread(g, g.input([1], real_scale(g)))
    # The reference resolver does not know it; there is only one implementation.
    return Case("ELU", None, [source], [g.output(around(g, source.scale[0]))],
                resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES")


@operator("GELU", *QUANTIZED)
def gelu(g):
    source = spread(g, g.input([1], real_scale(g)))
    table = options("GeluOptions", approximate=bool(g.integer(0, 1)))
    return Case("GELU", table, [source], [g.output(around(g, source.scale[0], 2))])


@operator("EXP", "int8", "int16")
def exp(g):
    scale = g.scale(1e-4, 0.05) if g.dtype == "int8" else g.scale(1e-6, 3e-4)
    return Case("EXP", None, [spread(g, g.input([1], scale))], [g.output(g.scale(1e-3, 1.0))])


@operator("LOG", "int8", "int16")
def log(g):
    scale = g.scale(1e-3, 1.0) if g.dtype == "int8" else g.scale(1e-5, 1e-2)
    output = g.scale(1e-2, 0.1) if g.dtype == "int8" else g.scale(1e-4, 1e-3)
    return Case("LOG", None, [spread(g, g.input([1], scale))], [g.output(output)])


def roots(g, name):
    """Operands without negative values, which the roots refuse."""
    if g.dtype == "float32":
        source = real_input(g)
        source.data = np.abs(source.data)
        return Case(name, None, [source], [g.output()])
    zero_point = None if g.dtype == "int16" else g.choice(-128, -128, g.integer(-128, 0))
    source = spread(g, g.input([1], g.scale(1e-4, 1.0), zero_point))
    source.data = np.maximum(source.data, source.zero_point).astype(g.dtype)
    real = np.sqrt(source.scale[0] * (256.0 if g.dtype == "int8" else 32768.0))
    if name == "RSQRT":
        real = 1 / np.sqrt(source.scale[0] * g.integer(1, 9))
    return Case(name, None, [source], [g.output(np.float32(real / (g.hi - g.lo) * 2.0 ** g.integer(-1, 2)))])


@operator("SQRT", "int8", "int16", "float32")
def sqrt(g):
    return roots(g, "SQRT")


@operator("RSQRT", "int8", "int16", "float32")
def rsqrt(g):
    return roots(g, "RSQRT")


@operator("ABS", "int8", "int16", "float32", "int32")
def absolute(g):
    if g.dtype in ("int8", "int16"):
        return unary(g, "ABS")
    return Case("ABS", None, [g.input(g.shape(g.integer(1, 4)))], [g.output()])


@operator("NEG", "int8", "int16", "float32", "int32", "int64")
def neg(g):
    if g.dtype in ("int8", "int16"):
        return unary(g, "NEG")
    return Case("NEG", None, [g.input(g.shape(g.integer(1, 4)))], [g.output()])


def rows(g, deepest=40):
    """A shape whose last dimension is sometimes long."""
    return [*g.shape(g.integer(0, 3), 3), g.choice(1, 2, g.integer(1, deepest), g.integer(1, deepest))]


@operator("L2_NORMALIZATION", "int8", "uint8")
def l2_normalization(g):
    source = g.input(rows(g))
    return Case("L2_NORMALIZATION", options("L2NormOptions"), [source],
                [g.output(1 / 128, 0 if g.dtype == "int8" else 128)])


@operator("LOG_SOFTMAX", "int8", "uint8")
def log_softmax(g):
    source = g.input(rows(g), g.scale(1e-3, 2.0))
    return Case("LOG_SOFTMAX", options("LogSoftmaxOptions"), [source], [g.output(1 / 16, g.hi)])


@operator("SOFTMAX", "int8", "uint8", "int16", "int8.int16")
def softmax(g):
    source = g.input(rows(g), g.scale(1e-4, 2.0) if g.dtype != "int16" else g.scale(1e-5, 1e-2))
    table = options("SoftmaxOptions", beta=float(np.float32(g.choice(1.0, 1.0, g.rng.uniform(0.1, 2.0)))))
    if g.variant == "int16":
        # Neither scale nor zero point are looked at.
        output = g.output(1 / 65536, dtype="int16")
    elif g.dtype == "int16":
        output = g.output(1 / 32768)
    else:
        output = g.output(1 / 256, g.lo)
    return Case("SOFTMAX", table, [source], [output])
