"""Records single-operator results of the oracle as golden vectors for `ref-impl/tests/golden.rs`.

Each case is a model of one operator with random shapes, scales and zero points, written with the
schema module of ai-edge-litert and run by its interpreter with the reference resolver. Everything
follows from the seed, so a second run writes the same files.

    pip install -r tools/oracle/requirements.txt
    python tools/oracle/single_ops.py --out ref-impl/tests/golden

`--cases` and `--seed` make larger sets, which the test replays from OTTAVA_REF_GOLDEN.

Format: one text file per operator. A case is a block of lines `key value...`, closed by an empty
line; its first line is `dtype int8` or `dtype uint8`. Integers are decimal, several separated by
spaces. Keys that end in `scale` or `beta` hold f32 bits as 8 hexadecimal digits. Keys that start
with `data` hold bytes in hexadecimal, little-endian, row-major; the rest of the key names them.
"""

import argparse
import pathlib

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from golden_case import Case
from single_op_model import Tensor, options, run

ACTIVATIONS = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
    "relu_n1_to_1": schema.ActivationFunctionType.RELU_N1_TO_1,
}
PADDINGS = {"same": schema.Padding.SAME, "valid": schema.Padding.VALID}


class Generator:
    """Random parameters for one operator and element type."""

    def __init__(self, rng, dtype):
        self.rng = rng
        self.dtype = dtype
        info = np.iinfo(dtype)
        self.lo, self.hi = int(info.min), int(info.max)

    def integer(self, lo, hi):
        return int(self.rng.integers(lo, hi, endpoint=True))

    def choice(self, *values):
        return values[self.integer(0, len(values) - 1)]

    def scale(self, lo=1e-3, hi=0.3):
        """Log-uniform; now and then the power of two above."""
        scale = np.exp(self.rng.uniform(np.log(lo), np.log(hi)))
        return np.float32(2.0 ** np.ceil(np.log2(scale)) if self.integer(0, 5) == 0 else scale)

    def zero_point(self):
        return self.choice(self.lo, self.hi, *[self.integer(self.lo, self.hi) for _ in range(4)])

    def values(self, shape, dtype=None):
        """Mostly uniform; now and then constant at a limit or only the two limits."""
        info = np.iinfo(dtype or self.dtype)
        kind = self.integer(0, 11)
        if kind == 0:
            array = np.full(shape, self.choice(info.min, info.max))
        elif kind == 1:
            array = self.rng.choice([info.min, info.max], shape)
        else:
            array = self.rng.integers(info.min, info.max, shape, endpoint=True)
        return array.astype(info.dtype)

    def activation(self, output):
        """Any; where 6 / scale does not fit 32 bits, one that the kernels accept."""
        if output.scale[0] < 1e-8:
            return self.choice("none", "relu")
        return self.choice("none", *ACTIVATIONS)

    def input(self, shape, scale=None, zero_point=None):
        scale = self.scale() if scale is None else scale
        zero_point = self.zero_point() if zero_point is None else zero_point
        return Tensor(shape, self.dtype, [scale], zero_point, data=self.values(shape))

    def weights(self, shape, per_channel, dimension, zero_point):
        count = shape[dimension] if per_channel else 1
        scale = [self.scale() for _ in range(count)]
        return Tensor(shape, self.dtype, scale, zero_point, dimension, self.values(shape), fixed=True)

    def bias(self, count, source, weights, spread):
        scale = [np.float32(source.scale[0] * s) for s in weights.scale]
        data = self.rng.integers(-spread, spread, count, endpoint=True).astype(np.int32)
        return Tensor([count], "int32", scale, 0, 0, data, fixed=True)

    def accumulated(self, source, weights, taps):
        """An output whose scale suits a sum of `taps` products, sometimes far too fine."""
        real = float(source.scale[0]) * float(max(weights.scale)) * np.sqrt(taps)
        ratio = self.choice(30.0, 60.0, 100.0, 200.0, 0.05, 0.002)
        # So fine that the left shift and the conversion to 32 bits overflow. Only with an exact
        # product of scales do the kernels accept the bias then.
        if np.frexp(source.scale[0])[0] == 0.5 and self.integer(0, 1):
            ratio = self.choice(1e-5, 1e-7)
        # A power of two between the scales is a case of its own: the mantissa is exactly 2^30.
        scale = np.float32(real * ratio)
        if self.integer(0, 9) == 0 and len(weights.scale) == 1:
            scale = np.float32(source.scale[0] * weights.scale[0] * np.float32(2.0 ** self.integer(-1, 9)))
        return Tensor([], self.dtype, [scale], self.zero_point())

    def window(self, dilations=(1,)):
        """Input and filter extents, stride, dilation and padding that leave at least one output."""
        while True:
            size = [self.integer(1, 8), self.integer(1, 8)]
            filter_size = [self.integer(1, 4), self.integer(1, 4)]
            dilation = [self.choice(*dilations), self.choice(*dilations)]
            padding = self.choice("same", "valid")
            spanned = [(f - 1) * d + 1 for f, d in zip(filter_size, dilation)]
            if padding == "same" or all(e <= s for e, s in zip(spanned, size)):
                return size, filter_size, [self.integer(1, 3), self.integer(1, 3)], dilation, padding


