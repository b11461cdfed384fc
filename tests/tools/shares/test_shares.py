# SPDX-License-Identifier: Apache-2.0
# test_shares.py: bounds and intervals of shares, against binomial sums in exact arithmetic, against the quadratic
# equation that Wilson's interval solves, and against examples that were published.
# Usage: test_shares.py SHARES
import math
import random
import subprocess
import sys
import unittest
from fractions import Fraction

SHARES = sys.argv.pop(1)


def ask(lines):
    done = subprocess.run([SHARES], input='\n'.join(lines), capture_output=True, check=True, text=True)
    return [[float(x) for x in line.split()] for line in done.stdout.splitlines()]


def at_most(k, n, share):
    """How probable at most k of n are, exactly: share is a fraction."""
    p, q = share.numerator, share.denominator - share.numerator
    return Fraction(sum(math.comb(n, i) * p**i * q**(n - i) for i in range(k + 1)), share.denominator**n)


class Shares(unittest.TestCase):
    def test_clopper_and_pearson(self):
        """At the bound the tail is what the confidence leaves: just below it is more, just above it is less."""
        rng = random.Random(1)
        cases = [(k, n) for n in (1, 2, 7, 30) for k in range(n)] + [(0, 1000), (3, 1000), (999, 1000), (5, 3000)]
        cases += [(rng.randrange(n), n) for n in rng.sample(range(40, 400), 12)]
        for confidence in '0.95', '0.975', '0.5':
            left = 1 - Fraction(confidence)
            bounds = ask(f'most {k} {n} {confidence}' for k, n in cases)
            for (k, n), [bound] in zip(cases, bounds):
                near = Fraction(1, 10**10)
                scale = Fraction(2) ** 60  # fractions of few digits
                below, above = (Fraction(round(Fraction(bound) * (1 + side * near) * scale)) / scale
                                for side in (-1, 1))
                self.assertGreater(at_most(k, n, below), left, (k, n, confidence))
                self.assertLess(at_most(k, n, min(above, Fraction(1))), left, (k, n, confidence))
        self.assertEqual(ask(['most 4 4 0.95', 'most 0 1 0.95']), [[1], [0.95]])

    def test_published_bounds(self):
        # 13 of 16: 0.5435 to 0.9595 (M. W. Fagerland, S. Lydersen, P. Laake, 2017, chapter 2).
        [[high], [low]] = ask(['most 13 16 0.975', 'most 3 16 0.975'])
        self.assertEqual((round(high, 4), round(1 - low, 4)), (0.9595, 0.5435))

    def test_wilson(self):
        """Its ends solve (share - p)^2 = z^2 p (1 - p)/n."""
        z = {0.95: 1.959963984540054, 0.99: 2.5758293035489004, 0.9: 1.6448536269514722}
        cases = [(k, n, c) for n in (1, 5, 1000, 10**6) for k in {0, 1, n // 3, n - 1, n} for c in z]
        for (k, n, c), (low, high) in zip(cases, ask(f'interval {k} {n} {c}' for k, n, c in cases)):
            a, b, constant = 1 + z[c]**2 / n, -2 * k / n - z[c]**2 / n, (k / n)**2
            root = math.sqrt(max(b * b - 4 * a * constant, 0))
            self.assertAlmostEqual(low, (-b - root) / (2 * a), delta=1e-8, msg=(k, n, c))
            self.assertAlmostEqual(high, (-b + root) / (2 * a), delta=1e-8, msg=(k, n, c))
            self.assertTrue(0 <= low <= k / n <= high <= 1, (k, n, c, low, high))

    def test_newcombe(self):
        """Published examples of method 10: Newcombe's own, 36 12 2 0; D. G. Altman and others, Statistics with
        Confidence (2000), 14 5 0 22; Fagerland, Lydersen, Laake (2017), chapter 8, 59 6 16 80."""
        for counts, low, high in (((36, 2, 12, 0), 0.0569, 0.3404), ((36, 12, 2, 0), -0.3404, -0.0569),
                                  ((14, 0, 5, 22), 0.0115, 0.2265), ((59, 16, 6, 80), -0.1186, -0.0046)):
            [[a, b]] = ask(['paired %d %d %d %d 0.95' % counts])
            self.assertEqual((round(a, 4), round(b, 4)), (low, high), counts)

    def test_newcombe_where_nothing_changed(self):
        """No difference, but as much doubt as the items leave; more items, less doubt."""
        widths = []
        for n in 10, 100, 1000, 100000:
            [[low, high]] = ask([f'paired {n * 9 // 10} 0 0 {n // 10} 0.95'])
            self.assertTrue(low < 0 < high and abs(low + high) < 0.1 / n ** .5, (n, low, high))
            widths.append(high - low)
        self.assertEqual(sorted(widths, reverse=True), widths)

    def test_mcnemar(self):
        cases = [(f, g) for f in range(13) for g in range(13)] + [(3, 40), (500, 560)]
        for (f, g), [p] in zip(cases, ask(f'mcnemar 100 {f} {g} 7' for f, g in cases)):
            tail = 2 * sum(Fraction(math.comb(f + g, i), 2**(f + g)) for i in range(min(f, g) + 1))
            self.assertAlmostEqual(p, float(min(tail, 1)), delta=1e-12, msg=(f, g))

    def test_what_cannot_be(self):
        for line in 'most 2 1 0.95', 'most 0 0 0.95', 'most 0 4 1', 'interval 0 0 0.95', 'paired 0 0 0 0 0.95':
            self.assertTrue(all(math.isnan(x) for x in ask([line])[0]), line)


if __name__ == '__main__':
    unittest.main()
