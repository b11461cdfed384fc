# SPDX-License-Identifier: Apache-2.0
# operations.py: what is computed element by element.
"""Arithmetic on arrays, each result rounded once to a format."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _library as c
from .arrays import elementwise
from .formats import Format
from .numbers import Numbers

if TYPE_CHECKING:
    from .formats import FormatLike
from .roundings import Outcomes, Seed, mode_number, rounding

__all__ = ['add', 'div', 'fma', 'mul', 'round', 'sqrt', 'sub']

def _call(function: Any, addresses: list[int], n: int, to: int) -> int:
    status: int = function(*addresses, n, to)
    return status


class _Operation:
    """A correctly rounded operation of libvprec."""

    def __init__(self, name: str, number: int, operands: int) -> None:
        self.elements = c.elements(name, operands)
        self.numbers = Numbers(c.scalars(name, operands), c.operation_drawn[operands], number)

    def __call__(self, given: tuple[Any, ...], format: FormatLike, mode: str, seed: Seed, bits: int,
                 precision: Optional[int], out: Any, outcomes: Optional[Outcomes]) -> Any:
        if outcomes is None:
            result = self.numbers(given, format, mode, seed, bits, precision, out)
            if result is not None:
                return result
        to, number = Format(format), mode_number(mode)
        address, kept = rounding(to, number, seed, bits, precision, outcomes)
        result = elementwise(_call, self.elements, given, to, address, number >= c.SR, out)
        del kept
        return result


_ROUND, _ADD, _SUB, _MUL, _DIV, _SQRT, _FMA = (_Operation(name, number, operands) for number, (name, operands) in
                                               enumerate(c.OPERATIONS))


def round(x: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
          precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """Each element of `x`, rounded once to `format`.

    x: a number, a NumPy array of any shape and layout, a tensor of PyTorch (detached, on the processor) or what NumPy
    makes an array of. Elements are binary32 or binary64 or one of the narrower types of NumPy and ml_dtypes. The
    result is of the same kind, shape and type; of whole numbers it is binary64.
    mode: ``rne`` to nearest, ties to even; ``rna`` ties away; ``rtz`` toward zero; ``ru`` up; ``rd`` down; ``rto`` to
    odd; ``sr`` stochastic: up with probability (x-lo)/ulp, by so many random `bits` (1 to 64).
        ``rr``, ``pb``, ``mca`` are Monte Carlo arithmetic: to nearest with random noise on results, on operands or on
        both, of x times 2**-t at most for a virtual `precision` of t bits (1 to 53; by default the format's).
    seed: for ``sr`` and these; a number repeats the same random numbers, element by element in the array's order; a
    :class:`vprec.Noise`, or None for one that all calls share, goes on.
    out: an array or tensor of the result's shape and type that takes the result and is returned; it may be `x`.
    outcomes: a :class:`vprec.Outcomes` that counts overflows and the like.

    FormatError: no format, or one that the elements do not hold. TypeError: no numbers of such a type.

    >>> import numpy as np
    >>> round(np.array([1.1, -3.3, 1000.0]), "e4m3fn")
    array([ 1.125, -3.25 ,    nan])
    >>> round(0.1, "bf16", mode="ru"), round(0.1, "fp64", mode="rr", precision=8, seed=1)
    (0.10009765625, 0.09992104705171471)
    """
    return _ROUND((x,), format, mode, seed, bits, precision, out, outcomes)


def add(a: Any, b: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
        precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """a + b, rounded once; shapes are broadcast, arguments as of :func:`round`.

    >>> add(256.0, 1.0, "bf16")
    256.0
    """
    return _ADD((a, b), format, mode, seed, bits, precision, out, outcomes)


def sub(a: Any, b: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
        precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """a - b, rounded once; shapes are broadcast, arguments as of :func:`round`.

    >>> sub(1.0, 2.0 ** -20, "fp16", mode="rtz")
    0.99951171875
    """
    return _SUB((a, b), format, mode, seed, bits, precision, out, outcomes)


def mul(a: Any, b: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
        precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """a * b, rounded once; shapes are broadcast, arguments as of :func:`round`.

    >>> mul(300.0, 300.0, "fp16")
    inf
    """
    return _MUL((a, b), format, mode, seed, bits, precision, out, outcomes)


def div(a: Any, b: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
        precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """a / b, rounded once; shapes are broadcast, arguments as of :func:`round`.

    >>> div(1.0, 3.0, "e5m2")
    0.3125
    """
    return _DIV((a, b), format, mode, seed, bits, precision, out, outcomes)


def sqrt(x: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
         precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """The square root, rounded once; arguments as of :func:`round`.

    >>> sqrt(2.0, "e4m3fn")
    1.375
    """
    return _SQRT((x,), format, mode, seed, bits, precision, out, outcomes)


def fma(a: Any, b: Any, c: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
        precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """a * b + c, rounded once; shapes are broadcast, arguments as of :func:`round`.

    >>> fma(1.5, 1.5, -2.25, "e4m3fn")
    0.0
    """
    return _FMA((a, b, c), format, mode, seed, bits, precision, out, outcomes)