def quantized(prefix, tensor):
    return {f"{prefix}_scale": tensor.scale, f"{prefix}_zero_point": tensor.zero_point}


def conv2d(g):
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
    activation = g.activation(output)
    table = options(
        "Conv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
        fusedActivationFunction=ACTIVATIONS[activation],
    )
    result = run("CONV_2D", table, [source, weights, bias], output)
    return convolution_case(g, (source, weights, bias, output, result), (stride, dilation, padding, activation))


def depthwise_conv2d(g):
    size, kernel, stride, dilation, padding = g.window((1, 1, 2, 3))
    channels, multiplier = g.integer(1, 7), g.integer(1, 3)
    outputs = channels * multiplier
    source = g.input([g.integer(1, 2), *size, channels])
    per_channel = g.dtype == "int8" and g.integer(0, 3) > 0
    filter_zero_point = 0 if g.dtype == "int8" else g.zero_point()
    weights = g.weights([1, *kernel, outputs], per_channel, 3, filter_zero_point)
    output = g.accumulated(source, weights, kernel[0] * kernel[1])
    bias = g.bias(outputs, source, weights, g.choice(0, 1000, 20000)) if g.integer(0, 4) else None
    activation = g.activation(output)
    table = options(
        "DepthwiseConv2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
        fusedActivationFunction=ACTIVATIONS[activation],
    )
    # This operator takes an absent bias only as a missing operand, not as index -1.
    operands = [source, weights] if bias is None else [source, weights, bias]
    result = run("DEPTHWISE_CONV_2D", table, operands, output)
    return convolution_case(g, (source, weights, bias, output, result), (stride, dilation, padding, activation))


def convolution_case(g, tensors, window):
    source, weights, bias, output, result = tensors
    stride, dilation, padding, activation = window
    case = Case(g.dtype).add(
        padding=padding, stride=stride, dilation=dilation, activation=activation,
        input_shape=source.shape, filter_shape=weights.shape, output_shape=result.shape,
        **quantized("input", source), **quantized("filter", weights), **quantized("output", output),
        data_input=source.data, data_filter=weights.data, data_output=result,
    )
    return case.add(data_bias=bias.data) if bias is not None else case


def fully_connected(g):
    batches, depth, outputs = g.integer(1, 3), g.integer(1, 60), g.integer(1, 20)
    source = g.input([batches, depth])
    per_channel = g.dtype == "int8" and outputs > 1 and g.integer(0, 1) > 0
    filter_zero_point = 0 if per_channel else g.choice(0, g.zero_point())
    weights = g.weights([outputs, depth], per_channel, 0, filter_zero_point)
    output = g.accumulated(source, weights, depth)
    bias = g.bias(outputs, source, weights, g.choice(0, 1000, 20000)) if g.integer(0, 3) else None
    activation = g.activation(output)
    table = options("FullyConnectedOptions", fusedActivationFunction=ACTIVATIONS[activation])
    result = run("FULLY_CONNECTED", table, [source, weights, bias], output)
    case = Case(g.dtype).add(
        activation=activation, batches=batches, input_depth=depth, output_depth=outputs,
        **quantized("input", source), **quantized("filter", weights), **quantized("output", output),
        data_input=source.data, data_filter=weights.data, data_output=result,
    )
    return case.add(data_bias=bias.data) if bias is not None else case


