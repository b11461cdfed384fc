# SPDX-License-Identifier: Apache-2.0
# arrays.py: arrays of any kind and layout as addresses that libvprec takes, and its results as arrays of that kind.
# Knows nothing of operations. Nothing is copied where the layout allows.
"""Arrays of NumPy, PyTorch and ml_dtypes, for libvprec."""
from __future__ import annotations

import ctypes
import sys
from typing import Any, Callable, Optional

import numpy as np

from . import _library as c
from .formats import Format, FormatError

F32: np.dtype[Any] = np.dtype(np.float32)
F64: np.dtype[Any] = np.dtype(np.float64)
_TYPES: dict[Any, int] = {F32: 0, F64: 1}
_UNSIGNED: dict[int, Any] = {1: np.dtype(np.uint8), 2: np.dtype(np.uint16)}

#: The formats of element types that are narrower than binary32, by type; None: it is no such type.
_narrow: dict[Any, Optional[Format]] = {}


def narrow_format(dtype: Any) -> Optional[Format]:
    """Of an element type of one or two bytes, as of ml_dtypes, the format that its codes have; None for others.

    >>> narrow_format(np.dtype(np.float16)), narrow_format(np.dtype(np.float32))
    (Format('fp16'), None)
    """
    if dtype in _TYPES:
        return None
    if dtype not in _narrow:
        found = None
        if dtype.itemsize <= 2 and (dtype.kind == 'f' or dtype.kind == 'V') and dtype.isbuiltin != 0:
            try:
                found = Format(dtype.name)
            except FormatError:
                pass
        _narrow[dtype] = found
    return _narrow[dtype]


def _address_slowly(array: np.ndarray[Any, Any]) -> int:
    return array.ctypes.data


_pointer = ctypes.c_void_p.from_address
_HEAD = object.__basicsize__


def _address_quickly(array: np.ndarray[Any, Any]) -> int:
    return _pointer(id(array) + _HEAD).value or 0


# NumPy's own way takes a microsecond. An array's structure begins, behind what all objects begin with, with the
# pointer, by NumPy's binary interface; on another interpreter than CPython that may not be so.
_probe = np.zeros(3, np.uint8)[1:]
address = _address_quickly if sys.implementation.name == 'cpython' and _address_quickly(_probe) == \
    _address_slowly(_probe) else _address_slowly


def is_tensor(x: Any) -> bool:
    """Whether it is one of PyTorch's; without importing that."""
    torch = sys.modules.get('torch')
    return torch is not None and isinstance(x, getattr(torch, 'Tensor', ()))


def _from_tensor(x: Any) -> np.ndarray[Any, Any]:
    """The tensor's memory as an array, detached; of types that NumPy lacks ml_dtypes' like."""
    if x.device.type != 'cpu':
        raise TypeError(f'the tensor is on {x.device}: vprec computes on the processor, hand over x.cpu()')
    if x.layout != sys.modules['torch'].strided or x.is_quantized:
        raise TypeError('the tensor is sparse or quantized: hand over x.to_dense() or x.dequantize()')
    x = x.detach()
    x = x.resolve_conj().resolve_neg() if x.is_conj() or x.is_neg() else x
    name = str(x.dtype).rpartition('.')[2]
    if name == 'bfloat16' or name.startswith('float8_'):
        torch = sys.modules['torch']
        dtype = _ml_dtype(name)
        view: np.ndarray[Any, Any] = x.view(torch.uint8 if x.element_size() == 1 else torch.int16).numpy()
        return view.view(dtype)
    array: np.ndarray[Any, Any] = x.numpy()
    return array


def _ml_dtype(name: str) -> np.dtype[Any]:
    try:
        import ml_dtypes
    except ImportError:
        raise TypeError(f'tensors of {name} need the package ml_dtypes: pip install ml_dtypes; or hand over '
                        'x.float()') from None
    found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return found


