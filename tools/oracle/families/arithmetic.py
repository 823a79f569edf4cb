"""Elementwise operators of two operands, and SELECT: broadcasting everywhere."""

import numpy as np

from generator import ACTIVATIONS, Redraw, operator
from oracle_model import Case, Tensor, options, run

PLAIN = ("float32", "int32", "int64")
QUANTIZED = ("int8", "uint8", "int16")


def shapes_of(g):
    """Two shapes that broadcast; often one value for each channel, now and then a scalar."""
    kind = g.integer(0, 7)
    if kind > 2:
        return g.broadcast()
    shape = [g.integer(1, 2), g.integer(1, 5), g.integer(1, 5), g.choice(1, 3, 8, 17, 20)]
    other = [[], [shape[-1]], [1, 1, 1, shape[-1]]][kind]
    return g.choice([shape, other], [shape, other], [other, shape])


def pair(g, shapes=None):
    """Two operands of the cases' type; at most one of them is a constant."""
    sources = [g.input(shape) for shape in shapes or shapes_of(g)]
    for source in sources:
        source.data = np.array(source.data)
    fixed = g.integer(0, 3)
    if fixed < 2:
        sources[fixed].fixed = True
    return sources


def fused(g, output):
    """A fused activation, as the options' field."""
    return {"fusedActivationFunction": ACTIVATIONS[g.activation(output)]}


def is_quantized(g):
    return g.dtype in QUANTIZED


def larger_scale(sources):
    return float(max(source.scale[0] for source in sources))


def powers_of_two(g, sources):
    """Scales of ADD and SUB that are nearly powers of two; returns the output's."""
    tolerance = np.float32(g.choice(1.0, 1.0, 1.0003, 0.9998))
    output = np.float32(2.0 ** g.integer(-12, -2))
    finer = g.integer(0, 1)
    sources[finer].scale = [np.float32(output * 2.0 ** -g.integer(0, 9))]
    sources[1 - finer].scale = [output * tolerance]
    return output


def add_or_sub(name, g):
    # The kernel of ADD for powers of two aborts where operands differ in shape.
    same = [g.shape(g.integer(1, 4), 5)] * 2 if name == "ADD" and g.variant == "pot" else None
    sources = pair(g, same)
    fields = {}
    if g.variant == "pot":
        output = g.output(powers_of_two(g, sources))
        if not g.integer(0, 2):
            # The option decides: without it the same scales take the arithmetic of any scales.
            fields["potScaleInt16"] = False
    elif is_quantized(g):
        if g.integer(0, 3) == 0:
            sources[1].scale = sources[0].scale
        output = g.output(np.float32(larger_scale(sources) * g.choice(2.0, 1.0, 1.3, 5.0, 0.2, 0.01)))
        if g.dtype == "int16":
            fields["potScaleInt16"] = False
    else:
        output = g.output()
    kind = {"ADD": "AddOptions", "SUB": "SubOptions"}[name]
    return Case(name, options(kind, **fields, **fused(g, output)), sources, [output])


@operator("ADD", *QUANTIZED, "int16.pot", *PLAIN)
def add(g):
    return add_or_sub("ADD", g)


@operator("SUB", *QUANTIZED, "int16.pot", *PLAIN)
def sub(g):
    return add_or_sub("SUB", g)


@operator("MUL", *QUANTIZED, *PLAIN)
def mul(g):
    sources = pair(g)
    if is_quantized(g):
        real = float(sources[0].scale[0]) * float(sources[1].scale[0])
        largest = 32767.0 if g.dtype == "int16" else 127.0
        output = g.output(np.float32(real * g.choice(1.0, 0.11, 0.5, 3.0, 0.3 * largest, largest, largest)))
    else:
        output = g.output()
    return Case("MUL", options("MulOptions", **fused(g, output)), sources, [output])


def extremum(name, g):
    sources = pair(g)
    output = g.output()
    if is_quantized(g) and g.integer(0, 3):
        # Stored values are compared; where the scales differ, that too is what the kernel does.
        for tensor in (sources[1], output):
            tensor.scale, tensor.zero_point = sources[0].scale, sources[0].zero_point
    return Case(name, options("MaximumMinimumOptions"), sources, [output])


