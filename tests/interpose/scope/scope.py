# SPDX-License-Identifier: Apache-2.0
"""scope.py VPREC_RUN DIRECTORY [TEST...]: what is computed in a scope is rounded to the scope's format, and else to
nothing but --format, bit for bit: the sums are computed here in fractions. DIRECTORY has the programs."""
import collections
import json
import math
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

VPREC_RUN, DIRECTORY = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PROGRAM = os.path.join(DIRECTORY, 'scope_program')
COLLECTOR = os.path.join(DIRECTORY, 'libscope_collector.so')
THROWN = os.path.join(DIRECTORY, 'scope_thrown')


def rounded(x, fraction_bits):
    """x to the nearest number of that many fraction bits (ties to even; of moderate size)."""
    x = Fraction(x)
    if not x:
        return x
    exponent = math.frexp(float(x))[1] - 1
    if Fraction(2) ** exponent > abs(x):
        exponent -= 1
    unit = Fraction(2) ** (exponent - fraction_bits)
    return round(x / unit) * unit


def bits(x, single=True):
    return struct.pack('>f' if single else '>d', float(x)).hex()


def layers(kind, part, cpu):
    """By scope and type: calls, operations, and the least and the largest exponent, of all processes."""
    counted = {}
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        vprec('-f', 'f32=e8m10,f64=e11m20', '--layers', '--count=' + kind, '--report', file.name, PROGRAM, *part,
              environment={'VPREC_CPU': cpu})
        for scope in json.load(file)['scopes']:
            for type_, counts in scope['counts'].items():
                key = scope['name'], type_
                calls, ops, exponents = counted.get(key, (0, collections.Counter(), []))
                exponents = exponents + [e for e in (counts['exponent_min'], counts['exponent_max']) if e is not None]
                counted[key] = calls + scope['calls'], ops + collections.Counter(counts['ops']), exponents
    return counted


