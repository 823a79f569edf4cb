"""The fixed-point arithmetic of docs/numerics.md §2 on Python's integers, for results that the oracle gets wrong."""

import math


def wrap(value):
    """The 32-bit integer that a sum or product leaves."""
    return (value + 2**31) % 2**32 - 2**31


def quantize_multiplier(real):
    """Mantissa and shift of a positive factor (§2.1)."""
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa, shift = mantissa // 2, shift + 1
    return (0, 0) if shift < -31 else (mantissa, shift)


def high_product(a, b):
    """`a * b / 2^31`, ties towards positive infinity (§2.2)."""
    return 2**31 - 1 if a == b == -(2**31) else (a * b + 2**30) >> 31


def divide_by_power(value, exponent):
    """`value / 2^exponent`, ties away from zero (§2.2)."""
    mask = (1 << exponent) - 1
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0))


def multiply(value, factor):
    """A 32-bit integer times mantissa and shift, rounded twice (§2.3)."""
    mantissa, shift = factor
    return divide_by_power(high_product(wrap(value << max(shift, 0)), mantissa), max(-shift, 0))
