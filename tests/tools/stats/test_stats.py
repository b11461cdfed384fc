# SPDX-License-Identifier: Apache-2.0
"""test_stats.py VPREC_STATS [Class...]: the command from outside: formats, alignment, estimators, errors."""
import csv
import decimal
import io
import json
import math
import os
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from decimal import Decimal
from fractions import Fraction

STATS = os.path.abspath(sys.argv.pop(1))
A = [1, 1.25, .75, 1.125, .875, 1.0625, .9375, 1]
B = [3.14159, 3.1416, 3.14158, 3.141592, 3.141589, 3.141601, 3.14157, 3.141595]
C = [1000.5, 999.5, 1000.25, 999.75, 1000, 1001, 999, 1000.125]


def npy(values, kind='<f8', shape=None, fortran=False, version=1):
    """A .npy file, written without NumPy."""
    codes = {'f2': 'e', 'f4': 'f', 'f8': 'd', 'i1': 'b', 'i2': 'h', 'i4': 'i', 'i8': 'q', 'u1': 'B', 'u2': 'H',
             'u4': 'I', 'u8': 'Q', 'b1': '?'}
    shape = (len(values),) if shape is None else shape
    head = repr({'descr': kind, 'fortran_order': fortran, 'shape': shape}).encode() + b'\n'
    order = '>' if kind[0] == '>' else '<'
    length = struct.pack('<H' if version == 1 else '<I', len(head))
    return (b'\x93NUMPY' + bytes([version, 0]) + length + head +
            b''.join(struct.pack(order + codes[kind[1:]], v) for v in values))


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name

    def put(self, name, content):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run_stats(self, *arguments, status=0, stdin=None, env=None):
        done = subprocess.run([STATS, *arguments], capture_output=True, input=stdin, cwd=self.directory, timeout=60,
                              env=dict(os.environ, **(env or {})))
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done

    def json(self, *arguments, **options):
        done = self.run_stats('--format', 'json', *arguments, **options)
        self.assertEqual(done.stderr, b'')
        return json.loads(done.stdout)

    def numbers(self, *arguments, document=0, **options):
        groups = self.json(*arguments, **options)['documents'][document]['groups']
        return [n for g in groups for n in g['numbers']]

    def error(self, *arguments, say, status=1, **options):
        done = self.run_stats(*arguments, status=status, **options)
        text = done.stderr.decode()
        self.assertIn(say, text)
        self.assertTrue(text.startswith('vprec-stats: ') and text.count('\n') == 1, text)
        self.assertEqual(done.stdout, b'')


class Vectors(Case):
    WANT = [(A, '1', .8077924665, .8077924665, 2, 2), (B, '3.14159265', 16.3117627169, 15.6602665891, 17, 16),
            (C, '1000', 8.7698294828, 7.8040451982, 9, 9)]

    def test_vectors(self):
        for values, reference, relative, absolute, bernoulli, bernoulli_absolute in self.WANT:
            text = self.put('a.txt', ''.join(f'{v!r}\n' for v in values))
            array = self.put('a.npy', npy([float(v) for v in values]))
            for path in text, array:
                for error, cnh, bits in ('rel', relative, bernoulli), ('abs', absolute, bernoulli_absolute):
                    [n] = self.numbers('--rows', '-r', reference, '--ddof', '0', '-e', error, path)
                    self.assertAlmostEqual(n['cnh_bits'], cnh, delta=5.1e-11)
                    self.assertEqual(n['bernoulli_bits'], bits)
        [n] = self.numbers('--rows', '-r', '1', '--ddof', '0', self.put('a.txt', '\n'.join(map(str, A))))
        self.assertAlmostEqual(n['cnh_contributing_bits'], 6.0967277357, delta=5.1e-11)

    def test_bias(self):
        [n] = self.numbers('--rows', '-r', '1', '--ddof', '0',
                           self.put('a.txt', '\n'.join(str(1.5 + i * 1e-10) for i in (-1, 1) * 10)))
        self.assertGreater(n['cnh_bits'], 30)
        self.assertAlmostEqual(n['bias'], .5, delta=1e-9)
        self.assertTrue(n['biased'])
        self.assertEqual(n['bernoulli_bits'], 0)

    def test_moments(self):
        """Against Python's exact fractions, with noise in the last bits too."""
        rng = random.Random(1)
        for scale in 1e-15, 1e-3, 1:
            values = [1e3 * (1 + scale * rng.gauss(0, 1)) for _ in range(100)]
            [n] = self.numbers('--rows', self.put('a.npy', npy(values)))
            self.assertEqual(n['min'], min(values))
            self.assertEqual(n['max'], max(values))
            self.assertAlmostEqual(n['mean'] / statistics.mean(values), 1, delta=3e-16)
            self.assertAlmostEqual(n['sd'] / statistics.stdev(values), 1, delta=1e-12)
            self.assertTrue(n['normal'])
            self.assertIsNone(n['bias'])
        [n] = self.numbers('--rows', self.put('a.npy', npy([1.] * 99 + [2.])))
        self.assertFalse(n['normal'])

    def test_equal_and_special(self):
        [n] = self.numbers('--rows', self.put('a.npy', npy([.1] * 9)))
        self.assertEqual((n['sd'], n['equal'], n['cnh_bits'], n['bernoulli_bits']), (0, True, 53, 53))
        [n] = self.numbers('--rows', self.put('a.npy', npy([1., 2, math.nan, math.inf, -math.inf, 3])))
        self.assertEqual((n['samples'], n['nan'], n['inf'], n['mean'], n['sd']), (3, 1, 2, 2, 1))
        [n] = self.numbers('--rows', '-r', '0', self.put('a.npy', npy([5.] * 9)))
        self.assertEqual((n['bernoulli_bits'], n['bias']), (None, 5))
        done = self.run_stats('--rows', '-r', '0', self.put('a.npy', npy([1., 2, 3])))
        self.assertIn(b'--error abs', done.stdout)


def log2(x):
    """Of a positive fraction, to 40 digits."""
    with decimal.localcontext(decimal.Context(prec=60, Emax=10**6, Emin=-10**6)):
        return (Decimal(x.numerator).ln() - Decimal(x.denominator).ln()) / Decimal(2).ln()


