# SPDX-License-Identifier: Apache-2.0
# numbers.py: the short way of a number alone, which should not take longer than it must: one look-up, one call.
"""Operations on single numbers.

>>> import numpy as np, vprec
>>> one = vprec.round(np.array([0.1]), "bf16", mode="sr", seed=1)[0]
>>> bool(vprec.round(0.1, "bf16", mode="sr", seed=1) == one)
True
"""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np

from . import _library as c
from .arrays import F32, F64, check_fits
from .formats import Format
from .roundings import Seed, check_bits, check_precision, mode_number, origin

if TYPE_CHECKING:
    from .formats import FormatLike

_Way = tuple[int, int, Any]
_WAYS_MOST = 10000


class Numbers:
    """An operation on numbers of Python or NumPy, or on arrays of no dimension.

    exact: (*operands, format's address, mode) -> float, for modes that draw nothing.
    drawn: (*operands, address of a TaskStruct, seed, call) -> float, for others.
    operation, unproven: the task's; with the latter, an address, `exact` gets a task and no format.
    """

    def __init__(self, exact: Callable[..., float], drawn: Callable[..., float], operation: int,
                 unproven: Optional[int] = None) -> None:
        self.exact = exact
        self.drawn = drawn
        self.operation = operation
        self.unproven = unproven
        #: By type, format, mode, bits and precision; None: not this way.
        self.ways: dict[tuple[Any, ...], Optional[_Way]] = {}

    def way(self, kind: Any, format: FormatLike, mode: str, bits: int, precision: Optional[int]) -> Optional[_Way]:
        """The mode's number, the address of the format or of the task, and what keeps that."""
        to, number = Format(format), mode_number(mode)
        way: Optional[_Way] = None
        if kind in (float, np.float32, np.float64, F32, F64):
            single = kind in (np.float32, F32)
            if single:
                check_fits(to, F32)
            if number < c.SR and self.unproven is None:
                way = number, to.address, to
            else:
                if number >= c.SR:
                    check_bits(bits)
                t = to.precision if precision is None else check_precision(precision)
                task = c.TaskStruct(to._struct, number, bits, t, self.operation, not single,
                                    self.unproven)
                way = number, ctypes.addressof(task), task
        if len(self.ways) >= _WAYS_MOST:
            self.ways.clear()
        self.ways[kind, format, mode, bits, precision] = way
        return way

    def __call__(self, given: tuple[Any, ...], format: FormatLike, mode: str, seed: Seed, bits: int,
                 precision: Optional[int], out: Any) -> Any:
        """The result as what was given, or `out`; None: these are no such numbers."""
        first = given[0]
        kind = key = type(first)
        if kind is np.ndarray:
            if first.ndim:
                return None
            key = first.dtype
            for other in given[1:]:
                if type(other) is not kind or other.ndim or other.dtype is not key:
                    return None
            if out is not None and (type(out) is not kind or out.ndim or out.dtype is not key or
                                    not out.flags.writeable):
                return None
        elif out is not None or type(given[-1]) is not kind or type(given[len(given) // 2]) is not kind:
            return None
        try:
            way = self.ways[key, format, mode, bits, precision]
        except (KeyError, TypeError): # the first time, or there is no such format
            way = self.way(key, format, mode, bits, precision)
        if way is None:
            return None
        if way[0] < c.SR:
            result = self.exact(*given, way[1], way[0])
        else:
            parent, call = origin(seed)
            result = self.drawn(*given, way[1], parent, call)
        if kind is float:
            return result
        if out is not None:
            out[()] = result
            return out
        return np.array(result, key) if kind is np.ndarray else kind(result)
