# SPDX-License-Identifier: Apache-2.0
"""test_products.py: sums of products, elementary functions, codes and statistics from Python. The oracle is NumPy in
binary64, where what is tried is exact, and ml_dtypes' rounding of it: no code of libvprec."""
import unittest

import ml_dtypes
import numpy as np
import torch

import vprec

E5M2 = ml_dtypes.float8_e5m2


def rounded(x):
    """To e5m2, of values that binary32 holds."""
    return np.float32(x).astype(E5M2).astype(np.float64)


def product(a, b, start=0.0):
    """Fused, sequential: exact in binary64 for the numbers of drawn()."""
    sums = np.zeros((len(a), b.shape[1])) + start
    for p in range(a.shape[1]):
        sums = rounded(np.outer(a[:, p], b[p]) + sums)
    return sums


def drawn(*shape, seed=1):
    """Numbers of three bits near 1: their products, and sums with numbers of e5m2, are exact in binary32."""
    return np.random.default_rng(seed).integers(-7, 8, shape) / 4.0


class Products(unittest.TestCase):
    def test_layouts(self):
        a, b = drawn(7, 9), drawn(9, 5, seed=2)
        wanted = product(a, b)
        self.assertGreater(len(np.unique(wanted)), 5)
        for dtype in (np.float32, np.float64):
            x, y = a.astype(dtype), b.astype(dtype)
            wide = np.zeros((7, 18), dtype)
            wide[:, ::2] = x
            for left in (x, np.asfortranarray(x), wide[:, ::2], x[::-1][::-1], x[::-1].copy()[::-1]):
                for right in (y, np.asfortranarray(y), y[:, ::-1].copy()[:, ::-1]):
                    got = vprec.gemm(left, right, 'e5m2')
                    self.assertEqual(got.dtype, dtype)
                    np.testing.assert_array_equal(got, wanted)
        np.testing.assert_array_equal(vprec.gemm(a.astype(E5M2), b.astype(E5M2), 'e5m2').astype(float), wanted)
        got = vprec.gemm(torch.tensor(a), torch.tensor(b), 'e5m2')
        self.assertIsInstance(got, torch.Tensor)
        np.testing.assert_array_equal(got.numpy(), wanted)

    def test_out_add_and_batches(self):
        a, b = drawn(3, 4, 5), drawn(5, 2, seed=3)
        wanted = np.stack([product(x, b, 1.0) for x in a])
        for out in (np.ones((3, 4, 2)), np.ones((2, 4, 3)).T, np.ones((3, 4, 4))[..., ::-2]):
            self.assertIs(vprec.gemm(a, b, 'e5m2', out=out, add=True), out)
            np.testing.assert_array_equal(out, wanted)
        square = drawn(4, 4)
        wanted = product(square, square)
        vprec.gemm(square, square, 'e5m2', out=square)
        np.testing.assert_array_equal(square, wanted)

    def test_steps(self):
        """Products apart, inputs rounded, other orders: each by hand."""
        x = np.array([1.1, 1.3, 1.7, -0.9])
        y = np.array([0.7, 1.9, 0.3, 1.1])
        a, b = rounded(x), rounded(y)
        terms = rounded(a * b)
        sums = 0.0
        for term in terms:
            sums = rounded(sums + term)
        self.assertEqual(vprec.dot(x, y, 'e5m2', product='e5m2', input='e5m2'), sums)
        halves = [rounded(rounded(0 + terms[i]) + terms[i + 1]) for i in (0, 2)]
        for order in ('blocked', 'pairwise'):
            self.assertEqual(vprec.dot(x, y, 'e5m2', product='e5m2', input='e5m2', order=order, block=2),
                             rounded(halves[0] + halves[1]))

    def test_convolutions(self):
        x, k, bias = drawn(2, 4, 6, 5), drawn(6, 2, 3, 2, seed=4), drawn(6, seed=5)
        wanted = np.zeros((2, 6, 3, 3))
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2)))
        for n, f, i, j in np.ndindex(wanted.shape):
            sums = bias[f]
            for c, r, s in np.ndindex(2, 3, 2):
                sums = rounded(sums + k[f, c, r, s] * padded[n, f // 3 * 2 + c, 2 * i + r, 3 * j + 2 * s])
            wanted[n, f, i, j] = sums
        got = vprec.conv(x, k, 'e5m2', bias=bias, stride=(2, 3), pad=(1, 2), dilation=(1, 2), groups=2)
        np.testing.assert_array_equal(got, wanted)
        flat = vprec.conv(torch.tensor(x[:, :, 0]), torch.tensor(k[:, :, 0]), 'e5m2', groups=2)
        np.testing.assert_array_equal(flat, vprec.conv(x[:, :, :1], k[:, :, :1], 'e5m2', groups=2)[:, :, 0])

    def test_noise(self):
        a, b = np.random.default_rng(1).normal(size=(2, 30, 30))
        for mode in 'sr', 'rr', 'pb', 'mca':
            one, two, three = (vprec.gemm(a, b, 'e5m2', mode=mode, seed=s, threads=t)
                               for s, t in ((1, 1), (1, 2), (2, 1)))
            np.testing.assert_array_equal(one, two)
            self.assertTrue((one != three).any())

    def test_monte_carlo(self):
        """The error of many noisy sums is normal, of the size that theory gives; a sum's terms differ in theirs."""
        terms, samples, precision = 256, 4000, 16
        a = np.full((1, terms), 1 / 3)
        found = vprec.gemm(a, np.ones((terms, samples)), 'fp64', mode='rr', precision=precision, seed=3)[0]
        exact = np.arange(1, terms + 1) / 3
        units = 2.0 ** (np.frexp(exact)[1] - precision) # each partial sum has noise of its size
        self.assertAlmostEqual(np.std(found) / np.sqrt((units ** 2).sum() / 12), 1, delta=0.05)
        self.assertLess(abs(found.mean() - exact[-1]), 5 * np.std(found) / np.sqrt(samples))
        for operands in ({}, {'product': 'fp64'}, {'input': 'fp64'}, {'order': 'pairwise'}):
            first, again = (vprec.dot(a[0], a[0], 'fp64', mode='mca', precision=precision, seed=vprec.Noise(1),
                                      **operands) for _ in range(2))
            self.assertEqual(first, again)
            self.assertNotEqual(first, vprec.dot(a[0], a[0], 'fp64', **operands))
        x = np.full(samples, 0.5)
        found = (vprec.exp(x, 'fp64', mode='pb', precision=20, seed=1) - np.exp(0.5)) * 2.0 ** 19
        self.assertAlmostEqual(found.var() * 12, 1, delta=0.1)

    def test_refusals(self):
        for says, call in (('columns', lambda: vprec.gemm(np.ones((2, 3)), np.ones((2, 3)), 'bf16')),
                           ('vprec.dot', lambda: vprec.gemm(np.ones(3), np.ones(3), 'bf16')),
                           ('out', lambda: vprec.gemm(np.ones((2, 2)), np.ones((2, 2)), 'bf16', add=True)),
                           ('sequential', lambda: vprec.dot([1.0], [1.0], 'bf16', order='any')),
                           ('groups', lambda: vprec.conv(np.ones((1, 3, 4)), np.ones((2, 2, 2)), 'bf16')),
                           ('no output', lambda: vprec.conv(np.ones((1, 1, 2)), np.ones((1, 1, 4)), 'bf16')),
                           ('float64', lambda: vprec.gemm(np.ones((2, 2), np.float32), np.ones((2, 2), np.float32),
                                                          'e11m40'))):
            with self.assertRaisesRegex(ValueError, says):
                call()


class Functions(unittest.TestCase):
    NUMPY = {'exp': np.exp, 'exp2': np.exp2, 'expm1': np.expm1, 'log': np.log, 'log2': np.log2, 'log10': np.log10,
             'log1p': np.log1p, 'sin': np.sin, 'cos': np.cos, 'tan': np.tan, 'atan': np.arctan, 'sinh': np.sinh,
             'cosh': np.cosh, 'tanh': np.tanh, 'asinh': np.arcsinh, 'cbrt': np.cbrt, 'rsqrt': lambda x: 1 / np.sqrt(x),
             'sigmoid': lambda x: 1 / (1 + np.exp(-x)), 'silu': lambda x: x / (1 + np.exp(-x)),
             'softplus': lambda x: np.log1p(np.exp(x)), 'pow': np.power, 'atan2': np.arctan2, 'hypot': np.hypot}

    def test_against_numpy(self):
        """To three bits binary64's result decides but next to a tie, and these operands are drawn."""
        x = np.random.default_rng(5).uniform(0.01, 5, (20, 30))
        y = np.random.default_rng(6).uniform(-2, 2, 30)
        for name, function in self.NUMPY.items():
            f = getattr(vprec, name)
            operands = (x, y) if f.operands == 2 else (x,)
            wanted = function(*operands)
            with self.subTest(function=name):
                np.testing.assert_array_equal(f(*operands, 'e5m2'), rounded(wanted))
                self.assertEqual(f(*[float(v.flat[0]) for v in operands], 'e5m2'), rounded(wanted[0, 0]))
        out = np.empty((30, 20), np.float32).T
        self.assertIs(vprec.exp(x.astype(np.float32), 'e5m2', out=out), out)
        self.assertEqual(vprec.exp(torch.zeros(3), 'bf16').tolist(), [1, 1, 1])

    def test_all_are_there(self):
        import re
        with open(__file__.replace('tests/python/test_products.py', 'lib/vprec.h'), encoding='utf-8') as file:
            listed = re.search(r'define VPREC_FUNCTIONS\(X\)(.*?)typedef', file.read(), re.S)[1]
        names = dict(re.findall(r'X\((\w+), (\d)\)', listed))
        self.assertGreater(len(names), 30)
        for name, operands in names.items():
            self.assertEqual(getattr(vprec, name).operands, int(operands), name)
        with self.assertRaisesRegex(TypeError, 'operand'):
            vprec.exp(1.0)


class Codes(unittest.TestCase):
    def test_against_ml_dtypes(self):
        x = np.random.default_rng(3).normal(size=(50, 40)).astype(np.float32)
        for name, dtype in (('e4m3fn', ml_dtypes.float8_e4m3fn), ('e5m2', E5M2), ('bf16', ml_dtypes.bfloat16)):
            unsigned = f'u{np.dtype(dtype).itemsize}'
            for part in (x, x.T, x[::-2, 1:]):
                np.testing.assert_array_equal(vprec.encode(part, name), part.astype(dtype).view(unsigned))
                np.testing.assert_array_equal(vprec.decode(part.astype(dtype).view(unsigned), name),
                                              part.astype(dtype).astype(np.float32))
        self.assertEqual(vprec.encode(torch.ones(2), 'e4m3fn').dtype, torch.uint8)
        with self.assertRaisesRegex(TypeError, 'uint8'):
            vprec.decode(np.zeros(3, np.uint16), 'e4m3fn')

    def test_conversions_round_once(self):
        # by way of binary32, or of binary64 where it is an integer, it would be a tie
        self.assertEqual(vprec.convert([1 + 2.0 ** -24 + 2.0 ** -50], 'fp32')[0], np.float32(1 + 2.0 ** -23))
        for dtype in (np.int64, np.uint64):
            n = np.array([2 ** 62 + 2 ** 38 + 1, 7, 0], dtype)
            np.testing.assert_array_equal(vprec.convert(n, 'fp32'), np.float32([2.0 ** 62 + 2.0 ** 39, 7, 0]))
        self.assertEqual(vprec.convert(np.int8([-3]), 'bf16', np.float64).tolist(), [-3])


class Statistics(unittest.TestCase):
    def test_significant_bits(self):
        rng = np.random.default_rng(0)
        for spread in (1e-3, 1e-6):
            x = 3 * (1 + spread * rng.normal(size=(4000, 3)))
            # 95 % of a normal variable lie within 1.96 standard deviations; few samples make it a little more
            np.testing.assert_allclose(vprec.significant_bits(x), -np.log2(1.96 * spread), atol=0.15)
            np.testing.assert_allclose(vprec.significant_bits(x, 3.0, error='absolute'),
                                       1 - np.log2(1.96 * 3 * spread), atol=0.15)
            worst = vprec.significant_bits(x, 3.0, method='bernoulli')
            np.testing.assert_array_equal(worst, np.floor(-np.log2(np.abs(x / 3 - 1).max(axis=0))))
        self.assertEqual(vprec.significant_bits(np.ones(5)), np.inf)
        self.assertTrue(np.isnan(vprec.significant_bits([1, 2, np.nan])))
        with self.assertRaisesRegex(ValueError, '59'):
            vprec.significant_bits(np.ones(58), method='bernoulli')
        self.assertAlmostEqual(vprec.quantile(0.95, 'chi2', 10), 18.307038, places=6)


if __name__ == '__main__':
    unittest.main()
