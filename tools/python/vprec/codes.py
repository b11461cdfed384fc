# SPDX-License-Identifier: Apache-2.0
# codes.py: bit patterns of narrow formats, and conversions between types of elements.
"""Codes of 8 and 16 bits, and conversions that round once."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from . import _library as c
from .arrays import (F32, F64, address, as_array, check, check_fits, contiguous, is_tensor, like, narrow_format)
from .formats import Format, FormatError
from .roundings import Seed, mode_number, rounding

if TYPE_CHECKING:
    from .formats import FormatLike

__all__ = ['convert', 'decode', 'encode']


def _code_size(format: Format) -> int:
    if format.bits > 16:
        raise FormatError(f'{format} has codes of {format.bits} bits; arrays of codes have 8 or 16')
    return 1 if format.bits <= 8 else 2


def encode(x: Any, format: FormatLike, *, mode: str = 'rne', seed: Seed = None, bits: int = 32,
           precision: Optional[int] = None) -> Any:
    """The codes of the elements, each rounded once: from the top a sign bit, exponent bits, fraction bits, in the low
    bits of uint8 (formats of up to 8 bits) or uint16 (up to 16). Arguments as of :func:`vprec.round`; elements are
    binary32 or narrower. FormatError: the format has more than 16 bits, or does not fit binary32.

    >>> import numpy as np
    >>> [hex(code) for code in encode(np.float32([1.0, -448.0, 0.1]), "e4m3fn")]
    ['0x38', '0xfe', '0x1d']
    """
    to = Format(format)
    size = _code_size(to)
    array = as_array(x)
    if array.dtype == F64 and not isinstance(x, (int, float, list, tuple)):
        raise TypeError('the elements are binary64: round them first, vprec.round(x, format).astype(np.float32)')
    if array.dtype == F64:
        array = vprec_round(array, to, mode, seed, bits, precision).astype(F32)
        mode = 'rne'
    check_fits(to, F32)
    values = contiguous(array, F32)
    codes = np.empty(array.shape, f'u{size}')
    to_address, kept = rounding(to, mode_number(mode), seed, bits, precision)
    check(c.encode[size](address(codes), address(values), codes.size, to_address))
    del kept
    return like((x,), codes)


def vprec_round(x: Any, to: Format, mode: str, seed: Seed, bits: int, precision: Optional[int]) -> Any:
    from .operations import round as rounded
    return rounded(x, to, mode=mode, seed=seed, bits=bits, precision=precision)


def decode(codes: Any, format: FormatLike) -> Any:
    """The values of codes, an array or tensor of uint8 (formats of up to 8 bits) or uint16 (up to 16) of any shape, as
    binary32; bits above the format's are ignored. FormatError: the format has more than 16 bits or does not fit
    binary32. TypeError: codes of another type.

    >>> import numpy as np
    >>> decode(np.uint8([0x38, 0xfe, 0x1d]), "e4m3fn")
    array([ 1.000000e+00, -4.480000e+02,  1.015625e-01], dtype=float32)
    """
    to = Format(format)
    size = _code_size(to)
    check_fits(to, F32)
    array = codes.detach().numpy() if is_tensor(codes) else np.asarray(codes)
    if array.dtype != np.dtype(f'u{size}'):
        raise TypeError(f'codes of {to} are of uint{8 * size}, not of {array.dtype}')
    array = np.require(array, requirements=['C', 'A'])
    values = np.empty(array.shape, F32)
    check(c.decode[size](address(values), address(array), array.size, to.address))
    return like((codes,), values)


_NAMES = {'f4': 'f32', 'f8': 'f64', 'i4': 'i32', 'u4': 'u32', 'i8': 'i64', 'u8': 'u64'}


def convert(x: Any, format: FormatLike, dtype: Any = np.float32, *, mode: str = 'rne', seed: Seed = None,
            bits: int = 32, precision: Optional[int] = None) -> Any:
    """The elements, rounded once to the format, in an array of `dtype`, which is binary32 or binary64: a double goes to
    a narrow format at once, never by way of a float, and so do whole numbers of 64 bits. Arguments as of
    :func:`vprec.round`. FormatError: the format does not fit `dtype`.

    >>> import numpy as np
    >>> convert(np.array([2 ** 62 + 2 ** 38 + 1]), "fp32"), convert(np.array([1 + 2.0 ** -24 + 2.0 ** -50]), "fp32")
    (array([4.6116866e+18], dtype=float32), array([1.0000001], dtype=float32))
    """
    to = Format(format)
    dtype = np.dtype(dtype)
    if dtype not in (F32, F64):
        raise TypeError(f'dtype is float32 or float64, not {dtype}')
    check_fits(to, dtype)
    array = np.asarray(x) if not is_tensor(x) else as_array(x)
    if array.dtype.kind in 'iub' and array.dtype.kind != 'b':
        if array.dtype.itemsize < 4:
            array = array.astype(np.int32)
        array = np.require(array.astype(array.dtype.newbyteorder('='), copy=False), requirements=['C', 'A'])
    else:
        array = as_array(array)
        array = contiguous(array, F32 if narrow_format(array.dtype) is not None else array.dtype)
    name, target = _NAMES[array.dtype.str[1:]], _NAMES[dtype.str[1:]]
    number = mode_number(mode)
    to_address, kept = rounding(to, number, seed, bits, precision)
    result = np.empty(array.shape, dtype)
    if name == target:
        check(c.elements('round', 1)[dtype == F64](address(result), address(array), array.size, to_address))
    else:
        check(c.convert[name, target](address(result), address(array), array.size, to_address))
    del kept
    return like((x,), result)
