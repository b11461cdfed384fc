# SPDX-License-Identifier: Apache-2.0
# products.py: sums of products: dot products, matrix products, convolutions.
"""Sums of products in which each step is rounded: dot, gemm, conv."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from . import _library as c
from .arrays import (F32, F64, address, as_array, check, check_fits, contiguous, like, narrow_format, result_array,
                     result_type, store)
from .formats import Format
from .roundings import Outcomes, Seed, key, mode_number, rounding

if TYPE_CHECKING:
    from .formats import FormatLike

    Pair = Union[int, tuple[int, int]]

__all__ = ['conv', 'dot', 'gemm']


class _Accumulation:
    """vprec_accumulation with all that it points to."""

    def __init__(self, dtype: np.dtype[Any], format: FormatLike, product: Optional[FormatLike],
                 input: Optional[FormatLike], mode: str, order: str, block: int, threads: int, seed: Seed, bits: int,
                 precision: Optional[int], outcomes: Optional[Outcomes]) -> None:
        number = mode_number(mode)
        if order not in c.ORDERS:
            raise ValueError(f'no order {order!r}; there are {", ".join(c.ORDERS)}')
        if block < 1 or threads < 0:
            raise ValueError('block is 1 or more; threads is 0, one for each processor, or more')
        drawn = key(seed) if number >= c.SR else 0
        self.kept: list[Any] = []
        addresses: list[Optional[int]] = []
        container = F64 if dtype == F64 else F32
        for child, text in enumerate((input, product, format)):
            if text is None:
                addresses.append(None)
                continue
            to = Format(text)
            check_fits(to, dtype if child == 2 else container)
            where, kept = rounding(to, number, drawn, bits, precision, outcomes, child)
            addresses.append(where)
            self.kept.append(kept)
        self.struct = c.AccumulationStruct(*addresses, c.ORDERS[order], block, threads)
        self.address = ctypes.addressof(self.struct)


def _strided(a: np.ndarray[Any, Any], container: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """With its last two dimensions as the library takes them: any strides, not negative, in whole elements."""
    if a.dtype == container and a.flags.aligned and all(s >= 0 and s % container.itemsize == 0 for s in a.strides[-2:]):
        return a
    return contiguous(a, container)


def _strides(a: np.ndarray[Any, Any]) -> c.StridesStruct:
    size = a.dtype.itemsize
    return c.StridesStruct(a.strides[0] // size, a.strides[1] // size)


def gemm(a: Any, b: Any, format: FormatLike, *, product: Optional[FormatLike] = None,
         input: Optional[FormatLike] = None, mode: str = 'rne', order: str = 'sequential', block: int = 16,
         threads: int = 0, add: bool = False, seed: Seed = None, bits: int = 32, precision: Optional[int] = None,
         out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """The matrix product of `a` (..., m, k) and `b` (..., k, n): (..., m, n), each step rounded once to `format`.
    Dimensions before the last two are broadcast, as of numpy.matmul. Transposed and otherwise strided matrices are not
    copied.

    A sum starts from +0, or with `add` from what `out` holds, and takes its k terms in order: ``sum = a*b + sum``, a
    fused operation rounded once; or with `product` the product is rounded to that format first. `input`: both matrices
    are rounded to it first. `order`: ``sequential``; ``blocked``, sums of blocks of `block` terms are added from first
    to last; ``pairwise``, they are added in a binary tree. The result is the same for any number of `threads` (0: one
    for each processor). Other arguments as of :func:`vprec.round`.

    ValueError: shapes that do not match. FormatError: a format that the elements do not hold.

    >>> import numpy as np
    >>> gemm(np.full((1, 2000), 0.1), np.ones((2000, 1)), "bf16")
    array([[32.]])
    >>> gemm(np.full((1, 2000), 0.1), np.ones((2000, 1)), "bf16", order="pairwise")
    array([[202.]])
    """
    given = (a, b)
    arrays = [as_array(x) for x in given]
    if min(x.ndim for x in arrays) < 2:
        raise ValueError('gemm multiplies matrices, of two dimensions and more; vectors are for vprec.dot')
    m, k = arrays[0].shape[-2:]
    n = arrays[1].shape[-1]
    if arrays[1].shape[-2] != k:
        raise ValueError(f'a has {k} columns and b {arrays[1].shape[-2]} rows')
    dtype = result_type(arrays, given)
    container = F64 if dtype == F64 else F32
    batch = np.broadcast_shapes(arrays[0].shape[:-2], arrays[1].shape[:-2])
    shape = (*batch, m, n)
    if add and out is None:
        raise ValueError('add begins with what out holds: hand over out')
    target = None if out is None else result_array(out, shape, dtype)
    how = _Accumulation(dtype, format, product, input, mode, order, block, threads, seed, bits, precision, outcomes)
    x, y = (_strided(v, container) for v in arrays)
    whole = target
    if target is None or not _direct(target, container) or any(np.may_share_memory(target, v) for v in (x, y)):
        whole = np.zeros(shape, container) if not add or target is None else contiguous(target, container).copy()
    assert whole is not None
    x, y = np.broadcast_to(x, (*batch, m, k)), np.broadcast_to(y, (*batch, k, n))
    function = c.gemm[container == F64]
    for index in np.ndindex(*batch):
        check(function(m, n, k, address(x[index]), _strides(x[index]), address(y[index]), _strides(y[index]),
                       address(whole[index]), _strides(whole[index]), add, how.address))
    return _finish(given, whole, target, out, dtype)


def _direct(target: np.ndarray[Any, Any], container: np.dtype[Any]) -> bool:
    return target.dtype == container and target.flags.c_contiguous and target.flags.aligned


def _finish(given: tuple[Any, ...], whole: np.ndarray[Any, Any], target: Optional[np.ndarray[Any, Any]], out: Any,
            dtype: np.dtype[Any]) -> Any:
    if target is None:
        if whole.dtype != dtype:
            target = np.empty(whole.shape, dtype)
            store(target, whole)
            return like(given, target)
        return like(given, whole)
    if whole is not target:
        store(target, whole)
    return out


def dot(a: Any, b: Any, format: FormatLike, *, product: Optional[FormatLike] = None, input: Optional[FormatLike] = None,
        mode: str = 'rne', order: str = 'sequential', block: int = 16, seed: Seed = None, bits: int = 32,
        precision: Optional[int] = None, outcomes: Optional[Outcomes] = None) -> Any:
    """The sum of a[i] * b[i] of two vectors of one length, arguments as of :func:`gemm`. The result is a scalar.

    >>> dot([0.1] * 2000, [1.0] * 2000, "fp16", order="blocked")
    201.875
    """
    arrays = [as_array(x) for x in (a, b)]
    if [x.ndim for x in arrays] != [1, 1] or arrays[0].shape != arrays[1].shape:
        raise ValueError('dot multiplies two vectors of one length, these have the shapes '
                         f'{arrays[0].shape} and {arrays[1].shape}')
    result = gemm(arrays[0][None, :], arrays[1][:, None], format, product=product, input=input, mode=mode, order=order,
                  block=block, threads=1, seed=seed, bits=bits, precision=precision, outcomes=outcomes)[0, 0]
    return float(result) if result.dtype == F64 else result


def _pair(value: Pair, what: str) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or min(pair) < 0:
        raise ValueError(f'{what} is a whole number, or two: for height and width')
    return pair[0], pair[1]


def conv(x: Any, kernels: Any, format: FormatLike, *, bias: Any = None, stride: Pair = 1, pad: Pair = 0,
         dilation: Pair = 1, groups: int = 1, product: Optional[FormatLike] = None, input: Optional[FormatLike] = None,
         mode: str = 'rne', order: str = 'sequential', block: int = 16, threads: int = 0, seed: Seed = None,
         bits: int = 32, precision: Optional[int] = None, out: Any = None, outcomes: Optional[Outcomes] = None) -> Any:
    """A convolution as networks mean it: `x` (batch, channels, height, width) with `kernels` (filters, channels/groups,
    kernel height, kernel width) gives (batch, filters, height', width'), height' = (height + 2*pad - dilation*(kernel
    height-1) - 1) // stride + 1. `bias` (filters) is what sums start from. `stride`, `pad` and `dilation` are numbers,
    or pairs for height and width. Without height, `x` (batch, channels, width) and `kernels` (filters, channels/groups,
    width), it is one-dimensional. Terms are taken over channels, then kernel rows, then columns; each step is rounded,
    by the arguments of :func:`gemm`.

    ValueError: shapes that do not match, or kernels larger than the padded input.

    >>> import numpy as np
    >>> conv(np.ones((1, 1, 3, 3)), np.full((1, 1, 2, 2), 0.3), "e4m3fn", pad=1)[0, 0, 1]
    array([0.625, 1.25 , 1.25 , 0.625])
    """
    given = (x, kernels) if bias is None else (x, kernels, bias)
    arrays = [as_array(v) for v in given]
    flat = arrays[0].ndim == 3
    if arrays[0].ndim not in (3, 4) or arrays[1].ndim != arrays[0].ndim:
        raise ValueError('x is (batch, channels, height, width) and kernels (filters, channels/groups, height, width); '
                         'or both without height')
    dtype = result_type(arrays, given)
    container = F64 if dtype == F64 else F32
    operands = [contiguous(v, container) for v in arrays]
    batch, channels, *size = arrays[0].shape
    filters, depth, *kernel = arrays[1].shape
    if groups < 1 or channels % groups or filters % groups or depth != channels // groups:
        raise ValueError(f'{channels} channels in {groups} groups need kernels of {channels // max(groups, 1)} '
                         f'channels, and filters in as many groups: these are {filters} of {depth}')
    if bias is not None and arrays[2].shape != (filters,):
        raise ValueError(f'bias has the shape {arrays[2].shape}, not ({filters},)')
    steps = [_pair(value, what) for value, what in ((stride, 'stride'), (pad, 'pad'), (dilation, 'dilation'))]
    if flat:
        size, kernel = [1, *size], [1, *kernel]
        steps = [(1, steps[0][1]), (0, steps[1][1]), (1, steps[2][1])]
    numbers = [(ctypes.c_size_t * 2)(*pair) for pair in (size, kernel, *steps)]
    shape = c.ConvStruct(batch, channels, filters, groups, *numbers)
    made = (ctypes.c_size_t * 2)()
    if c.conv_output(shape, made) or not made[0] or not made[1]:
        raise ValueError(f'no output: x is {tuple(size)}, kernels are {tuple(kernel)}; stride and dilation are '
                         '1 at least')
    result_shape = (batch, filters, made[1]) if flat else (batch, filters, made[0], made[1])
    target = None if out is None else result_array(out, result_shape, dtype)
    how = _Accumulation(dtype, format, product, input, mode, order, block, threads, seed, bits, precision, outcomes)
    whole = target
    if target is None or not _direct(target, container) or any(np.may_share_memory(target, v) for v in operands):
        whole = np.empty(result_shape, container)
    assert whole is not None
    check(c.conv[container == F64](address(whole), address(operands[0]), address(operands[1]),
                                   address(operands[2]) if bias is not None else None, shape, how.address))
    return _finish(given, whole, target, out, dtype)
