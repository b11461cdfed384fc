# SPDX-License-Identifier: Apache-2.0
"""_library.py: libvprec as ctypes sees it: its structures, and its functions with their types. Nothing is compiled
against Python; whoever calls hands over addresses, and keeps alive what lies there until the call returns."""
from __future__ import annotations

import ctypes
import os
import sys
from ctypes import (POINTER, Structure, c_bool, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint, c_uint8,
                    c_uint16, c_uint32, c_uint64, c_void_p)

TYPE_CHECKING = False # importing typing takes longer than all the rest
if TYPE_CHECKING:
    from typing import Any

OK, EINVAL, EFORMAT, ERANGE, ENOMEM = range(5)
F32, F64 = range(2)
SAT, NOINF, NOSUB, NONAN, NONEGZERO = (1 << bit for bit in range(5))
# From `sr` on results are random. Behind it are those that the library has as `rne` with noise: in bit 0 of results, in
# bit 1 of operands.
MODES = {'rne': 0, 'rna': 1, 'rtz': 2, 'ru': 3, 'rd': 4, 'rto': 5, 'sr': 6, 'rr': 7, 'pb': 8, 'mca': 9}
RNE, SR = MODES['rne'], MODES['sr']
RELATIVE = 1
ORDERS = {'sequential': 0, 'blocked': 1, 'pairwise': 2}


class FormatStruct(Structure):
    """vprec_format"""
    _fields_ = [('ebits', c_uint8), ('fbits', c_uint8), ('flags', c_uint16), ('bias', c_int32), ('emin', c_int32),
                ('emax', c_int32), ('max', c_double), ('min_normal', c_double), ('min_subnormal', c_double),
                ('kind', c_uint32), ('more', c_uint32 * 5)]


class RandomStruct(Structure):
    """vprec_random"""
    _fields_ = [('bits', c_uint), ('words', c_void_p), ('context', c_void_p)]


class OutcomesStruct(Structure):
    """vprec_outcomes"""
    _fields_ = [('operations', c_uint64), ('overflows', c_uint64), ('underflows', c_uint64), ('zeros', c_uint64),
                ('invalids', c_uint64), ('poles', c_uint64), ('least', c_double), ('most', c_double)]


class NoiseStruct(Structure):
    """vprec_noise"""
    _fields_ = [('what', c_uint), ('precision', c_uint), ('error', c_uint), ('exponent', c_int)]


class RoundingStruct(Structure):
    """vprec_rounding"""
    _fields_ = [('format', FormatStruct), ('mode', c_int), ('random', RandomStruct), ('outcomes', c_void_p),
                ('noise', c_void_p)]


class TaskStruct(Structure):
    """What is done with single numbers: numbers.c's task."""
    _fields_ = [('format', FormatStruct), ('mode', c_int), ('bits', c_uint), ('precision', c_uint),
                ('operation', c_int), ('is_double', c_int), ('unproven', c_void_p)]


class SourceStruct(Structure):
    """vprec_source"""
    _fields_ = [('words', c_uint64 * 8)]


class AccumulationStruct(Structure):
    """vprec_accumulation"""
    _fields_ = [('input', c_void_p), ('product', c_void_p), ('sum', c_void_p), ('order', c_int), ('block', c_size_t),
                ('threads', c_uint)]


class StridesStruct(Structure):
    """vprec_strides"""
    _fields_ = [('row', c_size_t), ('column', c_size_t)]


class ConvStruct(Structure):
    """vprec_conv"""
    _fields_ = [('batch', c_size_t), ('channels', c_size_t), ('filters', c_size_t), ('groups', c_size_t),
                ('size', c_size_t * 2), ('kernel', c_size_t * 2), ('stride', c_size_t * 2), ('pad', c_size_t * 2),
                ('dilation', c_size_t * 2)]


def _open() -> tuple[ctypes.CDLL, ctypes.PyDLL]:
    machine = os.uname().machine if hasattr(os, 'uname') else 'another processor'
    if sys.platform != 'linux' or machine != 'x86_64' or sys.maxsize < 1 << 32:
        raise ImportError(f'vprec runs on Linux on x86-64 in 64 bits, this is {sys.platform} on {machine}: use it in a '
                          'container or a virtual machine of that kind')
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib', 'libvprec_python.so')
    try:
        return ctypes.CDLL(path), ctypes.PyDLL(path)
    except OSError as error:
        if not os.path.exists(path):
            why = 'the package is not whole: install it by pip; the source folder alone does not hold it'
        elif 'CS_GNU_LIBC_VERSION' not in os.confstr_names:
            why = 'vprec needs the GNU C library, and this Python does without it, as on Alpine: take one that has it'
        else:
            why = f'the loader says: {error}'
        raise ImportError(f"vprec's library '{path}' cannot be loaded: {why}") from None


# Calls by `lib` release the interpreter's lock; by `quick` they keep it: they take less time than that.
lib, quick = _open()


