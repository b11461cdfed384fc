# SPDX-License-Identifier: Apache-2.0
"""once.py: real numbers rounded once, in fractions and integers, as an oracle for tests: it shares nothing with
libvprec. A format is its precision and the exponents of its smallest and its largest normal numbers."""
from fractions import Fraction
from math import isqrt, nan

NATIVE = {'f32': (24, -126, 127), 'f64': (53, -1022, 1023)}
CONTAINERS = {'f32': (8, 23), 'f64': (11, 52)}


def decode(type_name, bits):
    """A finite number, None for infinity, or NaN; and whether it is negative, zeros too."""
    exponent_bits, fraction_bits = CONTAINERS[type_name]
    exponent = bits >> fraction_bits & (1 << exponent_bits) - 1
    fraction = bits & (1 << fraction_bits) - 1
    negative = bits >> (exponent_bits + fraction_bits)
    if exponent == (1 << exponent_bits) - 1:
        return nan if fraction else None, negative
    if exponent:
        fraction |= 1 << fraction_bits
    else:
        exponent = 1
    scale = exponent - ((1 << exponent_bits - 1) - 1) - fraction_bits
    value = Fraction(fraction << scale) if scale >= 0 else Fraction(fraction, 1 << -scale)
    return (-value if negative else value), negative


def nearest(numerator, denominator):
    """The integer next to a positive fraction, the even one of two."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole & 1))


def exponent_of(value):
    """floor(log2(value)) of a positive fraction."""
    e = value.numerator.bit_length() - value.denominator.bit_length()
    return e if value >= Fraction(2) ** e else e - 1


def rounded(value, form):
    """A positive fraction, rounded once to nearest; None: beyond the largest number."""
    precision, least, most = form
    last = max(exponent_of(value), least) - precision + 1
    ulp = Fraction(2) ** last
    scaled = value / ulp
    result = nearest(scaled.numerator, scaled.denominator) * ulp
    return None if result >= Fraction(2) ** (most + 1) else result


def rounded_root(value, form):
    """The root of a positive fraction, likewise: compared as squares. Roots are never subnormal here."""
    e = exponent_of(value) // 2
    ulp = Fraction(2) ** (e - form[0] + 1)
    scaled = value / (ulp * ulp)
    whole = isqrt(scaled.numerator // scaled.denominator)
    middle = whole * 2 + 1
    up = 4 * scaled > middle * middle or (4 * scaled == middle * middle and whole & 1)
    return (whole + up) * ulp
