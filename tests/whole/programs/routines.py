# SPDX-License-Identifier: Apache-2.0
"""NumPy's exp and power call vector routines (SVML) whose inside relies on its own precision: one operation each.

routines.py VPREC_RUN: every result at f64=e11m40 must be the mathematical one to 0.51 ulp of the format and hold no
bit that the format cannot. The reference is Python's own libm, in this process, on the operands that were used.
"""
import math
import os
import struct
import sys

from programs import fail, need, run

WORK = """
import numpy
x = numpy.linspace(0.1, 9, 1000)
for name, y in ("exp", numpy.exp(x)), ("power", numpy.power(x, 1.25)), ("log", numpy.log(x)):
    for a, b in zip(x, y):
        print(name, a.tobytes().hex(), b.tobytes().hex())
"""
FUNCTIONS = {"exp": math.exp, "power": lambda x: math.pow(x, 1.25), "log": math.log}
FRACTION = 40


def double(text):
    return struct.unpack("<d", bytes.fromhex(text))[0]


need("python3-numpy", "/usr/lib/python3/dist-packages/numpy")
done = run([os.path.abspath(sys.argv[1]), "-q", "--format", "f64=e11m40", "--", "/usr/bin/python3", "-c", WORK], "/")
lines = done.stdout.decode().splitlines()
if done.returncode or len(lines) != 3000:
    fail(f"exit status {done.returncode}, {len(lines)} lines", done.stderr.decode(errors="replace"))
inexact = 0
for line in lines:
    name, x_bits, y_bits = line.split()
    x, y = double(x_bits), double(y_bits)
    want = FUNCTIONS[name](x)
    ulp = 2.0 ** (math.frexp(want)[1] - 1 - FRACTION)
    if abs(y - want) > 0.51 * ulp:
        fail(f"{name}({x.hex()}) is {y.hex()}, must be {want.hex()} rounded to {FRACTION} fraction bits")
    if int.from_bytes(bytes.fromhex(y_bits), "little") & ((1 << (52 - FRACTION)) - 1):
        fail(f"{name}({x.hex()}) is {y.hex()}: bits below fraction bit {FRACTION}")
    inexact += y != want
if inexact < 2900:
    fail(f"only {inexact} of 3000 results differ from native ones: nothing was rounded")
print(f"3000 results, {inexact} of them rounded, all within 0.51 ulp")
