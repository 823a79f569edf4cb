"""Random parameters for golden cases, and the table of the functions that make them."""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from oracle_model import Tensor

ACTIVATIONS = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
    "relu_n1_to_1": schema.ActivationFunctionType.RELU_N1_TO_1,
}
PADDINGS = {"same": schema.Padding.SAME, "valid": schema.Padding.VALID}


@dataclass
class Entry:
    """How to make cases of one operator."""

    name: str
    dtypes: tuple
    generate: object


ENTRIES = {}


def operator(name, *dtypes):
    """Registers `generate(g) -> Case` for an operator and the element types that its cases are about.

    Each element type gets its own cases; a type may carry a variant behind a dot, such as `int8.to_float`, which the
    function finds in `g.variant`.
    """

    def register(generate):
        assert name not in ENTRIES, f"{name} is registered twice"
        ENTRIES[name] = Entry(name, dtypes, generate)
        return generate

    return register


class Redraw(Exception):
    """Raised by a function whose draw makes no valid case."""


class Generator:
    """Random parameters for one operator and element type."""

    def __init__(self, rng, dtype):
        self.rng = rng
        self.dtype, _, self.variant = dtype.partition(".")
        if np.issubdtype(np.dtype(self.dtype), np.integer):
            info = np.iinfo(self.dtype)
            self.lo, self.hi = int(info.min), int(info.max)

    def integer(self, lo, hi):
        return int(self.rng.integers(lo, hi, endpoint=True))

    def choice(self, *values):
        return values[self.integer(0, len(values) - 1)]

    def shape(self, rank, largest=6):
        return [self.integer(1, largest) for _ in range(rank)]

    def scale(self, lo=1e-3, hi=0.3):
        """Log-uniform; now and then the power of two above."""
        scale = np.exp(self.rng.uniform(np.log(lo), np.log(hi)))
        return np.float32(2.0 ** np.ceil(np.log2(scale)) if self.integer(0, 5) == 0 else scale)

    def zero_point(self, dtype=None):
        """Both ends and anything inside; always 0 for int16."""
        dtype = dtype or self.dtype
        if dtype == "int16":
            return 0
        lo, hi = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        return self.choice(lo, hi, *[self.integer(lo, hi) for _ in range(4)])

    def values(self, shape, dtype=None):
        """Mostly uniform; now and then constant at a limit or only the two limits."""
        dtype = np.dtype(dtype or self.dtype)
        if dtype == bool:
            return self.rng.integers(0, 1, shape, endpoint=True).astype(bool)
        if not np.issubdtype(dtype, np.integer):
            return (self.rng.normal(0, 1, shape) * self.choice(0.1, 1.0, 30.0)).astype(dtype)
        info = np.iinfo(dtype)
        kind = self.integer(0, 11)
        if kind == 0:
            array = np.full(shape, self.choice(info.min, info.max))
        elif kind == 1:
            array = self.rng.choice([info.min, info.max], shape)
        else:
            array = self.rng.integers(info.min, info.max, shape, endpoint=True)
        return array.astype(dtype)

    def activation(self, output):
        """Any; where 6 / scale does not fit 32 bits, one that the kernels accept."""
        if output.scale is not None and output.scale[0] < 1e-8:
            return self.choice("none", "relu")
        return self.choice("none", *ACTIVATIONS)

    def input(self, shape, scale=None, zero_point=None):
        """An operand that is fed at run time, quantized if the type is."""
        if self.dtype not in ("int8", "uint8", "int16"):
            return Tensor(shape, self.dtype, data=self.values(shape))
        scale = self.scale() if scale is None else scale
        zero_point = self.zero_point() if zero_point is None else zero_point
        return Tensor(shape, self.dtype, [scale], zero_point, data=self.values(shape))

    def output(self, scale=None, zero_point=None, dtype=None):
        """A result; its shape is the oracle's to find."""
        dtype = dtype or self.dtype
        if dtype not in ("int8", "uint8", "int16"):
            return Tensor([], dtype)
        scale = self.scale() if scale is None else scale
        zero_point = self.zero_point(dtype) if zero_point is None else zero_point
        return Tensor([], dtype, [np.float32(scale)], zero_point)

    def like(self, source):
        """A result with the scale and zero point of an operand."""
        return Tensor([], source.dtype, source.scale, source.zero_point)

    def broadcast(self, rank=4, largest=5):
        """Two shapes that broadcast to one another; equal in half of the draws."""
        shape = self.shape(self.integer(1, rank), largest)
        shapes = [shape, list(shape)]
        if self.integer(0, 1):
            shorter = self.integer(0, 1)
            shapes[shorter] = [self.choice(1, size) for size in shape][self.integer(0, len(shape) - 1):]
            if self.integer(0, 1):
                position = self.integer(0, len(shape) - 1)
                shapes[1 - shorter] = [1 if i == position else size for i, size in enumerate(shape)]
        return shapes

    def weights(self, shape, per_channel, dimension, zero_point):
        """A constant filter of the cases' own type (int8 for int16 activations)."""
        dtype = "int8" if self.dtype == "int16" else self.dtype
        count = shape[dimension] if per_channel else 1
        scale = [self.scale() for _ in range(count)]
        return Tensor(shape, dtype, scale, zero_point, dimension, self.values(shape, dtype), fixed=True)

    def bias(self, count, source, weights, spread, dtype="int32"):
        scale = [np.float32(source.scale[0] * s) for s in weights.scale]
        data = self.rng.integers(-spread, spread, count, endpoint=True).astype(dtype)
        return Tensor([count], dtype, scale, 0, 0, data, fixed=True)

    def accumulated(self, source, weights, taps):
        """An output whose scale suits a sum of `taps` products, sometimes far too fine."""
        real = float(source.scale[0]) * float(max(weights.scale)) * np.sqrt(taps)
        ratio = self.choice(30.0, 60.0, 100.0, 200.0, 0.05, 0.002)
        # So fine that the left shift and the conversion to 32 bits overflow. Only with an exact
        # product of scales do the kernels accept the bias then.
        if np.frexp(source.scale[0])[0] == 0.5 and self.integer(0, 1) and self.dtype != "int16":
            ratio = self.choice(1e-5, 1e-7)
        # A power of two between the scales is a case of its own: the mantissa is exactly 2^30.
        scale = np.float32(real * ratio)
        if self.integer(0, 9) == 0 and len(weights.scale) == 1:
            scale = np.float32(source.scale[0] * weights.scale[0] * np.float32(2.0 ** self.integer(-1, 9)))
        return self.output(scale)

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