def chi2_quantile(p, df):
    """For even df, whose distribution function is a finite sum (Abramowitz and Stegun 26.4.5); by bisection."""
    low, high = Decimal(0), Decimal(100 * df)
    for _ in range(120):
        x = (low + high) / 2
        term = total = Decimal(1)
        for k in range(1, df // 2):
            term *= x / (2 * k)
            total += term
        low, high = (x, high) if 1 - (-x / 2).exp() * total < p else (low, x)
    return low


class Exact(Case):
    """Against exact fractions and 40-digit logarithms, where floating-point sums lose digits."""

    def check(self, n, values, reference=None):
        exact = [Fraction(v) for v in values]
        count, mean = len(exact), sum(exact) / len(exact)
        m2, m3, m4 = (sum((v - mean) ** k for v in exact) for k in (2, 3, 4))
        y = mean if reference is None else Fraction(reference)
        span = max(max(abs(v - y), abs(v - mean)) for v in exact)
        sd = Decimal(n['sd'])
        self.assertEqual((n['min'], n['max'], n['samples']), (min(values), max(values), count))
        self.assertLessEqual(abs(Fraction(n['mean']) - mean), Fraction(math.ulp(float(mean))) + span / 10**15)
        self.assertAlmostEqual(2 * log2(Fraction(sd)) - log2(m2 / (count - 1)), 0, delta=2e-13)
        if reference is not None:
            self.assertLessEqual(abs(Fraction(n['bias']) - (mean - y)), span / 10**14)
        # The rest from what was told, whose accuracy was just seen.
        y = Fraction(n['reference'])
        chi2 = chi2_quantile(Decimal('0.025'), count - 1)
        width = Decimal(statistics.NormalDist().inv_cdf(0.975))
        bits = log2(abs(y)) - log2(Fraction(sd))
        loss = log2(Fraction(count - 1) / Fraction(chi2)) / 2
        for key, want in [('cnh_bits', bits - loss - log2(Fraction(width))),
                          ('cnh_contributing_bits', bits - loss - log2(Fraction(.51) - Fraction(.5)) -
                           log2(Fraction(2 * math.sqrt(2 * math.pi))))]:
            self.assertAlmostEqual(Decimal(n[key]), want, delta=4e-14 * (1 + abs(float(bits))))
        largest = max(abs(v / y - 1) for v in exact)
        self.assertEqual(n['bernoulli_bits'], min(64, math.floor(-log2(largest))))
        self.assertEqual(n['bernoulli_contributing_bits'], min(64, math.ceil(-log2(largest)) - 1))
        statistic = count * (m3 ** 2 / m2 ** 3 * count + (count * m4 / m2 ** 2 - 3) ** 2 / 4) / 6
        self.assertEqual(n['normal'], statistic <= -2 * math.log(.05))

    def test_ill_conditioned(self):
        rng = random.Random(3)
        for mean, sd in [(1e8, 1e-3), (-1e8, 1e-3), (1, 1e-15), (1e80, 1e70), (1e-70, 1e-75), (3., 1.), (1e-3, 1e3)]:
            for count in 9, 33, 501:
                values = [rng.gauss(mean, sd) for _ in range(count)]
                [n] = self.numbers('--rows', self.put('a.npy', npy(values)))
                self.check(n, values)

    def test_far_first_and_drift(self):
        rng = random.Random(4)
        for values in ([1e8] + [rng.gauss(1, 1e-3) for _ in range(100)], [rng.gauss(i * 1e6, 1e-3) for i in range(501)],
                       [1.] * 64 + [1 + 2**-52]):
            [n] = self.numbers('--rows', self.put('a.npy', npy(values)))
            self.check(n, values)

    def test_many_numbers(self):
        """Whole vectors of numbers and what is left over; with a reference of their own."""
        rng = random.Random(5)
        means = [10. ** rng.uniform(-20, 20) * rng.choice((-1, 1)) for _ in range(141)]
        reference = [m * (1 + rng.gauss(0, 1e-9)) for m in means]
        data = [[m * (1 + rng.gauss(0, 10. ** -(i % 16))) for i, m in enumerate(means)] for _ in range(37)]
        files = [self.put(f'{i}.npy', npy(d)) for i, d in enumerate(data)]
        for arguments, compared in ([], [None] * 141), (['-r', self.put('r.npy', npy(reference))], reference):
            numbers = self.numbers(*arguments, *files, '-n', 'all')
            self.assertEqual(len(numbers), 141)
            for i, n in enumerate(numbers):
                self.check(n, [d[i] for d in data], compared[i])

    def test_whole_range(self):
        """Wherever in binary64's range the samples are, subnormal and near the largest; one or two of them differ."""
        rng = random.Random(7)
        cases = [[rng.gauss(m, s) for _ in range(count)] for count in (9, 41) for m, s in
                 [(1e-100, 1e-103), (1e-100, 1e-115), (1e-200, 1e-203), (1e160, 1e150), (-1e200, 1e198), (1e300, 1e297),
                  (1e-300, 1e-309), (3e-310, 1e-311), (1e-160, 1e-160), (1e-60, 1e-70), (1e60, 1e59), (1e61, 1e62)]]
        cases += [[1e-100] * 40 + [1.0001e-100], [1e200] * 40 + [1.5e200] + [1e200] * 30,
                  [1.] * 51 + [1e-200, 1e200] * 4,
                  [math.ulp(0) * k for k in range(1, 40)], [0.] * 30 + [1e-290] * 5, [1e300] + [1e-300] * 40,
                  [1.7e308, 1.6e308, -1.7e308, 1.1e308, 1.7e308, 1.7e308, 1e308, 1.6e308, 1.5e308]]
        for values in cases:
            rows = self.put('a.npy', npy(values))
            text = self.put('a.txt', ''.join(f'{v!r}\n' for v in values))
            exact = [Fraction(v) for v in values]
            mean, count = sum(exact) / len(exact), len(values)
            m2 = sum((v - mean) ** 2 for v in exact)
            for path in rows, text:
                [n] = self.numbers('--rows', path)
                span = max(abs(v - mean) for v in exact)
                self.assertLessEqual(abs(Fraction(n['mean']) - mean), Fraction(math.ulp(float(mean))) + span / 10**15)
                variance, sd = m2 / (count - 1), Fraction(n['sd'])
                slack = max(Fraction(math.ulp(0)), sd / 10**12)
                self.assertTrue((sd - slack) ** 2 <= variance <= (sd + slack) ** 2, values[:3])
                # The bits hold for the mean that was told.
                y = abs(Fraction(n['mean']))
                shift = log2(Fraction(count - 1) / Fraction(chi2_quantile(Decimal('0.025'), count - 1))) / 2 + \
                    log2(Fraction(statistics.NormalDist().inv_cdf(.975)))
                bits = log2(y) - log2(variance) / 2
                self.assertAlmostEqual(float(Decimal(n['cnh_bits'])), float(bits - shift), delta=1e-11, msg=values[:3])
                worst = max(abs(v - Fraction(n['mean'])) for v in exact) / y
                self.assertIn(n['bernoulli_bits'], (math.floor(-log2(worst)), min(64, math.floor(-log2(worst)))))
                m3, m4 = (sum((v - mean) ** k for v in exact) for k in (3, 4))
                jarque_bera = count * (m3 ** 2 / m2 ** 3 * count + (count * m4 / m2 ** 2 - 3) ** 2 / 4) / 6
                self.assertEqual(n['normal'], jarque_bera <= -2 * math.log(.05), values[:3])

    def test_quantiles(self):
        """Of few numbers exactly: the ceil(pn)-th, or the middle between two where pn is whole."""
        rng = random.Random(9)
        for count in 1, 2, 3, 4, 19, 20, 21, 40, 64, 65, 200:
            scales = [2. ** -rng.randrange(1, 50) for _ in range(count)]
            scales[0] = 1e9 # fewer than -16 bits
            for kind in 'npy', 'json':
                files = []
                for s in range(3):
                    values = [1 + scale * (s - 1) for scale in scales]
                    files.append(self.put(f'{s}.{kind}', npy(values) if kind == 'npy' else
                                          json.dumps({f'k{i}': v for i, v in enumerate(values)})))
                document = self.json('-n', 'all', *files)['documents'][0]
                bits = sorted(n['cnh_bits'] for g in document['groups'] for n in g['numbers'])
                for key, share in ('p5', 5), ('median', 50), ('p95', 95):
                    rank, rest = divmod(share * count, 100)
                    want = (bits[rank - 1] + bits[rank]) / 2 if not rest and rank else bits[rank]
                    self.assertAlmostEqual(document['total']['cnh_bits'][key], want, msg=(count, kind, key),
                                           delta=1e-12 if count <= 64 else 1 / 32)
                if count <= 64:
                    self.assertAlmostEqual(document['total']['cnh_bits']['median'], statistics.median(bits), 12)

    def test_same_whatever_the_scale(self):
        """Samples times a power of two have the same bits of every kind, in totals too."""
        rng = random.Random(8)
        data = [[rng.gauss(1 + i, 1e-4) for i in range(21)] for _ in range(35)]
        reference = [1 + i + 1e-4 for i in range(21)]
        for error in 'rel', 'abs':
            wanted = None
            for power in 0, 300, -300, 600, -600, 1000, -900:
                files = [self.put(f'{i}.npy', npy([v * 2. ** power for v in d])) for i, d in enumerate(data)]
                total = self.json('-e', error, '-r', self.put('r.npy', npy([v * 2. ** power for v in reference])),
                                  *files)['documents'][0]['total']
                for key in 'mean', 'rms_sd', 'mean_bias', 'max_bias':
                    total[key] = math.ldexp(total[key], -power)
                wanted = wanted or total
                for key, want in wanted.items():
                    if isinstance(want, dict):
                        for k in 'mean', 'min', 'median', 'max':
                            self.assertAlmostEqual(total[key][k], want[k], delta=1e-10, msg=(power, key, k))
                    elif want:
                        self.assertAlmostEqual(total[key] / want, 1, delta=1e-12, msg=(power, key))

    def test_range(self):
        """Errors of numbers near the largest, where differences have no double."""
        big = 1.7e308
        [n] = self.numbers('--rows', '-r', repr(big), self.put('a.npy', npy([big, big / 2, -big / 2])))
        self.assertEqual(n['bernoulli_bits'], -1)

    def test_totals(self):
        """Of numbers of which some are NaN, infinite or missing in some samples."""
        rng = random.Random(6)
        data = [[math.nan if rng.random() < .05 else math.inf if rng.random() < .02 else rng.gauss(3, 1e-3)
                 for _ in range(4101)] for _ in range(40)]
        files = [self.put(f'{i}.npy', npy(d)) for i, d in enumerate(data)]
        group = self.json(*files, '-n', 'all')['documents'][0]['groups'][0]
        total, numbers = group['total'], group['numbers']
        for i, n in enumerate(numbers):
            column = [d[i] for d in data]
            good = [v for v in column if math.isfinite(v)]
            self.assertEqual((n['samples'], n['nan'], n['inf']),
                             (len(good), sum(map(math.isnan, column)), sum(map(math.isinf, column))))
            self.assertAlmostEqual(n['sd'] / statistics.stdev(good), 1, delta=1e-12)
        for key in 'cnh_bits', 'cnh_contributing_bits', 'bernoulli_bits', 'bernoulli_contributing_bits', 'cestac_bits':
            bits = [n[key] for n in numbers]
            self.assertAlmostEqual(total[key]['mean'], statistics.fmean(bits), delta=1e-12)
            self.assertEqual([total[key][k] for k in ('min', 'max', 'numbers')], [min(bits), max(bits), 4101])
            want = {}
            for b in bits:
                low = math.floor(b * 16) / 16
                want[low] = want.get(low, 0) + 1
            self.assertEqual(total[key]['histogram'], [[low, want[low]] for low in sorted(want)])
        self.assertEqual(total['not_normal'], sum(n['normal'] is False for n in numbers))
        self.assertEqual((total['nan'], total['inf']), tuple(sum(n[k] for n in numbers) for k in ('nan', 'inf')))
        self.assertAlmostEqual(total['mean'], statistics.fmean(n['mean'] for n in numbers), delta=1e-14)


class Arrays(Case):
    def test_types(self):
        for kind in 'f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8'.split():
            for order in '<>':
                for version in 1, 2, 3:
                    files = [self.put(f'{i}.npy', npy([i + 1, 7, 100], order + kind, version=version))
                             for i in range(3)]
                    means = [n['mean'] for n in self.numbers(*files)]
                    self.assertEqual(means, [2, 7, 100], (kind, order, version))
        files = [self.put(f'{i}.npy', npy([i > 0, True], '|b1')) for i in range(2)]
        self.assertEqual([n['mean'] for n in self.numbers(*files)], [.5, 1])

    def test_orders(self):
        c, f = [1., 2, 3, 4, 5, 6], [1., 4, 2, 5, 3, 6]
        one = self.put('c.npy', npy(c, shape=(2, 3)))
        other = self.put('f.npy', npy(f, shape=(2, 3), fortran=True))
        for files in (one, other), (other, other), (one, one):
            numbers = {n['name']: n['mean'] for n in self.numbers(*files)}
            self.assertEqual(numbers, {f'[{i},{j}]': 3 * i + j + 1 for i in range(2) for j in range(3)})
        rows = self.numbers('--rows', other)
        self.assertEqual([n['mean'] for n in rows], [2.5, 3.5, 4.5])

    def test_npz(self):
        for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
            files = []
            for i in range(3):
                data = io.BytesIO()
                with zipfile.ZipFile(data, 'w', method) as z:
                    z.writestr('x.npy', npy([1. * i, 2.]))
                    with z.open('y.npy', 'w', force_zip64=True) as member:
                        member.write(npy([i] * 10000, '<i4'))
                files.append(self.put(f'{i}.npz', data.getvalue()))
            groups = self.json(*files, '-n', '5')['documents'][0]['groups']
            self.assertEqual([g['name'] for g in groups], ['x', 'y'])
            self.assertEqual([n['mean'] for n in groups[0]['numbers']], [1, 2])
            self.assertEqual(groups[1]['total']['numbers'], 10000)
            self.assertEqual(groups[1]['total']['mean'], 1)
            self.assertEqual(len(groups[1]['numbers']), 5)
            with open(files[1], 'rb') as file:
                good = file.read()
            for cut in 10, len(good) // 2, len(good) - 1:
                self.error(files[0], self.put('cut.npz', good[:cut]), say='cut.npz: ')
            flip = bytearray(good)
            flip[good.index(b'\x93NUMPY') + 75 if method == zipfile.ZIP_STORED else 60] ^= 0xFF
            self.error(files[0], self.put('bad.npz', bytes(flip)), say='bad.npz: ')

    def test_blocks(self):
        """Several blocks and chunks, on two threads, against plain sums; the same output each time."""
        rng = random.Random(2)
        count, samples = 10001, 35
        data = [[rng.gauss(1, .01) for _ in range(count)] for _ in range(samples)]
        files = [self.put(f'{i}.npy', npy(d)) for i, d in enumerate(data)]
        once = self.run_stats('-f', 'json', '-n', 'all', *files).stdout
        self.assertEqual(once, self.run_stats('-f', 'json', '-n', 'all', *files).stdout)
        for i, n in enumerate(json.loads(once)['documents'][0]['groups'][0]['numbers']):
            if i % 97 == 0 or i == count - 1:
                column = [d[i] for d in data]
                self.assertAlmostEqual(n['mean'], statistics.fmean(column), delta=1e-14)
                self.assertAlmostEqual(n['sd'] / statistics.stdev(column), 1, delta=1e-12)

    def test_worst_are_listed(self):
        files = [self.put(f'{i}.npy', npy([1. + (i % 2) * 2. ** -k for k in range(1, 31)])) for i in range(4)]
        self.assertEqual([n['name'] for n in self.numbers('-n', '3', *files)], ['[0]', '[1]', '[2]'])

    def test_biased_are_listed(self):
        """Numbers that are the same in all samples, and wrong."""
        values = [1. + i / 64 for i in range(50)]
        files = [self.put(f'{i}.npy', npy([v + (i % 2) * 2**-20 if k != 37 else 3. for k, v in enumerate(values)]))
                 for i in range(4)]
        reference = self.put('r.npy', npy(values))
        self.assertEqual([n['name'] for n in self.numbers('-n', '1', '-r', reference, *files)], ['[37]'])
        self.assertIn(b'equal biased', self.run_stats('-n', '1', '-r', reference, *files).stdout)
        same = [self.put(f'{i}.npy', npy([1.] * 50)) for i in range(3)]
        self.assertIn(b'(50 are equal in all samples)\n', self.run_stats(*same).stdout)

    def test_headers_that_numpy_reads(self):
        """Python 2's long integers and prefixed strings, no spaces, bfloat16 by its name."""
        data = struct.pack('<3d', 1, 2, 4)
        for head in ("{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }",
                     "{'descr':'<f8','fortran_order':False,'shape':(3,)}",
                     "{u'descr': b'<f8', u'fortran_order': False, u'shape': (3L,)}"):
            files = [self.put(f'{i}.npy', b'\x93NUMPY\1\0' + struct.pack('<H', len(head)) + head.encode() + data)
                     for i in range(2)]
            self.assertEqual([n['mean'] for n in self.numbers(*files)], [1, 2, 4], head)
        head = b"{'descr': 'bfloat16', 'fortran_order': False, 'shape': (3,)}"
        codes = [struct.unpack('<I', struct.pack('<f', v))[0] >> 16 for v in (1, -3.5, 1e30)]
        files = [self.put(f'{i}.npy', b'\x93NUMPY\1\0' + struct.pack('<H', len(head)) + head +
                          struct.pack('<3H', *codes)) for i in range(2)]
        self.assertEqual([n['mean'] for n in self.numbers(*files)],
                         [struct.unpack('<f', struct.pack('<I', c << 16))[0] for c in codes])
        self.assertEqual({n['cnh_bits'] for n in self.numbers(*files)}, {8})

    def test_refused_types(self):
        whole = npy([1., 2])
        for descr, say in [("'<c8'", "'<c8': complex"), ("'|O'", "'|O': Python objects"), ("'|V2'", "bfloat16"),
                           ("'<U3'", "'<U3': texts"), ("'<M8[ns]'", "'<M8[ns]': dates"), ("'>f16'", "'>f16': the long"),
                           ("'<f12'", "'<f12': the long"), ("''", "none of"), ("' 2'", "none of"), ("'<g9'", "'<g9'"),
                           ("[('x', '<f4'), ('y', '<f4')]", "[('x', '<f4'), ('y', '<f4')]': records")]:
            bad = self.put('bad.npy', whole.replace(b"'<f8'", descr.encode()))
            self.error(bad, bad, say=say)

    def test_malformed(self):
        good = self.put('good.npy', npy([1., 2]))
        whole = npy([1., 2])
        for content, say in [(b'', 'does not begin'), (whole[:-3], 'cut off'), (whole + b'x', 'take 16'),
                             (whole.replace(b'<f8', b'<c8'), 'complex'), (whole.replace(b'(2,)', b'(2;)'), 'byte '),
                             (whole.replace(b'descr', b'descs'), 'none of'), (b'\x93NUMPY\x09\0' + whole[8:], 'version'),
                             (npy([1., 2, 3]), 'shape'), (whole.replace(b'False', b'Maybe'), 'True or False')]:
            self.error(good, self.put('bad.npy', content), say=say)
            self.error(good, self.put('bad.npy', content), say='bad.npy')


class Text(Case):
    def test_tokens(self):
        files = [self.put(f'{i}.txt', f'digit: {d}\nscore=0.{90 + i}%, ok (x={i}.5) end.\n')
                 for i, d in enumerate(['seven', 'seven', 'one', 'seven'])]
        report = self.json(*files)['documents'][0]['groups'][0]
        self.assertEqual([round(n['mean'], 9) for n in report['numbers']], [.915, 2])
        self.assertEqual([n['name'] for n in report['numbers']], ['2:2', '2:5'])
        label = report['labels'][0]
        self.assertEqual((label['name'], label['text'], label['agree'], label['samples'], label['other']),
                         ('1:2', 'seven', 3, 4, 'one'))
        self.assertEqual(report['label_flips'], 1)
        report = self.json('-r', files[2], *files)['documents'][0]
        self.assertEqual(report['groups'][0]['labels'][0]['agree'], 1)
        self.assertEqual(report['reference'], files[2])

    def test_missing(self):
        files = [self.put('0.txt', '1 2 3\n'), self.put('1.txt', '1 2\n')]
        document = self.json(*files)['documents'][0]
        self.assertEqual([n['missing'] for n in document['groups'][0]['numbers']], [0, 0, 1])
        self.assertIn('not in every sample', ' '.join(document['warnings']))

    def found(self, text, **options):
        """The numbers and labels that are seen in a text, in their order, and the names of their places."""
        path = self.put('seen' + options.get('ending', '.txt'), text)
        groups = self.json('-n', 'all', path, path)['documents'][0]['groups']
        numbers = [(n['mean'] if n['samples'] else 'nan' if n['nan'] else 'inf') for g in groups for n in g['numbers']]
        return numbers, [label['text'] for g in groups for label in g['labels']]

    def test_numbers_as_programs_print_them(self):
        for text, numbers, labels in [
                ('0.12345D+01 1.2341-103 -.5d-3 1.0Q+00 7D+2 1.5+200',
                 [1.2345, 1.2341e-103, -.0005, 1, 700, 1.5e200], []),
                ('1.5f-3 2.5f0 1.5*^-3 2*^10 1.0f', [.0015, 2.5, .0015, 2e10, 1], ['f']),
                ('\u221e -\u221e \u22640.5', ['inf', 'inf', .5], []),
                ('961/1000 3.4/5GB', [961, 1000, 3.4, 5], ['GB']),
                ('45.2%/50.1% 12ms/15ms', [45.2, 50.1], ['12ms/15ms']),
                ('12ms 3.4GB/s 5% 9.81m/s^2 10x 12.5°C 1e3kg/m3', [12, 3.4, 5, 9.81, 10, 12.5, 1000],
                 ['ms', 'GB/s', 'm/s^2', 'x', '°C', 'kg/m3']),
                ('1.#INF -1.#INF00 1.#IND -1.#QNAN nan(ind) -nan(0x7ff8) NaN Infinity -inf',
                 ['inf', 'inf', 'nan', 'nan', 'nan', 'nan', 'nan', 'inf', 'inf'], []),
                ('1.23±0.04 1.23+/-0.04 1.5+2.5j 1-2i', [1.23, .04, 1.23, .04, 1.5, 2.5, 1, -2], []),
                ('$5 **0.5** ~3 0.5->0.4 \x1b[32m0.75\x1b[0m 1.5.', [5, .5, 3, .5, .4, .75, 1.5], []),
                ('0x1.8p3 -0x1p-4 0x10', [12, -.0625, 16], []),
                ('1,234', [1, 234], []),
                # What is no number.
                ('2024-11-29 2024-11-29T12:30:45.5Z 12:30:45 1/2/2024 29.11.2024', [],
                 ['2024-11-29', '2024-11-29T12:30:45.5Z', '12:30:45', '1/2/2024', '29.11.2024']),
                ('1.2.3 v1.2 1.2.3-rc1 192.168.0.1 fe80::1 00:1a:2b:3c:4d:5e', [],
                 ['1.2.3', 'v1.2', '1.2.3-rc1', '192.168.0.1', 'fe80::1', '00:1a:2b:3c:4d:5e']),
                ('28x28 3rd 1st 16-bit 5f3a info nanosecond conv2d 1-2', [],
                 ['28x28', '3rd', '1st', '16-bit', '5f3a', 'info', 'nanosecond', 'conv2d', '1-2'])]:
            seen = self.found(text + '\n')
            self.assertEqual((seen[0], sorted(seen[1])), (numbers, sorted(labels)), text)
            for piece in text.split(): # alone, at the end of a file without a newline
                self.found(piece)
        self.assertEqual(self.found('\ufeff1 2'), ([1, 2], []))

    def test_order(self):
        """Lines that break elsewhere, a warning in one sample, a lost line: the rest stays matched, and is told of."""
        lines = [f'step {i} loss {10 / (i + 1):.6f} acc {i * 30}/1000\n' for i in range(30)]
        texts = [''.join(lines), ''.join(lines).replace(' loss', '\nloss', 7),
                 ''.join(lines[:11] + ['Warning: 3 slow steps\n'] + lines[11:]), ''.join(lines[:20] + lines[21:]),
                 ' '.join(''.join(lines).split())]
        files = [self.put(f'{i}.txt', t) for i, t in enumerate(texts)]
        document = self.json('-n', 'all', *files)['documents'][0]
        numbers = {n['name']: n for n in document['groups'][0]['numbers']}
        self.assertEqual(len(numbers), 4 * 30 + 1)
        for i in range(30):
            missing = int(i == 20)
            for place, label, value in (2, 'step', i), (4, 'loss', float(f'{10 / (i + 1):.6f}')), (6, 'acc', i * 30), \
                    ('6#2', 'acc', 1000):
                n = numbers[f'{i + 1}:{place}']
                self.assertEqual((n['label'], n['mean'], n['min'], n['max'], n['missing']),
                                 (label, value, value, value, missing))
        self.assertEqual([(n['mean'], n['missing']) for name, n in numbers.items() if '2.txt' in name], [(3, 4)])
        said = ' '.join(document['warnings'])
        self.assertIn('in 4 samples lines break elsewhere', said)
        self.assertIn('matched by their order', said)
        self.assertIn(' of 214 tokens are not in every sample', said)
        # The reference gives the order; the samples may all have more.
        document = self.json('-n', 'all', '-r', self.put('r.txt', 'loss 1\nend\n'),
                             *[self.put(f'{i}.txt', f'note\nloss 1.{i}\nend\n') for i in range(3)])['documents'][0]
        self.assertEqual([(n['name'], round(n['bias'], 9)) for n in document['groups'][0]['numbers']], [('1:2', .1)])
        rows, many = self.put('rows.txt', '1 5\n2 6\n'), self.put('many.txt', '3 7\n4 8\n')
        document = self.json('--rows', '-r', many, rows)['documents'][0]
        self.assertEqual([n['reference'] for n in document['groups'][0]['numbers']], [4, 8])
        self.assertIn('the reference has 2 rows', ' '.join(document['warnings']))
        # Of rows, too.
        names = [(n['name'], n['samples']) for n in self.numbers('--rows', self.put('a.txt', 'a 1\nb a 2\na 3\n'))]
        self.assertEqual(names, [('2', 3)])

    def test_too_different(self):
        """Texts that are too long and too different for a table are said to be."""
        files = [self.put(f'{s}.txt', ''.join(f'{a} {i}\n' for i in range(9000))) for s, a in enumerate('ab')]
        files.append(self.put('2.txt', '\n'.join(str(math.sin(i)) for i in range(40000))))
        said = ' '.join(self.json('-n', '1', *files)['documents'][0]['warnings'])
        self.assertIn('1 samples are too long and too different', said)
        # A lost part, however long, is none.
        one, two = self.put('3.txt', 'a 1\n' + 'b 2\n' * 20000 + 'c 3\n'), self.put('4.txt', 'a 1\nc 3\n')
        for files in [one, two, one], [two, one, two]:
            document = self.json('-n', '1', *files)['documents'][0]
            self.assertEqual(document['total']['numbers'], 20002)
            self.assertNotIn('too different', ' '.join(document['warnings']))

    def test_empty(self):
        files = [self.put('0.txt', ''), self.put('1.txt', ' \n')]
        self.assertIn(b'2 samples, empty\n', self.run_stats(*files).stdout)

    def test_csv(self):
        files = [self.put(f'{i}.csv', f'name,"a ""x"""\r\n"p,\nq",{i}\r\nr,{i * 2}\r\n') for i in range(3)]
        groups = self.json(*files)['documents'][0]['groups']
        self.assertEqual([g['name'] for g in groups], ['name', 'a "x"'])
        self.assertEqual([n['mean'] for n in groups[1]['numbers']], [1, 2])
        self.assertEqual([n['name'] for n in groups[1]['numbers']], ['row 1', 'row 2'])
        self.assertEqual(groups[0]['label_agreement'], 1)
        done = self.run_stats('--rows', '-i', 'csv', '-f', 'csv', '-', stdin=b'a;b\n1;2\n3;4\n')
        rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        self.assertEqual([r['mean'] for r in rows if r['level'] == 'number'], ['2', '3'])
        self.assertEqual([r['mean'] for r in self.json('--rows', self.put('a.tsv', '1\t2\n3\t4\n'))
                          ['documents'][0]['groups'][1]['numbers']], [3])

    def test_json(self):
        files = [self.put(f'{i}.json', f'{{"s": [{i}, {{"v": NaN}}], "l": "{"ab"[i]}", "w": "inf", "t": true}}')
                 for i in range(2)]
        groups = {g['name']: g for g in self.json(*files)['documents'][0]['groups']}
        self.assertEqual(groups['.s[]']['numbers'][0]['name'], '.s[0]')
        self.assertEqual(groups['.s[]']['numbers'][0]['mean'], .5)
        self.assertEqual(groups['.s[].v']['numbers'][0]['nan'], 2)
        self.assertEqual(groups['.w']['numbers'][0]['inf'], 2)
        self.assertEqual(groups['.l']['labels'][0]['agree'], 1)
        # By path, whatever the order of keys.
        one, two = self.put('0.json', '{"a": 1, "b": 5}'), self.put('1.json', '{"b": 7, "a": 3}')
        self.assertEqual([n['mean'] for n in self.numbers(one, two)], [2, 6])
        self.assertEqual([n['mean'] for n in self.numbers('--rows', self.put('r.json', '[{"a": 1}, {"a": 2}]'))], [1.5])

    def test_csv_of_other_lands(self):
        for ending, text, numbers in [
                ('.csv', 'x;y\n1,5;2\n-2,5e3;"3,25"\n', [1.5, -2500, 2, 3.25]),
                ('.csv', '1,5;2,5\n3,5;4,5\n', [1.5, 3.5, 2.5, 4.5]),
                ('.csv', 'x;y\n1,234;1.234,5\n', [1.234]), ('.tsv', 'x\ty\n1,5\t2\n', [1.5, 2]),
                ('.tsv', 'x\ty\n1,234\t2.5\n', [2.5]),
                ('.csv', 'a,b\n5%,12 ms\n961/1000,1.0D+01\n', [5, 961, 1000, 12, 10]),
                ('.csv', 'what,25%,50%\na,1,2\n', [1, 2]), ('.csv', 'a;b,c\n1;2,x\n', [])]:
            self.assertEqual(self.found(text, ending=ending)[0], numbers, text)

    def test_json_paths(self):
        """Keys that look like paths are none; the order of keys does not matter."""
        one = self.put('1.json', '{"a.b": 1, "a": {"b": 10, "": 20}, "a[]": 30, "c": [40], "q\\"": {"x y": 50}}')
        two = self.put('2.json', '{"q\\"": {"x y": 52}, "c": [42], "a[]": 32, "a": {"": 22, "b": 12}, "a.b": 3}')
        self.assertEqual({n['name']: n['mean'] for n in self.numbers(one, two)},
                         {'."a.b"': 2, '.a.b': 11, '.a.""': 21, '."a[]"': 31, '.c[0]': 41, '."q\\""."x y"': 51})
        self.assertEqual({n['name']: n['mean'] for n in self.numbers(two, one)}['."a.b"'], 2)

    def test_json_lines(self):
        for text in '{"a": %d}\n{"a": 1%d, "b": [5]}\n', '{"a": %d} {"a": 1%d, "b": [5]}', \
                '\x1e{"a":%d}\n\x1e{"a":1%d,"b":[5]}\n':
            for ending in '.jsonl', '.ndjson', '.json', '':
                files = [self.put(f'{i}{ending}', text % (i, i)) for i in range(3)]
                self.assertEqual([(n['name'], n['mean']) for n in self.numbers(*files)],
                                 [('[0].a', 1), ('[1].a', 11), ('[1].b[0]', 5)], (text, ending))
        rows = self.put('r.jsonl', '{"a": 1}\n{"a": 4}\n')
        self.assertEqual([n['mean'] for n in self.numbers('--rows', rows)], [2.5])
        self.error(self.put('1.jsonl', '{"a": 1}\n'), self.put('2.jsonl', '{"a": 1}\n\n{"a": \n'), say='line ')
        files = [self.put(f'{i}.json', b'\xef\xbb\xbf{"a": %d}' % i) for i in range(2)]
        self.assertEqual([n['mean'] for n in self.numbers(*files)], [.5])
        python = self.put('out', "{'a': 1}\n") # a dictionary is no JSON, but text
        self.assertEqual(self.json(python, python)['documents'][0]['kind'], 'text')

    def test_json_numbers(self):
        values = ['NaN', '-NaN', 'nan', '-nan', 'Infinity', '-Infinity', 'inf', '-inf', '1e999', '-1e999', '-1.#IND',
                  '123456789012345678901234567890', '1e-400', '-0.25', '"NaN"', '"12ms"', '"961/1000"']
        path = self.put('a.json', '{"x": [' + ', '.join(values) + '], "last": 7, "NaN": "Infinity, NaN: 1"}')
        numbers = {n['name']: n for n in self.numbers(path, path)}
        kinds = ['nan' if n['nan'] else 'inf' if n['inf'] else n['mean'] for n in numbers.values()]
        self.assertEqual(kinds[:-1], ['nan'] * 4 + ['inf'] * 6 +
                         ['nan', 123456789012345678901234567890., 0, -.25, 'nan', 12, 961, 1000])
        self.assertEqual(numbers['.last']['mean'], 7)
        self.assertEqual(numbers['.x[13]']['cnh_bits'], 6) # of what was printed
        self.assertEqual(numbers['.x[16]#2']['mean'], 1000)

    def test_malformed(self):
        good = {'csv': 'a,b\n1,2\n', 'json': '{"a": 1}'}
        for kind, content, say in [('csv', 'a,b\n1,2,3\n', 'line 2'), ('csv', 'a,b\n1,"2\n', 'line 2'),
                                   ('csv', 'a,b\n1,"2"x\n', 'line 2'), ('json', '{"a": 1', 'line 1, column'),
                                   ('json', '{"a": 1,\n "a": 2}', 'line 2, column'), ('json', '', 'line 1')]:
            self.error(self.put('good.' + kind, good[kind]), self.put('bad.' + kind, content), say=f'bad.{kind}: {say}')


class Directories(Case):
    def sample(self, name, stdout, status=0, **files):
        self.put(f'runs/{name}/stdout', stdout)
        self.put(f'runs/{name}/status.json', json.dumps({'status': status, 'program_status': status,
                                                         'program_signal': None}))
        for file, content in files.items():
            self.put(f'runs/{name}/files/{file}.npy', content)

    def test_samples(self):
        for i in range(1, 6):
            self.sample(f'{i:04}', f'loss {i}.0\n', x=npy([1. * i]))
        self.sample('reference', 'loss 2.0\n', x=npy([4.]))
        report = self.json('runs')
        self.assertEqual([d['name'] for d in report['documents']], ['stdout', 'files/x.npy'])
        self.assertEqual(report['samples'], 5)
        text, array = report['documents']
        self.assertEqual(text['reference'], 'runs/reference/stdout')
        self.assertEqual(text['groups'][0]['numbers'][0]['bias'], 1)
        self.assertEqual(array['groups'][0]['numbers'][0]['bias'], -1)
        self.assertEqual(self.json('-r', '3', 'runs')['documents'][1]['groups'][0]['numbers'][0]['bias'], 0)

    def test_left_out(self):
        for i in range(1, 5):
            self.sample(f'{i:04}', f'{i}\n', status=int(i == 4))
        os.unlink(os.path.join(self.directory, 'runs/0003/status.json'))
        report = self.json('runs')
        self.assertEqual(report['samples'], 2)
        self.assertEqual(len(report['warnings']), 2)
        self.assertIn('see runs/0004/stderr', ' '.join(report['warnings']))
        self.assertEqual(self.json('--failed', 'keep', 'runs')['samples'], 3)
        for i in range(1, 5):
            self.sample(f'{i:04}', f'{i}\n', status=1)
        done = self.run_stats('runs', status=1)
        self.assertIn(b'4 of 4 samples in runs failed', done.stderr)
        self.assertIn(b'no sample is left', done.stderr)

    def test_absent(self):
        for i in range(3):
            self.put(f'{i}/a.txt', f'{i}\n')
        self.put('2/sub/b.bin', b'\0\1')
        self.put('1/sub/b.bin', b'\0\2')
        documents = self.json('0', '1', '2')['documents']
        self.assertEqual([(d['name'], d['absent']) for d in documents], [('a.txt', 0), ('sub/b.bin', 1)])
        self.assertEqual(documents[1]['groups'][0]['labels'][0]['agree'], 1)


def read_all(master):
    """What was written to a terminal whose other side is closed: a read may deliver a part of it."""
    data = b''
    try:
        while piece := os.read(master, 65536):
            data += piece
    except OSError: # as Linux says that the other side is closed
        pass
    return data


class Verdict(Case):
    """What comes first, the tables for people, and how numbers are written."""

    def told(self, *arguments):
        return self.run_stats(*arguments).stdout.decode()

    def documents(self, *arguments):
        return self.json(*arguments)

    def samples(self, rows, name='s{}.txt'):
        """Files of one line each for a row of numbers."""
        paths = []
        for i, row in enumerate(rows):
            paths.append(self.put(name.format(i), ' '.join(map(repr, row)) + '\n'))
        return paths

    def test_verdict(self):
        rng = random.Random(4)
        rows = [[1 + rng.gauss(0, 10**-k) for k in (3, 1, 5, 2, 4)] for _ in range(10)]
        paths = self.samples(rows)
        numbers = self.documents(*paths)['documents'][0]['groups'][0]['numbers']
        digits = {n['name']: n['cnh_digits'] for n in numbers}
        worst = min(digits, key=digits.get)
        text = self.told(*paths)
        self.assertEqual(text.splitlines()[0], f'{statistics.median(digits.values()):.1f} digits in the median of 5 '
                                               f'numbers, {digits[worst]:.1f} in the worst ({worst})')
        self.assertEqual(self.documents(*paths)['verdict'], text.splitlines()[0])
        self.assertTrue(text.splitlines()[1].startswith('10 samples; 59 are needed to hold for 0.95 of all runs'))
        # Worst first.
        listed = re.findall(r'^  (1:\d) ', text, re.M)
        self.assertEqual(listed, sorted(digits, key=digits.get))
        text = self.told('-n', '2', *paths)
        self.assertEqual(re.findall(r'^  (1:\d) ', text, re.M), listed[:2])
        self.assertIn('(the 2 worst of 5)', text)

    def test_other_verdicts(self):
        paths = self.samples([[1.5], [1.25], [1.75]])
        self.assertRegex(self.told(*paths), r'\A-?[0-9.]+ digits \(1:1\)\n')
        for i in range(3):
            self.put(f's{i}.txt', f'cat {"dog" if i == 1 else "cow"}\n')
        self.assertTrue(self.told(*paths).startswith('1 of 2 labels changes\n'))
        for i in range(3):
            self.put(f's{i}.txt', f'{1 + i / 8} nan\n')
        self.assertRegex(self.told(*paths), r'\A.* in the median of 2 numbers, no in the worst \(1:2\)\n')

    def test_biased_numbers_are_told_by_bernoulli(self):
        paths = self.samples([[1.1 + 1e-9 * i] for i in range(60)])
        text = self.told('--reference', '1', *paths)
        [number] = self.documents('--reference', '1', *paths)['documents'][0]['groups'][0]['numbers']
        self.assertTrue(number['biased'])
        self.assertTrue(text.startswith(f"{number['bernoulli_digits']:.1f} digits (1:1)\n60 samples"), text)
        self.assertIn('however they are distributed', ' '.join(text.split()))

    def test_a_hundred_columns(self):
        name = 'a.very.long.name.of.a.layer.as.frameworks.have.them.encoder.layers.11.attention.output.dense.weight'
        rng = random.Random(8)
        for i in range(12):
            members = {name: [rng.gauss(-1e-5, 1e-7)**(1 + k % 2) for k in range(9)], 'x' + name: 3,
                       'bad': rng.choice([1, 1, 1, 1e-300, 7]), 'label': 'w' * rng.choice([90, 80])}
            self.put(f'd{i}.json', json.dumps(members))
        paths = [f'd{i}.json' for i in range(12)]
        for options in [], ['-m', 'cnh'], ['-m', 'bernoulli'], ['-r', '1']:
            text = self.told(*options, *paths)
            self.assertLessEqual(max(map(len, text.splitlines())), 100, text)
            self.assertIn('~', text)
            self.assertIn('dense.weight', text)
        self.assertIn(name, self.told('-f', 'md', *paths))

    def test_tensors(self):
        rng = random.Random(2)
        shapes = {'conv.weight': (2, 3), 'fc.weight': (4, 5), 'fc.bias': (5,)}
        noise = {'conv.weight': 1e-4, 'fc.weight': 1e-1, 'fc.bias': 1e-7}
        paths = []
        for i in range(9):
            members = {f'{name}.npy': npy([1 + rng.gauss(0, noise[name]) for _ in range(math.prod(shape))], shape=shape)
                       for name, shape in shapes.items()}
            data = io.BytesIO()
            with zipfile.ZipFile(data, 'w') as archive:
                for name, content in members.items():
                    archive.writestr(name, content)
            paths.append(self.put(f'w{i}.npz', data.getvalue()))
        text = self.told(*paths)
        groups = {g['name']: g for g in self.documents(*paths)['documents'][0]['groups']}
        rows = [line.split() for line in text.splitlines() if re.match(r'  \S+(weight|bias) +\d+ ', line)]
        self.assertEqual([row[0] for row in rows], ['fc.weight', 'conv.weight', 'fc.bias'])
        for name, numbers, median, least, shape in rows:
            bits = groups[name]['total']['cnh_bits']
            self.assertEqual((int(numbers), shape), (math.prod(shapes[name]), 'x'.join(map(str, shapes[name]))))
            self.assertEqual((median, least), tuple(f'{bits[k] * math.log10(2):.1f}' for k in ('median', 'min')))

    def test_layers(self):
        """Directories of arrays, as of --dump-layers: a row for each file."""
        rng = random.Random(3)
        for i in range(5):
            for k, layer in enumerate(('conv', 'relu', 'head')):
                self.put(f'run{i}/{k:06} probe:{layer}.npy', npy([1 + rng.gauss(0, 10.**(k - 5)) for _ in range(4)]))
        text = self.told(*[f'run{i}' for i in range(5)])
        rows = re.findall(r'^  (00000\d probe:\w+\.npy) +4 ', text, re.M)
        self.assertEqual(rows, ['000002 probe:head.npy', '000001 probe:relu.npy', '000000 probe:conv.npy'])

    def test_numbers_are_as_short_as_can_be(self):
        def digits(number):
            return len(re.sub('e.*', '', number).replace('.', '').replace('-', '').strip('0')) or 1
        rng = random.Random(1)
        values = [0.1, 1 / 3, 5e-324, 2.5e-320, 1e22, 123456789012345680., 2**53 + 2., 1e300, 3., 9007199254740993.]
        values += [struct.unpack('<d', rng.randbytes(8))[0] for _ in range(300)]
        values = [x for x in values if math.isfinite(x)]
        for value in values[:40]:
            paths = self.samples([[value]] * 2)
            text = self.told('-f', 'json', *paths)
            [written] = re.findall(r'"mean": ([^,\n]+),\n *"sd"', text)
            self.assertEqual(float(written), value)
            self.assertEqual(digits(written), digits(repr(value)), (written, value))
        rows = [[rng.gauss(0, 1), rng.random() * 10**rng.randint(-30, 30)] for _ in range(8)]
        paths = self.samples(rows)
        text = self.told('-f', 'json', *paths)
        found = []
        json.loads(text, parse_float=lambda number: found.append(number) or float(number))
        self.assertGreater(len(found), 30)
        for number in found:
            self.assertEqual(digits(number), digits(repr(float(number))), number)
        for row in csv.reader(io.StringIO(self.told('-f', 'csv', *paths))):
            for cell in row:
                if re.fullmatch(r'-?\d+\.\d+(e[-+]?\d+)?', cell):
                    self.assertEqual(digits(cell), digits(repr(float(cell))), cell)


class Compare(Case):
    """Where two runs part: the measures by exact fractions."""

    def npz(self, name, arrays, compression=zipfile.ZIP_STORED):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with zipfile.ZipFile(path, 'w', compression) as file:
            for key, content in arrays:
                file.writestr(key + '.npy', content)
        return path

    def compare(self, *arguments, **options):
        done = self.run_stats('compare', '--format', 'json', *arguments, **options)
        self.assertEqual(done.stderr, b'')
        return json.loads(done.stdout)

    def check(self, layer, a, b):
        """Against Fraction; a and b are doubles, all of them finite."""
        a, b = [Fraction(x) for x in a], [Fraction(x) for x in b]
        relative = [abs(x - y) / abs(y) for x, y in zip(b, a) if y]
        signal, power = sum(y * y for y in a), sum(x * x for x in b)
        noise = sum((x - y) ** 2 for x, y in zip(b, a))
        self.assertEqual(layer['elements'], len(a))
        self.assertAlmostEqual(layer['max_rel'], float(max(relative)), delta=1e-14)
        self.assertAlmostEqual(layer['mean_rel'], float(sum(relative) / len(relative)), delta=1e-14)
        if noise:
            self.assertAlmostEqual(layer['sqnr_db'], 10 * math.log10(signal / noise), delta=1e-9)
            cosine = float(sum(x * y for x, y in zip(b, a))) / math.sqrt(signal * power)
            self.assertAlmostEqual(layer['cosine'], cosine, delta=1e-12)
        else:
            self.assertEqual((layer['sqnr_db'], layer['cosine']), ('inf', 1))

    def test_numbers_say_the_order_alone(self):
        """"000012 conv" is the first, the second... call of conv, whatever threads that ran at once came before it."""
        runs = {'a': ['1 in', '2 left', '3 right', '4 left', '5 out'], 'b': ['1 in', '2 right', '3 left', '4 out', '5 left']}
        for run, names in runs.items():
            for name in names:
                which = name.split()[1]
                nth = sum(other.endswith(which) for other in names[:names.index(name)])
                value = {'in': 1, 'left': 2 + nth, 'right': 4, 'out': 5}[which]
                self.put(f'{run}/{name}.npy', npy([float(value + (run == 'b' and which == 'out'))]))
        told = self.compare('a', 'b')
        self.assertEqual([(layer['name'], layer['differ']) for layer in told['layers']],
                         [(name, int(name == '5 out')) for name in runs['a']])
        self.assertEqual(told['first_different'], '5 out')
        told = self.compare(*[self.npz(run + '.npz', [(str(n), npy([float(n)])) for n in numbers])
                              for run, numbers in (('c', (1, 2)), ('d', (2, 3)))])  # a number is a name, too
        self.assertEqual([layer['name'] for layer in told['layers']], ['1', '2', '3'])

    def test_measures(self):
        draw = random.Random(3)
        names = ['1-conv', '2-relu', '10-dense', '11-softmax']
        runs = {'a': {}, 'b': {}}
        for i, name in enumerate(names):
            a = [draw.gauss(0, 1) for _ in range(5000 if i == 2 else 60)]  # more than a block
            b = list(a)
            if i >= 1:
                b[7] *= 1.001
            if i >= 2:
                b = [x * draw.uniform(0.9, 1.1) for x in b]
            runs['a'][name], runs['b'][name] = a, b
        for run, arrays in runs.items():
            for i, (name, values) in enumerate(arrays.items()):
                self.put(f'{run}/{name}.npy', npy(values)) if i % 2 else self.npz(
                    f'{run}/{name}.npz', [('out', npy(values))], zipfile.ZIP_DEFLATED if run == 'b' else zipfile.ZIP_STORED)
        self.put('a/notes.txt', 'no layer')
        got = self.compare('a', 'b')
        self.assertEqual([layer['name'] for layer in got['layers']], names)  # 2 before 10
        for layer in got['layers']:
            self.check(layer, runs['a'][layer['name']], runs['b'][layer['name']])
        self.assertEqual([layer['differ'] for layer in got['layers']], [0, 1, 5000, 60])
        self.assertEqual((got['first_different'], got['first_beyond']), ('2-relu', '10-dense'))
        self.assertEqual([layer['within'] for layer in got['layers']], [True, True, False, False])
        loose = self.compare('-t', 'max-rel<=0.2', 'a', 'b')
        self.assertEqual((loose['first_different'], loose['first_beyond']), ('2-relu', None))
        strict = self.compare('-t', 'mean-rel<=0.00001', 'a', 'b')
        self.assertEqual(strict['first_beyond'], '2-relu')
        self.assertEqual(self.compare('-t', 'cosine>=0.9999999', 'a', 'b')['first_beyond'], '10-dense')
        same = self.compare('a', 'a')
        self.assertEqual((same['first_different'], same['first_beyond']), (None, None))

    def test_members_in_their_order(self):
        self.npz('a.npz', [('z', npy([1, 2])), ('y', npy([3])), ('x', npy([4])), ('w', npy([5, 6], shape=(2, 1)))])
        self.npz('b.npz', [('w', npy([5, 6])), ('z', npy([1, 2], '<f4')), ('new', npy([1])), ('x', npy([-4]))])
        got = self.compare('a.npz', 'b.npz')
        self.assertEqual([(layer['name'], layer['note']) for layer in got['layers']],
                         [('z', None), ('y', 'not in b.npz'), ('x', None), ('w', 'another shape'),
                          ('new', 'not in a.npz')])
        self.assertEqual((got['first_different'], got['first_beyond']), ('y', 'y'))
        self.assertEqual(got['layers'][2]['sqnr_db'], 20 * math.log10(4 / 8))

    def test_what_is_no_number(self):
        inf, nan = math.inf, math.nan
        self.put('a/l.npy', npy([1, 2, nan, inf, 0, 0.0, 5]))
        self.put('b/l.npy', npy([1, nan, nan, inf, 3, -0.0, 0]))
        layer = self.compare('a', 'b')['layers'][0]
        self.assertEqual((layer['differ'], layer['lost'], layer['appeared'], layer['vanished']), (4, 1, 1, 1))
        self.assertEqual((layer['max_rel'], layer['sqnr_db'], layer['cosine'], layer['within']),
                         ('inf', '-inf', None, False))
        self.put('c/l.npy', npy([]))
        self.assertEqual(self.compare('c', 'c')['layers'][0]['sqnr_db'], 'inf')

    def test_forms(self):
        self.put('a/a,"b.npy', npy([1, 2]))
        self.put('b/a,"b.npy', npy([1, 2.5]))
        rows = list(csv.DictReader(io.StringIO(self.run_stats('compare', '-f', 'csv', 'a', 'b').stdout.decode())))
        self.assertEqual(len(rows), 1)
        self.assertEqual((rows[0]['layer'], rows[0]['differ'], rows[0]['max_rel'], rows[0]['within']),
                         ('a,"b', '1', '0.25', '0'))
        table = self.run_stats('compare', 'a', 'b').stdout.decode()
        self.assertRegex(table, r'a,"b +2 +1 +0\.25 +0\.125 +13\.0 ')
        self.assertIn('First that differs: a,"b\nFirst that does not keep sqnr>=40: a,"b\n', table)
        self.assertIn('No layer differs.\nAll keep sqnr>=40.\n', self.run_stats('compare', 'a', 'a').stdout.decode())
        self.assertIn('| a,"b ', self.run_stats('compare', '-f', 'md', 'a', 'b').stdout.decode())
        self.assertIn(b'Usage: vprec-stats compare', self.run_stats('compare', '--help').stdout)

    def test_refused(self):
        self.put('a/l.npy', npy([1]))
        self.put('text', 'words\n')
        os.mkdir(os.path.join(self.directory, 'empty'))
        for arguments, status, words in [(['a'], 2, 'two runs, not 1'), (['a', 'a', 'a'], 2, 'two runs, not 3'),
                                         (['-t', 'sqnr<=4', 'a', 'a'], 2, 'sqnr>=X'),
                                         (['-t', 'sqnr>=x', 'a', 'a'], 2, 'sqnr>=X'),
                                         (['-f', 'xml', 'a', 'a'], 2, 'there are table, json, csv and md'),
                                         (['-x', 'a', 'a'], 2, 'unknown option -x'), (['a', 'none'], 1, 'none'),
                                         (['empty', 'a'], 1, 'no .npy or .npz file'),
                                         (['a', 'text'], 1, 'not an array')]:
            done = self.run_stats('compare', *arguments, status=status)
            self.assertIn(words, done.stderr.decode())
            self.assertEqual(done.stdout, b'')


class Usage(Case):
    def test_usage(self):
        one, two = self.put('1.txt', '1\n'), self.put('2.txt', '2\n')
        for arguments, say in [([], 'no samples'), ([one], 'one sample'), (['-m', 'x', one, two], '--method'),
                               (['-c', '1', one, two], '--confidence'), (['-p', '.9,.9', one, two], '--probability'),
                               (['--nosuch', one], 'unknown option'), (['-f', 'xml', one, two], '--format'),
                               (['-n', '-1', one, two], '--numbers'), (['-', '-'], 'twice'),
                               (['-r', self.directory, one, two], 'reference'), ([one, self.directory], 'mixed')]:
            self.error(*arguments, say=say, status=2)
        self.error(one, 'missing.txt', say="cannot read 'missing.txt' (No such file or directory): check the path")
        self.error('--rows', '-', say='--input', stdin=b'1\n')

    def test_output(self):
        one, two = self.put('1.txt', 'a 1\n'), self.put('2.txt', 'b 2\n')
        self.assertIn(b'Examples', self.run_stats('--help').stdout)
        self.assertIn(b'vprec-stats ', self.run_stats('--version').stdout)
        self.assertNotIn(b'\033', self.run_stats(one, two).stdout)
        self.assertIn(b'|---:', self.run_stats('-f', 'md', one, two).stdout)
        for method, key in ('cnh', 'cnh_bits'), ('bernoulli', 'bernoulli_bits'), ('cestac', 'cestac_bits'):
            [n] = self.numbers('-m', method, one, two)
            self.assertEqual([k for k in ('cnh_bits', 'bernoulli_bits', 'cestac_bits') if k in n], [key])
        for line in self.run_stats('-n', '0', one, two).stdout.decode().splitlines():
            self.assertEqual(line, line.rstrip())
        for form in 'table', 'json', 'csv', 'md':
            with open('/dev/full', 'wb') as full:
                done = subprocess.run([STATS, '-f', form, one, two], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b'cannot write', done.stderr)
        self.error(self.directory + '/1.txt', self.put('a/b', ''), '/', say='mixed', status=2)
        self.error('/proc/self/mem', one, say='/proc/self/mem: cannot ')

    def test_full_temporary_directory(self):
        """A packed array that does not fit where temporary files are."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('x.npy', npy([1.] * 100000))
        one, two = self.put('1.npz', data.getvalue()), self.put('2.npz', data.getvalue())
        done = subprocess.run(['sh', '-c', "trap '' XFSZ; ulimit -f 64; exec \"$@\"", 'sh', STATS, one, two],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b'set TMPDIR to a directory with room', done.stderr)

    def test_terminal(self):
        one, two = self.put('1.txt', '1\n'), self.put('2.txt', '2\n')
        for colour, want in ('', True), ('1', False):
            master, slave = os.openpty()
            subprocess.run([STATS, one, two], stdout=slave, env=dict(os.environ, NO_COLOR=colour), check=True)
            os.close(slave)
            self.assertEqual(b'\033[' in read_all(master), want)
            os.close(master)

    def progress(self, *options):
        """What comes to a terminal on stderr while the second of four samples takes its time; the status."""
        files = [self.put(f'{i}.txt', f'{i}\n') for i in range(3)]
        master, slave = os.openpty()
        child = subprocess.Popen([STATS, '-i', 'text', *options, files[0], '-', *files[1:]], stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        time.sleep(1.5)
        child.communicate(b'5\n', timeout=60)
        shown = read_all(master)
        os.close(master)
        return shown.decode(), child.returncode

    def test_progress(self):
        shown, status = self.progress()
        self.assertRegex(shown, r'\A\r\[#{12} {12}\] 50 % of the samples, 0:0\d left\x1b\[K')
        self.assertTrue(shown.endswith('\r\x1b[K'), shown)
        self.assertEqual(status, 0)
        self.assertEqual(self.progress('-q'), ('', 0))

    def test_progress_of_the_list(self):
        """Samples are listed before they are read; here one of four takes its time to tell its status."""
        for i in range(1, 5):
            self.put(f'runs/{i:04}/stdout', f'{i}\n')
            if i != 2:
                self.put(f'runs/{i:04}/status.json', '{"status": 0}')
        os.mkfifo(os.path.join(self.directory, 'runs/0002/status.json'))
        for more, want in ([], True), (['-q'], False):
            master, slave = os.openpty()
            child = subprocess.Popen([STATS, *more, 'runs'], cwd=self.directory, stdout=subprocess.PIPE, stderr=slave)
            os.close(slave)
            time.sleep(1.5)
            with open(os.path.join(self.directory, 'runs/0002/status.json'), 'w', encoding='ascii') as file:
                file.write('{"status": 0}')
            self.assertIn(b'4 samples', child.communicate(timeout=60)[0])
            shown = read_all(master)
            os.close(master)
            self.assertEqual(b' % of the list of samples' in shown, want, shown)
            self.assertEqual(child.returncode, 0)


if __name__ == '__main__':
    unittest.main()
