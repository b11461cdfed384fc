#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""deep.py: the stack of the first overflow, against what the program tells of its own calls: the functions that call one
another, in order, each at its line. Usage: deep.py VPREC-RUN DEEP DEEP-AT-O0 yes|no (no: there are no lines)"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

RUN, *PROGRAMS, LINES = sys.argv[1:]
MOST = 24


class Deep(unittest.TestCase):
    def run_way(self, program, way, *options, level='avx512'):
        """What the program tells, the stack, and the messages."""
        with tempfile.TemporaryDirectory(prefix='vprec-deep.') as directory:
            report = os.path.join(directory, 'report.json')
            done = subprocess.run([RUN, '-f', 'e5m10', *(options or ['--count=all']), '--report', report, '--', program,
                                   way], capture_output=True, timeout=60, check=True, env={**os.environ, 'VPREC_CPU': level})
            with open(report, encoding='utf-8') as file:
                told = json.load(file)
        counts = [f['counts']['f32']['first'] for f in told['functions'] if f['name'] == 'square' and 'counts' in f]
        counts += [s['counts']['f32']['first'] for s in told['scopes'] if 'counts' in s]
        counts += [p['libm_first']['f32'] for p in told['processes']]
        (stack,) = [c['overflow']['stack'] for c in counts if 'overflow' in c]
        expected = [(name, int(line)) for name, line in
                    (text.split() for text in done.stdout.decode().splitlines())]
        return expected, stack, done.stderr.decode()

    def own(self, stack, program):
        """The program's own frames."""
        self.assertLessEqual(len(stack), MOST)
        for frame in stack:
            self.assertNotIn('vprec', os.path.basename(frame['object']))
        frames = [f for f in stack if f['object'] == os.path.realpath(program)]
        if LINES == 'yes':
            self.assertTrue(all(f['file'].endswith('deep.c') for f in frames if f['function'] != '_start'), frames)
        return [(f['function'], f['line'] if LINES == 'yes' else None) for f in frames if f['function'] != '_start']

    def check(self, way, *options, cut=False):
        for program in PROGRAMS:
            for level in 'sse2', 'avx512':
                with self.subTest(way=way, program=os.path.basename(program), level=level):
                    expected, stack, errors = self.run_way(program, way, *options, level=level)
                    own = self.own(stack, program)
                    expected = [(name, line if LINES == 'yes' else None) for name, line in expected]
                    if cut:
                        self.assertEqual(len(stack), MOST)
                        self.assertEqual(own, expected[:MOST])
                    else:
                        self.assertEqual(own, expected, stack)
                    self.assertIn('first overflow', errors)
                    self.assertIn(': mul(30000, 30000) gave inf, in square (deep', errors)
                    self.assertIn('called by plain (deep', errors)
                    yield stack

    def test_calls(self):
        for stack in self.check('calls'):
            self.assertEqual(stack[0]['function'], 'square')
            self.assertTrue(all(f['offset'] is None or f['offset'] >= 0 for f in stack))

    def test_more_than_are_kept(self):
        for _ in self.check('deep', cut=True):
            pass

    def test_through_another_library(self):
        for stack in self.check('sort'):
            self.assertIn('libc.so.6', [os.path.basename(f['object']) for f in stack])

    def test_who_calls_libm(self):
        for program in PROGRAMS:
            for level in 'sse2', 'avx512':
                expected, stack, errors = self.run_way(program, 'libm', level=level)
                self.assertEqual(self.own(stack, program), [(name, line if LINES == 'yes' else None)
                                                            for name, line in expected], stack)
                self.assertEqual(stack[0]['function'], 'exponential')
                self.assertIn('first overflow: exp(20) gave inf, in exponential (deep', errors)

    def test_in_a_thread(self):
        for _ in self.check('thread'):
            pass

    def test_in_a_handler(self):
        """What a signal interrupted is not told: fewer frames, none that is wrong."""
        for stack in self.check('signal'):
            self.assertEqual([f['function'] for f in stack][:3], ['square', 'plain', 'handler'])

    def test_in_a_coroutine(self):
        for _ in self.check('coroutine'):
            pass

    def test_where_unwind_information_is_wrong(self):
        """The program goes on, and there is the one frame that is known."""
        for program in PROGRAMS:
            with tempfile.TemporaryDirectory(prefix='vprec-deep.') as directory:
                report = os.path.join(directory, 'report.json')
                done = subprocess.run([RUN, '-q', '-f', 'e5m10', '--count=all', '--report', report, '--', program, 'lying'],
                                      capture_output=True, timeout=60, check=True)
                self.assertEqual((done.stdout, done.stderr), (b'1\n', b''))
                with open(report, encoding='utf-8') as file:
                    (first,) = [f['counts']['f32']['first'] for f in json.load(file)['functions'] if f['name'] == 'lying']
            self.assertEqual([(f['function'], f['offset']) for f in first['overflow']['stack']], [('lying', 4)])

    def test_by_scope(self):
        for _ in self.check('calls', '--layers'):
            pass


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