def pool2d(operator):
    def generate(g):
        size, kernel, stride, _, padding = g.window()
        source = g.input([g.integer(1, 2), *size, g.integer(1, 7)])
        output = Tensor([], g.dtype, source.scale, source.zero_point)
        activation = g.activation(output)
        table = options(
            "Pool2DOptions", padding=PADDINGS[padding], strideH=stride[0], strideW=stride[1],
            filterHeight=kernel[0], filterWidth=kernel[1],
            fusedActivationFunction=ACTIVATIONS[activation],
        )
        result = run(operator, table, [source], output)
        return Case(g.dtype).add(
            padding=padding, stride=stride, filter=kernel, activation=activation,
            input_shape=source.shape, output_shape=result.shape, **quantized("output", output),
            data_input=source.data, data_output=result,
        )

    return generate


def concatenation(g):
    rank = g.integer(1, 4)
    shape = [g.integer(1, 4) for _ in range(rank)]
    axis = g.integer(0, rank - 1)
    output = Tensor([], g.dtype, [g.scale()], g.zero_point())
    sources = []
    for _ in range(g.integer(1, 4)):
        shape[axis] = g.integer(1, 6)
        equal = g.dtype == "int8" or g.integer(0, 2) == 0
        # Halves put most values next to a rounding tie, where the last bit of the scales decides.
        ratio = np.float32(g.choice(0.5, 1.5, 2.5, *np.exp(g.rng.uniform(-3, 3, 3))))
        sources.append(
            g.input(list(shape), output.scale[0], output.zero_point)
            if equal
            else g.input(list(shape), np.float32(output.scale[0] * ratio))
        )
    table = options("ConcatenationOptions", axis=g.choice(axis, axis - rank))
    result = run("CONCATENATION", table, sources, output)
    case = Case(g.dtype).add(
        outer_count=int(np.prod(shape[:axis])), operands=len(sources), **quantized("output", output), data_output=result
    )
    for number, source in enumerate(sources):
        case.add(**quantized(f"input{number}", source), **{f"data_input{number}": source.data})
    return case


def add(g):
    shape = [g.integer(1, 5) for _ in range(g.integer(1, 4))]
    shapes = [shape, list(shape)]
    if g.integer(0, 1):
        shorter = g.integer(0, 1)
        shapes[shorter] = [g.choice(1, size) for size in shape][g.integer(0, len(shape) - 1):]
        if g.integer(0, 1):
            position = g.integer(0, len(shape) - 1)
            shapes[1 - shorter] = [1 if i == position else size for i, size in enumerate(shape)]
    sources = [g.input(s) for s in shapes]
    if g.integer(0, 3) == 0:
        sources[1].scale = sources[0].scale
    larger = float(max(sources[0].scale[0], sources[1].scale[0]))
    output = Tensor([], g.dtype, [np.float32(larger * g.choice(2.0, 1.0, 1.3, 5.0, 0.2, 0.01))], g.zero_point())
    activation = g.activation(output)
    result = run("ADD", options("AddOptions", fusedActivationFunction=ACTIVATIONS[activation]), sources, output)
    return Case(g.dtype).add(
        activation=activation, input1_shape=shapes[0], input2_shape=shapes[1], output_shape=result.shape,
        **quantized("input1", sources[0]), **quantized("input2", sources[1]), **quantized("output", output),
        data_input1=sources[0].data, data_input2=sources[1].data, data_output=result,
    )


def mean(g):
    rank = g.integer(1, 4)
    source = g.input([g.integer(1, 7) for _ in range(rank)])
    axes = [int(a) for a in g.rng.permutation(rank)[: g.integer(1, rank)]]
    axes = [g.choice(a, a - rank) for a in axes] + ([axes[0]] if g.integer(0, 4) == 0 else [])
    scale = source.scale[0] * np.float32(g.choice(1.0, 1.0, 0.5, 2.0, 0.3, 0.02, 3.7))
    output = Tensor([], g.dtype, [np.float32(scale)], g.zero_point())
    operand = Tensor([len(axes)], "int32", data=np.array(axes, np.int32), fixed=True)
    result = run("MEAN", options("ReducerOptions", keepDims=bool(g.integer(0, 1))), [source, operand], output)
    return Case(g.dtype).add(
        input_shape=source.shape, axes=axes, **quantized("input", source), **quantized("output", output),
        data_input=source.data, data_output=result,
    )