def to_tensor(array: np.ndarray[Any, Any]) -> Any:
    """A tensor that shares the array's memory."""
    torch = sys.modules['torch']
    if narrow_format(array.dtype) is None or array.dtype == np.float16:
        return torch.from_numpy(array)
    whole = array.view(np.uint8 if array.dtype.itemsize == 1 else np.int16)
    return torch.from_numpy(whole).view(getattr(torch, array.dtype.name))


def as_array(x: Any) -> np.ndarray[Any, Any]:
    """What `x` holds, as an array of a type that can be computed with: its own memory where it has such.

    TypeError: no numbers, or of a type that has no exact way into binary32 or binary64.
    """
    array = x if isinstance(x, np.ndarray) else _from_tensor(x) if is_tensor(x) else np.asarray(x)
    dtype = array.dtype
    if dtype in _TYPES and dtype.isnative or narrow_format(dtype) is not None:
        return array
    if dtype.kind == 'f' and dtype.itemsize <= 8: # of another byte order
        return array.astype(dtype.newbyteorder('='))
    if dtype.kind in 'iu':
        exact = array.astype(F64)
        if dtype.itemsize == 8 and array.size and max(int(array.max()), -int(array.min())) > 1 << 53 and \
                not all(int(a) == int(b) for a, b in zip(array.flat, exact.flat)):
            raise TypeError('an integer has more than 53 bits and would be rounded twice: vprec.convert rounds it once')
        return exact
    if dtype.kind == 'c':
        raise TypeError('complex numbers: hand over x.real and x.imag, or x.view(float) for both')
    raise TypeError(f'vprec computes with binary32, binary64 and narrower types, not with {dtype}: convert it by '
                    'astype(np.float32) or astype(np.float64)')


def result_type(arrays: list[np.ndarray[Any, Any]], given: tuple[Any, ...]) -> np.dtype[Any]:
    """The elements' type of a result, as of NumPy's own operations: numbers of Python have none of their own."""
    if len(arrays) == 1:
        only: np.dtype[Any] = arrays[0].dtype
        return only
    strong = [a.dtype for a, x in zip(arrays, given) if not isinstance(x, (int, float))]
    if not strong:
        return F64
    try:
        found: np.dtype[Any] = np.result_type(*strong)
    except TypeError:
        raise TypeError(f'no type holds both {" and ".join(sorted({str(dtype) for dtype in strong}))}: convert one by '
                        'astype(np.float32)') from None
    return found


def check_fits(format: Format, dtype: np.dtype[Any]) -> None:
    """FormatError: elements of that type do not hold the format's values."""
    if dtype in format.fitting or dtype == F64:
        return
    held = narrow_format(dtype)
    if held is None:
        if not format.fits('fp32'):
            raise FormatError(f'{format} does not fit float32: give float64, as x.astype(np.float64)')
    elif not format.fits(held):
        raise FormatError(f'{format} does not fit {dtype}, which holds the values of {held}: give float32, as '
                          'x.astype(np.float32)')
    format.fitting.add(dtype)