def declare(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    """A function of the library with its types."""
    function = library[name]
    function.restype = result
    function.argtypes = arguments
    return function


_API = 1
if declare(quick, 'vprec_api_version', c_int)() < _API:
    raise ImportError("vprec's library is older than its Python modules: install vprec again by pip")

version: str = declare(quick, 'vprec_version', c_char_p)().decode()
format_parse = declare(quick, 'vprec_format_parse', c_int, c_char_p, c_int, POINTER(FormatStruct), c_char_p, c_size_t)
format_print = declare(quick, 'vprec_format_print', c_size_t, POINTER(FormatStruct), c_char_p, c_size_t)
format_preset = declare(quick, 'vprec_format_preset', c_char_p, c_size_t, c_void_p)
format_remark = declare(quick, 'vprec_format_remark', c_char_p, POINTER(FormatStruct))
key_child = declare(quick, 'vprec_key_child', c_uint64, c_uint64, c_uint64)
source_init = declare(quick, 'vprec_source_init', None, c_void_p, c_uint64)
_source_random = declare(quick, 'vprec_source_random', RandomStruct, c_void_p, c_uint)

# The function by which a source gives words.
source_words: int = _source_random(None, 32).words


def scalars(name: str, operands: int) -> Any:
    """(*operands, format's address, mode) -> float"""
    return declare(quick, f'vprec_{name}', c_double, *[c_double] * operands, c_void_p, c_int)


def elements(name: str, operands: int) -> tuple[Any, Any]:
    """For binary32 and binary64: (out, *operands, n, rounding) -> status, by addresses."""
    types = [c_void_p] * (operands + 1)
    return (declare(lib, f'vprec_{name}_f32', c_int, *types, c_size_t, c_void_p),
            declare(lib, f'vprec_{name}_f64', c_int, *types, c_size_t, c_void_p))


# In the order of their numbers in a task; with their operands.
OPERATIONS = ('round', 1), ('add', 2), ('sub', 2), ('mul', 2), ('div', 2), ('sqrt', 1), ('fma', 3)

function_find = declare(quick, 'vprec_function_find', c_int, c_char_p, POINTER(c_int))
# One number in a random mode: (operands, task's address, seed, number of the call or -1) -> float, by the number of
# operands; the function with two always.
_DRAWN = [c_void_p, c_uint64, c_int64]
operation_drawn = {n: declare(quick, f'vprec_python_operation_{n}', c_double, *[c_double] * n, *_DRAWN)
                   for n in (1, 2, 3)}
function_drawn = declare(quick, 'vprec_python_function', c_double, c_double, c_double, *_DRAWN)
# A function in other modes: (operands, task's address) -> float.
function_exact = {n: declare(quick, f'vprec_python_exact_{n}', c_double, *[c_double] * n, c_void_p) for n in (1, 2)}
_FUNCTION = [c_int, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_void_p]
libm_elements = (declare(lib, 'vprec_libm_f32', c_int, *_FUNCTION), declare(lib, 'vprec_libm_f64', c_int, *_FUNCTION))

# By the bytes of a code: from and to binary32; (out, in, n, rounding or format) -> status.
_CODES = [c_void_p, c_void_p, c_size_t, c_void_p]
encode = {size: declare(lib, f'vprec_encode_f32_u{8 * size}', c_int, *_CODES) for size in (1, 2)}
decode = {size: declare(lib, f'vprec_decode_u{8 * size}_f32', c_int, *_CODES) for size in (1, 2)}
# (out, in, n, rounding) -> status, by the names of the types.
convert = {(a, b): declare(lib, f'vprec_convert_{a}_{b}', c_int, *_CODES)
           for a in ('f32', 'f64', 'i32', 'u32', 'i64', 'u64') for b in ('f32', 'f64') if a != b}

_GEMM = [c_size_t, c_size_t, c_size_t, c_void_p, StridesStruct, c_void_p, StridesStruct, c_void_p, StridesStruct,
         c_bool, c_void_p]
gemm = (declare(lib, 'vprec_gemm_f32', c_int, *_GEMM), declare(lib, 'vprec_gemm_f64', c_int, *_GEMM))
_CONV = [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(ConvStruct), c_void_p]
conv = (declare(lib, 'vprec_conv_f32', c_int, *_CONV), declare(lib, 'vprec_conv_f64', c_int, *_CONV))
conv_output = declare(quick, 'vprec_conv_output', c_int, POINTER(ConvStruct), c_size_t * 2)

knows = declare(quick, 'vprec_python_knows', c_int, c_char_p, c_char_p)
begin = declare(quick, 'vprec_python_begin', c_uint32, c_char_p)
end = declare(quick, 'vprec_python_end', None, c_uint32)
probes = declare(quick, 'vprec_python_probes', c_int)
probe = declare(lib, 'vprec_python_probe', None, c_char_p, c_void_p, c_size_t, c_int)
