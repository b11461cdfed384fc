#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ways.py: operations counted in threads, processes and signal handlers, against what the program itself has counted
in integers, which it writes. Usage: ways.py VPREC-RUN PROGRAM"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter

RUN, PROGRAM = sys.argv[1:3]
LEVELS = ('sse2', 'avx2', 'avx512')


class Ways(unittest.TestCase):
    def run_way(self, way, *options, level='avx512', status=0):
        """What the program counts, what vprec does, and its messages."""
        with tempfile.TemporaryDirectory(prefix='vprec-ways.') as directory:
            report = os.path.join(directory, 'report.json')
            done = subprocess.run([RUN, *options, '--report', report, '--', PROGRAM, way], capture_output=True, timeout=250,
                                  env=dict(os.environ, VPREC_CPU=level), check=False)
            self.assertEqual(done.returncode, status, done.stderr.decode())
            with open(report, encoding='utf-8') as file:
                told = json.load(file)
        expected, counted = Counter(), Counter()
        for line in done.stdout.decode().splitlines():
            function, op, times = line.split()
            expected[function, op] = int(times)
        for f in told['functions']:
            if f['object'] == os.path.realpath(PROGRAM):
                for counts in f['counts'].values():
                    for op, times in counts['ops'].items():
                        counted[f['name'], op] += times
        self.assertTrue(expected)
        return +expected, counted, done.stderr.decode()

    def check(self, way, status=0):
        for count in 'operations', 'quick':
            for level in LEVELS:
                for form in 'native', 'e8m10,f64=e11m40':
                    with self.subTest(way=way, count=count, level=level, form=form):
                        expected, counted, errors = self.run_way(way, '-f', form, '--count=' + count, level=level,
                                                                 status=status)
                        self.assertEqual(expected, counted, errors)

    def test_threads(self):
        self.check('threads')

    def test_one_thread_after_the_other(self):
        self.check('many')

    def test_signals(self):
        self.check('signals')

    def test_runs_that_are_left_by_a_fault(self):
        self.check('faults')

    def test_a_run_that_ends_in_a_crash(self):
        self.check('crash', status=139)

    def test_processes(self):
        self.check('processes')

    def test_threads_of_the_c_library(self):
        self.check('notified')

    def test_by_c_code_it_is_the_same(self):
        for way in 'faults', 'processes':
            expected, counted, _ = self.run_way(way, '-f', 'native', '--count=all')
            self.assertEqual(expected, counted)

    def test_a_program_that_uses_gs(self):
        # It finds what it has put there, and that it is not counted is told.
        for form in 'native', 'e8m10,f64=e11m40':
            _, counted, errors = self.run_way('gs', '-f', form, '--count')
            self.assertIn('gs', errors)
            self.assertIn('--count=all', errors)
            self.assertLess(counted['chain', 'mul'], 400)
        expected, counted, errors = self.run_way('gs', '-f', 'native', '--count=all')
        self.assertEqual(expected, counted)
        self.assertNotIn('gs,', errors)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
