# SPDX-License-Identifier: Apache-2.0
# roundings.py: mode, random numbers and counts of a call, as the structure that libvprec takes.
"""How results are rounded: modes, noise that advances or repeats, and counts of what happened."""
from __future__ import annotations

import ctypes
import itertools
from typing import Any, Optional, Union

from . import _library as c
from .formats import Format

__all__ = ['Noise', 'Outcomes']

Seed = Union[int, 'Noise', None]


def _key(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f'a seed is a whole number or a vprec.Noise, not {type(seed).__name__}')
    if not 0 <= seed < 1 << 64:
        raise ValueError(f'the seed {seed} is not within 0..2**64-1')
    return seed


class Noise:
    """A generator of random numbers for the modes ``sr``, ``rr``, ``pb`` and ``mca``: each call that is given it draws
    other ones; two generators of one seed draw the same in the same order. Threads may share one; the order of their
    calls is then theirs.

    >>> import numpy as np, vprec
    >>> x = np.full(1000, 1.1)
    >>> noise = Noise(7)
    >>> a, b = (vprec.round(x, "e5m2", mode="sr", seed=noise) for _ in range(2))
    >>> c = vprec.round(x, "e5m2", mode="sr", seed=Noise(7))
    >>> bool((a == b).all()), bool((a == c).all())
    (False, True)
    """

    def __init__(self, seed: int = 1) -> None:
        self.seed = _key(seed)
        self._calls = itertools.count()

    def __repr__(self) -> str:
        return f'Noise({self.seed})'

    def origin(self) -> tuple[int, int]:
        """The seed, and the number of the next call."""
        return self.seed, next(self._calls)


#: Of calls that name no seed. It begins with the process, so a program that is run again draws the same.
_noise = Noise(1)


class Outcomes(c.OutcomesStruct):
    """Counts of what happened to results, exact; calls that are given it as ``outcomes=`` add to it and take several
    times as long. ``operations``, ``overflows``, ``underflows``, ``zeros`` (underflows that gave zero), ``invalids``
    (NaN of operands that are none), ``poles`` (infinities of finite operands), ``least`` and ``most`` (magnitudes of
    finite results but zero; 0.0: there was none).

    >>> import numpy as np, vprec
    >>> counts = Outcomes()
    >>> _ = vprec.round(np.array([1e6, 1e-9, 1.0]), "fp16", outcomes=counts)
    >>> counts.overflows, counts.underflows, counts.most
    (1, 1, 1.0)
    """

    def as_dict(self) -> dict[str, Union[int, float]]:
        """A plain dictionary of them."""
        return {field[0]: getattr(self, field[0]) for field in self._fields_}

    def __repr__(self) -> str:
        return f'Outcomes({", ".join(f"{name}={value}" for name, value in self.as_dict().items())})'


def origin(seed: Seed) -> tuple[int, int]:
    """What a call's random numbers are drawn from: the seed's child of that number, or itself where that is -1."""
    if seed is None:
        return _noise.seed, next(_noise._calls)
    return seed.origin() if isinstance(seed, Noise) else (_key(seed), -1)


def key(seed: Seed) -> int:
    """The same as one number."""
    parent, call = origin(seed)
    return parent if call < 0 else int(c.key_child(parent, call))


def mode_number(mode: str) -> int:
    """The library's number of a mode. ValueError: none has that name."""
    found = c.MODES.get(mode)
    if found is None:
        raise ValueError(f'no rounding mode {mode!r}; there are {", ".join(c.MODES)}')
    return found


def check_bits(bits: int) -> None:
    """ValueError: no number of random bits."""
    if not 1 <= bits <= 64:
        raise ValueError(f'{bits} random bits: 1 to 64 are possible')


def check_precision(precision: int) -> int:
    """The same. TypeError, ValueError: no virtual precision."""
    if isinstance(precision, bool) or not isinstance(precision, int):
        raise TypeError(f'precision is a whole number of bits, not {type(precision).__name__}')
    if not 1 <= precision <= 53:
        raise ValueError(f'a virtual precision of {precision} bits: 1 to 53 are possible')
    return precision


def rounding(format: Format, mode: int, seed: Seed = None, bits: int = 32, precision: Optional[int] = None,
             outcomes: Optional[Outcomes] = None, child: Optional[int] = None) -> tuple[int, Any]:
    """The address of a vprec_rounding, and what is to be kept until the call is over. `child`: of one key several."""
    if mode < c.SR and outcomes is None:
        shared = format.rounding(mode)
        return ctypes.addressof(shared), shared
    made = c.RoundingStruct(format=format._struct, mode=mode if mode <= c.SR else c.RNE)
    kept: tuple[Any, ...] = (made,)
    if outcomes is not None:
        if not isinstance(outcomes, Outcomes):
            raise TypeError(f'outcomes takes a vprec.Outcomes, not {type(outcomes).__name__}')
        if mode > c.SR:
            raise ValueError('outcomes are not counted in the modes rr, pb and mca: leave them out')
        made.outcomes = ctypes.addressof(outcomes)
        kept += (outcomes,)
    if mode >= c.SR:
        check_bits(bits)
        source = c.SourceStruct()
        drawn = key(seed)
        c.source_init(ctypes.addressof(source), drawn if child is None else c.key_child(drawn, child))
        made.random.bits = bits
        made.random.words = c.source_words
        made.random.context = ctypes.addressof(source)
        kept += (source,)
    if mode > c.SR:
        t = format.precision if precision is None else check_precision(precision)
        noise = c.NoiseStruct(mode - c.SR, t, c.RELATIVE, 0)
        made.noise = ctypes.addressof(noise)
        kept += (noise,)
    return ctypes.addressof(made), kept
