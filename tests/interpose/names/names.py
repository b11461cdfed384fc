# SPDX-License-Identifier: Apache-2.0
"""names.py: functions that no symbol names go by their object and the address that was entered: told apart in reports
and counts, and selected by these names.

names.py VPREC_RUN DIRECTORY: DIRECTORY has names_program and libnames_kernels.so.1.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

VPREC_RUN, DIRECTORY = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
OBJECT, X = 'libnames_kernels', Fraction(1 + 2**-10)
OPERATIONS = {'add': {'add': 1}, 'multiply': {'mul': 1}, 'calls': {'mul': 1}, 'loops': {'add': 3}, 'inner': {'add': 1}}


def bits(x):
    return struct.pack('>f', x).hex()


def bf16(x):
    """Of moderate numbers only."""
    unit, x = Fraction(2)**-7, Fraction(x)
    while x >= 256 * unit:
        unit *= 2
    return round(x / unit) * unit


def f32(x):
    return Fraction(struct.unpack('<f', struct.pack('<f', float(x)))[0]) # exact sums and products of so short numbers


def expected(rounded):
    """Results where the functions in `rounded` are: one operation after the other."""
    def in_(name):
        return bf16 if name in rounded else f32
    add, multiply, calls, loops, inner = map(in_, ('add', 'multiply', 'calls', 'loops', 'inner'))
    once = inner(X + X)
    return {'add': bits(add(X + X)), 'multiply': bits(multiply(X * X)), 'calls': bits(calls(once * once)),
            'loops': bits(loops(loops(loops(X + X) + X) + X)), 'nothing': bits(X)}


class Names(unittest.TestCase):
    def run_program(self, *options, status=0, formats='f32=bf16'):
        """The results; by kernel its name; the report."""
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, 'report')
            command = [VPREC_RUN, '-f', formats, '--report', report, *options, '--', './names_program']
            done = subprocess.run(command, cwd=DIRECTORY, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, status, done.stderr)
            lines = [line.split() for line in done.stdout.splitlines()]
            with open(report, encoding='utf-8') as text:
                report = json.load(text)
        names = {name: f'{OBJECT}+0x{int(at, 16):x}' for name, at, _ in lines}
        results = {}
        for name, _, result in lines:
            if name != 'inner':
                self.assertEqual(results.setdefault(name, result), result, f'{options}: {name}, the second time')
        return results, names, report, done.stderr

    def test_all(self):
        for options in (), ('--count',), ('--count=all',), ('--audit',):
            results, names, report, _ = self.run_program(*options)
            self.assertEqual(results, expected(OPERATIONS))
            functions = [f for f in report['functions'] if f['name'].startswith(OBJECT)]
            self.assertEqual({f['name'] for f in functions}, {names[name] for name in OPERATIONS})
            for name in OPERATIONS: # which may lie in several places
                parts = [f for f in functions if f['name'] == names[name]]
                self.assertTrue(any(f['entered'] for f in parts), name)
                if options and options[0].startswith('--count'):
                    counted = {op: 2 * n for op, n in OPERATIONS[name].items()}
                    (counts,) = [f['counts']['f32']['ops'] for f in parts if f['counts'] and f['counts']['f32']]
                    self.assertEqual(counts, counted, name)

    def test_function(self):
        _, names, _, _ = self.run_program()
        for name in OPERATIONS:
            for pattern in (names[name], names[name].replace('+', '.so.1+')):
                for options in (), ('--count',):
                    results, _, report, _ = self.run_program('--function', pattern, *options)
                    self.assertEqual(results, expected([name]), (pattern, options))
                    self.assertEqual({f['name'] for f in report['functions']}, {names[name]})

    def test_skipped_function(self):
        _, names, _, _ = self.run_program()
        for name in OPERATIONS:
            results, _, report, _ = self.run_program('--skip-function', names[name])
            self.assertEqual(results, expected(set(OPERATIONS) - {name}), name)
            self.assertNotIn(names[name], {f['name'] for f in report['functions']})
        results, _, _, _ = self.run_program('--skip-function', OBJECT + '+*')
        self.assertEqual(results, expected([]))

    def test_name_of_no_function(self):
        _, names, _, _ = self.run_program()
        code = int(names['loops'].split('+')[1], 16)
        results, _, _, told = self.run_program('--function', f'{OBJECT}+0x{code + 1:x}')
        self.assertEqual(results, expected([]))
        self.assertIn('not reached', told)
        for pattern in (f'{OBJECT}+0x{code + (1 << 30):x}', 'libnames+0x10', f'{OBJECT}.so.2+0x{code:x}'):
            self.assertIn('matched nothing', self.run_program('--function', pattern, status=125)[3])

    def test_identity(self):
        for options in (), ('--count',), ('--function', OBJECT + '+*'):
            self.assertEqual(self.run_program(*options, formats='native')[0], expected([]))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