def pad(g):
    rank = g.integer(1, 4)
    source = g.input([g.integer(1, 4) for _ in range(rank)])
    paddings = np.array([[g.integer(0, 2), g.integer(0, 2)] for _ in range(rank)], np.int32)
    output = Tensor([], g.dtype, source.scale, source.zero_point)
    operand = Tensor([rank, 2], "int32", data=paddings, fixed=True)
    result = run("PAD", options("PadOptions"), [source, operand], output)
    return Case(g.dtype).add(
        input_shape=source.shape, paddings=paddings.flatten(), output_zero_point=output.zero_point,
        data_input=source.data, data_output=result,
    )


def softmax(g):
    rows, depth = g.integer(1, 3), g.integer(1, 70)
    # Flat rows; from 512 elements at the maximum on, the reference kernel aborts.
    deep = g.integer(0, 9) == 0
    if deep:
        rows, depth = 1, g.choice(300, 400, 511)
    source = g.input([rows, depth], g.scale(1e-5, 20.0))
    if deep:
        source.data[:] = g.choice(g.lo, g.hi, 3)
        source.data[0, : g.integer(0, 3)] = g.hi
    beta = np.float32(g.choice(1.0, 1.0, 0.5, 2.0, 0.1))
    output = Tensor([], g.dtype, [np.float32(1 / 256)], g.lo)
    output.shape = source.shape
    result = run("SOFTMAX", options("SoftmaxOptions", beta=float(beta)), [source], output)
    return Case(g.dtype).add(
        depth=depth, beta=beta, input_scale=source.scale, data_input=source.data, data_output=result
    )


def quantize(g):
    scale, zero_point, count = g.scale(), g.zero_point(), 48
    steps = g.rng.integers(-600, 600, count).astype(np.float32)
    data = np.concatenate([
        (steps / 2 * scale).astype(np.float32),
        g.rng.normal(0, 100 * scale, count).astype(np.float32),
        np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-40], np.float32),
        (np.array([2.0**31, -(2.0**31), 2147483520.0, -2147483904.0]) * scale).astype(np.float32),
    ])
    source = Tensor([len(data)], "float32", data=data)
    output = Tensor([len(data)], g.dtype, [scale], zero_point)
    result = run("QUANTIZE", None, [source], output)
    return Case(g.dtype).add(scale=scale, zero_point=zero_point, data_input=data, data_output=result)


def requantize(g):
    source = g.input([96])
    target = g.choice("int8", "uint8")
    ratio = g.choice(1.0, 0.5, 4.0, 2.0**-25, *np.exp(g.rng.uniform(-6, 4, 4)))
    scale = np.float32(source.scale[0] * np.float32(ratio))
    output = Tensor([96], target, [scale], Generator(g.rng, target).zero_point())
    result = run("QUANTIZE", None, [source], output)
    return Case(g.dtype).add(
        output_dtype=target, **quantized("input", source), **quantized("output", output),
        data_input=source.data, data_output=result,
    )


def dequantize(g):
    source = g.input([48], g.scale(1e-9, 1e9))
    result = run("DEQUANTIZE", None, [source], Tensor([48], "float32"))
    return Case(g.dtype).add(**quantized("input", source), data_input=source.data, data_output=result)


OPERATORS = {
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise_conv2d,
    "fully_connected": fully_connected,
    "average_pool2d": pool2d("AVERAGE_POOL_2D"),
    "max_pool2d": pool2d("MAX_POOL_2D"),
    "concatenation": concatenation,
    "add": add,
    "mean": mean,
    "pad": pad,
    "softmax": softmax,
    "quantize": quantize,
    "requantize": requantize,
    "dequantize": dequantize,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the golden files")
    parser.add_argument("--cases", type=int, default=24, help="cases per operator and type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=OPERATORS, help="a single operator")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number, (name, generate) in enumerate(OPERATORS.items()):
        if arguments.only not in (None, name):
            continue
        blocks = []
        for dtype in ("int8", "uint8"):
            rng = np.random.default_rng([arguments.seed, number, dtype == "uint8"])
            generator = Generator(rng, dtype)
            blocks += [generate(generator).text() for _ in range(arguments.cases)]
        path = arguments.out / f"{name}.txt"
        path.write_text("".join(blocks))
        print(f"{path}: {len(blocks)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