def vprec(*command, status=0, environment=None):
    done = subprocess.run([VPREC_RUN, '-q', *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=240, env={**os.environ, **(environment or {})})
    if done.returncode != status:
        raise AssertionError(f'{command}: exit status {done.returncode}, not {status}\n{done.stdout}{done.stderr}')
    return [tuple(line.rsplit(' ', 1)) for line in done.stdout.splitlines()], done.stderr


class Sums:
    """What the program sums where the outermost format has so many fraction bits (23: it is native)."""

    def __init__(self, base=10, base64=52):
        r = rounded
        tenths = Fraction(struct.unpack('<f', struct.pack('<f', 0.3))[0])
        self.a = [r(Fraction(1, i + 1), base) for i in range(100)]
        self.b = [r(tenths * r(i, base), base) for i in range(100)]
        self.c = [r(Fraction(1, i + 3), base64) for i in range(100)]

    def dot(self, fraction_bits):
        total = Fraction(0)
        for x, y in zip(self.a, self.b):
            total = rounded(total + rounded(x * y, fraction_bits), fraction_bits)
        return bits(total)

    def dot64(self, fraction_bits):
        total = Fraction(0)
        for x in self.c:
            total = rounded(total + rounded(x * x, fraction_bits), fraction_bits)
        return bits(total, single=False)


def expected(lines, base=10, **formats):
    sums = Sums(base)
    return [(name, sums.dot({'out': base, **formats}[name])) for name, _ in lines]


TWO = ('-f', 'e8m10', '--scope', 'one=e8m6', '--scope', 'api:t*=e8m3')


class Scopes(unittest.TestCase):
    maxDiff = None

    def check(self, lines, count, base=10, **formats):
        self.assertEqual(len(lines), count)
        self.assertEqual(lines, expected(lines, base, **formats))

    def test_nested(self):
        for cpu in ('sse2', 'avx2', 'avx512'):
            lines, _ = vprec(*TWO, PROGRAM, 'nested', environment={'VPREC_CPU': cpu})
            self.check(lines, 9, one=6, two=3)

    def test_counted(self):
        lines, _ = vprec(*TWO, '--count=all', PROGRAM, 'nested')
        self.check(lines, 9, one=6, two=3)

    def test_within(self):
        lines, _ = vprec('-f', 'e8m10', '--within', 'one', PROGRAM, 'nested')
        self.check(lines, 9, base=23, one=10, two=10)
        lines, _ = vprec('-f', 'e8m10', '--within', 'two', '--scope', 'one=e8m4', PROGRAM, 'nested')
        self.check(lines, 9, base=23, one=23, two=4)
        lines, _ = vprec('-f', 'e8m10', '--within', 'one', '--scope', 'two=native', PROGRAM, 'nested')
        self.check(lines, 9, base=23, one=10, two=23)

    def test_last_line_decides(self):
        lines, _ = vprec('-f', 'e8m10', '--scope', 'one=e8m6', '--scope', '*=e8m4', PROGRAM, 'nested')
        sums = Sums()
        self.assertEqual([x for _, x in lines], [sums.dot(10)] + [sums.dot(4)] * 6 + [sums.dot(10)] * 2)

    def test_modes(self):
        lines, _ = vprec('-f', 'e8m10', '--scope', 'one=mode=rtz', '--scope', 'two=native', PROGRAM, 'nested')
        sums, total = Sums(), Fraction(0)

        def down(x):
            near = rounded(x, 10)
            unit = Fraction(2) ** (math.frexp(float(x))[1] - 11) if x else 0
            return near - unit if near > x else near

        for x, y in zip(sums.a, sums.b):
            total = down(total + down(x * y))
        self.assertEqual(lines, [(name, {'out': sums.dot(10), 'one': bits(total), 'two': sums.dot(23)}[name])
                                 for name, _ in lines])

    def test_types(self):
        lines, _ = vprec('-f', 'f32=e8m10,f64=e11m30', '--scope', 'two=f64=e11m12', PROGRAM, 'types')
        self.assertEqual(lines, [('two', Sums().dot(10)), ('two', Sums(10, 30).dot64(12))])
        lines, _ = vprec('-f', 'f32=e8m10,f64=e11m30', '--scope', 'two=native', PROGRAM, 'types')
        self.assertEqual(lines, [('two', Sums().dot(23)), ('two', Sums(10, 30).dot64(52))])

    def test_elementary(self):
        x = struct.unpack('<f', struct.pack('<f', 1.3))[0]
        lines, _ = vprec('-f', 'e8m10', '--scope', 'one=e8m6', '--scope', 'two=native', PROGRAM, 'elementary')
        self.assertEqual(lines, [('out', bits(rounded(math.exp(x), 10))), ('one', bits(rounded(math.exp(x), 6))),
                                 ('two', bits(rounded(math.exp(x), 23)))])

    def test_jumps(self):
        lines, _ = vprec(*TWO, PROGRAM, 'jumps')
        self.check(lines, 4, one=6, two=3)

    def test_jumps_out(self):
        """Of a function that began scopes, into one that had begun another, and out of signal handlers."""
        for part in ('far', 'handled'):
            lines, _ = vprec('-f', 'e8m10', '--scope', 'one=e8m6', '--scope', 't*=e8m3', PROGRAM, part)
            self.assertEqual([name for name, _ in lines], ['two', 'one', 'two', 'one', 'one', 'out'])
            self.assertEqual(lines, expected(lines, one=6, two=3))

    def test_gs(self):
        """Who has the register keeps it; who asks is told."""
        for how in ('call', 'number', 'instruction'):
            lines, _ = vprec('-f', 'e8m10', '--scope', 'one=e8m6', PROGRAM, 'gs', how)
            self.assertEqual(lines, [('refused', '1'), *expected(lines[1:], one=6)])
        done = subprocess.run([VPREC_RUN, '-f', 'e8m10', '--scope', 'one=e8m6', '--', PROGRAM, 'gs', 'call'], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=240, check=True)
        self.assertIn('was refused the GS register', done.stderr)
        lines, _ = vprec('-f', 'e8m10', PROGRAM, 'gs', 'call')
        self.assertEqual(lines[0], ('refused', '0'))

    def test_tasks(self):
        """Of ittnotify, where they are asked for; a collector that was there before gets them, too."""
        for environment in ({}, {'INTEL_LIBITTNOTIFY64': COLLECTOR}):
            told = ['task ends', 'task one', 'task two'] + ['task ends'] * 3 if environment else []
            lines, said = vprec('-f', 'e8m10', '--scope', 'itt:one=e8m6', '--scope', 't*=e8m3', PROGRAM, 'tasks',
                                environment=environment)
            self.check(lines, 5, one=6, two=3)
            self.assertEqual(said.splitlines(), told)
            with tempfile.NamedTemporaryFile(suffix='.json') as file:
                lines, said = vprec('-f', 'e8m10', '--scope', 'one=e8m6', '--scope', 'plain=e8m5', '--report', file.name,
                                    PROGRAM, 'tasks', environment=environment, status=125)
                self.assertEqual([s['name'] for s in json.load(file)['scopes']], ['api:plain'])
            self.assertEqual(said.splitlines()[:len(told)], told)

    def test_exceptions(self):
        lines, _ = vprec(*TWO, THROWN)
        self.check(lines, 3, one=6, two=3)

    def test_signals(self):
        lines, _ = vprec('-f', 'e8m10', '--scope', 'two=e8m3', PROGRAM, 'signals')
        self.check(lines, 2, two=3)

    def test_forks(self):
        lines, _ = vprec('-f', 'e8m10', '--scope', 'one=e8m6', PROGRAM, 'forks')
        self.check(lines, 3, one=6)

    def test_generated(self):
        lines, _ = vprec(*TWO, PROGRAM, 'generated')
        x, y = (Fraction(struct.unpack('<f', struct.pack('<f', v))[0]) for v in (1.1, 0.7))
        one = [(name, bits(rounded(x + rounded(x * y, m), m))) for name, m in (('out', 10), ('one', 6), ('two', 3))]
        self.assertEqual(lines, one * 2)

    def test_pool(self):
        for _ in range(20):
            lines, _ = vprec(*TWO, PROGRAM, 'layers')
            self.check(lines, 15, one=6, two=3)

    def test_many(self):
        for options in ((), ('--layers',)):
            lines, _ = vprec('-f', 'e8m10', '--scope', 't*=e8m3', *options, PROGRAM, 'many')
            self.check(lines, 10, two=3)

    def test_thread_ends(self):
        lines, _ = vprec('-f', 'e8m10', '--scope', 'two=e8m3', PROGRAM, 'ended')
        self.check(lines, 4, two=3)

    def test_rivals(self):
        for _ in range(5):
            _, said = vprec(*TWO, PROGRAM, 'rivals', 'one', 'two', status=125)
            self.assertIn('api:one', said)
            self.assertIn('api:two', said)
            lines, _ = vprec('-f', 'e8m10', '--scope', 't*=e8m3', PROGRAM, 'rivals', 'two', 'three')  # of one format
            sums = Sums()
            self.assertEqual({x for _, x in lines}, {sums.dot(3)})
            lines, _ = vprec(*TWO, PROGRAM, 'apart', 'one', 'two')  # nobody else worked meanwhile
            self.check(lines, 5, one=6, two=3)

    def test_layers(self):
        with tempfile.NamedTemporaryFile(suffix='.json') as file:
            lines, _ = vprec('-f', 'e8m10', '--scope', 'one=e8m6', '--layers', '--report', file.name, PROGRAM, 'layers')
            report = json.load(file)
        self.check(lines, 15, one=6, two=6)
        counted = {s['name']: s['counts']['f32'] for s in report['scopes']}
        # The pool computes 3 dot products of 100 each time, the program 100 products of its own.
        dots = {'(outside):': 2, 'api:one': 2, 'api:two': 1, '(several at once):': 0}
        self.assertEqual(set(counted), set(dots))
        for name, layers in dots.items():
            ops = counted[name]['ops']
            products, sums = ops.get('mul', 0), ops.get('add', 0)
            self.assertEqual(products, 300 * layers + (100 if name == '(outside):' else 0), name)
            self.assertEqual(sums, 300 * layers, name)
        self.assertEqual(sum(sum(c['ops'].values()) for c in counted.values()), report['totals']['operations']['f32'])

    def test_layers_inline(self):
        """What clones count by themselves is what C code counts."""
        for part in (['layers'], ['nested'], ['types'], ['jumps'], ['signals'], ['forks'], ['later'], ['ended'],
                     ['many'], ['generated'], ['rivals', 'one', 'two'], ['apart', 'one', 'two']):
            for cpu in ('sse2', 'avx512'):
                known = layers('all', part, cpu)
                self.assertGreater(sum(sum(ops.values()) for _, ops, _ in known.values()), 100)
                for kind in ('quick', 'operations'):
                    told = layers(kind, part, cpu)
                    self.assertEqual(set(told), set(known))
                    for key, (calls, ops, exponents) in told.items():
                        self.assertEqual((calls, ops), known[key][:2], (part, cpu, kind, key))
                        ends = known[key][2] if kind == 'quick' else []
                        self.assertEqual((min(exponents, default=0), max(exponents, default=0)),
                                         (min(ends, default=0), max(ends, default=0)), (part, cpu, kind, key))

    def test_layers_alone(self):
        done = subprocess.run([VPREC_RUN, '-f', 'e8m10', '--layers=t*', '--', PROGRAM, 'nested'], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=240, check=True)
        rows = [line.split()[1:] for line in done.stderr.splitlines() if 'api:' in line]
        self.assertEqual([row[:4] for row in rows], [['api:two', '1', 'f32', '400']])

    def test_report(self):
        with tempfile.NamedTemporaryFile(suffix='.json') as file:
            vprec(*TWO, '--report', file.name, PROGRAM, 'nested')
            report = json.load(file)
        self.assertEqual([(s['name'], s['calls'], s['pattern']) for s in report['scopes']],
                         [('api:one', 1, 'one'), ('api:two', 1, 'api:t*'), ('api:plain', 1, None)])
        self.assertEqual([(s['pattern'], s['f32'], s['mode'], s['matched']) for s in report['configuration']['recipe']],
                         [('one', 'e8m6', 'rne', 1), ('api:t*', 'e8m3', 'rne', 1)])


class Recipes(unittest.TestCase):
    def recipe(self, text):
        with open(self.file, 'w', encoding='utf-8') as file:
            file.write(text)
        return '@' + self.file

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, 'recipe.txt')

    def test_file(self):
        recipe = self.recipe('# by hand\n\n  one = e8m6   # narrow\napi:t* = e8m3\r\n')
        lines, _ = vprec('-f', 'e8m10', '--scope', recipe, PROGRAM, 'nested')
        self.assertEqual(lines, expected(lines, one=6, two=3))

    def test_comments(self):
        recipe = self.recipe('one=e8m6\t#it is narrow\n#two=e8m4\n  # two=e8m5\nt*#1=e8m3# no comment\n')
        _, said = vprec('-f', 'e8m10', '--scope', recipe, PROGRAM, 'nested', status=125)
        self.assertIn("recipe.txt:4", said)
        recipe = self.recipe('one=e8m6 #\nt*#1=e8m3\n')
        lines, _ = vprec('-f', 'e8m10', '--scope', recipe, PROGRAM, 'numbered')
        self.assertEqual(lines, expected(lines, one=6, two=3))
        self.assertEqual([name for name, _ in lines], ['one', 'two', 'out'])

    def test_names_nothing(self):
        _, said = vprec(*TWO, '--scope', 'three=e8m3', PROGRAM, 'nested', status=125)
        self.assertIn("'three' matched no scope (there were api:one, api:two, api:plain)", said)
        _, said = vprec('-f', 'e8m10', '--within', 'one', PROGRAM, 'none', status=125)
        self.assertIn('opened no scope at all', said)

    def test_wrong(self):
        for scope, words in (('head', 'GLOB=SPEC'), ('=e8m3', 'empty pattern'), ('head=', 'head='), ('head=e8', 'e8'),
                             ('head=mode=up', "unknown mode 'up'"), ('@/nowhere/recipe', '/nowhere/recipe'),
                             ('head=e8m3,precision=5', '--precision'), ('x' * 300 + '=e8m3', 'too long')):
            _, said = vprec('-f', 'e8m10', '--scope', scope, PROGRAM, status=125)
            self.assertIn(words, said)
        _, said = vprec('-f', 'e8m10', '--scope', self.recipe('one=e8m6\n\ntwo e8m4\n'), PROGRAM, status=125)
        self.assertIn('recipe.txt:3', said)
        many = self.recipe(''.join(f's{i}=e8m{i}\n' for i in range(1, 18)))
        _, said = vprec('-f', 'e8m22', '--scope', many, PROGRAM, status=125)
        self.assertIn('at most 16', said)