@operator("MAXIMUM", *QUANTIZED, *PLAIN)
def maximum(g):
    return extremum("MAXIMUM", g)


@operator("MINIMUM", *QUANTIZED, *PLAIN)
def minimum(g):
    return extremum("MINIMUM", g)


def without(tensor, value):
    """Replaces a value that may not be a divisor by a neighbour."""
    tensor.data[tensor.data == value] = value + 1 if value < 100 else value - 1


def exponents(case):
    """The right shift of each element of a quantized DIV, as docs/numerics.md derives it."""
    first, second = case.inputs
    product = np.float32(second.scale[0] * case.outputs[0].scale[0])
    multiplier = float(np.float32(first.scale[0] / product))
    mantissa, shift = np.frexp(multiplier)
    shift += round(mantissa * 2.0**31) == 2**31
    divisor = second.data.astype(np.int64) - second.zero_point
    dividend = (first.data.astype(np.int64) - first.zero_point) * np.sign(divisor)
    bits = np.frexp(np.abs(divisor).astype(np.float64))[1]
    sign_bits = np.where(dividend >= 0, dividend, -1 - dividend)
    headroom = 31 - np.frexp(sign_bits.astype(np.float64))[1]
    return bits - 1 + headroom - shift


def activation_range(table, output):
    """What the kernels clamp outputs to."""
    info = np.iinfo(output.dtype)
    bounds = {"none": (None, None), "relu": (0.0, None), "relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}
    name = next(n for n, code in ACTIVATIONS.items() if code == table.fusedActivationFunction)
    low, high = bounds[name]

    def stored(bound):
        real = np.float32(bound) / output.scale[0]
        return output.zero_point + int(np.copysign(np.floor(abs(real) + 0.5), real))

    lowest = info.min if low is None else max(info.min, stored(low))
    return lowest, info.max if high is None else min(info.max, stored(high))


def quantized_div(g):
    """Where the quotient is too small for the kernel's shift, which is undefined there, it is 0."""
    sources = pair(g)
    without(sources[1], sources[1].zero_point)
    ratio = float(sources[0].scale[0]) / float(sources[1].scale[0])
    output = g.output(np.float32(ratio * g.choice(0.01, 0.1, 1.0, 1.0, 7.0, 0.5)))
    case = Case("DIV", options("DivOptions", **fused(g, output)), sources, [output])
    shifts = exponents(case)
    if np.any(shifts < 0):
        raise Redraw
    if np.any(shifts > 31):
        low, high = activation_range(case.options, output)
        results = run(case)[0]
        zero = min(max(output.zero_point, low), high)
        case.expected = [np.where(shifts > 31, zero, results).astype(results.dtype)]
    return case


@operator("DIV", *QUANTIZED, "float32", "int32")
def div(g):
    if is_quantized(g):
        return quantized_div(g)
    sources = pair(g)
    if g.dtype == "int32":
        sources[1].data //= g.choice(1, 1000, 10**8)
        without(sources[1], 0)
        # The one quotient that does not fit.
        without(sources[0], np.iinfo(np.int32).min)
    elif g.integer(0, 3) == 0:
        sources[1].data.flat[:1] = g.choice(0.0, -0.0)
    output = g.output()
    return Case("DIV", options("DivOptions", **fused(g, output)), sources, [output])


@operator("FLOOR_DIV", "int8", "int16", "int32", "float32")
def floor_div(g):
    sources = pair(g)
    if g.dtype in ("int32", "int16"):
        sources[1].data //= g.choice(1, 100, 10000)
    without(sources[1], 0)
    if g.dtype != "float32":
        # The least value by -1 is the one quotient that does not fit; what the kernel makes of it is not defined.
        without(sources[0], np.iinfo(g.dtype).min)
    return Case("FLOOR_DIV", options("FloorDivOptions"), sources, [g.output()])


@operator("FLOOR_MOD", "int8", "int16", "int32", "int64", "float32")
def floor_mod(g):
    sources = pair(g)
    if g.dtype in ("int64", "int32", "int16"):
        sources[1].data //= g.choice(1, 100, 10000)
    without(sources[1], 0)
    if g.dtype != "float32":
        # The least value by -1 traps where the quotient is computed with it.
        without(sources[0], np.iinfo(g.dtype).min)
    return Case("FLOOR_MOD", None, sources, [g.output()])


@operator("SQUARED_DIFFERENCE", "int8", "float32", "int32")
def squared_difference(g):
    sources = pair(g)
    output = g.output()
    if is_quantized(g):
        if g.integer(0, 3) == 0:
            sources[1].scale = sources[0].scale
        output = g.output(np.float32(larger_scale(sources) ** 2 * g.choice(100.0, 1.0, 300.0, 20.0, 0.01)))
    return Case("SQUARED_DIFFERENCE", options("SquaredDifferenceOptions"), sources, [output])


@operator("PRELU", *QUANTIZED, "float32")
def prelu(g):
    source = g.input([g.integer(1, 2), g.integer(1, 5), g.integer(1, 5), g.choice(1, 3, 8, 17, 20)])
    slopes = g.choice(source.shape[1:], source.shape[-1:], [1, 1, source.shape[-1]], [1, 1, 1], list(source.shape))
    if not is_quantized(g):
        alpha = Tensor(slopes, "float32", data=g.values(slopes), fixed=bool(g.integer(0, 3)))
        return Case("PRELU", None, [source, alpha], [g.output()])
    dtype = "int8" if g.dtype == "int16" else g.dtype
    scale = g.scale(1e-4, 0.05)
    alpha = Tensor(slopes, dtype, [scale], g.zero_point(dtype), data=g.values(slopes, dtype), fixed=bool(g.integer(0, 3)))
    output = g.output(np.float32(source.scale[0] * np.float32(g.choice(1.0, 1.0, 0.5, 2.0, 0.07, 1.3))))
    return Case("PRELU", None, [source, alpha], [output])


def comparison(name):
    """A comparison: operands that are often equal or close."""
    kind = "".join(word.capitalize() for word in name.split("_")) + "Options"

    def generate(g):
        sources = pair(g)
        first, second = sources
        if g.integer(0, 1) and first.shape == second.shape:
            second.data = np.where(g.rng.random(first.shape) < 0.5, first.data, second.data).astype(first.data.dtype)
        elif g.dtype in ("float32", "int32", "int64"):
            for source in sources:
                source.data = g.rng.integers(-2, 2, source.shape, endpoint=True).astype(source.data.dtype)
        if is_quantized(g):
            # Below 1/256 neighbours compare as equal; also where both sides have the same scale.
            scale = g.choice(g.scale(), g.scale(1e-4, 1e-2), g.scale(0.1, 0.9))
            first.scale = [min(scale, np.float32(0.9))]
            second.scale = g.choice(first.scale, [min(g.scale(), np.float32(0.9))])
            second.zero_point = g.choice(first.zero_point, second.zero_point)
        return Case(name, options(kind), sources, [Tensor([], "bool")])

    return generate


for relation in ("EQUAL", "NOT_EQUAL"):
    operator(relation, *QUANTIZED, *PLAIN, "bool")(comparison(relation))
for relation in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"):
    operator(relation, *QUANTIZED, *PLAIN)(comparison(relation))


def selection(name, kind, g, shapes):
    """A selection; stored values are copied, whatever the scales."""
    if all(np.prod(shape) == 1 for shape in shapes):
        # The kernel keeps the shape that the file gives the output then.
        raise Redraw
    sources = [g.input(shape) for shape in shapes[1:]]
    condition = Tensor(shapes[0], "bool", data=g.values(shapes[0], "bool"))
    fixed = g.integer(0, 4)
    if fixed < 2:
        sources[fixed].fixed = True
    output = g.choice(g.output(), g.like(sources[0]))
    return Case(name, options(kind), [condition, *sources], [output])


@operator("SELECT", *QUANTIZED, *PLAIN, "bool")
def select(g):
    shape = g.shape(g.integer(1, 4), 5)
    condition = g.choice(list(shape), [], shape[:1])
    return selection("SELECT", "SelectOptions", g, [condition, list(shape), list(shape)])


@operator("SELECT_V2", *QUANTIZED, *PLAIN, "bool")
def select_v2(g):
    shape = g.shape(g.integer(1, 4), 5)
    shapes = [[g.choice(1, size, size) for size in shape][g.choice(0, 0, g.integer(0, len(shape))):] for _ in range(3)]
    return selection("SELECT_V2", "SelectV2Options", g, shapes)
