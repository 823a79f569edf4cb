"""Windows without weights: AVERAGE_POOL_2D, MAX_POOL_2D."""

from generator import ACTIVATIONS, PADDINGS, operator
from oracle_model import Case, options


def pool(g, name):
    size, kernel, stride, _, padding = g.window()
    source = g.input([g.integer(1, 2), *size, g.integer(1, 7)])
    output = g.like(source)
    table = options(
        "Pool2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        filterHeight=kernel[0], filterWidth=kernel[1], fusedActivationFunction=ACTIVATIONS[g.activation(output)],
    )
    return Case(name, table, [source], [output])


@operator("AVERAGE_POOL_2D", "int8", "uint8", "int16")
def average_pool_2d(g):
    return pool(g, "AVERAGE_POOL_2D")


@operator("MAX_POOL_2D", "int8", "uint8", "int16")
def max_pool_2d(g):
    return pool(g, "MAX_POOL_2D")
