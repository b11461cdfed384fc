# SPDX-License-Identifier: Apache-2.0
"""elementwise.py IN OUT: an expression of three vectors of binary32 in the file IN, which JAX's compiler makes one
loop of: its generated code does all of the arithmetic. Result to OUT."""
import sys

import jax
import numpy


@jax.jit
def expression(x, y, z):
    return (x * y + z) * x - y / (z * z + 1.5)


operands = numpy.fromfile(sys.argv[1], numpy.float32)
numpy.asarray(expression(*operands.reshape(3, -1))).tofile(sys.argv[2])