class Sweeps(unittest.TestCase):
    """vprec-sweep by scope: rows, and what is rounded in each."""

    SWEEP = os.path.join(os.path.dirname(VPREC_RUN), 'vprec-sweep')

    def sweep(self, *options, status=0):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([self.SWEEP, '-q', '--out', os.path.join(folder, 'out'), '--json', '-', '--why', 'none',
                                   '--formats', 'e8m{3,6}', *options, '--', PROGRAM, 'nested'], text=True, timeout=240,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, status, done.stderr)
            cells = json.loads(done.stdout)['cells'] if not status else []
            lines = {}
            for cell in (cell for cell in cells if cell['where']):
                path = os.path.join(folder, 'out', 'cells', cell['id'], '0001', 'stdout')
                with open(path, encoding='utf-8') as file:
                    lines[cell['where'], cell['format']] = [tuple(line.split()) for line in file.read().splitlines()]
        return lines, done.stderr

    def test_within(self):
        lines, _ = self.sweep('--within', 'one', '--within', 'two')
        self.assertEqual(set(lines), {(f'within:{scope}', f'e8m{m}') for scope in ('one', 'two') for m in (3, 6)})
        for (where, format_), told in lines.items():
            m = int(format_[3:])
            self.assertEqual(told, expected(told, 23, one=m if where == 'within:one' else 23, two=m))

    def test_layers(self):
        lines, _ = self.sweep('--layers=[op]*')
        self.assertEqual(set(lines), {(f'within:api:{name}', f'e8m{m}') for name in ('one', 'plain') for m in (3, 6)})
        self.sweep('--cumulative', status=2)
        lines, _ = self.sweep('--layers', '--cumulative')
        names = ('one', 'two', 'plain')
        self.assertEqual(list(lines), [(f'upto:api:{name}', f'e8m{m}') for name in names for m in (3, 6)])
        for (where, format_), told in lines.items():  # two and plain are within one
            m = int(format_[3:])
            self.assertEqual(told, expected(told, 23, one=m, two=m), where)
        lines, _ = self.sweep('--layers=api:[tp]*', '--cumulative')
        for (where, format_), told in lines.items():
            m = int(format_[3:])
            self.assertEqual(told, expected(told, 23, one=23, two=m), where)
        _, said = self.sweep('--layers=three', status=1)
        self.assertIn("--layers 'three': no layer was found", said)


