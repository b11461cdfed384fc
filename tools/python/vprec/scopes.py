# SPDX-License-Identifier: Apache-2.0
# scopes.py: what a program tells vprec-run of itself.
"""Names for parts of a program's run, which vprec-run gives formats of their own, and values that it looks at."""
from __future__ import annotations

from . import _library as c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, Optional, TypeVar

    from .formats import FormatLike

    F = TypeVar('F', bound=Callable[..., Any])

__all__ = ['probe', 'scope']


class scope:
    """``with vprec.scope(name):`` what is computed in the block, in this thread and by threads that work for it,
    belongs to the scope ``api:name`` of the run: ``vprec-run --scope name=bf16`` rounds it to a format, ``--within
    name`` rounds nothing else, ``--layers`` counts it. Scopes nest, and end however the block is left. Also a decorator
    of functions. Without vprec-run it does nothing. See vprec_scope(3).

    ``with vprec.scope("head", "bf16"):`` says so in the program: a text such as ``--scope`` takes, ``"e5m10,mode=sr"``.
    A run's formats are known before it begins, so vprec-run reads them in the script, where name and format are
    written out, and ``--scope`` decides where both say something; with ``--format native`` nothing is rounded.

    FormatError: no format; or, under vprec-run, one that it could not know, as it is computed, or written in another
    file: give it by ``--scope``.

    >>> with scope("head"):
    ...     total = sum([0.5, 0.25])
    >>> @scope("square")
    ... def square(x):
    ...     return x * x
    >>> square(3)
    9
    >>> with scope("tail", "bf16"):
    ...     total = sum([0.5, 0.25])
    """

    def __init__(self, name: str, format: Optional[FormatLike] = None) -> None:
        if not isinstance(name, str) or not name or '\0' in name:
            raise ValueError(f'a scope has a name, a text that is not empty; not {name!r}')
        self.name = name
        self._bytes = name.encode()
        if format is not None:
            self._check(format)
        self._open: list[int] = []

    def _check(self, format: FormatLike) -> None:
        from .formats import Format, FormatError
        text = str(format)
        if not isinstance(format, (str, Format)):
            raise TypeError(f'a format is a text such as "e5m10", or a vprec.Format, not {type(format).__name__}')
        first = text.partition(',')[0]
        if first != 'native' and '=' not in first:
            Format(first)
        if not c.knows(self._bytes, text.encode()):
            raise FormatError(f'vprec-run does not know of scope({self.name!r}, {text!r}): its formats are known '
                              'before the program begins, by what is written out in the script that it runs. Name the '
                              f"scope alone and give its format by --scope '{self.name}={text}', in Python by "
                              f'vprec.run(..., scope={{{self.name!r}: {text!r}}})')

    def __enter__(self) -> scope:
        self._open.append(c.begin(self._bytes))
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        c.end(self._open.pop())

    def __call__(self, function: F) -> F:
        from functools import wraps

        @wraps(function)
        def inside(*arguments: Any, **options: Any) -> Any:
            before = c.begin(self._bytes)
            try:
                return function(*arguments, **options)
            finally:
                c.end(before)

        return inside # type: ignore[return-value]


def probe(name: str, x: Any) -> None:
    """Shows vprec-run the values of an array or tensor by a name: it prints and reports their range, mean and standard
    deviation, and with ``--dump-layers DIR`` writes each call's to ``DIR/000012 probe:NAME.npy``, for ``vprec-stats
    compare`` of two runs. Elements of types narrower than binary32 are shown as binary32. Without vprec-run it does
    nothing and looks at nothing.

    >>> probe("logits", [0.5, 0.25])
    """
    if not c.probes():
        return
    from .arrays import F32, F64, address, as_array, contiguous
    array = as_array(x)
    wide = contiguous(array, F64 if array.dtype == F64 else F32)
    c.probe(name.encode(), address(wide), wide.size, wide.dtype == F64)
