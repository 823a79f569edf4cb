"""Float32 arithmetic as docs/numerics.md §14 has it, by other means than the reference: whole arrays, and products and sums
of float64 that are rounded to odd where float32 wants one rounding."""

import numpy as np


def one_nan(array):
    return np.where(np.isnan(array), np.float32(np.nan), array).astype(np.float32)


def fused(a, b, c):
    """`a · b + c` of float32 arrays with one rounding.

    The product is exact in float64. Their sum is rounded to odd, which keeps what the last rounding needs to know.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        product = a.astype(np.float64) * b.astype(np.float64)
        addend = c.astype(np.float64)
        total = product + addend
        back = total - product
        error = (product - (total - back)) + (addend - back)
        bits = np.atleast_1d(total).view(np.int64).reshape(np.shape(total))
        inexact = np.isfinite(total) & (error != 0) & (bits & 1 == 0)
        # Towards the error by one unit, which makes the last bit odd.
        up = (error > 0) == (total > 0)
        odd = (bits + np.where(inexact, np.where(up, 1, -1), 0)).view(np.float64)
        return odd.astype(np.float32)


def clamp(array, activation):
    lo, hi = {
        "none": (-np.finfo(np.float32).max, np.finfo(np.float32).max),
        "relu": (0.0, np.finfo(np.float32).max),
        "relu6": (0.0, 6.0),
        "relu_n1_to_1": (-1.0, 1.0),
    }[activation]
    lo, hi = np.float32(lo), np.float32(hi)
    raised = np.where(array < lo, lo, array)
    return one_nan(np.where(hi < raised, hi, raised))


class Sums:
    """Sums of products for an array of outputs, and the sums of their magnitudes."""

    def __init__(self, shape):
        self.values = np.zeros(shape, np.float32)
        self.magnitudes = np.zeros(shape, np.float64)

    def add(self, at, x, w):
        """Adds products to the outputs at an index."""
        x, w = np.broadcast_arrays(x, w)
        self.values[at] = fused(x, w, self.values[at])
        self.magnitudes[at] += np.abs(x.astype(np.float64) * w)

    def finish(self, bias, activation):
        """Results, and one unit in the last place of the sums' magnitudes."""
        magnitudes = self.magnitudes
        total = self.values + np.float32(0)
        if bias is not None:
            total = self.values + bias
            magnitudes = magnitudes + np.abs(bias)
        unit = np.exp2(np.floor(np.log2(np.maximum(magnitudes, 2.0**-126))) - 23)
        return clamp(total, activation), unit


def spans(size, kernel, stride, dilation, padding):
    """Outputs along an axis, and the coordinate of their first tap."""
    covered = (kernel - 1) * dilation + 1
    outputs = -(-size // stride) if padding == "same" else (size + stride - covered) // stride
    before = max(0, (outputs - 1) * stride + covered - size) // 2
    return outputs, before


def convolution(x, w, window, groups=None):
    """Sums of a convolution; `groups` of None is a depthwise one, whose filter is 1HWO."""
    stride, dilation, padding = window
    kernel = w.shape[1:3]
    (out_h, top), (out_w, left) = (spans(x.shape[1 + i], kernel[i], stride[i], dilation[i], padding) for i in (0, 1))
    channels = w.shape[3] if groups is None else w.shape[0]
    sums = Sums([x.shape[0], out_h, out_w, channels])
    depth = 1 if groups is None else w.shape[3]
    reads = np.arange(channels) // (channels // (x.shape[3] if groups is None else groups)) * depth
    for ky in range(kernel[0]):
        ys = np.arange(out_h) * stride[0] + ky * dilation[0] - top
        rows = np.flatnonzero((ys >= 0) & (ys < x.shape[1]))
        for kx in range(kernel[1]):
            xs = np.arange(out_w) * stride[1] + kx * dilation[1] - left
            columns = np.flatnonzero((xs >= 0) & (xs < x.shape[2]))
            for channel in range(depth):
                pixels = x[:, ys[rows]][:, :, xs[columns]][..., reads + channel]
                taps = w[0, ky, kx] if groups is None else w[:, ky, kx, channel]
                sums.add(np.ix_(range(x.shape[0]), rows, columns, range(channels)), pixels, taps)
    return sums


def transposed(x, w, extents, stride, padding):
    """Sums of a transposed convolution."""
    befores = [spans(extents[i], w.shape[1 + i], stride[i], 1, padding)[1] for i in (0, 1)]
    sums = Sums([x.shape[0], *extents, w.shape[0]])
    for iy in range(x.shape[1]):
        for ix in range(x.shape[2]):
            for channel in range(x.shape[3]):
                for ky in range(w.shape[1]):
                    for kx in range(w.shape[2]):
                        y, column = iy * stride[0] + ky - befores[0], ix * stride[1] + kx - befores[1]
                        if 0 <= y < extents[0] and 0 <= column < extents[1]:
                            pixels = x[:, iy, ix, channel, None]
                            sums.add(np.s_[:, y, column], pixels, w[None, :, ky, kx, channel])
    return sums


def units(array, count):
    """So many units in the last place of each result."""
    return count * np.spacing(np.maximum(np.abs(array), np.float32(2.0**-126))).astype(np.float64)


def erfc(x):
    """The complementary error function of a float64 array."""
    from math import erfc as scalar
    return np.vectorize(scalar, otypes=[np.float64])(x)
