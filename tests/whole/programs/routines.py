# SPDX-License-Identifier: Apache-2.0
"""routines.py: NumPy's exp and power call vector routines (SVML) whose inside relies on its own precision: one
operation each.

routines.py VPREC_RUN: every result at f32=e8m10,f64=e11m40 must be the mathematical one to 0.51 ulp of the format and
hold no bit that the format cannot, also where a routine's slow path makes it: subnormal operands, those out of the
domain, results beyond the range. The reference is Python's own libm, in this process, on the operands that were used.
"""
import math
import os
import struct
import sys

from programs import fail, need, run

WORK = """
import numpy
numpy.seterr(all="ignore")
tiny = numpy.float64(5e-324)
for kind, special in (numpy.float64, (-2.5e-320, 2.5e-320, -3e-310, 0.0, -0.5, -2.0, 709.5, -708.0, 1e300, -1e300)), \\
                     (numpy.float32, (-1e-40, 1e-40, -0.5, -2.0, 0.0, 87.0, 88.5, -87.0, 1e30, -1e30)):
    x = numpy.concatenate([numpy.linspace(0.1, 9, 1000), special, (numpy.inf, -numpy.inf, numpy.nan)]).astype(kind)
    for name in NAMES:
        y = numpy.power(x, kind(1.25)) if name == "power" else getattr(numpy, name)(x)
        for a, b in zip(x, y):
            print(name, a.tobytes().hex(), b.tobytes().hex())
"""
# By NumPy's name. (NumPy's own float32 exp, log, sin and cos, and its tanh, are ordinary code.)
FUNCTIONS = {"exp": math.exp, "power": lambda x: math.pow(x, 1.25), "log": math.log, "exp2": lambda x: math.pow(2.0, x),
             "log2": math.log2, "log10": math.log10, "expm1": math.expm1, "log1p": math.log1p,
             "sinh": math.sinh, "cosh": math.cosh, "arctan": math.atan, "arcsinh": math.asinh,
             "cbrt": lambda x: math.copysign(math.pow(abs(x), 1 / 3), x)}
ORDINARY = "exp", "log"
# fraction bits, least exponent of a normal number, exponent of the largest
FORMATS = {4: (10, -126, 127), 8: (40, -1022, 1023)}


def exact(name, x):
    try:
        return FUNCTIONS[name](x)
    except OverflowError:
        return math.copysign(math.inf, x) if name == "sinh" else math.inf
    except ValueError:
        pole = {"log": 0, "log2": 0, "log10": 0, "log1p": -1}.get(name)
        return -math.inf if x == pole else math.nan


def near(have, want, size):
    fraction, least, most = FORMATS[size]
    if math.isnan(want) or math.isinf(want):
        return have == want or (math.isnan(want) and math.isnan(have))
    exponent = math.frexp(want)[1] - 1
    if exponent > most or (exponent == most and math.isinf(have)):
        return math.isinf(have) and (have > 0) == (want > 0) and abs(want) > math.ldexp(1.99, most)
    ulp = math.ldexp(1.0, max(exponent, least) - fraction)
    return abs(have - want) <= 0.51 * ulp


need("python3-numpy", "/usr/lib/python3/dist-packages/numpy")
work = WORK.replace("NAMES", repr(tuple(FUNCTIONS)))
command = [os.path.abspath(sys.argv[1]), "-q", "--format", "f32=e8m10,f64=e11m40", "--", "/usr/bin/python3", "-c", work]
done = run(command, "/")
lines = done.stdout.decode().splitlines()
if done.returncode or len(lines) != 2 * 1013 * len(FUNCTIONS):
    fail(f"exit status {done.returncode}, {len(lines)} lines", done.stderr.decode(errors="replace"))
inexact = checked = 0
for line in lines:
    name, x_bits, y_bits = line.split()
    size = len(x_bits) // 2
    if size == 4 and name in ORDINARY:
        continue
    x, y = (struct.unpack("<f" if size == 4 else "<d", bytes.fromhex(bits))[0] for bits in (x_bits, y_bits))
    want = exact(name, x)
    if not near(y, want, size):
        fail(f"{name}({x.hex()}) of {8 * size} bits is {y.hex()}, must be {want.hex()}, rounded")
    left = (23 if size == 4 else 52) - FORMATS[size][0]
    if math.isfinite(y) and int.from_bytes(bytes.fromhex(y_bits), "little") & ((1 << left) - 1):
        fail(f"{name}({x.hex()}) is {y.hex()}: bits that the format does not have")
    checked += 1
    inexact += y != want
if inexact < checked * 0.9:
    fail(f"only {inexact} of {checked} results differ from native ones: nothing was rounded")
print(f"{checked} results, {inexact} of them rounded, all within 0.51 ulp")
