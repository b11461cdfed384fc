# SPDX-License-Identifier: Apache-2.0
# formats.py: formats as Python objects; what their texts mean is libvprec's to say.
"""Floating-point formats: their limits, and whether one holds another's values."""
from __future__ import annotations

import ctypes
import math

from . import _library as c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    FormatLike = Union['Format', str]


class FormatError(ValueError):
    """A text that is no format, or a format that does not fit where it is used. The message says what is allowed."""


class Format:
    """A binary floating-point format: ``eXmY`` with X exponent bits (2 to 11) and Y fraction bits (1 to 52), suffixes
    such as ``:sat``, or a name: ``bf16``, ``fp16``, ``e4m3fn``, ``torch.float8_e5m2``. All it tells, it tells as
    :class:`numpy.finfo` does, in floats.

    FormatError: the text is no format; the message says which part is at fault.

    >>> half = Format("e5m10")
    >>> half.max, half.smallest_normal, half.smallest_subnormal, half.eps
    (65504.0, 6.103515625e-05, 5.960464477539063e-08, 0.0009765625)
    >>> half == Format("fp16"), str(half), half.bits, half.precision
    (True, 'fp16', 16, 11)
    >>> Format("e5m60")
    Traceback (most recent call last):
    vprec.formats.FormatError: `e5m60`: 60 fraction bits do not fit binary64 (1..52)
    """
    __slots__ = ('_struct', '_text', '_hash', 'address', 'fitting', 'roundings')

    _struct: c.FormatStruct
    _text: str
    _hash: int
    #: Of the C structure, for calls.
    address: int
    #: Types of elements that were found to hold it.
    fitting: set[Any]
    #: C structures of roundings to this format, by mode; read only, so any thread may use them.
    roundings: dict[int, c.RoundingStruct]

    def __new__(cls, text: FormatLike) -> Format:
        if isinstance(text, Format):
            return text
        found = known.get(text)
        return found if found is not None else _parse(text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Format, (self._text,)

    def __repr__(self) -> str:
        return f'Format({self._text!r})'

    def __str__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return self is other or isinstance(other, Format) and bytes(self._struct) == bytes(other._struct)

    def __hash__(self) -> int:
        return self._hash

    @property
    def ebits(self) -> int:
        """Exponent bits."""
        return int(self._struct.ebits)

    @property
    def fbits(self) -> int:
        """Fraction bits, without the hidden one."""
        return int(self._struct.fbits)

    nexp = ebits
    nmant = fbits

    @property
    def precision(self) -> int:
        """Significant bits: fraction bits and the hidden one. (numpy.finfo's are decimal digits.)"""
        return self.fbits + 1

    @property
    def bits(self) -> int:
        """Of a code: sign, exponent and fraction bits."""
        return 1 + self.ebits + self.fbits

    @property
    def bias(self) -> int:
        """What an exponent field is more than the exponent that it means."""
        return int(self._struct.bias)

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return int(self._struct.emin)

    @property
    def emax(self) -> int:
        """Exponent of the largest finite number."""
        return int(self._struct.emax)

    @property
    def max(self) -> float:
        """The largest finite number."""
        return float(self._struct.max)

    @property
    def min(self) -> float:
        """The least finite number, -max."""
        return -self.max

    @property
    def smallest_normal(self) -> float:
        """The smallest normal number above zero."""
        return float(self._struct.min_normal)

    tiny = smallest_normal

    @property
    def smallest_subnormal(self) -> float:
        """The smallest number above zero, also where subnormals are flushed to zero (``:nosub``)."""
        return float(self._struct.min_subnormal)

    @property
    def eps(self) -> float:
        """The distance from 1 to the next larger number."""
        return 2.0 ** -self.fbits

    def _has(self, flag: int) -> bool:
        return not self._struct.flags & flag

    @property
    def saturates(self) -> bool:
        """Whether finite overflow gives the largest finite number."""
        return not self._has(c.SAT)

    @property
    def has_infinity(self) -> bool:
        return self._has(c.NOINF)

    @property
    def has_subnormals(self) -> bool:
        return self._has(c.NOSUB)

    @property
    def has_nan(self) -> bool:
        return self._has(c.NONAN)

    @property
    def has_negative_zero(self) -> bool:
        return self._has(c.NONEGZERO)

    def fits(self, other: FormatLike) -> bool:
        """Whether each value of this format, infinities, NaN and -0 among them, is one of the other's.

        >>> Format("e5m2").fits("fp16"), Format("bf16").fits("fp16"), Format("e4m3").fits("e4m3fn")
        (True, False, False)
        """
        to = Format(other)
        lowest = math.frexp(self.smallest_subnormal if self.has_subnormals else self.smallest_normal)[1]
        lowest_there = math.frexp(to.smallest_subnormal if to.has_subnormals else to.smallest_normal)[1]
        return (self.fbits <= to.fbits and self.max <= to.max and lowest >= lowest_there and
                (to.has_infinity or not self.has_infinity) and (to.has_nan or not self.has_nan) and
                (to.has_negative_zero or not self.has_negative_zero))

    def rounding(self, mode: int) -> c.RoundingStruct:
        """To this format in a mode that draws nothing."""
        found = self.roundings.get(mode)
        if found is None:
            found = self.roundings[mode] = c.RoundingStruct(format=self._struct, mode=mode)
        return found


#: Formats that were asked for, by their text.
known: dict[str, Format] = {}
_KNOWN_MOST = 10000


def _parse(text: str) -> Format:
    if not isinstance(text, str):
        raise TypeError(f'a format is a text such as "e5m10" or "bf16", or a vprec.Format, not {type(text).__name__}')
    struct = c.FormatStruct()
    message = ctypes.create_string_buffer(200)
    if c.format_parse(text.encode(), c.F64, struct, message, len(message)):
        raise FormatError(message.value.decode())
    spelling = ctypes.create_string_buffer(100)
    c.format_print(struct, spelling, len(spelling))
    made = object.__new__(Format)
    made._struct = struct
    made._text = spelling.value.decode()
    made.address = ctypes.addressof(struct)
    made._hash = hash(bytes(struct))
    made.fitting = set()
    made.roundings = {}
    if len(known) >= _KNOWN_MOST:
        known.clear()
    return known.setdefault(text, made)


def presets() -> list[str]:
    """The names of the formats that have one.

    >>> "bf16" in presets()
    True
    """
    names: list[str] = []
    while True:
        name = c.format_preset(len(names), None)
        if name is None:
            return names
        names.append(name.decode())
