#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""integers.py VPREC_RUN VICTIM: what is told of additions that round to integers, and how they are rounded all the same.

integer_rint has two in each type, x + C and what takes C off again, in loops over N numbers: vectors and a scalar tail.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

RUN, VICTIM = sys.argv[1:]
N = 67
KERNEL = ['sse2', 'integer_rint', '4', str(N)]


class Integers(unittest.TestCase):
    def run_vprec(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'report.json')
            done = subprocess.run([RUN, '-f', 'f32=e8m10,f64=e11m20', '--object', 'libexact_sse2*', '--report', path, *options,
                                   '--', VICTIM, *KERNEL], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=120, check=True)
            with open(path, encoding='utf-8') as file:
                return done, json.load(file)

    def test_listed(self):
        done, report = self.run_vprec()
        sites = report['integer_rounding']
        self.assertEqual({site['function'] for site in sites}, {'integer_rint'})
        names = {site['text'].split()[0] for site in sites}
        self.assertLessEqual({'addps', 'addpd'}, names)
        self.assertEqual({site['executed'] for site in sites}, {None})
        self.assertEqual(report['totals']['integer_rounding'], len(sites))
        self.assertIn(f'{len(sites)} additions by which it rounds to integers', done.stderr)
        self.assertEqual(report['configuration']['integer_rounding'], 'exact')

    def test_counted(self):
        for how in '--count=operations', '--count', '--count=all':
            with self.subTest(how=how):
                self.check_counted(self.run_vprec(how)[1])

    def check_counted(self, report):
        # every instruction has its executions, a vector one for several numbers; the tail's may have idle elements
        lanes, numbers = {'ps': 4, 'pd': 2, 'ss': 1, 'sd': 1}, {'s': 0, 'd': 0}
        for site in report['integer_rounding']:
            kind = site['text'].split()[0][-2:]
            numbers[kind[1]] += site['executed'] * lanes[kind]
        self.assertEqual({key: 2 * N <= count <= 2 * (N + 4) for key, count in numbers.items()}, {'s': True, 'd': True})
        self.assertEqual(report['totals']['integer_rounding_executed'],
                         sum(site['executed'] for site in report['integer_rounding']))
        counts = [f['counts'] for f in report['functions'] if f['name'] == 'integer_rint']
        self.assertLessEqual(sum(sum(c[t]['ops'].values()) for c in counts for t in ('f32', 'f64')), 4) # idle elements

    def test_rounded(self):
        exact, _ = self.run_vprec()
        done, report = self.run_vprec('--integer-rounding', 'rounded')
        self.assertEqual(report['integer_rounding'], [])
        self.assertEqual(report['configuration']['integer_rounding'], 'rounded')
        self.assertNotIn('integers', done.stderr)
        # x + 1.5 * 2^23 in 11 bits is 1.5 * 2^23: nothing is left of numbers below 2^12
        self.assertNotEqual(exact.stdout, done.stdout)
        first, second = (set(run.stdout.splitlines()[0].split()[3:]) for run in (exact, done))
        self.assertLessEqual(second, {'00000000', '80000000'})
        self.assertGreater(len(first), 2)

    def test_unknown_choice(self):
        done = subprocess.run([RUN, '-f', 'bf16', '--integer-rounding', 'some', '--', 'true'], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 125)
        self.assertIn("unknown choice 'some' for --integer-rounding: use exact", done.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