class Reasons(unittest.TestCase):
    """vprec-sweep --layers --why: in which layer it was."""

    def test_first(self):
        names, single = Recipe.NAMES, [Fraction(struct.unpack('<f', struct.pack('<f', x))[0]) for x in (1.1, 0.3)]
        x, first, beyond = Fraction(1), None, Fraction(31, 8)  # what e2m3 rounds to infinity
        for i, name in enumerate(names):
            for _ in range(5):
                for exact in (lambda: x * single[0], lambda: x + rounded(single[1] * (i + 1), 23)):
                    x = rounded(exact(), 3)
                    first = first or (name if x >= beyond else None)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([Sweeps.SWEEP, '-q', '--out', os.path.join(folder, 'out'), '--json', '-', '--why', 'all',
                                   '--formats', 'e2m3', '--metric', 'max-rel', '--threshold', 'max-rel<=0.5', '--layers',
                                   '--cumulative', '--', PROGRAM, 'chain'], text=True, timeout=240,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        cells = json.loads(done.stdout)['why']['cells']
        self.assertEqual([cell['where'] for cell in cells],
                         [f'upto:api:{name}' for name in names[names.index(first):]], done.stderr)
        for cell in cells:
            overflow = cell['first']['overflow']
            self.assertEqual((overflow['layer'], overflow['function'], overflow['object']), (f'api:{first}', None, None))
            self.assertTrue(any(text.endswith(f'in api:{first}') for text in cell['text']), cell['text'])
            self.assertEqual(cell['functions'][0]['layer'], f'api:{first}')


class Recipe(unittest.TestCase):
    """vprec-sweep --layers --threshold: what each layer needs alone, and what they do together, which is measured."""

    NAMES = ['conv#1', 'a=b', 'third', 'fourth', 'fifth', 'sixth', ' seventh ', 'last']
    SWEEP = os.path.join(os.path.dirname(VPREC_RUN), 'vprec-sweep')

    @staticmethod
    def chain(fractions):
        """What the program prints where layers have so many fraction bits."""
        single = [Fraction(struct.unpack('<f', struct.pack('<f', x))[0]) for x in (1.1, 0.3)]
        x = Fraction(1)
        for i, m in enumerate(fractions):
            added = rounded(single[1] * (i + 1), 23)
            for _ in range(5):
                x = rounded(rounded(x * single[0], m) + added, m)
        return float(f'{float(x):.9g}')

    def error(self, fractions):
        native = self.chain([23] * 8)
        return abs(self.chain(fractions) - native) / native

    def alone(self, layer, m):
        return self.error([m if i == layer else 23 for i in range(8)])

    def sweep(self, *options, status=0, formats='e8m{3..9}'):
        command = [self.SWEEP, '--out', os.path.join(self.folder, 'out'), '--why', 'none', '--metric', 'max-rel',
                   '--formats', formats, '--layers', *options, '--', PROGRAM, 'chain']
        done = subprocess.run(command, text=True, timeout=240, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout, done.stderr

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(self.folder, 'recipe.txt')

    def found(self, *options, **kwargs):
        told, _ = self.sweep('--json', '-', *options, **kwargs)
        return json.loads(told)

    def fractions(self, recipe):
        """Fraction bits of each layer by the report."""
        specs = {layer['layer']: layer['recipe'] for layer in recipe['layers']}
        return [23 if specs[f'api:{name}'] == 'native' else int(specs[f'api:{name}'][3:]) for name in self.NAMES]

    def test_measured(self):
        limit = 0.015
        report = self.found('--threshold', f'max-rel<={limit}', '--recipe', self.file)
        recipe = report['recipe']
        for cell in report['cells']:
            layer = self.NAMES.index(cell['where'][len('within:api:'):])
            self.assertEqual(cell['metrics']['max-rel']['value'], self.alone(layer, cell['fraction']))
        needs = []
        for layer in recipe['layers']:  # the narrowest that keeps it alone
            index = self.NAMES.index(layer['layer'][4:])
            [least, *_] = [m for m in range(3, 10) if self.alone(index, m) <= limit] + [None]
            self.assertEqual(layer['narrowest'], least and f'e8m{least}')
            needs.append(least or 23)
        self.assertEqual(needs, sorted(needs, reverse=True))
        first = [next(m for m in [*range(3, 10), 23] if self.alone(i, m) <= limit) for i in range(8)]
        self.assertEqual(recipe['runs'][0]['value'], self.error(first))
        self.assertGreater(self.error(first), limit)  # else this test shows nothing
        self.assertGreater(len(recipe['runs']), 1)
        self.assertLessEqual(len(recipe['runs']), 8)
        self.assertTrue(recipe['found'])
        self.assertEqual(recipe['value'], self.error(self.fractions(recipe)))
        self.assertLessEqual(recipe['value'], limit)
        self.assertTrue(any(m < 23 for m in self.fractions(recipe)))
        self.assertIn(recipe['value'], [run['value'] for run in recipe['runs'] if run['kept']])
        # The file is the recipe.
        with open(self.file, encoding='ascii') as file:
            self.assertEqual(file.read(), recipe['text'])
        lines, _ = vprec('--format', recipe['format'], '--scope', '@' + self.file, PROGRAM, 'chain')
        self.assertEqual([line for line, in lines], [f'{self.chain(self.fractions(recipe)):.9g}'])

    def test_told(self):
        told, said = self.sweep('--threshold', 'max-rel<=0.015')
        self.assertIn('each alone, to keep max-rel <= 0.015', told)
        self.assertRegex(told, r'Recipe, all together: [\d.e-]+, measured, the narrowest that keeps it in \d runs; with each '
                               r'layer at its narrowest it is [\d.e-]+\n  vprec-run --format f32=native --scope @FILE -- scope_program')
        self.assertIn('a?b', told)
        # It goes on where it stopped, and comes to the same.
        again, said = self.sweep('--threshold', 'max-rel<=0.015')
        self.assertEqual(re.sub(r' +\S+x?( s)?$', '', again, flags=re.M), re.sub(r' +\S+x?( s)?$', '', told, flags=re.M))
        self.assertIn('going on', said)
        self.sweep('--threshold', 'max-rel<=0.015', '--restart')
        # Of another threshold in the same directory.
        more = self.found('--threshold', 'max-rel<=0.01')['recipe']
        self.assertEqual(more['value'], self.error(self.fractions(more)))

    def test_bisected(self):
        recipe = self.found('--threshold', 'max-rel<=0.015', '--bisect')['recipe']
        self.assertEqual(recipe['value'], self.error(self.fractions(recipe)))
        self.assertLessEqual(recipe['value'], 0.015)

    def test_none(self):
        recipe = self.found('--threshold', 'max-rel<=1e-9')['recipe']
        self.assertEqual((recipe['found'], recipe['text'], recipe['runs']), (False, None, []))
        self.assertIn('no layer keeps it', recipe['note'])
        told, _ = self.sweep('--threshold', 'max-rel<=1e-9', '--recipe', self.file)
        self.assertIn('No recipe: no layer keeps it', told)
        self.assertFalse(os.path.exists(self.file))
        self.assertIsNone(self.found('--cumulative', '--threshold', 'max-rel<=1')['recipe'])
        self.assertIsNone(self.found()['recipe'])

    def test_many_formats(self):
        """More formats than a run may have."""
        recipe = self.found('--threshold', 'max-rel<=0.002', formats='e8m{3..21}')['recipe']
        self.assertEqual(recipe['value'], self.error(self.fractions(recipe)))
        self.assertTrue(recipe['found'])

    def test_modes(self):
        recipe = self.found('--threshold', 'max-rel<=0.05', '--modes', 'rtz', '--recipe', self.file)['recipe']
        self.assertIn(',mode=rtz', recipe['text'])
        lines, _ = vprec('--format', recipe['format'], '--scope', '@' + self.file, PROGRAM, 'chain')
        native = self.chain([23] * 8)
        self.assertEqual(abs(float(lines[0][0]) - native) / native, recipe['value'])

    def test_usage(self):
        for options in ([], ['--threshold', 'max-rel<=1', '--cumulative']):
            _, said = self.sweep('--recipe', self.file, *options, status=2)
            self.assertIn('--recipe is made of', said)
        with open(self.file, 'w', encoding='ascii') as file:
            file.write('mine\n')
        self.sweep('--recipe', self.file, '--threshold', 'max-rel<=1', status=1)
        with open(self.file, encoding='ascii') as file:
            self.assertEqual(file.read(), 'mine\n')


class Summary(unittest.TestCase):
    def told(self, *options):
        done = subprocess.run([VPREC_RUN, *options, '--', PROGRAM, 'nested'], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.PIPE, timeout=60, check=True)
        return done.stderr

    def test_native_outside(self):
        """Where scopes alone have a format it is not said that nothing was rounded."""
        said = self.told('-f', 'f32=native', '--scope', 'one=e8m6')
        self.assertIn('rounded f32 in scopes alone, as --scope says: ', said)
        self.assertNotIn('not rounded', said)
        for scope in 'one=native', 'one=f64=e11m40':
            said = self.told('-f', 'native' if 'f64' in scope else 'f32=native', '--scope', scope)
            self.assertIn('f32 instrumented, not rounded (native)', said)


class Firsts(unittest.TestCase):
    """The report of --layers has of each layer the first operation that went wrong, with its operands."""

    def test_overflow(self):
        largest = Fraction(15, 4)  # of e2m3
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, 'report.json')
            vprec('-f', 'e2m3', '--layers', '--report', file, PROGRAM, 'chain')
            with open(file, encoding='ascii') as report:
                scopes = [scope for scope in json.load(report)['scopes'] if scope['name'].startswith('api:')]
        found = 0
        for scope in scopes:
            counts = scope['counts']['f32']
            first = counts['first'].get('overflow')
            self.assertEqual(bool(counts['overflows']), first is not None, scope['name'])
            if first:
                found += 1
                operands = [Fraction(x) for x in first['operands']]
                exact = sum(operands) if first['operation'] == 'add' else math.prod(operands)
                self.assertIn(first['operation'], ('add', 'mul'))
                self.assertEqual((Fraction(first['exact']), first['result']), (exact, 'inf'))
                self.assertGreater(rounded(exact, 3), largest)
        self.assertEqual(found, 1)  # behind it all is infinite


class Dumps(unittest.TestCase):
    """--dump-layers where there is nothing to dump, or no place for it; of PyTorch's modules dumps.py has the rest."""

    def test_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            new = os.path.join(folder, 'new')
            lines, said = vprec('-f', 'e8m10', '--dump-layers', new, PROGRAM, 'nested')
            self.assertEqual(lines, expected(lines, 10, one=10, two=10))
            self.assertIn('no layer has left an output', said)
            self.assertEqual(os.listdir(new), [])
            for name, words in ((os.path.join(new, 'a/b'), 'cannot make'), (folder, 'holds files'), ('', "'':"),
                                (os.path.join(folder, 'x' * 200 + '/' + 'y' * 200), 'cannot make')):
                _, said = vprec('-f', 'e8m10', '--dump-layers', name, PROGRAM, status=125)
                self.assertIn(words, said)
            for options, words in ((['--list'], 'with --list'), (['--out', os.path.join(folder, 'out')], 'with --out')):
                _, said = vprec('-f', 'e8m10', '--dump-layers', new, *options, PROGRAM, status=125)
                self.assertIn(words, said)
            self.assertEqual(os.listdir(folder), ['new'])

    PROGRAM_READS = ['/bin/sh', '-c', 'read line; echo "$line"; echo "$line" >&2; exec "$0" probes', PROGRAM]

    def check_both(self, folder, expected, **stdin):
        """Two runs, of which one is seen, and the outputs of both; each reads the same."""
        place = os.path.join(folder, 'both')
        done = subprocess.run([VPREC_RUN, '-f', 'f32=e5m2', '--dump-layers', place, '--reference', 'native', '--',
                               *self.PROGRAM_READS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                              check=True, **stdin)
        lines = done.stdout.splitlines()
        self.assertEqual([lines[0], lines.count(expected)], [expected, 1])
        self.assertIn(f'vprec-run: 6 outputs are in \'{place}/rounded\': vprec-stats compare {place}/native '
                      f'{place}/rounded\n', done.stderr)
        self.assertEqual(sorted(os.listdir(place)), ['native', 'native.stderr', 'native.stdout', 'rounded'])
        for name, other in (('stdout', lines), ('stderr', [expected])):
            with open(os.path.join(place, 'native.' + name), encoding='utf-8') as file:
                printed = file.read().splitlines()
            self.assertEqual((printed[0], len(printed)), (expected, len(other)))
        outputs = []
        for run in 'native', 'rounded':
            self.assertEqual(len(os.listdir(os.path.join(place, run))), 6)
            outputs.append([])
            for name in sorted(os.listdir(os.path.join(place, run))):
                with open(os.path.join(place, run, name), 'rb') as file:
                    outputs[-1].append((name, file.read()))
        alone = subprocess.run([PROGRAM, 'probes'], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
        with open(os.path.join(place, 'native.stdout'), encoding='utf-8') as file:
            self.assertEqual(file.read(), expected + '\n' + alone)
        self.assertEqual([name for name, _ in outputs[0]], [name for name, _ in outputs[1]])

    def test_beside_the_native_run(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check_both(folder, 'by a pipe', input='by a pipe\nmore\n')
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, 'input')
            with open(name, 'w', encoding='utf-8') as file:
                file.write('before\nin a file\n')
            with open(name, encoding='utf-8') as file:
                file.buffer.raw.seek(len('before\n'))
                self.check_both(folder, 'in a file', stdin=file)
        with tempfile.TemporaryDirectory() as folder:
            self.check_both(folder, '', stdin=subprocess.DEVNULL)

    def test_where_the_native_run_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            place, mark = os.path.join(folder, 'both'), os.path.join(folder, 'mark')
            script = f'echo once; [ -e {mark} ] && exit 0; touch {mark}; exit 7'
            lines, said = vprec('-f', 'e5m10', '--dump-layers', place, '--reference', 'native', '/bin/sh', '-c', script)
            self.assertEqual(lines, [('once',)])
            self.assertIn(f'the native run ended with status 7: see {place}/native.stderr\n', said)
        with tempfile.TemporaryDirectory() as folder:
            lines, said = vprec('-f', 'e5m10', '--dump-layers', os.path.join(folder, 'both'), '--reference', 'native',
                                '/bin/sh', '-c', 'echo once; kill -INT $$', status=130)
            self.assertEqual(lines, [])
        _, said = vprec('-f', 'e5m10', '--reference', 'native', PROGRAM, status=125)
        self.assertIn('--reference needs a directory', said)


class Probes(unittest.TestCase):
    """vprec_probe_f32 and _f64: range and moments, and the values themselves."""

    def run_(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'report.json')
            lines, said = vprec(*options, '--report', path, '--dump-layers', os.path.join(folder, 'values'), PROGRAM,
                                'probes')
            with open(path, encoding='utf-8') as file:
                probes = json.load(file)['probes']
            files = {}
            for name in os.listdir(os.path.join(folder, 'values')):
                with open(os.path.join(folder, 'values', name), 'rb') as file:
                    files[name] = file.read()
        return lines, {p['name']: p for p in probes}, files

    def test_moments(self):
        alone, _ = vprec('-f', 'native', PROGRAM, 'none')
        lines, probes, _ = self.run_('-f', 'native')
        self.assertEqual(lines, alone)
        values = [100000 + i % 10 + t for t in range(3) for i in range(1000)]
        many = probes['many/of them']
        self.assertEqual((many['calls'], many['values'], many['min'], many['max']), (3, 3000, 100000, 100011))
        self.assertAlmostEqual(many['mean'], statistics.fmean(values), delta=1e-9)
        self.assertAlmostEqual(many['sd'] / statistics.stdev(values), 1, delta=1e-9)
        self.assertEqual(many['zeros'] + many['infinities'] + many['nans'], 0)
        odd = probes['odd']
        self.assertEqual([odd[key] for key in ('values', 'min', 'max', 'zeros', 'infinities', 'nans', 'sd')],
                         [5, 0, 1e300, 1, 1, 1, None])
        self.assertAlmostEqual(odd['mean'] / 1e300, 1 / 3, delta=1e-15)
        one, none = probes['one'], probes['none']
        self.assertEqual([one[key] for key in ('min', 'max', 'mean', 'sd')], [3, 3, 3, None])
        self.assertEqual([none[key] for key in ('calls', 'values', 'min', 'mean')], [1, 0, None, None])
        self.assertEqual(len(probes), 4)

    def test_values(self):
        _, _, files = self.run_('-f', 'f32=native')
        self.assertEqual(sorted(files), [f'{i:06d} probe:{name}.npy' for i, name in enumerate(
            ['many_of them'] * 3 + ['odd', 'none', 'one'], 1)])
        for t in range(3):
            data = files[f'{t + 1:06d} probe:many_of them.npy']
            self.assertEqual(data[:8], b'\x93NUMPY\x01\x00')
            size = struct.unpack('<H', data[8:10])[0]
            self.assertEqual(eval(data[10:10 + size]), {'descr': '<f4', 'fortran_order': False, 'shape': (1000,)})
            self.assertEqual(data[9 + size:10 + size], b'\n')
            self.assertEqual(list(struct.unpack('<1000f', data[10 + size:])), [100000.0 + i % 10 + t for i in range(1000)])
        with tempfile.TemporaryDirectory() as folder:  # two runs part where the values do
            for name, options in (('a', ['-f', 'f32=native']), ('b', ['-f', 'e8m10'])):
                vprec(*options, '--dump-layers', os.path.join(folder, name), PROGRAM, 'probes')
            said = subprocess.run([os.path.join(os.path.dirname(VPREC_RUN), 'vprec-stats'), 'compare', 'a', 'b'],
                                  cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertIn('First that differs: 000001 probe:many_of them', said)


class Manual(unittest.TestCase):
    def test_example(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../..')
        with open(os.path.join(root, 'man/vprec_scope.3'), encoding='utf-8') as page:
            program = re.search(r'^\.EX$(.*?)^\.EE$', page.read(), re.M | re.S)[1]
        with tempfile.TemporaryDirectory() as folder:
            source, file = os.path.join(folder, 'a.c'), os.path.join(folder, 'a.out')
            with open(source, 'w', encoding='utf-8') as out:
                out.write(program.replace('\\e', '\\').replace('\\-', '-'))
            subprocess.run([os.environ.get('CC', 'cc'), '-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-I',
                            os.path.join(root, 'lib'), '-o', file, source], check=True)
            alone = subprocess.run([file], stdout=subprocess.PIPE, text=True, check=True).stdout
            self.assertEqual(alone, 'narrow 100\nwide 100\n')
            lines, _ = vprec('-f', 'e8m10', '--scope', 'narrow=e8m3', '--', file)
        self.assertEqual(lines, [('narrow', '16'), ('wide', '100')])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
