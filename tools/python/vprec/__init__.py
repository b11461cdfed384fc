# SPDX-License-Identifier: Apache-2.0
# __init__.py: the package's names. Importing it loads libvprec; NumPy comes with the first name that needs it.
"""Floating-point arithmetic rounded to any format: on arrays, and of whole programs that know nothing of it.

>>> import numpy as np, vprec
>>> vprec.round(np.array([0.1, 100.0]), "e4m3fn")
array([ 0.1015625, 96.       ])
"""
from __future__ import annotations

from ._library import version as __version__
from .formats import Format, FormatError, presets

TYPE_CHECKING = False # as checkers of types know it, without the time that importing typing takes
if TYPE_CHECKING:
    from typing import Any

    from .codes import *
    from .commands import *
    from .elementary import *
    from .operations import *
    from .products import *
    from .results import *
    from .roundings import *
    from .scopes import *
    from .statistics import *

# What is loaded when it is first asked for, by the module that has it.
_LATER = {
    'codes': ['convert', 'decode', 'encode'],
    'commands': ['RunError', 'layers', 'run', 'sweep'],
    'elementary': ['UnprovenWarning', 'exp', 'exp2', 'exp10', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sin', 'cos',
        'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf', 'erfc', 'tgamma',
        'lgamma', 'cbrt', 'rsqrt', 'sigmoid', 'silu', 'softplus', 'gelu', 'pow', 'atan2', 'hypot'],
    'operations': ['add', 'div', 'fma', 'mul', 'round', 'sqrt', 'sub'],
    'products': ['conv', 'dot', 'gemm'],
    'results': ['Report', 'Rows', 'read'],
    'roundings': ['Noise', 'Outcomes'],
    'scopes': ['probe', 'scope'],
    'statistics': ['quantile', 'samples_needed', 'significant_bits', 'success_bound'],
}
_MODULES = ('torch',)
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}

__all__ = ['Format', 'FormatError', '__version__', 'presets', *_MODULE_OF]


def __getattr__(name: str) -> Any:
    module = name if name in _MODULES else _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'vprec' has no attribute {name!r}")
    import importlib
    found = importlib.import_module('.' + module, __name__)
    if name not in _MODULES:
        found = globals()[name] = getattr(found, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """%load_ext vprec: cells that begin with %%vprec are run in a child, rounded."""
    from . import magic
    magic.load(shell)
