# SPDX-License-Identifier: Apache-2.0
"""functions.py VPREC_RUN DIRECTORY [TEST...]: functions as scopes, and code that has a format of its own; the sums are
those of scope.py."""
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

from scope import DIRECTORY, bits, expected, rounded, vprec

PROGRAM = os.path.join(DIRECTORY, 'scope_functions')
SUMS = os.path.join(DIRECTORY, 'scope_code')
CPUS = ('sse2', 'avx2', 'avx512')


def functions(names, fraction_bits):
    return [part for name in names for part in ('--scope', f'fn:{name}=e8m{fraction_bits}')]


class Functions(unittest.TestCase):
    maxDiff = None

    def check(self, part, count, scopes, **formats):
        for cpu in CPUS:
            lines, said = vprec('-f', 'e8m10', *scopes, PROGRAM, part, environment={'VPREC_CPU': cpu})
            self.assertEqual(len(lines), count, lines)
            self.assertEqual(lines, expected(lines, **formats), cpu)
            self.assertEqual(said, '')

    def test_calls(self):
        """Recursion, one in the other, and a function whose last deed is a jump."""
        scopes = ('--scope', 'fn:net::one=e8m6', '--scope', 'fn:net::two()=e8m3', '--scope', 'fn:*nested*=e8m3')
        self.check('calls', 12, scopes, one=6, two=3)
        self.check('calls', 12, ('--scope', 'fn:_ZN3net3oneEi=e8m6', '--scope', 'fn:net::[tn]*=e8m3'), one=6, two=3)

    def test_within(self):
        lines, _ = vprec('-f', 'e8m10', '--within', 'fn:net::one', PROGRAM, 'calls')
        self.assertEqual(lines, expected(lines, base=23, one=10, two=23))
        lines, _ = vprec('-f', 'e8m10', '--within', 'fn:main', PROGRAM, 'calls')
        self.assertEqual(lines, expected(lines, one=10, two=10))

    def test_operands(self):
        """What is passed on the stack, and what is returned in whatever registers, arrives."""
        names = ('many', 'copied', 'varied', 'paired', 'worded', 'extended', 'large')
        self.check('operands', 12, functions(names, 6), **dict.fromkeys(names, 6))
        self.check('operands', 12, ('--scope', 'fn:passes_on=e8m5', *functions(names, 6)), **dict.fromkeys(names, 6))

    def test_exceptions(self):
        scopes = ('--scope', 'fn:throws=e8m6', '--scope', 'fn:catches=e8m3', '--scope', 'hand=e8m4')
        self.check('exceptions', 14, scopes, throws=6, catches=3, hand=4)

    def test_local_runtime(self):
        """A library brings the C++ runtime along, and nobody else has it."""
        for options in (('-f', 'native'), ('-f', 'e8m10', '--scope', 'fn:catches=e8m6')):
            library = os.path.join(DIRECTORY, 'libscope_catches.so')
            done = subprocess.run([os.path.abspath(sys.argv[1]), '-q', *options, '--', '/usr/bin/python3', '-c',
                                   f'import ctypes; print(ctypes.CDLL({library!r}).catches(100))'],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, '100\n'), done.stderr)

    def test_jumps(self):
        self.check('jumps', 9, ('--scope', 'fn:jumps=e8m6', '--scope', 'fn:jumped=e8m3'), jumps=6, jumped=3)

    def test_backtraces(self):
        """Each call has one frame more, which is ours."""
        for scopes, more in (((), 0), (('--scope', 'fn:traced=e8m6'), 5)):
            lines, _ = vprec('-f', 'e8m10', *scopes, PROGRAM, 'traced')
            self.assertEqual(lines[-1], ('frames', str(5 + more)))
            self.assertEqual(lines[:-1], expected(lines[:-1], traced=6 if scopes else 10))

    def test_handlers(self):
        self.check('handlers', 7, ('--scope', 'fn:interrupted=e8m6', '--scope', 'fn:handles=e8m3'), interrupted=6,
                   handles=3)

    def test_forks(self):
        self.check('forks', 4, ('--scope', 'fn:forks=e8m6'), forks=6)

    def test_threads(self):
        self.check('threads', 3, ('--scope', 'fn:worker=e8m6'), worker=6)
        self.check('threads', 3, ('--scope', 'fn:plain=e8m6', '--scope', 'fn:worker=e8m3'), worker=6)

    def test_thread_ends(self):
        self.check('exits', 5, ('--scope', 'fn:ends=e8m6'), ends=6)

    def test_contexts(self):
        """Scopes belong to the stack that they were begun on."""
        scopes = ('--scope', 'fn:inner=e8m6', '--scope', 'api:one=e8m5', '--scope', 'api:two=e8m4', '--scope', 'hand=e8m3')
        self.check('contexts', 18, scopes, inner=6, one=5, two=4, hand=3)

    def test_all(self):
        """Every function is a scope, and nothing else is another than without."""
        for part in ('calls', 'operands', 'exceptions', 'jumps', 'handlers', 'forks', 'threads', 'exits', 'contexts'):
            lines, said = vprec('-f', 'e8m10', '--scope', 'fn:*=e8m10', PROGRAM, part)
            self.assertEqual((lines, said), (expected(lines, **dict.fromkeys((name for name, _ in lines), 10)), ''), part)

    def test_stripped(self):
        """Without symbols a function goes by its object and its address."""
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, 'bare')
            subprocess.run(['strip', '-o', program, PROGRAM], check=True)
            listed = subprocess.run(['nm', '-C', PROGRAM], stdout=subprocess.PIPE, text=True, check=True).stdout
            at = re.search(r'^0*([0-9a-f]+) . net::one\(int\)', listed, re.MULTILINE)[1]
            lines, _ = vprec('-f', 'e8m10', '--scope', f'fn:bare+0x{at}=e8m6', program, 'calls')
            self.assertEqual(lines, expected(lines, one=6, two=10))

    def test_names(self):
        with tempfile.NamedTemporaryFile(suffix='.json') as file:
            vprec('-f', 'e8m10', '--layers=fn:net::*', '--report', file.name, PROGRAM, 'calls')
            report = json.load(file)
        told = {s['name']: (s['calls'], s['counts']['f32']['ops'].get('mul', 0)) for s in report['scopes']}
        self.assertEqual({name: told[name] for name in told if name.startswith('fn:')},
                         {'fn:net::one': (4, 400), 'fn:net::two': (1, 200), 'fn:net::nested': (1, 200)})
        _, said = vprec('-f', 'e8m10', '--scope', 'fn:net::three=e8m3', PROGRAM, 'calls', status=125)
        self.assertIn("'fn:net::three' matched no scope", said)

    def test_counted(self):
        """Inline counts are those of C code."""
        for kind in ('operations', 'quick', 'all'):
            with tempfile.NamedTemporaryFile(suffix='.json') as file:
                vprec('-f', 'e8m10', '--layers=fn:*worker*', '--count=' + kind, '--report', file.name, PROGRAM, 'threads')
                scopes = json.load(file)['scopes']
            [worker] = [s for s in scopes if s['name'] == 'fn:worker']
            self.assertEqual((worker['calls'], worker['counts']['f32']['ops']['mul']), (80001, 8000100), kind)


