# SPDX-License-Identifier: Apache-2.0
# statistics.py: significant digits of samples in memory; of files vprec-stats tells more.
"""How many bits of a result can be trusted, from samples of it."""
from __future__ import annotations

from ctypes import c_double, c_size_t
from typing import Any, Optional

import numpy as np

from . import _library as c

__all__ = ['quantile', 'samples_needed', 'significant_bits', 'success_bound']

_shift = c.declare(c.quick, 'vprec_cnh_shift', c_double, c_size_t, c_double, c_double)
_shift_contributing = c.declare(c.quick, 'vprec_cnh_shift_contributing', c_double, c_size_t, c_double, c_double)
_needed = c.declare(c.quick, 'vprec_samples_needed', c_double, c_double, c_double)
_bound = c.declare(c.quick, 'vprec_success_bound', c_double, c_size_t, c_size_t, c_double)
_normal = c.declare(c.quick, 'vprec_normal_quantile', c_double, c_double)
_chi2 = c.declare(c.quick, 'vprec_chi2_quantile', c_double, c_double, c_double)
_student = c.declare(c.quick, 'vprec_student_quantile', c_double, c_double, c_double)


def _share(value: float, what: str) -> float:
    if not 0 < value < 1:
        raise ValueError(f'{what} is between 0 and 1, not {value}')
    return float(value)


def significant_bits(samples: Any, reference: Any = None, *, method: str = 'cnh', error: str = 'relative',
                     probability: float = 0.95, confidence: float = 0.95, axis: int = 0, ddof: int = 1) -> Any:
    """Significant bits of each element, from samples of it along `axis`: how far all but a share 1 - `probability` of
    such results are from the `reference` (their mean, which shows no bias, unless given; broadcast), with the
    `confidence`.

    method: ``cnh`` takes the errors for normal and centred: -log2(their standard deviation, of divisor n - `ddof`) less
    a shift for n; ``bernoulli`` takes nothing for granted: the largest k with all errors at most 2**-k; it holds only
    where there are :func:`samples_needed` samples, and is refused where there are fewer. (D. Sohier, P. de Oliveira
    Castro, F. Févotte, B. Lathuilière, E. Petit and O. Jamond, 2021.)
    error: ``relative``, X/reference - 1, or ``absolute``, X - reference: then bits are counted from the reference's
    first. Infinite: all samples are equal to the reference. NaN: a sample is no finite number, or the reference is 0.

    >>> import numpy as np
    >>> x = 1 + np.random.default_rng(1).normal(size=(1000, 2)) * [1e-3, 1e-6]
    >>> significant_bits(x).round(1)
    array([ 8.9, 18.9])
    """
    x = np.moveaxis(np.asarray(samples, np.float64), axis, 0)
    n = len(x)
    if n < 2:
        raise ValueError(f'{n} samples: at least 2 are needed')
    probability, confidence = _share(probability, 'probability'), _share(confidence, 'confidence')
    if error not in ('relative', 'absolute'):
        raise ValueError(f"error is 'relative' or 'absolute', not {error!r}")
    with np.errstate(all='ignore'):
        y = np.broadcast_to(x.mean(axis=0) if reference is None else np.asarray(reference, np.float64), x.shape[1:])
        z = x / y - 1 if error == 'relative' else x - y
        first = 0 if error == 'relative' else np.frexp(y)[1] - 1
        if method == 'cnh':
            spread = np.sqrt(np.square(z - (0 if reference is not None else z.mean(axis=0))).sum(axis=0) / (n - ddof))
            bits = -np.log2(spread) + first - _shift(n, probability, confidence)
        elif method == 'bernoulli':
            needed = samples_needed(probability, confidence)
            if n < needed:
                raise ValueError(f'{n} samples: {needed} are needed for these; take more, or less confidence')
            bits = np.floor(-np.log2(np.abs(z).max(axis=0))) + first
        else:
            raise ValueError(f"method is 'cnh' or 'bernoulli', not {method!r}")
    bits = np.where(np.isfinite(x).all(axis=0) & (y != 0), bits, np.nan)
    return float(bits) if bits.ndim == 0 else bits


def samples_needed(probability: float = 0.95, confidence: float = 0.95) -> int:
    """How many samples, none of which fails, show with the confidence that a share `probability` of all does not fail.

    >>> samples_needed()
    59
    """
    return int(_needed(_share(probability, 'probability'), _share(confidence, 'confidence')))


def success_bound(successes: int, n: int, confidence: float = 0.95) -> float:
    """Of `n` samples so many did not fail: the probability of that, from below (A. Agresti and B. A. Coull, 1998).

    >>> float(np.round(success_bound(95, 100), 3))
    0.892
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f'{successes} of {n} samples')
    return float(_bound(successes, n, _share(confidence, 'confidence')))


def quantile(p: float, distribution: str = 'normal', df: Optional[float] = None) -> float:
    """The x below which a share p of a distribution lies: ``normal``, ``chi2`` or ``student``, these with `df` degrees
    of freedom.

    >>> float(np.round(quantile(0.975), 4)), float(np.round(quantile(0.975, "student", 2), 4))
    (1.96, 4.3027)
    """
    _share(p, 'p')
    if distribution == 'normal':
        return float(_normal(p))
    if distribution not in ('chi2', 'student'):
        raise ValueError(f"distribution is 'normal', 'chi2' or 'student', not {distribution!r}")
    if df is None or not df > 0:
        raise ValueError(f'{distribution} needs df, its degrees of freedom, above 0')
    return float((_chi2 if distribution == 'chi2' else _student)(p, df))
