# SPDX-License-Identifier: Apache-2.0
"""packet_exp.py VPREC_RUN: exp in Eigen's packets of eight, without FMA, as TensorFlow's wheel for AVX has it, against
the same steps with every operation rounded once: all bits must be equal, natively and in each format.

Natively the two must agree as well: that tells that these are the steps. The steps, read off the machine code: n is
x / ln 2 to the nearest integer, r = x - n ln 2 in two parts, a polynomial of degree six in r by even and odd powers,
then times 2^n by one product, or, where an element of the packet is beyond 87, by four.
"""
import os
import subprocess
import sys
import tempfile

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(HERE)), 'common'),
                os.path.join(os.path.dirname(HERE), 'programs')]
import environments
from cnn import Arithmetic

FORMATS = {'e8m22': (8, 22), 'e8m16': (8, 16), 'e8m10': (8, 10), 'e8m7': (8, 7), 'e8m4': (8, 4), 'e5m10': (5, 10)}
PACKET, COUNT = 8, 1 << 15
LARGEST, UNSAFE = numpy.float32(88.723), 87
SMALLEST = 2.0 ** -126 # below it TensorFlow has the processor flush to zero


def constant(text):
    """As the code has it: binary32."""
    return float(numpy.float32(float.fromhex(text)))


LOG2E = constant('0x1.715476p+0')
LN2_HIGH, LN2_LOW = constant('-0x1.63p-1'), constant('0x1.bd0106p-13')
EVEN = [constant(x) for x in ('0x1.6850e4p-10', '0x1.555b98p-5', '0x1.fffff8p-2')] # of r^6, r^4, r^2
ODD = [constant(x) for x in ('0x1.123bccp-7', '0x1.55548ep-3')]                    # of r^5, r^3


class Steps:
    """The operations of one format."""

    def __init__(self, exponent_bits, fraction_bits):
        self.arithmetic = Arithmetic(exponent_bits, fraction_bits, 'rne')

    def add(self, a, b):
        return self.arithmetic.add(a, b)

    def multiply(self, a, b):
        product = self.arithmetic.round(a * b) # binary64 holds the product
        return numpy.where(abs(product) < SMALLEST, numpy.copysign(0, product), product)

    def chain(self, x, *coefficients):
        """By Horner, sum and product rounded by themselves."""
        value = coefficients[0]
        for more in coefficients[1:]:
            value = self.add(self.multiply(value, x), more)
        return value

    def scale(self, y, n, far):
        once = numpy.clip(numpy.trunc(numpy.clip(self.add(n, 127.0), 0, 255)) - 127, -126, 127)
        near = self.multiply(y, numpy.ldexp(1.0, once.astype(int)))
        e = numpy.trunc(numpy.clip(n, -278, 278)).astype(int)
        quarter = e >> 2
        part = y
        for power in quarter, quarter, quarter, e - 3 * quarter:
            part = self.multiply(part, numpy.ldexp(1.0, power))
        return numpy.where(far, part, near)

    def exp(self, x):
        x = x.astype(float)
        held = numpy.minimum(x, float(LARGEST))
        n = numpy.floor(self.chain(held, LOG2E, 0.5))
        r = self.add(self.multiply(n, LN2_HIGH), held)
        r = self.add(self.multiply(n, LN2_LOW), r)
        square = self.multiply(r, r)
        even, odd = self.chain(square, *EVEN), self.chain(square, *ODD)
        rest = self.multiply(square, self.add(self.multiply(r, odd), even))
        y = self.add(self.add(r, 1.0), rest)
        far = numpy.repeat((abs(held) > UNSAFE).reshape(-1, PACKET).any(1), PACKET)
        return numpy.maximum(x, self.scale(y, n, far)).astype(numpy.float32)


def inputs():
    """Packets near zero, over the range of e5m10 and beyond, to the ends; numbers of eight and of 24 bits."""
    source = numpy.random.default_rng(1)
    ranges = [(-1, 1), (-8, 8), (-12, 12), (-86, 86), (86, 90)]
    parts = [source.uniform(low, high, COUNT) for low, high in ranges]
    parts[0][:4] = 0, -0.0, 1, -1
    x = numpy.concatenate(parts)
    mantissa, exponent = numpy.frexp(x)
    short = numpy.ldexp(numpy.rint(mantissa * 256), exponent - 8)
    return numpy.where(numpy.arange(len(x)) // PACKET % 2, x, short).astype(numpy.float32)


def main():
    python = environments.find('tf')
    if not python:
        print('no environment: tests/common/environments.py tf')
        return 77
    x, failed = inputs(), 0
    with tempfile.TemporaryDirectory() as folder, numpy.errstate(over='ignore', invalid='ignore'):
        source, target = (os.path.join(folder, name) for name in ('in', 'out'))
        x.tofile(source)
        for spec, bits in {'native': (8, 23), **FORMATS}.items():
            prefix = [] if spec == 'native' else [sys.argv[1], '-q', '-f', 'f32=' + spec, '--']
            subprocess.run([*prefix, python, os.path.join(HERE, 'work/packet_exp.py'), source, target], check=True,
                           stdin=subprocess.DEVNULL, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1',
                                                          'TF_CPP_MIN_LOG_LEVEL': '3'})
            got, want = numpy.fromfile(target, numpy.float32), Steps(*bits).exp(x)
            wrong = numpy.flatnonzero(got.view(numpy.uint32) != want.view(numpy.uint32))
            print(f'{spec}: {len(x)} values, {len(wrong)} wrong' +
                  ''.join(f', exp({float(x[i]).hex()}) is {float(got[i]).hex()}, must be {float(want[i]).hex()}'
                          for i in wrong[:3]), flush=True)
            failed |= len(wrong) > 0
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