class Code(unittest.TestCase):
    """Code that has a format of its own, whoever calls it."""

    def run_with(self, *options, status=0):
        return vprec('-f', 'e8m10', *options, SUMS, status=status)

    def lines(self, *options):
        return dict(self.run_with(*options)[0])

    def test_functions(self):
        plain, native = self.lines(), self.lines('--scope', 'obj:scope_code=native')
        self.assertEqual(plain, self.expected(10, 10, 10))
        self.assertEqual(native, self.expected(23, 23, 23))
        self.assertEqual(self.lines('--scope', 'code:dot=e8m6'), self.expected(6, 10, 10))
        self.assertEqual(self.lines('--scope', 'code:expon*=e8m5'), self.expected(10, 5, 10))
        self.assertEqual(self.lines('--scope', 'code:main=e8m5'), self.expected(10, 10, 5))
        self.assertEqual(self.lines('--scope', 'obj:scope_*=e8m5', '--scope', 'code:dot=native'), self.expected(23, 5, 5))
        self.assertEqual(self.lines('--scope', 'code:dot=native', '--scope', 'obj:*=e8m5'), self.expected(5, 5, 5))

    def test_scopes(self):
        """It is further in than any scope; but what is outside of --within is native."""
        self.assertEqual(self.lines('--scope', 'fn:main=e8m5', '--scope', 'code:dot=e8m6'), self.expected(6, 5, 5))
        self.assertEqual(self.lines('--within', 'fn:exponential', '--scope', 'code:*=e8m5'), self.expected(23, 5, 23))

    def test_wrong(self):
        for options, words in ((('--scope', 'code:nothing=e8m5'), "'code:nothing' matched no code"),
                               (('--scope', 'obj:nothing=e8m5'), "'obj:nothing' matched no code"),
                               (('--within', 'code:dot'), '--function'), (('--scope', 'code:=e8m5'), 'empty pattern')):
            self.assertIn(words, self.run_with(*options, status=125)[1])

    @staticmethod
    def expected(dot, exponential, main):
        """What is printed where these have so many fraction bits."""
        a = [Fraction(n, 4) for n in (4, 5, 6, 7, 8, 10, 12, 14)]
        total = Fraction(0)
        for i in range(50):
            total = rounded(total + rounded(a[i % 8] * a[i * 3 % 7], dot), dot)
        power = math.exp(struct.unpack('<f', struct.pack('<f', 1.3))[0])
        return {'dot': bits(total), 'exponential': bits(rounded(power, exponential)), 'main': bits(rounded(power, main))}


