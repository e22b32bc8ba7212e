"""Logarithm and exponential without calls of the C library, so that loops over them become vector instructions."""

import math

import numpy as np

from galforge.compiled import compiled

_LN2_HIGH = 0.6931471803691238  # the leading 33 bits of ln 2
_LN2_LOW = 1.9082149292705877e-10
_ROUNDER = 6755399441055744.0  # 1.5 * 2^52; adding it rounds to an integer, which is then in the last bits
_ROUNDER_BITS = 0x4338000000000000
_ONE_BITS = 0x3FF0000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


@compiled(fastmath={"contract"})
def logarithm(x):
    """ln x for x that is 0, normal, inf or NaN; to about 1 ulp."""
    bits = np.float64(x).view(np.int64)
    # x = 2^power m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh s.
    exponent = (bits + (_ONE_BITS - _ROOT_HALF_BITS)) >> np.int64(52)
    power = np.int64(exponent - 1023 + _ROUNDER_BITS).view(np.float64) - _ROUNDER
    f = np.int64(bits - ((exponent - 1023) << np.int64(52))).view(np.float64) - 1.0
    s = f / (2.0 + f)
    t = s * s
    # The series 1/3 t + 1/5 t^2 + ... in two halves, which a processor computes in parallel.
    q = t * t
    odd = 1 / 3 + q * (1 / 7 + q * (1 / 11 + q * (1 / 15 + q * (1 / 19))))
    even = 1 / 5 + q * (1 / 9 + q * (1 / 13 + q * (1 / 17 + q * (1 / 21))))
    series = t * odd + q * even
    # 2 s (1 + series) = f - s (f - 2 series): f is exact.
    found = power * _LN2_HIGH + (f - (s * (f - 2.0 * series) - power * _LN2_LOW))
    found = found if x < np.inf else x
    return -np.inf if x == 0.0 else found


@compiled(fastmath={"contract"})
def exponential(x):
    """e^x for any x, to about 1 ulp; overflows to inf and underflows to 0 where the C library does."""
    x = 710.0 if x > 710.0 else x
    x = -746.0 if x < -746.0 else x
    shifted = x * (1.0 / math.log(2.0)) + _ROUNDER
    whole = shifted - _ROUNDER
    r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    q = r * r
    even = 0.5 + q * (1 / 24 + q * (1 / 720 + q * (1 / 40320 + q * (1 / 3628800 + q * (1 / 479001600)))))
    odd = 1 / 6 + q * (1 / 120 + q * (1 / 5040 + q * (1 / 362880 + q * (1 / 39916800 + q * (1 / 6227020800)))))
    series = 1.0 + (r + q * (even + r * odd))
    # 2^whole as two factors, because it may be outside of the normal numbers.
    power = np.float64(shifted).view(np.int64) - _ROUNDER_BITS
    half = power >> np.int64(1)
    first = np.int64((half + 1023) << np.int64(52)).view(np.float64)
    second = np.int64((power - half + 1023) << np.int64(52)).view(np.float64)
    return series * first * second