def contiguous(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The numbers in order, one after the other, as binary32 or binary64: a copy only where they are not."""
    held = narrow_format(array.dtype)
    if held is None:
        return np.require(array, dtype, ['C', 'A']) if array.ndim else np.ascontiguousarray(array, dtype).reshape(())
    codes = np.ascontiguousarray(array).reshape(array.shape).view(_UNSIGNED[array.dtype.itemsize])
    wide = np.empty(array.shape, F32)
    check(c.decode[codes.itemsize](address(wide), address(codes), codes.size, held.address))
    return wide if dtype == F32 else wide.astype(dtype)


def store(out: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> None:
    """Writes binary32 or binary64 numbers, which `out` holds exactly, to an array of any layout."""
    held = narrow_format(out.dtype)
    if held is None:
        out[...] = values
        return
    unsigned = _UNSIGNED[out.dtype.itemsize]
    codes = np.empty(out.shape, unsigned)
    check(c.encode[codes.itemsize](address(codes), address(values), codes.size,
                                   ctypes.addressof(held.rounding(0))))
    out[...] = codes.view(out.dtype)


def check(status: int) -> None:
    """An exception for a status of libvprec that the caller has not excluded."""
    if status == c.OK:
        return
    if status == c.ENOMEM:
        raise MemoryError('no memory for the work')
    if status == c.ERANGE:
        raise FormatError('the format does not fit the elements')
    raise ValueError('libvprec refuses the arguments')


def result_array(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """`out`, the caller's, as an array. ValueError, TypeError: it cannot hold the result."""
    if not (isinstance(out, np.ndarray) or is_tensor(out)):
        raise TypeError(f'out is an array of NumPy or a tensor of PyTorch, not {type(out).__name__}')
    array = out if isinstance(out, np.ndarray) else _from_tensor(out)
    if array.dtype != dtype:
        raise TypeError(f'out has elements of {array.dtype}, the result is of {dtype}')
    if array.shape != shape:
        raise ValueError(f'out has the shape {array.shape}, the result has {shape}')
    if not array.flags.writeable:
        raise ValueError('out is read-only: hand over a copy')
    return array


def like(given: tuple[Any, ...], result: np.ndarray[Any, Any]) -> Any:
    """A result as what was given: a tensor for tensors, a scalar for scalars, else an array."""
    for x in given:
        if is_tensor(x):
            return to_tensor(result)
    if result.ndim == 0 and not any(isinstance(x, np.ndarray) for x in given):
        plain = all(isinstance(x, (int, float)) and not isinstance(x, np.generic) for x in given)
        return float(result[()]) if plain else result[()]
    return result


def elementwise(call: Callable[..., int], functions: Any, given: tuple[Any, ...], format: Format, rounding: int,
                ordered: bool, out: Any) -> Any:
    """Element by element. `call(function, addresses, n, rounding)` calls the function of `functions` for the type with
    the addresses of the result and of the operands. `ordered`: random numbers belong to elements by their number, so
    memory may not be walked in another order."""
    arrays = [as_array(x) for x in given]
    dtype = result_type(arrays, given)
    check_fits(format, dtype)
    shape = arrays[0].shape
    for a in arrays:
        if a.shape != shape:
            arrays = list(np.broadcast_arrays(*arrays))
            shape = arrays[0].shape
            break
    target = None if out is None else result_array(out, shape, dtype)
    kind = _TYPES.get(dtype)
    if kind is not None and _alike(arrays, target, dtype, ordered):
        result = np.empty_like(arrays[0], order='K', subok=False) if target is None else target
        status = call(functions[kind], [address(result)] + [address(a) for a in arrays], result.size, rounding)
        if status == c.OK:
            return like(given, result) if out is None else out
        if status != c.EINVAL or target is None: # EINVAL: out lies across an operand
            check(status)
    container = F64 if dtype == F64 else F32
    operands = [contiguous(a, container) for a in arrays]
    values = np.empty(shape, container)
    check(call(functions[_TYPES[container]], [address(values)] + [address(a) for a in operands], values.size,
               rounding))
    if target is None and container == dtype:
        return like(given, values)
    result = np.empty(shape, dtype) if target is None else target
    store(result, values)
    return like(given, result) if out is None else out


def _alike(arrays: list[np.ndarray[Any, Any]], target: Optional[np.ndarray[Any, Any]], dtype: np.dtype[Any],
           ordered: bool) -> bool:
    """Whether their memory, from the first to the last element, is one run of elements in one order."""
    everything = arrays if target is None else [*arrays, target]
    flags = everything[0].flags
    c_order = flags.c_contiguous
    if not c_order and (ordered or not flags.f_contiguous):
        return False
    for a in everything:
        flags = a.flags
        if a.dtype != dtype or not flags.aligned or not (flags.c_contiguous if c_order else flags.f_contiguous):
            return False
    return True