class Formats(unittest.TestCase):
    """vprec_scope_format(): the program says itself what its scopes' formats are."""

    ASKS = os.path.join(DIRECTORY, 'scope_asks')

    def lines(self, *options, **kwargs):
        return dict(vprec(*options, self.ASKS, **kwargs)[0])

    @staticmethod
    def expected(out, one, two):
        return {name: bits(value) for name, value in (('out', out), ('one', one), ('two', two))}

    def test_own(self):
        third = Fraction(1, 3)
        one = Fraction(math.floor(third * 256), 256)  # toward zero
        self.assertEqual(self.lines('-f', 'e8m10'), self.expected(rounded(third, 10), one, rounded(third, 4)))
        self.assertEqual(self.lines('-f', 'e8m10', '--scope', 'one=e8m3'),
                         self.expected(rounded(third, 10), rounded(third, 3), rounded(third, 4)))
        self.assertEqual(self.lines('-f', 'native'), self.expected(*[rounded(third, 23)] * 3))
        alone = subprocess.run([self.ASKS], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(dict(line.split() for line in alone.splitlines()), self.expected(*[rounded(third, 23)] * 3))

    def test_wrong(self):
        with open(self.ASKS, 'rb') as file:
            program = file.read()
        self.assertEqual(program.count(b'tw[op]\0e8m4\0'), 1)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'wrong')
            with open(path, 'wb') as file:
                file.write(program.replace(b'tw[op]\0e8m4\0', b'tw[op]\0e8mx\0'))
            os.chmod(path, 0o755)
            _, said = vprec('-f', 'e8m10', path, status=125)
        self.assertIn('vprec_scope_format("tw[op]", "e8mx")', said)

    def test_library(self):
        library = os.path.join(DIRECTORY, 'libscope_asks_library.so')
        done = subprocess.run([os.path.abspath(sys.argv[1]), '-f', 'e8m10', '--', sys.executable, '-c',
                               f'import ctypes; ctypes.CDLL({library!r}).ask()'], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=True)
        self.assertIn('vprec_scope_format', done.stderr)
        tenth = bits(rounded(Fraction(1, 3), 10))
        self.assertEqual(done.stdout.split(), ['out', tenth, 'one', tenth, 'two', tenth])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
