"""Operators with weights: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED."""

from generator import ACTIVATIONS, PADDINGS, operator
from oracle_model import Case, options


@operator("CONV_2D", "int8", "uint8")
def conv_2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    groups, group_c = g.choice(1, 1, 1, 2, 3), g.integer(1, 9)
    outputs = groups * g.integer(1, 4)
    source = g.input([g.integer(1, 2), *size, groups * group_c])
    per_channel = g.dtype == "int8" and g.integer(0, 3) > 0
    filter_zero_point = 0 if g.dtype == "int8" else g.zero_point()
    weights = g.weights([outputs, *kernel, group_c], per_channel, 0, filter_zero_point)
    taps = kernel[0] * kernel[1] * group_c
    output = g.accumulated(source, weights, taps)
    bias = g.bias(outputs, source, weights, g.choice(0, 1000, 20000))
    table = options(
        "Conv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
        fusedActivationFunction=ACTIVATIONS[g.activation(output)],
    )
    return Case("CONV_2D", table, [source, weights, bias], [output])
