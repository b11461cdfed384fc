# SPDX-License-Identifier: Apache-2.0
# elementary.py: elementary functions element by element.
"""Elementary functions on arrays, the exact value rounded once to a format."""
from __future__ import annotations

import ctypes
import warnings
from typing import TYPE_CHECKING, Any, Optional

from . import _library as c
from .arrays import elementwise
from .formats import Format
from .numbers import Numbers
from .roundings import Outcomes, Seed, mode_number, rounding

if TYPE_CHECKING:
    from .formats import FormatLike

__all__ = ['UnprovenWarning', 'exp', 'exp2', 'exp10', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sin', 'cos', 'tan',
           'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf', 'erfc', 'tgamma',
           'lgamma', 'cbrt', 'rsqrt', 'sigmoid', 'silu', 'softplus', 'gelu', 'pow', 'atan2', 'hypot']


class UnprovenWarning(UserWarning):
    """Some results are right or a neighbour of what is right: no precision that was tried decided. To be expected once
    in 2**45 results of binary64 formats, hardly ever of narrower ones."""


_exact_of_one = c.function_exact[1]


class Function:
    """An elementary function: ``f(x, format)``, or ``f(x, y, format)`` of two operands, and the arguments of
    :func:`vprec.round`; with noise on operands (``pb``, ``mca``) the value is treated as one. Shapes of two are
    broadcast. The result is the exact value rounded once, proven element by element; where it could not be, an
    :class:`UnprovenWarning` says of how many.

    >>> import vprec, numpy as np
    >>> vprec.exp(np.array([0.0, 1.0, 10.0]), "e5m2")
    array([1.000e+00, 2.500e+00, 2.048e+04])
    >>> vprec.hypot(3.0, 4.0, "bf16"), vprec.exp(1.0, "fp16", mode="ru")
    (5.0, 2.71875)
    """

    def __init__(self, name: str, operands: int) -> None:
        self.__name__ = self.name = name
        self.operands = operands
        number = ctypes.c_int()
        if c.function_find(name.encode(), number):
            raise ValueError(f'no function {name!r}')
        self._number = number.value
        self._unproven = ctypes.c_size_t() # of single numbers
        count = ctypes.addressof(self._unproven)
        self.numbers = Numbers(self._exact, self._drawn, self._number, count) if operands == 2 else \
            Numbers(self._exact_of_one, self._drawn_of_one, self._number, count)

    def __repr__(self) -> str:
        return f'<vprec function {self.name}>'

    def __call__(self, *given: Any, mode: str = 'rne', seed: Seed = None, bits: int = 32,
                 precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None,
                 format: Optional[FormatLike] = None) -> Any:
        if format is None and len(given) == self.operands + 1:
            format = given[-1]
            given = given[:-1]
        if format is None or len(given) != self.operands:
            raise TypeError(f'{self.name} takes {self.operands} operand{"s" * (self.operands > 1)} and a format')
        result = self.numbers(given, format, mode, seed, bits, precision, out) if outcomes is None else None
        if result is None:
            result = self._elements(given, Format(format), mode_number(mode), seed, bits, precision, out, outcomes)
        return result

    def _exact(self, x: float, y: float, task: int, mode: int) -> float:
        result: float = c.function_exact[2](x, y, task)
        if self._unproven.value:
            self._warn(self._taken(), 5)
        return result

    def _exact_of_one(self, x: float, task: int, mode: int) -> float:
        result: float = _exact_of_one(x, task)
        if self._unproven.value:
            self._warn(self._taken(), 5)
        return result

    def _drawn(self, x: float, y: float, task: int, seed: int, call: int) -> float:
        result: float = c.function_drawn(x, y, task, seed, call)
        if self._unproven.value:
            self._warn(self._taken(), 5)
        return result

    def _drawn_of_one(self, x: float, task: int, seed: int, call: int) -> float:
        result: float = c.function_drawn(x, 0.0, task, seed, call)
        if self._unproven.value:
            self._warn(self._taken(), 5)
        return result

    def _taken(self) -> int:
        unproven = self._unproven.value
        self._unproven.value = 0
        return unproven

    def _elements(self, given: tuple[Any, ...], to: Format, mode: int, seed: Seed, bits: int,
                  precision: Optional[int], out: Any, outcomes: Optional[Outcomes]) -> Any:
        unproven = ctypes.c_size_t()

        def call(function: Any, addresses: list[int], n: int, address: int) -> int:
            status: int = function(self._number, *addresses, *[None] * (3 - len(addresses)), n, address,
                                   ctypes.addressof(unproven))
            return status

        address, kept = rounding(to, mode, seed, bits, precision, outcomes)
        result = elementwise(call, c.libm_elements, given, to, address, mode >= c.SR, out)
        del kept
        if unproven.value:
            self._warn(unproven.value, 4)
        return result

    def _warn(self, unproven: int, level: int) -> None:
        warnings.warn(f'{unproven} results of {self.name} are right or a neighbour of what is right', UnprovenWarning,
                      stacklevel=level)


exp = Function('exp', 1)
exp2 = Function('exp2', 1)
exp10 = Function('exp10', 1)
expm1 = Function('expm1', 1)
log = Function('log', 1)
log2 = Function('log2', 1)
log10 = Function('log10', 1)
log1p = Function('log1p', 1)
sin = Function('sin', 1)
cos = Function('cos', 1)
tan = Function('tan', 1)
asin = Function('asin', 1)
acos = Function('acos', 1)
atan = Function('atan', 1)
sinh = Function('sinh', 1)
cosh = Function('cosh', 1)
tanh = Function('tanh', 1)
asinh = Function('asinh', 1)
acosh = Function('acosh', 1)
atanh = Function('atanh', 1)
erf = Function('erf', 1)
erfc = Function('erfc', 1)
tgamma = Function('tgamma', 1)
lgamma = Function('lgamma', 1)
cbrt = Function('cbrt', 1)
rsqrt = Function('rsqrt', 1)
sigmoid = Function('sigmoid', 1)
silu = Function('silu', 1)
softplus = Function('softplus', 1)
gelu = Function('gelu', 1)
pow = Function('pow', 2)
atan2 = Function('atan2', 2)
hypot = Function('hypot', 2)
