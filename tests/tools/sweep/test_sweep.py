# SPDX-License-Identifier: Apache-2.0
# test_sweep.py: vprec-sweep as its user meets it: the grid, metrics, thresholds, cells that fail, sweeps that are
# killed, interrupted, changed, or have no room. The preload library is faked but for the class Whole.
# Usage: test_sweep.py VPREC-SWEEP VICTIM PRELOAD CLASS...
import csv
import io
import itertools
import json
import math
import os
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree
from fractions import Fraction

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'common'))
import namespace
import terminal
import usual_signals

SWEEP, VICTIM, PRELOAD = (os.path.abspath(path) for path in sys.argv[1:4])
RUN = os.path.join(os.path.dirname(SWEEP), 'vprec-run')
SH = '/bin/sh'
# Each run is synchronized with the disk several times: in memory that takes no time.
SHM = '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) else None
TIMES = ('started', 'finished', 'seconds', 'cpu_seconds', 'over_native', 'timeout')


def timeless(value):
    """The document without the fields that are times, and without the command line of the sweep."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES and k != 'sweep'}
    return [timeless(v) for v in value] if isinstance(value, list) else value


class Case(unittest.TestCase):
    why = 'none'  # runs that count are for the class Why

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix='vprec-sweep.', dir=SHM))
        self.addCleanup(shutil.rmtree, self.dir, True)
        os.mkdir(self.path('plan'))

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def put(self, name, content):
        with open(self.path(name), 'wb') as file:
            file.write(content if isinstance(content, bytes) else str(content).encode())

    def plan(self, **cells):
        """What the victim prints, by cell ("m7" or "native" or "t8"), or how it ends ("m7_do")."""
        for name, content in cells.items():
            cell, end = (name[:-3], '.do') if name.endswith('_do') else (name, '')
            self.put('plan/' + re.sub('^m', '', cell).replace('_', '.') + end, content)

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items()
               if k not in ('LD_PRELOAD', 'VPREC_WIRE', 'VPREC_SAMPLE', 'NO_COLOR', 'FAKE')}
        return {**env, 'VPREC_PRELOAD': PRELOAD, 'ASAN_OPTIONS': 'verify_asan_link_order=0', **more}

    def command(self, *options, program=None):
        why = [] if any(str(option).startswith('--why') for option in options) else ['--why', self.why]
        return [SWEEP, *why, *options, '--', *(program or [VICTIM, 'log', 'plan'])]

    def start(self, *options, program=None, env=(), **kwargs):
        kwargs = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **kwargs}
        return subprocess.Popen(self.command(*options, program=program), cwd=self.dir,
                                env=self.environment(**dict(env)), **kwargs)

    def sweep(self, *options, status=0, program=None, input=None, **kwargs):
        """Standard output and error of a sweep that ends with `status`."""
        if input is not None:
            kwargs['stdin'] = subprocess.PIPE
        child = self.start('-o', 'out', *options, program=program, **kwargs)
        output, error = child.communicate(input, timeout=120)
        self.assertEqual(child.returncode, status, error.decode(errors='replace'))
        self.assertRegex(error.decode(errors='replace'), r'\A(vprec-sweep: [^\n]+\n)*\Z')
        return output.decode(), error.decode(errors='replace')

    def report(self, *options, **kwargs):
        output, self.error = self.sweep('--json', '-', *options, **kwargs)
        return json.loads(output, parse_constant=self.fail)

    def cells(self, *options, **kwargs):
        return {cell['id']: cell for cell in self.report(*options, **kwargs)['cells']}

    def refused(self, *options, say, status=2, **kwargs):
        """One line that says `say`, and nothing is left behind."""
        before = sorted(os.listdir(self.dir))
        output, error = self.sweep(*options, status=status, **kwargs)
        self.assertEqual((output, error.count('\n')), ('', 1), error)
        self.assertIn(say, error)
        self.assertEqual(sorted(os.listdir(self.dir)), before)

    def log(self):
        try:
            with open(self.path('log'), encoding='ascii') as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def wait_until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, 'waited in vain')
            time.sleep(0.01)

    def victims(self):
        """Processes that work in our directory, but for the sweep's own."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                if os.readlink(f'/proc/{pid}/cwd').startswith(self.dir):
                    found.append(int(pid))
            except OSError:
                pass
        return found


class Grid(Case):
    def formats(self, *options):
        output, _ = self.sweep('--dry-run', *options)
        return re.findall(r'^\S+ --format=(\S+)', output, re.M)

    def test_braces_as_in_bash(self):
        words = ['e8m{2..23}', 'e{3..8}m7', 'e8m{23..2..7}', 'e{5,8}m{1..3}', 'e8m{1,{4..6},10}', '{fp16,bf16}', 'e8m7',
                 'e8m1{0..3}', 'e{8,{5,6}}m{2,{3,4}}']
        rng = random.Random(5)
        for _ in range(20):
            a, b, c = rng.randint(2, 8), rng.randint(2, 8), rng.randint(1, 3)
            words.append(rng.choice([f'e{{{a}..{b}}}m{{{c}..9..{c}}}', f'e{{{a},{b}}}m{{{c},{{7,8}}}}']))
        for word in words:
            done = subprocess.run(['bash', '-c', f'echo {word}'], capture_output=True, check=True)
            want = list(dict.fromkeys(done.stdout.decode().split()))
            self.assertEqual(self.formats('--formats', word), want, word)

    def test_commas_types_and_words(self):
        for words, want in ((['e8m2,e8m3', 'fp16'], ['e8m2', 'e8m3', 'fp16']),
                            (['e8m{2,3},fp16'], ['e8m2', 'e8m3', 'fp16']),
                            (['bf16,fp16,f64=e11m40'], ['bf16', 'fp16,f64=e11m40']),
                            (['f32=e8m{2..3},f64=e11m{40,30}'],
                             [f'f32=e8m{m},f64=e11m{n}' for m in (2, 3) for n in (40, 30)]),
                            (['f64=e11m{10,20}'], ['f64=e11m10', 'f64=e11m20']),
                            (['e4m3fn:sat', 'e5m2:bias=16'], ['e4m3fn:sat', 'e5m2:bias=16']),
                            (['e8m2', 'e8m2', 'e8m2'], ['e8m2'])):
            self.assertEqual(self.formats('--formats', *words), want)

    def test_the_same_format_by_two_names_is_one_cell(self):
        self.assertEqual(self.formats('--formats', 'e8m7', 'bf16', 'e5m10,fp16'), ['e8m7', 'e5m10'])

    def test_names_of_other_tools(self):
        done = subprocess.run([SWEEP, '--dry-run', '--formats', 'half', 'torch.bfloat16,e5m10', 'FLOAT8E4M3FN', 'e4m3',
                               'e{3,4}m2', 'float{16,32}', VICTIM], capture_output=True, env=self.environment(),
                              cwd=self.dir, check=True)
        self.assertEqual(re.findall(r'^\S+ --format=(\S+)', done.stdout.decode(), re.M),
                         ['half', 'torch.bfloat16', 'FLOAT8E4M3FN', 'e4m3', 'e3m2', 'e4m2', 'float32'])
        # One line for what was written out, none for e3m2, which braces made.
        self.assertRegex(done.stderr.decode(), r'\Avprec-sweep: e4m3 is [^\n]*e4m3fn, largest 448\n\Z')
        self.refused('--dry-run', '--formats', 'fp8', say='e4m3fn (largest 448)')

    def test_program_without_dashes(self):
        def cells(*words):
            done = subprocess.run([SWEEP, '--why', 'none', '--dry-run', *words], capture_output=True,
                                  env=self.environment(), cwd=self.dir, check=True)
            return done.stdout.decode().splitlines()[-1]
        self.assertEqual(cells('--formats', 'e8m2', 'e8m3', VICTIM, '--formats', 'fp16'), '3 cells, 4 runs')
        self.assertEqual(cells('--formats', 'e8m2', 'fp16', '--modes', 'rne,rtz', VICTIM), '5 cells, 6 runs')
        self.assertEqual(cells(VICTIM), '13 cells, 14 runs')

    def test_axes(self):
        output, _ = self.sweep('--dry-run', '--formats', 'e8m{2,3}', '--modes', 'rne,sr', '--samples', '4',
                               '--function', 'hit*', '--object', 'lib?.so', '--round', 'both', '--noise', 'operands')
        lines = output.splitlines()
        self.assertEqual(lines[-1], '9 cells, 22 runs')
        self.assertEqual(len(set(line.split()[0] for line in lines[:-1])), 9)
        for mode, m, where in itertools.product(('rne', 'sr'), (2, 3), ('--function=hit*', '--object=lib?.so')):
            [line] = [i for i in lines if f'--mode={mode}' in i and f'--format=e8m{m}' in i and where in i]
            self.assertIn('--round=both', line)
            self.assertEqual('(4 runs)' in line, mode == 'sr')

    def test_precision_of_noise(self):
        output, _ = self.sweep('--dry-run', '--formats', 'e8m{7,10}', '--modes', 'rr')
        self.assertEqual(re.findall(r'--precision=(\S+)', output), ['8', '11'])
        self.assertNotIn('--format=', output)
        output, _ = self.sweep('--dry-run', '--modes', 'mca', '-t', '{4..12..4},f64=20', '--noise-rate', '0.5')
        self.assertEqual(re.findall(r'--precision=(\S+)', output), ['4,f64=20', '8,f64=20', '12,f64=20'])
        self.refused('-t', '8', say='--precision')

    def test_errors_are_found_beforehand(self):
        for words, say in ((['--formats', 'e8m{2..25}'], 'm24'), (['--formats', 'e8m{2..'], 'not closed'),
                           (['--formats', 'e8m2}'], 'not opened'), (['--formats', 'e8m{2}'], 'no range'),
                           (['--formats', 'e8m2,,fp16'], 'commas'), (['--formats', ''], 'commas'),
                           (['--formats', 'e8m{1..99999}'], '10000'), (['--modes', 'rnd'], "'rnd'"),
                           (['--samples', '0'], '--samples'), (['--jobs', 'x'], '--jobs'), (['--seed', '-1'], '--seed'),
                           (['--timeout', '0'], '--timeout'), (['--timeout', '1s'], '--timeout'),
                           (['--round', 'up'], '--round'), (['--nothing'], '--nothing'), (['--ex', 'x'], 'ambiguous'),
                           (['--fast=1'], '--fast'), (['--out='], '--out'), (['--bisect'], '--threshold'),
                           (['--function', ''], '--function'), (['--keep', 'x', '-j', '2'], '--own-directory'),
                           (['--output', '../x'], '--output'), (['--json', '-', '--csv', '-'], '--csv')):
            self.refused(*words, say=say)
        self.refused(say='no-such-program', status=1, program=['no-such-program'])

    def test_dry_run_writes_nothing(self):
        self.sweep('--dry-run', '--report', 'report')
        self.assertEqual((os.listdir(self.dir), self.log()), (['plan'], []))


def tokens(text):
    """Numbers, words and units of a text, each with its line, with Python's own means."""
    found = []
    for line, words in enumerate(text.split('\n')):
        for word in re.split(r'[\s=:,;()\[\]{}<>|"\'`]+', words):
            number = re.fullmatch(r'([-+]?(?:[0-9.]+(?:e[-+]?[0-9]+)?|inf|nan))([^\W0-9_]*)', word)
            if number and not (number[2] and number[1].strip('+-') in ('inf', 'nan')):
                found.append((line, float(number[1])))
                word = number[2]
            if word:
                found.append((line, word))
    return found


def aligned(a, b):
    """Pairs of two texts' tokens, None where one has none: those of each line where all lines have as many of a kind,
    else of the path of the least cost, by the whole table, as vprec-sweep(1) tells."""
    def begins(t, i):
        return i == 0 or t[i - 1][0] != t[i][0]

    def is_number(t):
        return isinstance(t[1], float)

    def layout(tokens):
        return [(is_number(t), begins(tokens, i)) for i, t in enumerate(tokens)]

    if layout(a) == layout(b):
        return [(x[1], y[1]) for x, y in zip(a, b)]

    def cost(i, j):
        x, y = a[i][1], b[j][1]
        if is_number(a[i]) != is_number(b[j]):
            what = 15
        elif not is_number(a[i]):
            what = 12 * (x != y)
        elif x == y or (math.isnan(x) and math.isnan(y)):
            what = 0
        elif not math.isfinite(x) or not math.isfinite(y):
            what = 2
        else:
            what = sum(abs(x - y) > max(abs(x), abs(y)) * limit for limit in (1 / 64, 1 / 4, 1))
        return what + (begins(a, i) != begins(b, j))
    table = {}
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            ways = [(table[i - 1, j - 1][0] + cost(i - 1, j - 1), 0)] if i and j else []
            ways += [(table[i - 1, j][0] + 8 + (table[i - 1, j][1] != 1 and not begins(a, i - 1)), 1)] if i else []
            ways += [(table[i, j - 1][0] + 8 + (table[i, j - 1][1] != 2 and not begins(b, j - 1)), 2)] if j else []
            table[i, j] = min(ways, default=(0, 0))
    pairs, i, j = [], len(a), len(b)
    while i or j:
        way = table[i, j][1]
        i, j = i - (way != 2), j - (way != 1)
        pairs.append((a[i][1] if way != 2 else None, b[j][1] if way != 1 else None))
    return pairs


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


class Metrics(Case):
    def values(self, native, cell, *options, **kwargs):
        self.plan(native=native, m7=cell)
        shutil.rmtree(self.path('out'), True)
        report = self.report('--formats', 'e8m7', *options, **kwargs)
        self.native = {k: v['value'] for k, v in report['native']['metrics'].items()}
        self.summary = report['cells'][0]['metrics']
        return {k: float(v['value']) if v['value'] is not None else None for k, v in self.summary.items()}

    EVERY = [word for name in ('equal', 'labels', 'max-rel', 'mean-rel', 'max-abs', 'mean-abs', 'cer', 'wer')
             for word in ('--metric', name)]

    def expect(self, native, cell):
        absolute, relative, labels = [], [], []
        for x, y in aligned(tokens(cell), tokens(native)):
            if isinstance(y, float):
                if isinstance(x, float) and (x == y or (math.isnan(x) and math.isnan(y))):
                    error = 0.
                elif isinstance(x, float) and math.isfinite(x) and math.isfinite(y):
                    error = abs(x - y)
                else:
                    error = math.inf
                absolute.append(error)
                relative.append(0. if error == 0 else math.inf if y == 0 or math.isinf(error) else error / abs(y))
            if isinstance(x, str) or isinstance(y, str):
                labels.append(x == y)
        normal = ' '.join(cell.split()), ' '.join(native.split())
        words = cell.split(), native.split()
        return {'equal': float(cell == native), 'labels': sum(labels) / len(labels) if labels else None,
                'max-rel': max(relative, default=None), 'max-abs': max(absolute, default=None),
                'mean-rel': sum(relative) / len(relative) if relative else None,
                'mean-abs': sum(absolute) / len(absolute) if absolute else None,
                'cer': distance(*normal) / len(normal[1]) if normal[1] else 0. if not normal[0] else None,
                'wer': distance(*words) / len(words[1]) if words[1] else 0. if not words[0] else None}

    def test_against_an_oracle(self):
        rng = random.Random(3)

        def change(text):
            pieces = re.split(r'(\s+)', text)
            for _ in range(rng.randint(0, 6)):
                at = rng.randrange(len(pieces))
                new = rng.choice(['', 'wörd', '3.25', ' ', '\n', 'x=4', pieces[at] + 'ж'])
                pieces[at:at + rng.randint(0, 1)] = [new]
            return ''.join(pieces)

        texts = [('a 1 b 2\n', 'a 1 b 2\n'), ('1 2 3\n', '1 2.5 3\n'), ('0 1\n', '1e-9 1\n'), ('1 2 3\n', '1 2\n'),
                 ('nan inf -inf 1\n', 'nan inf -inf 1\n'), ('1 2\n', 'nan 2\n'), ('1\n', 'inf\n'),
                 ('inf 1\n', '-inf 1\n'), ('', ''), ('words only\n', 'words  only\n\n'), ('a b c\n', 'c b a\n'),
                 ('日本語テキスト\n', '日本テキスト。\n'), ('x\n', ''), ('1 a\n', 'a 1\n')]
        for _ in range(25):
            text = ' '.join(rng.choice(['word', 'Straße', f'{rng.gauss(0, 100):.6g}', '12', 'a=b', '\n'])
                            for _ in range(60))
            texts.append((text, change(text)))
        for native, cell in texts:
            got, want = self.values(native, cell, *self.EVERY), self.expect(native, cell)
            for name, value in want.items():
                if value is None or math.isinf(value):
                    self.assertEqual(got[name], value, (name, native, cell))
                else:
                    self.assertAlmostEqual(got[name], value, delta=1e-14 * max(1, value), msg=(name, native, cell))

    def test_lines_that_break_elsewhere(self):
        """A wrapped line, a warning and a lost number do not move the rest; the worst number is named with both."""
        native = 'step 1 loss 0.5 top 7\nstep 2 loss 0.25 top 7\n'
        cell = 'step 1 loss\n0.5 top 7\nWarning: 3 slow steps\nstep 2 loss 0.375 top 7\n'
        got = self.values(native, cell, *self.EVERY)
        self.assertEqual((got['max-rel'], got['max-abs'], got['mean-abs']), (.5, .125, .125 / 6))
        self.assertEqual(got['labels'], 6 / 9)
        for name in 'max-rel', 'max-abs':
            self.assertTrue(self.summary[name]['worst'].endswith(
                "/0001/stdout: 2:4 'loss' (4:4): 0.375, native 0.25; of 6 numbers 0 are missing, 1 are there besides"),
                self.summary[name])
            self.assertNotIn('worst', self.summary['mean-abs'])
        got = self.values(native, native.replace(' top 7\nstep', '\nstep'), *self.EVERY)
        self.assertEqual(got['max-rel'], math.inf)
        self.assertIn("1:6 'top': missing, native 7; of 6 numbers 1 are missing", self.summary['max-rel']['worst'])
        got = self.values('1e308 2', '-1e308 2', *self.EVERY)
        self.assertEqual((got['max-rel'], got['max-abs']), (2, math.inf))
        got = self.values(native, native, *self.EVERY)
        self.assertNotIn('worst', self.summary['max-rel'])
        self.plan(native='v,w\n1,2\n3,4\n', m7='v,w\n1,2\n3,4.5\n')
        output, _ = self.sweep('--restart', '--formats', 'e8m7', '--metric', 'max-abs', '--output', 'f.csv',
                               program=[SH, '-c', f'{VICTIM} log plan > f.csv'])
        self.assertIn('f.csv: w row 2: 4.5, native 4', output)

    def test_distances_of_long_texts(self):
        """Bands that must grow."""
        rng = random.Random(8)
        native = ''.join(rng.choice('abcdefgh ') for _ in range(900))
        for cell in (native[300:] + native[:300], native[::-1], native + native, 'a', native[:1] + 'x' * 800):
            got = self.values(native, cell, '--metric', 'cer', '--metric', 'wer')
            want = self.expect(native, cell)
            self.assertAlmostEqual(got['cer'], want['cer'], delta=1e-14)
            self.assertAlmostEqual(got['wer'], want['wer'], delta=1e-14)

    def test_bytes_that_are_no_text(self):
        """Each such byte is a character; Latin-1 sees the others as bytes, so only ASCII is among them."""
        got = self.values(b'ab\xff\xfe\x80c\n', b'ab\xff\xc0\x80c\n', '--metric', 'cer')
        self.assertAlmostEqual(got['cer'], 1 / 6)
        self.assertEqual(self.values(b'\x00\x01\xff' * 100, b'\x00\x01\xff' * 100, '--metric', 'equal')['equal'], 1)

    def test_truth(self):
        self.put('truth.txt', 'the quick brown fox\n')
        got = self.values('the quick brwn fox\n', 'the quack brwn fix\n', '--metric', 'cer', '--metric', 'wer',
                          '--truth', 'truth.txt')
        self.assertAlmostEqual(got['cer'], 3 / 19)
        self.assertAlmostEqual(got['wer'], 3 / 4)
        self.assertAlmostEqual(self.native['cer'], 1 / 19)
        self.refused('--truth', 'no-such', say='no-such', status=1)

    def test_extract(self):
        text = 'epoch 1 accuracy: 0.5\nepoch 2 accuracy: 91.25 %\nloss=0.125 top=7\n'
        got = self.values(text, text.replace('91.25', '-1e-3').replace('top', 'bottom'),
                          '--extract', 'accuracy=accuracy: ([-+0-9.eE]+)', '--extract', 'top=[0-9]+$',
                          '--extract', 'none=top=(.)', '--extract', '^loss=([0-9.]+)')
        self.assertEqual((got['accuracy'], got['top'], got['none'], got['extract-4'] if 'extract-4' in got else
                          got['loss']), (-.001, 7, None, .125))
        self.assertEqual(self.native['accuracy'], 91.25)
        self.assertIn('matches nothing', self.summary['none']['error'])
        self.refused('--extract', 'x=(', say='regular expression')
        self.refused('--extract', 'x=a', '--extract', 'x=b', say='two metrics')

    def test_expressions_are_those_of_perl(self):
        for text, expression, want in (
                ('top 17 of 20\n', r'top (\d+)', 17), ('a 1 a 2\n', r'\ba\s+(\d)\b', 2), ('x<1><2>\n', '<(.*?)>', 2),
                ('ACC 5\n', '(?i)acc (.)', 5), ('5 ms, 6 s\n', r'\d(?= ms)', 5), ('n: [7]\n', r'\[([[:digit:]])\]', 7),
                ('é1 ö2 x3\n', '[éö](.)', 2), ('Größe: 4 µs\n', r'Größe: (\d) .s$', 4), ('1\n2\n3', '^.$', 3),
                ('a=1\r\nb=2\r\n', r'a=(\d)$', 1), ('10%\r20%\r30%\n', r'^(\d+)%', 30), ('a b 9\n', 'a b (9)?', 9),
                ('p -inf\n', 'p (.*)', -math.inf), ('p 0x1p-3\n', 'p (.*)', .125), ('p 12.5ms\n', 'p (.*)', 12.5),
                (b'\xff\xfe v=8 \xe9\n v=9\xff\n', r'v=(\d)', 9), (b'\xff\xc3\xa9 3\n', 'é (.)', 3),
                (b'\0v=6\0\n', 'v=(.)', 6),
                ('\n' * 3 + '2', r'(\d|\s)*', 2), ('a\n77\n', '(.*)', 77),
                ('a\n77\n', '[0-9]*', 77), ('x1 ' * 30000 + 'x2', r'x(\d)', 2)):
            with self.subTest(expression):
                self.assertEqual(self.values(text, text, '--extract', 'm=' + expression)['m'], want)

    def test_expressions_that_are_wrong(self):
        """It is said what, and where, in characters."""
        for expression, what in (('(a', "after character 2, '(a'"), ('ab)c', "'ab'"),
                                 ('é[z-a]', "after character 4, 'é[z-'"), ('*', 'quantifier'),
                                 (r'\1(', 'parenthesis'), (r'x\C', r'\C')):
            self.refused('--extract', 'x=' + expression, say=what)
        self.refused(b'--extract', b'x=\xff', say='UTF')

    def test_numbers_that_are_cut_off(self):
        """A number of which only the beginning would be read is none."""
        for text in '1,234', '1.2.3', "1'000", '12_000':
            self.plan(native=f'a {text}\n')
            self.refused_by_native('--extract', 'm=a (.*)', say=f"'{text}' is no number that is known")

    def refused_by_native(self, *options, say, **kwargs):
        """One line that says `say`, and no cell is run."""
        shutil.rmtree(self.path('out'), True)
        before = len(self.log())
        _, error = self.sweep('--formats', 'e8m7', *options, status=1, **kwargs)
        self.assertEqual(error.count('\n'), 1, error)
        self.assertIn(say, error)
        self.assertIn(len(self.log()) - before, (0, 2))
        self.assertEqual(os.listdir(self.path('out', 'cells')), ['native'])
        return error

    def test_what_the_native_run_does_not_have(self):
        lines = ''.join(f'line {i}\n' for i in range(100))
        self.plan(native=lines + 'Genauigkeit ' + 'ü' * 40 + ' 97\n\n')
        error = self.refused_by_native('--extract', r'acc=accuracy (\d+)', say=r"--extract 'accuracy (\d+)'")
        self.assertRegex(error, r"the native run has no acc: [^\n]* what it printed ends in '\.\.\.[^']*line 98 \| "
                                r"line 99 \| Genauigkeit ü{40} 97'")
        self.assertNotIn('?', error)
        self.refused_by_native('--extract', r'acc=(Gen)', say="'Gen' is no number")
        error = self.refused_by_native('--extract', r'acc=accuracy (\d+)', '--threshold', '1%', say='Genauigkeit')
        # What was run is not run again.
        count = len(self.log())
        self.sweep('--formats', 'e8m7', '--extract', r'acc=(\d+)$')
        self.assertEqual(len(self.log()), count + 1)
        self.plan(native='')
        self.refused_by_native('--extract', 'a=(.)', say='what it printed is empty')
        self.refused_by_native('--extract', r'a=acc (\d)', say='it is found in standard error',
                               program=[SH, '-c', 'echo acc 5 >&2'])
        self.refused_by_native('--output', 'r', say="the native run has written no 'r'")
        self.refused_by_native('--keep', '*.tex', say="--keep '*.tex' matched no file")
        self.plan(native='5\n')
        self.refused_by_native('--threshold', 'labels>=99%', say='no labels')
        self.refused_by_native('--metric', 'x=false', '--threshold', 'x>=1', say='no x (the command exited 1')
        self.put('truth', 'x')
        shutil.rmtree(self.path('out'), True)
        self.refused('--truth', 'truth', say='--metric cer')

    def test_remarks(self):
        self.plan(native='loss=5 top=7\n', m7='loss=5 top=7\n')
        _, error = self.sweep('--formats', 'e8m7', '--extract', r'loss=(\d)')
        self.assertIn("finds 7 by '(\\d)': to find 5, behind the text 'loss=', write --extract 'loss=loss=(\\d)'",
                      error)
        for expression in r'top=(\d)', r'loss=loss=(\d)':
            self.assertNotIn('hint', self.sweep('--formats', 'e8m7', '--extract', expression)[1])
        _, error = self.sweep('--formats', 'e8m7', '--samples', '5')
        self.assertIn('hint: --samples 5', error)
        self.assertNotIn('hint', self.sweep('--formats', 'e8m7', '--modes', 'rne,sr', '--samples', '2')[1])
        _, error = self.sweep('--formats', 'e8m7', '--threshold', 'equal>=99')
        self.assertIn("the native run itself does not keep 'equal>=99': it has equal 1", error)

    def test_expressions_that_take_too_long(self):
        got = self.values('1\n', 'a' * 5000 + '\n', '--extract', r'x=(1)|(?:(?:a+)+)+b')
        self.assertIsNone(got['x'])
        self.assertIn('cannot be matched', self.summary['x']['error'])

    def test_command(self):
        command = ('n=$(wc -w); read m < "$VPREC_NATIVE/stdout"; test "$PWD" = "$VPREC_CELL" || exit 1; '
                   'test -d "$VPREC_DIRECTORY/plan" || exit 1; echo ran >> ../../../../metric; '
                   'echo "words $n of ${#m} end"')
        got = self.values('123456\n', 'a b c\n', '--metric', 'len=' + command, '--metric', 'bad=echo oops >&2; exit 3',
                          '--metric', 'mute=true', '--higher', 'len')
        self.assertEqual((got['len'], got['bad'], got['mute']), (6, None, None))
        self.assertRegex(self.summary['bad']['error'], r"exited 3: see '.*/cells/e8m7-rne/0001/metric-bad\.err'\Z")
        with open(self.summary['bad']['error'].split("'")[1], encoding='ascii') as file:
            self.assertEqual(file.read(), 'oops\n')
        self.assertIn('no number', self.summary['mute']['error'])
        for name in 'bad', 'mute':
            self.assertIn(f"--metric '{name}' has no value in the native run", self.error)

        def counted():
            with open(self.path('metric'), encoding='ascii') as file:
                return len(file.readlines())
        first = counted()
        self.assertEqual(first, 3)  # two native runs and a cell
        self.report('--formats', 'e8m7', '--metric', 'len=' + command)
        self.assertEqual(counted(), first)  # is remembered
        self.report('--formats', 'e8m7', '--metric', 'len=' + command + '; true')
        self.assertEqual(counted(), 2 * first)  # another command is not
        got = self.values('1\n', '2\n', '--metric', 'a=echo 12 of 961/1000', '--metric', 'b=echo 0.25ms', '--metric',
                          'c=echo 1.5D+01')
        self.assertEqual((got['a'], got['b'], got['c']), (961, .25, 15))
        for bad in 'accuarcy', '', 'a=':
            self.refused('--metric', bad, say='unknown metric')
        self.refused('--higher', 'x', say="'x'")

    def test_output_file_and_kept_files(self):
        """What the program writes to a file, in the working directory or in a directory of its own."""
        program = [SH, '-c', f'mkdir -p r; {VICTIM} log plan > r/out.txt; cat input.txt']
        self.put('input.txt', 'input\n')
        self.plan(native='1 2\n', m7='1 3\n')
        options = ['--output', 'r/out.txt', '--metric', 'max-abs']
        cell = self.cells('--formats', 'e8m7', *options, program=program)['e8m7-rne']
        self.assertEqual(cell['metrics']['max-abs']['value'], 1)
        self.assertFalse(os.path.exists(self.path('r/out.txt')))
        os.rmdir(self.path('r'))
        for jobs in '1', '3':
            cell = self.cells('--formats', 'e8m{6,7,8}', *options, '--own-directory', '-j', jobs, '--restart',
                              program=program)['e8m7-rne']
            self.assertEqual(cell['metrics']['max-abs']['value'], 1)
            self.assertEqual(os.listdir(self.path('out', cell['directory'], '0001', 'files')), ['r'])
            self.assertFalse(os.path.exists(self.path('r')))
        cell = self.cells('--formats', 'e8m7', '--output', 'none', '--metric', 'equal', '--metric', 'd=echo 5',
                          '--own-directory', '--restart',
                          program=[SH, '-c', 'test -n "$VPREC_WIRE" || echo 1 > none'])['e8m7-rne']
        self.assertIn('wrote no none', cell['metrics']['equal']['error'])
        self.assertEqual(cell['metrics']['d']['value'], 5)

    def test_samples(self):
        values = [.8, .9, .85, .7]
        self.plan(native='accuracy 1\n', **{f'm7_{i}': f'accuracy {v}\n' for i, v in enumerate(values, 1)})
        cell = self.cells('--formats', 'e8m7', '--modes', 'sr', '-n', '4', '--extract', 'a=accuracy (.*)',
                          '--metric', 'digits')['e8m7-sr']
        summary = cell['metrics']['a']
        self.assertAlmostEqual(summary['value'], statistics.mean(values), delta=1e-15)
        self.assertAlmostEqual(summary['sd'], statistics.stdev(values), delta=1e-15)
        self.assertEqual((summary['min'], summary['max'], summary['n']), (.7, .9, 4))
        self.assertEqual((cell['samples'], cell['failed']), (4, 0))
        self.assertEqual(sum(cell['digits']['counts']), 1)

    def test_digits_as_vprec_stats_finds_them(self):
        rng = random.Random(4)
        scale = [10. ** -rng.randint(0, 8) for _ in range(40)]
        samples = {f'm7_{i}': ''.join(f'{1 + s * rng.gauss(0, 1)!r}\n' for s in scale) for i in range(1, 31)}
        self.plan(native='1\n' * 40, **samples)
        cell = self.cells('--formats', 'e8m7', '--modes', 'sr', '-n', '30', '--metric', 'digits')['e8m7-sr']
        done = subprocess.run([os.path.join(os.path.dirname(SWEEP), 'vprec-stats'), '--format', 'json', '--numbers',
                               'all', self.path('out', cell['directory'])], capture_output=True, check=True)
        numbers = json.loads(done.stdout)['documents'][0]['groups'][0]['numbers']
        digits = sorted(n['cnh_bits'] * math.log10(2) for n in numbers)
        self.assertAlmostEqual(cell['metrics']['digits']['value'], digits[19], delta=.03)
        self.assertAlmostEqual(cell['metrics']['digits']['min'], digits[0], delta=1e-9)
        self.assertAlmostEqual(cell['metrics']['digits']['max'], digits[-1], delta=1e-9)
        counts = cell['digits']['counts']
        self.assertEqual(sum(counts), 40)
        for i, count in enumerate(counts):  # to the width of a bin of vprec-stats
            at_least = sum(i + .02 < d < i + .98 for d in digits if d > 0)
            self.assertGreaterEqual(count, at_least)

    def test_json_csv_and_arrays(self):
        for kind, native, cell in (('json', '{"a": [1, 2], "b": "x"}', '{"b": "x", "a": [1, 2.5]}'),
                                   ('csv', 'n,v\nx,1\ny,2\n', 'n,v\nx,1\ny,2.5\n')):
            got = self.values(native, cell, '--metric', 'max-abs', '--metric', 'labels', '--output', 'f.' + kind,
                              program=[SH, '-c', f'{VICTIM} log plan > f.{kind}'])
            self.assertEqual((got['max-abs'], got['labels']), (.5, 1))

    def test_documents_that_are_broken(self):
        """What is no JSON any more in a cell still has bytes; what only looks like it is text."""
        got = self.values('{"a": 1}\n{"a": 2}\n', '{"a": 1}\n{"a": 3}\n', '--metric', 'max-abs')
        self.assertEqual(got['max-abs'], 1)
        got = self.values("{'a': 1}\n", "{'a': 3}\n", '--metric', 'max-abs')
        self.assertEqual(got['max-abs'], 2)
        got = self.values('{"a": 1}', '{"a": nan', '--metric', 'max-abs', '--metric', 'cer')
        self.assertEqual((got['max-abs'], got['cer']), (None, 3 / 8))
        self.assertIn('no good json', self.summary['max-abs']['error'])

    def npy(self, values):
        head = repr({'descr': '<f8', 'fortran_order': False, 'shape': (len(values),)}).encode() + b'\n'
        return b'\x93NUMPY\1\0' + struct.pack('<H', len(head)) + head + struct.pack(f'<{len(values)}d', *values)

    def test_arrays(self):
        values = [1 + i / 7 for i in range(10000)]
        other = [v * (1 + 1e-3 * (i == 9999)) for i, v in enumerate(values)]
        got = self.values(self.npy(values), self.npy(other), '--metric', 'max-rel', '--metric', 'mean-abs')
        want = [abs(a - b) / b for a, b in zip(other, values)]
        self.assertAlmostEqual(got['max-rel'], max(want), delta=1e-16)
        self.assertAlmostEqual(got['mean-abs'], sum(abs(a - b) for a, b in zip(other, values)) / 10000, delta=1e-16)
        for broken in self.npy(values)[:-1], b'\x93NUMPYxx', b'PK\3\4xxxxxx', b'':
            got = self.values(self.npy(values), broken, '--metric', 'max-rel', '--metric', 'equal')
            self.assertEqual((got['max-rel'], got['equal']), (None, 0))
            self.values(broken, self.npy(values), '--metric', 'max-rel', '--metric', 'equal')

    ROWS = ['--metric', 'sqnr', '--metric', 'cosine', '--metric', 'kl', '--metric', 'flips']

    def rows(self, native, cell):
        """What the metrics of rows are, by their definitions: natives and cells are lists of rows."""
        a, b = sum(native, []), sum(cell, [])
        noise = math.fsum((x - y) ** 2 for x, y in zip(a, b))
        sqnr = 10 * math.log10(math.fsum(x * x for x in a) / noise) if noise else math.inf
        cosine = math.fsum(x * y for x, y in zip(a, b)) / math.sqrt(math.fsum(x * x for x in a) *
                                                                    math.fsum(y * y for y in b))

        def shares(row, plain):
            parts = row if plain else [math.exp(x) for x in row]
            return [part / (1 if plain else math.fsum(parts)) for part in parts]
        divergences = []
        for want, got in zip(native, cell):
            plain = min(want) >= 0 and abs(sum(want) - 1) < 1e-3
            divergences.append(math.fsum(p * math.log(p / q) if q else math.inf for p, q in
                                         zip(shares(want, plain), shares(got, plain)) if p))
        flips = sum(want.index(max(want)) != got.index(max(got)) for want, got in zip(native, cell))
        return {'sqnr': sqnr, 'cosine': cosine, 'kl': sum(divergences) / len(native), 'flips': flips / len(native)}

    def check_rows(self, native, cell, *documents):
        want = self.rows(native, cell)
        for one, other in documents:
            got = self.values(one, other, *self.ROWS)
            for name, value in want.items():
                if math.isinf(value):
                    self.assertEqual(got[name], value, name)
                else:
                    self.assertAlmostEqual(got[name], value, delta=1e-12 * max(1, abs(value)), msg=name)

    def test_scores(self):
        rng = random.Random(11)

        def text(rows):
            return '\n'.join('digit: ' + ' '.join(map(repr, row)) for row in rows)
        for spread in (1e-3, 0.4, 5):
            native = [[rng.gauss(0, 3) for _ in range(10)] for _ in range(40)]
            cell = [[x + rng.gauss(0, spread) for x in row] for row in native]
            self.check_rows(native, cell, (text(native), text(cell)))
        native = [[float(rng.randrange(100)) for _ in range(1000)] for _ in range(2)]
        cell = [[x + rng.random() for x in row] for row in native]

        def shaped(rows):
            head = repr({'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 1000)}).encode() + b'\n'
            return b'\x93NUMPY\1\0' + struct.pack('<H', len(head)) + head + struct.pack('<2000d', *sum(rows, []))
        self.check_rows(native, cell, (shaped(native), shaped(cell)))
        shares = [[.1, .2, .7], [.5, .25, .25]]
        moved = [[.1, .5, .4], [.5, .3, .2]]
        gone = [[0., .3, .7], [.5, .25, .25]]
        self.check_rows(shares, moved, (text(shares), text(moved)))
        self.check_rows(shares, gone, (text(shares), text(gone)))
        self.check_rows(shares, shares, (text(shares), text(shares)))

    def test_scores_that_are_lost(self):
        got = self.values('1 2 3\n4 5 6\n', '1 2 nan\n4 5 6\n', *self.ROWS)
        self.assertEqual(got, {'sqnr': -math.inf, 'cosine': None, 'kl': math.inf, 'flips': .5})
        got = self.values('1 2 3\n4 5 6\n', '1 2 3\n4 5\n', *self.ROWS)
        self.assertEqual((got['sqnr'], got['kl'], got['flips']), (-math.inf, math.inf, .5))
        got = self.values('1 2 nan\n4 5 6\n', '3 2 1\n4 5 6\n', *self.ROWS)
        self.assertEqual((got['kl'], got['flips']), (0, 0))
        got = self.values('1\nloss 2\n', '1\nloss 3\n', *self.ROWS)
        self.assertEqual((got['kl'], got['flips']), (None, None))
        self.plan(native='1 2\n', m7='1 2\n')
        _, error = self.sweep('--metric', 'sqnr', '--threshold', 'sqnr:1%', status=2)
        self.assertIn('sqnr is infinite natively', error)
        report = self.report('--formats', 'e8m7', '--metric', 'sqnr', '--threshold', 'sqnr>=40', '--restart')
        self.assertEqual(report['threshold']['series'][0]['smallest'], 'e8m7')

    def test_nothing_to_measure(self):
        self.plan(native='words\n', m7='words\n')
        output, error = self.sweep('--formats', 'e8m7', '--metric', 'max-rel')
        self.assertIn("max-rel: no numbers in native's output", error)
        self.assertRegex(output, r'(?m)^e8m7 +16 +rne +ok +- ')
        self.assertIn('Question: none: the native run has no value of what is measured\n', output)


class Cells(Case):
    def test_ends_are_results(self):
        self.plan(native='1\n', m2_do='crash', m3_do='exit 3', m4_do='hang', m5='2\n')
        cells = self.cells('--formats', 'e8m{2..5}', '--timeout', '0.5', '--metric', 'max-rel')
        found = {k: (c['status'], c['exit'], c['signal'], c['failed']) for k, c in cells.items()}
        self.assertEqual(found, {'e8m2-rne': ('signal', 0, signal.SIGSEGV, 1), 'e8m3-rne': ('exit', 3, 0, 1),
                                 'e8m4-rne': ('timeout', 0, signal.SIGTERM, 1), 'e8m5-rne': ('ok', 0, 0, 0)})
        self.assertEqual(cells['e8m5-rne']['metrics']['max-rel']['value'], 1)
        self.assertIsNone(cells['e8m2-rne']['metrics']['max-rel']['value'])
        self.wait_until(lambda: not self.victims(), 5)
        output, _ = self.sweep('--formats', 'e8m{2..5}', '--timeout', '0.5', '--metric', 'max-rel')
        for line in (r'e8m2 +11 +rne +SIGSEGV +-', r'e8m3 +12 +rne +exit 3 +-', r'e8m4 +13 +rne +timeout +-',
                     r'e8m5 +14 +rne +ok +1 '):
            self.assertRegex(output, '(?m)^' + line)
        self.assertEqual(len(self.log()), 6)
        # More time is another chance; less is none.
        self.plan(m4_do='')
        self.assertEqual(self.cells('--formats', 'e8m4', '--timeout', '0.4')['e8m4-rne']['status'], 'timeout')
        self.assertEqual(self.cells('--formats', 'e8m4', '--timeout', '20')['e8m4-rne']['status'], 'ok')

    def test_a_failed_cell_is_repeated(self):
        """By the line that is printed, which gives the same."""
        program = [SH, '-c', 'echo out; test -z "$LD_PRELOAD" || exit 3']
        _, error = self.sweep('--formats', 'e8m2', program=program)
        [line] = re.findall('to repeat it: vprec-run (.*)', error)
        self.assertEqual(line, '--replay ' + self.path('out/cells/e8m2-rne/0001/report.json'))
        done = subprocess.run(f'{RUN} {line}', shell=True, capture_output=True, check=False, cwd='/',
                              env=self.environment())
        self.assertEqual((done.returncode, done.stdout), (3, b'out\n'))

    def test_children_end_with_their_cell(self):
        self.plan(native='1\n', m4_do='child')
        self.assertEqual(self.cells('--formats', 'e8m4', '--timeout', '0.3')['e8m4-rne']['status'], 'timeout')
        self.wait_until(lambda: not self.victims(), 5)

    def test_refused(self):
        self.plan(native='1\n', m4='1\n')
        cells = self.cells('--formats', 'e8m4', '--function', 'hit*', '--function', 'nowhere*', '--modes', 'sr',
                           '-n', '3')
        self.assertEqual([c['status'] for c in cells.values()], ['ok', 'refused'])
        [bad] = [c for c in cells.values() if c['status'] == 'refused']
        self.assertIn('nowhere*', bad['error'])
        self.assertEqual(bad['where'], 'function:nowhere*')
        self.assertIn('nowhere*', self.error)  # also where the table is left out
        self.assertEqual(self.log().count('4 1'), 2)
        self.assertEqual(self.log().count('4 2'), 1)  # what is refused once is refused always

    def test_cells_in_which_nothing_was_rounded(self):
        """A sweep that only repeats the native run says so, with what vprec-run advises."""
        self.plan(native='1 a\n', m4='1 a\n', m5='1 a\n')
        for fake, advice in (('runtime', 'python3.11'), ('doubles', '--format f64=')):
            report = self.report('--formats', 'e8m{4,5}', '--report', 'page-' + fake, '--restart', '--threshold',
                                 'equal>=1', '-q', env={'FAKE': fake, 'PATH': ''})
            self.assertEqual([c['rounded'] for c in report['cells']], [False, False])
            self.assertIn(advice, report['cells'][0]['advice'])
            self.assertIn('no operation was rounded in any cell', self.error)
            self.assertEqual(report['answer']['text'], 'No answer: no operation was rounded in any cell.')
            output, error = self.sweep('--formats', 'e8m{4,5}', '-q', env={'FAKE': fake})
            self.assertIn('Answer: No answer', output)
            self.assertNotIn('Smallest', output)
            checked = self.report('--formats', 'e8m{4,5}', '-q', '--require', 'equal>=1', env={'FAKE': fake}, status=3)
            self.assertEqual([check['ok'] for check in checked['checks']], [False, False])
            self.assertIn('says nothing of the format', checked['checks'][0]['message'])
            self.assertRegex(error, r'\Avprec-sweep: warning: no operation was rounded in any cell: [^\n]*' + advice)
            with open(self.path(f'page-{fake}', 'report.md'), encoding='utf-8') as file:
                self.assertIn('In 2 of 2 cells that ended well no operation was rounded', file.read())
        _, error = self.sweep('--formats', 'e8m{4,5,6}', '-q')
        self.assertIn('no operation was rounded in 2 of 3 cells, such as e8m4-rne:', error)
        self.assertEqual(self.sweep('--formats', 'e8m{4,5}', '-q', '--restart')[1], '')

    def test_what_stayed_native(self):
        """It is said, even with -q."""
        self.plan(native='1\n', m4='1\n', m5='1\n')
        report = self.report('--formats', 'e8m{4,5}', '-q', '--report', 'page', env={'FAKE': 'native', 'PATH': ''})
        self.assertEqual(len(report['native_parts']), 2)
        for name in 'libcut.so', 'function sinf':
            self.assertRegex(self.error, rf'vprec-sweep: [^\n]*{name} stays native: [^\n]* \(in 2 of 2 cells\)\n')
            [text] = [text for text in report['native_parts'] if name in text]
            self.assertEqual(report['native_parts'][text], 2)
        with open(self.path('page', 'report.md'), encoding='utf-8') as file:
            self.assertRegex(file.read(),
                             '2 parts of the program that were to be rounded stayed native: .*, and others')

    def test_samples_of_which_one_fails(self):
        self.plan(native='1\n', m4='1\n')
        program = [SH, '-c', f'{VICTIM} log plan; test "$VPREC_SAMPLE" != 3 || exit 5']
        [cell] = self.report('--formats', 'e8m4', '--modes', 'sr', '-n', '4', '--metric', 'equal',
                             program=program)['cells']
        self.assertEqual((cell['status'], cell['exit'], cell['failed']), ('exit', 5, 1))
        self.assertEqual(cell['metrics']['equal']['n'], 3)

    def test_native_must_run(self):
        self.plan(native_do='exit 4')
        _, error = self.sweep(status=1)
        self.assertIn('exited 4', error)
        self.assertEqual(self.log(), ['native 1'])

    def test_a_program_that_does_not_repeat_itself(self):
        self.plan(native_1='1\n', native_2='2\n', m4='1\n')
        report = self.report('--formats', 'e8m4')
        self.assertIs(report['native']['repeats'], False)
        self.assertIn('different output', self.error)

    def test_standard_input_goes_to_all(self):
        cells = self.cells('--formats', 'e8m{4,5}', '-j', '2', '--metric', 'equal', program=['cat'],
                           input=b'x\0y' * 99999)
        self.assertEqual([c['metrics']['equal']['value'] for c in cells.values()], [1, 1])
        with open(self.path('out/cells/e8m5-rne/0001/stdout'), 'rb') as file:
            self.assertEqual(file.read(), b'x\0y' * 99999)

    def test_seeds(self):
        self.put('seeds', '')
        program = [SH, '-c', 'tr "\\0" "\\n" < /proc/$PPID/cmdline | grep ^--seed= >> seeds; echo 1']
        self.cells('--formats', 'e8m{4,5}', '--modes', 'sr', '-n', '2', '--seed', '77', program=program)
        with open(self.path('seeds'), encoding='ascii') as file:
            seeds = file.read().split()
        self.assertEqual((len(seeds), len(set(seeds)), seeds[:2]), (4, 2, seeds[2:]))

    def test_report_says_how_it_was_made(self):
        self.plan(native='1\n')
        report = self.report('--formats', 'e8m{4,5}', '--title', 'A title', '--seed', '9')
        self.assertEqual((report['schema'], report['generator'], report['title'], report['seed'], report['complete']),
                         (1, 'vprec-sweep', 'A title', 9, True))
        self.assertEqual(report['command'], [VICTIM, 'log', 'plan'])
        self.assertEqual(report['sweep'], [SWEEP, '--why', 'none', '-o', 'out', '--json', '-', '--formats', 'e8m{4,5}',
                                           '--title', 'A title', '--seed', '9', '--', VICTIM, 'log', 'plan'])
        self.assertEqual(report['objects'], [{'path': '/opt/net/libnet.so.1', 'build_id': '01abff'}])
        self.assertEqual(report['machine']['instructions'], 'avx512')
        self.assertEqual(report['directory'], self.dir)
        self.assertEqual({m['name']: m['about'] for m in report['metrics']}['equal'],
                         "1 where the output has the same bytes as native's, else 0")
        self.assertTrue(report['machine']['cpu'] and report['machine']['glibc'] and report['machine']['cores'] > 0)
        for moment in report['started'], report['finished']:
            self.assertRegex(moment, r'\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z')
        self.assertGreater(report['native']['seconds'], 0)
        for cell in report['cells']:
            self.assertAlmostEqual(cell['over_native'], cell['seconds'] / report['native']['seconds'])

    def test_files_and_standard_output(self):
        self.plan(native='1\n')
        _, error = self.sweep('--formats', 'e8m4', '--report', 'r', '--json', 'a.json', '--csv', 'a.csv')
        self.assertIn('r/report.html', error)
        self.assertTrue({'report.html', 'report.json', 'report.csv', 'report.md'} <= set(os.listdir(self.path('r'))))
        with open(self.path('a.json'), 'rb') as one, open(self.path('r/report.json'), 'rb') as two:
            self.assertEqual(one.read(), two.read())
        output, _ = self.sweep('--formats', 'e8m4', '--csv', '-')
        [row] = csv.DictReader(io.StringIO(output))
        self.assertEqual((row['id'], row['status'], row['equal']), ('e8m4-rne', 'ok', '0'))
        for option in '--json', '--csv':
            _, error = self.sweep('--formats', 'e8m4', option, '/dev/full', status=1)
            self.assertIn('No space left', error)
            self.sweep('--formats', 'e8m4', option, 'no/such', status=1)
        with open('/dev/full', 'wb') as full:
            child = self.start('-o', 'out', '--formats', 'e8m4', stdout=full)
            self.assertIn(b'standard output', child.communicate(timeout=60)[1])
            self.assertEqual(child.returncode, 1)


class Threshold(Case):
    def accuracies(self, **values):
        self.plan(native='accuracy 0.96\n', **{k: f'accuracy {v}\n' for k, v in values.items()})

    EXTRACT = ['--extract', 'accuracy=accuracy (.*)']
    RISING = {f'm{i}': .5 + .02 * i for i in range(1, 24)}  # 0.95 from 22.5 on: m23

    def series(self, *options, metric=None, **kwargs):
        report = self.report(*(metric or self.EXTRACT), *options, **kwargs)
        self.ran = sum(c['status'] != 'pending' for c in report['cells'])
        return report['threshold']['series']

    def test_specs(self):
        self.accuracies(**{f'm{i}': v for i, v in enumerate([.5, .9, .94, .95, .955, .96, .97], 1)})
        for spec, smallest in (('accuracy>=0.95', 'e8m4'), ('accuracy>0.95', 'e8m5'), ('accuracy>=95%', 'e8m4'),
                               ('1%', 'e8m5'), ('accuracy:10%', 'e8m2'), ('accuracy >= 2', None),
                               ('accuracy<=1', 'e8m1'), ('accuracy>=0.94,accuracy<=0.955', 'e8m3'),
                               ('accuracy>=0.94,1%', 'e8m5'),
                               ('accuracy=0.97', 'e8m7'), ('0%', 'e8m6'), ('accuracy=equal', 'e8m6')):
            [one] = self.series('--formats', 'e8m{1..7}', '--threshold', spec)
            self.assertEqual(one['smallest'], smallest, spec)
        for spec, better in (('1%', []), ('1%', ['--higher', 'accuracy'])):
            [one] = self.series('--formats', 'e8m{1..7}', '--threshold', spec, *better)
            # Without a direction what is more than 1 % better is not within 1 % either.
            self.assertEqual((one['smallest'], one['monotone']), ('e8m5', bool(better)))
        for bad in 'accuracy', '1', 'x>=1', 'accuracy>=0.9,', '>=1', 'accuracy>=', 'accuracy>=x', 'accuracy=>1', '-1%', \
                'accuracy>>1', '%', '':
            self.refused(*self.EXTRACT, '--threshold', bad, say='--threshold')

    def test_sentence(self):
        self.accuracies(**self.RISING)
        output, _ = self.sweep(*self.EXTRACT, '--formats', 'e8m{20..23}', 'e5m2', '--threshold', 'accuracy>=0.95')
        self.assertIn('Smallest that keeps accuracy >= 0.95 (native 0.96):\n  8 exponent bits, rne: e8m23 (0.96)\n'
                      '  5 exponent bits, rne: none\n', output)

    def test_builtin_metric_is_measured_unasked(self):
        self.plan(native='a b c d\n', m2='a x x x\n', m3='a b c x\n', m4='a b c d\n')
        [one] = self.series('--formats', 'e8m{2..4}', '--threshold', 'labels>=75%', metric=['--metric', 'equal'])
        self.assertEqual((one['smallest'], one['value'], one['monotone']), ('e8m3', .75, True))
        [one] = self.series('--formats', 'e8m{2..4}', '--threshold', 'cer:10%', metric=['--metric', 'cer'])
        self.assertEqual(one['smallest'], 'e8m4')

    def test_bisection(self):
        for smallest in (1, 2, 7, 12, 22, 23, 24):
            self.accuracies(**{f'm{i}': .96 if i >= smallest else .1 for i in range(1, 24)})
            shutil.rmtree(self.path('out'), True)
            if os.path.exists(self.path('log')):
                os.remove(self.path('log'))
            [one] = self.series('--formats', 'e8m{1..23}', '--threshold', '1%', '--bisect')
            self.assertEqual(one['smallest'], f'e8m{smallest}' if smallest < 24 else None)
            self.assertIsNone(one['monotone'])
            self.assertLessEqual(self.ran, 2 + math.ceil(math.log2(23)))
            self.assertEqual(len(self.log()), self.ran + 2)  # with two native runs
            self.assertEqual(len(one['tested']), self.ran)
            [one] = self.series('--formats', 'e8m{1..23}', '--threshold', '1%')
            self.assertEqual((one['smallest'], one['monotone']), (f'e8m{smallest}' if smallest < 24 else None, True))
            self.assertEqual(sorted(self.log()), sorted(set(self.log())))  # none twice

    def test_bisection_leaves_nothing_out(self):
        """Cells that it does not need are not missing."""
        self.accuracies(**{f'm{i}': .96 if i >= 7 else .1 for i in range(1, 24)})
        output, error = self.sweep(*self.EXTRACT, '--formats', 'e8m{1..23}', '--threshold', '1%', '--bisect',
                                   '--report', 'page', env={'PATH': ''})
        self.assertRegex(output, r'e8m7 \(0\.96\); by bisection: [678] of 23 formats were run\n')
        with open(self.path('page/report.md'), encoding='utf-8') as file:
            page = file.read()
        self.assertRegex(page, r'Bisection ran [678] of 23 cells; the others are not needed')
        for wrong in 'not complete', 'not run yet':
            self.assertNotIn(wrong, page + output + error)

    def test_interrupted_with_a_report(self):
        """It is written from what there is, says so, and is whole when the same command has gone on."""
        self.accuracies(**{f'm{i}': .96 if i >= 3 else .1 for i in range(1, 7)})
        self.plan(m5_do='hang')
        options = [*self.EXTRACT, '--formats', 'e8m{1..6}', '--threshold', '1%', '--report', 'page', '--json', 'a.json']
        child = self.start('-o', 'out', *options, env={'PATH': ''})
        self.wait_until(lambda: '5 1' in self.log())
        child.terminate()
        output, error = child.communicate(timeout=60)
        self.assertEqual(child.returncode, -signal.SIGTERM, error)
        self.assertIn(b'interrupted: what is finished is kept', error)
        self.assertIn(b'e8m3 (0.96); interrupted: 4 of 6 formats were run so far', output)
        with open(self.path('a.json'), encoding='utf-8') as file:
            report = json.load(file)
        self.assertEqual((report['complete'], [c['status'] for c in report['cells']]),
                         (False, ['ok'] * 4 + ['pending'] * 2))
        with open(self.path('page/report.md'), encoding='utf-8') as file:
            page = file.read()
        self.assertIn('e8m3 (12 bits)** is the smallest format so far that keeps', page)
        self.assertIn('The sweep is not complete: 2 of 6 cells have not run yet. The same command goes on', page)
        self.plan(m5_do='')
        self.sweep(*options, env={'PATH': ''})
        with open(self.path('page/report.md'), encoding='utf-8') as file:
            self.assertNotIn('complete', file.read())
        # Without a native run there is nothing to report.
        self.plan(native_do='hang')
        self.put('log', '')
        child = self.start('-o', 'other', *options, '--json', 'b.json', env={'PATH': ''})
        self.wait_until(self.log)
        child.terminate()
        output, error = child.communicate(timeout=60)
        self.assertEqual((child.returncode, output, os.path.exists(self.path('b.json'))), (-signal.SIGTERM, b'', False))

    def test_series_side_by_side(self):
        self.accuracies(**{f'm{i}': .96 if i >= 6 else .1 for i in range(1, 11)})
        series = self.series('--formats', 'e{5,8}m{1..10}', '--modes', 'rne,rtz', '--threshold', '1%', '--bisect',
                             '-j', '3')
        self.assertEqual([(s['exponent'], s['mode'], s['smallest']) for s in series],
                         [(5, 'rne', 'e5m6'), (8, 'rne', 'e8m6'), (5, 'rtz', 'e5m6'), (8, 'rtz', 'e8m6')])
        self.assertLessEqual(self.ran, 4 * 6)

    def test_precisions(self):
        self.plan(native='accuracy 1\n', **{f't{i}': f'accuracy {i / 24}\n' for i in range(2, 25)})
        [one] = self.series('--modes', 'rr', '-t', '{2..24}', '--threshold', 'accuracy>=0.5', '--bisect')
        self.assertEqual((one['smallest'], one['exponent']), ('12', None))
        report = self.report('--modes', 'rr', '-t', '8', *self.EXTRACT)
        self.assertEqual((report['cells'][0]['precision'], report['cells'][0]['format']), (8, None))

    def test_not_monotone(self):
        self.accuracies(**{f'm{i}': v for i, v in enumerate([.1, .96, .1, .96, .1, .96, .96], 1)})
        [one] = self.series('--formats', 'e8m{1..7}', '--threshold', '1%')
        self.assertEqual((one['smallest'], one['monotone']), ('e8m2', False))
        self.assertEqual(one['note'], 'not monotone: e8m2 keeps it, the wider e8m5 does not; from e8m6 on all do')
        self.accuracies(**{f'm{i}': .96 if i in (1, 6, 7, 8, 9, 10, 11, 12) else .1 for i in range(1, 13)})
        shutil.rmtree(self.path('out'))
        [one] = self.series('--formats', 'e8m{1..12}', '--threshold', '1%', '--bisect')
        # The middle keeps it, and so do the ends: what is between is not looked at.
        self.assertEqual((one['smallest'], one['monotone']), ('e8m1', None))
        self.accuracies(m6=.1)
        shutil.rmtree(self.path('out'))
        [one] = self.series('--formats', 'e8m{1..12}', '--threshold', '1%', '--bisect')
        self.assertEqual((one['smallest'], one['monotone'], self.ran), ('e8m1', False, 12))
        self.accuracies(m12=.1)
        shutil.rmtree(self.path('out'))
        [one] = self.series('--formats', 'e8m{1..12}', '--threshold', '1%', '--bisect')
        self.assertEqual((one['smallest'], one['monotone']), ('e8m1', False))
        self.assertIn('the widest', one['note'])

    def test_one_is_not_monotone(self):
        """Nothing is known of a series of one; of two types one has the same precision in all of a series."""
        self.accuracies(m4=.96)
        [one] = self.series('--formats', 'e8m4', '--threshold', '1%')
        self.assertEqual((one['smallest'], one['monotone'], len(one['tested'])), ('e8m4', None, 1))
        shutil.rmtree(self.path('out'))
        got = self.series('--modes', 'rr', '-t', 'f32={5,8},f64={10,20}', '--threshold', '1%')
        self.assertEqual([s['tested'] for s in got],
                         [['f32=5,f64=10', 'f32=8,f64=10'], ['f32=5,f64=20', 'f32=8,f64=20']])
        shutil.rmtree(self.path('out'))
        got = self.series('--modes', 'rr', '-t', 'f64={10,20}', '-t', 'f32={5,8}', '--threshold', '1%')
        self.assertEqual([s['tested'] for s in got], [['f64=10', 'f64=20'], ['f32=5', 'f32=8']])

    def test_cells_that_fail_keep_nothing(self):
        self.accuracies(m1=.96, m2=.96, m3=.96)
        self.plan(m1_do='crash')
        [one] = self.series('--formats', 'e8m{1..3}', '--threshold', '1%')
        self.assertEqual(one['smallest'], 'e8m2')

    def test_native_without_the_metric(self):
        self.plan(native='nothing\n')
        for more in [], ['--bisect']:
            _, error = self.sweep(*self.EXTRACT, '--threshold', '1%', *more, '--formats', 'e8m3', status=1)
            self.assertIn('the native run has no accuracy', error)


class Question(Case):
    """What is asked where nobody asks: labels, lone numbers, arrays."""

    def ask(self, *options, **cells):
        shutil.rmtree(self.path('out'), True)
        self.plan(**cells)
        output, self.error = self.sweep('--json', 'a.json', *options)
        with open(self.path('a.json'), encoding='utf-8') as file:
            self.found = json.load(file)
        self.assertIn(f"Answer: {self.found['answer']['text']}\n", output)
        self.assertIn(f"Question: {self.found['answer']['question']}\n", output)
        return output

    def misses(self):
        return [cell['misses'] for cell in self.found['cells']]

    @staticmethod
    def sqnr(rows, native):
        signal = math.fsum(y * y for row in native for y in row)
        return 10 * math.log10(signal / math.fsum((x - y)**2 for r, n in zip(rows, native) for x, y in zip(r, n)))

    def test_each_part_decides(self):
        def output(label, lone, scores):
            return f'{label} {lone}\n' + ''.join(' '.join(map(repr, row)) + '\n' for row in scores)
        native = [[1., -2., 3., 4.], [.5, .25, -1., 2.]]
        worse = [[x + .022 for x in row] for row in native]
        good = [[x + .019 for x in row] for row in native]
        self.assertTrue(38 < self.sqnr(worse, native) < 40 < self.sqnr(good, native))
        output = self.ask('--formats', 'e8m{2..6}', native=output('cat', 100, native), m2=output('dog', 100, native),
                          m3=output('cat', 101.5, native), m4=output('cat', 100, worse),
                          m5=output('cat', 100.9, good), m6=output('cat', 100, native))
        self.assertEqual(self.misses(), ['labels>=1', 'lone<=1%', 'arrays>=40', None, None])
        self.assertEqual([cell['keeps'] for cell in self.found['cells']], [False] * 3 + [True] * 2)
        [series] = self.found['threshold']['series']
        self.assertEqual((series['smallest'], series['monotone']), ('e8m5', True))
        self.assertIn('e8m5 (14 bits) is the smallest format that keeps all labels equal, lone numbers within 1 % and '
                      'arrays at 40 dB SQNR. It takes 14 of 32 bits: 56 % are saved.\n', output)
        self.assertIn('e8m4 does not: arrays is', output)
        values = [cell['metrics'] for cell in self.found['cells']]
        self.assertAlmostEqual(values[2]['arrays']['value'], self.sqnr(worse, native), delta=1e-9)
        self.assertAlmostEqual(values[3]['lone']['value'], .009, delta=1e-12)
        self.assertEqual(values[2]['lone']['value'], 0)

    def test_parts_that_native_does_not_have(self):
        output = self.ask('--formats', 'e8m{2,3}', native='1.5\n', m2='1.4\n', m3='1.501\n')
        self.assertEqual([part['metric'] for part in self.found['threshold']['parts']], ['lone'])
        self.assertIn('keeps lone numbers within 1 %.', output)
        self.assertNotRegex(output.split('\n')[0], 'labels|arrays')
        self.assertEqual(self.error, "")
        self.ask('--formats', 'e8m{2,3}', native='(:)\n', m2='(;)\n', m3='(:)\n')
        self.assertEqual([part['metric'] for part in self.found['threshold']['parts']], ['equal'])
        self.assertEqual(self.found['threshold']['series'][0]['smallest'], 'e8m3')

    def test_arrays_of_files(self):
        """Each by itself: what is lost in a small one is not hidden by a large one."""
        native = {'big': [1000., 2000.], 'small': [1e-3, 2e-3], 'loss': .5}
        off = {**native, 'small': [1e-3, 2.1e-3]}
        self.ask('--formats', 'e8m{2,3}', native=json.dumps(native), m2=json.dumps(off), m3=json.dumps(native))
        self.assertEqual(self.misses(), ['arrays>=40', None])
        metrics = self.found['cells'][0]['metrics']
        self.assertAlmostEqual(metrics['arrays']['value'], self.sqnr([off['small']], [native['small']]), delta=1e-9)
        self.assertEqual(metrics['lone']['value'], 0)

    def test_metrics_that_were_chosen(self):
        self.ask('--formats', 'e8m{2,3}', '--metric', 'cer', native='abc' * 100, m2='abd' * 100, m3='abc' * 100)
        self.assertEqual(self.found['threshold']['question'], 'cer <= 0.01')
        self.assertTrue(self.found['threshold']['usual'])
        self.assertEqual(self.found['threshold']['series'][0]['smallest'], 'e8m3')
        self.ask('--formats', 'e8m2', '--extract', 'a=a (.*)', '--threshold', 'a>=1', native='a 1', m2='a 1')
        self.assertFalse(self.found['threshold']['usual'])

    def test_the_worst_sample_decides(self):
        self.put('plan/2.1', '100\n')
        self.put('plan/2.2', '101.5\n')
        self.ask('--formats', 'e8m2', '--modes', 'sr', '--samples', '2', native='100\n')
        self.assertLess(self.found['cells'][0]['metrics']['lone']['value'], .01)
        self.assertEqual(self.misses(), ['lone<=1%'])

    def test_a_hole_is_told(self):
        output = self.ask('--formats', 'e8m{2..5}', native='100\n', m2='100\n', m3='110\n', m4='100\n', m5='100\n')
        self.assertIn('The answer has a hole: not monotone: e8m2 keeps it, the wider e8m3 does not; from e8m4 on all '
                      'do.', output)

    def test_a_program_that_does_not_repeat_itself(self):
        self.put('plan/native.2', 'took 2 s\n')
        self.ask('--formats', 'e8m2', native='took 1 s\n', m2='took 1 s\n')
        self.assertIn('a second native run does not keep what is asked either (lone 1)', self.error)

    def test_rows_come_as_they_finish(self):
        self.plan(native='1\n', m2='1\n', m3='1\n', m4='1\n', m3_do='wait go')
        child = self.start('-o', 'out', '-j', '3', '--formats', 'e8m{2..4}', '--metric', 'equal')
        rows = [child.stdout.readline().split()[0] for _ in range(3)]
        self.wait_until(lambda: '4 1' in self.log())
        self.assertEqual((rows, child.poll()), ([b'FORMAT', b'native', b'e8m2'], None))
        self.put('go', '')
        output, _ = child.communicate(timeout=60)
        self.assertEqual([line.split()[0] for line in output.splitlines()[:2]], [b'e8m3', b'e8m4'])

    def test_who_has_seen_enough_ends_no_sweep(self):
        self.plan(native='1\n', m2='1\n', m3='1\n', m4='1\n', m3_do='wait go')
        child = self.start('-o', 'out', '--formats', 'e8m{2..4}')
        child.stdout.readline()
        child.stdout.close()
        self.put('go', '')
        self.assertEqual(child.wait(timeout=60), 1)
        self.assertIn(b'standard output', child.stderr.read())
        child.stderr.close()
        self.assertEqual(self.log()[-1], '4 1')


class Items(Case):
    """Labels one by one: how many changed, how accuracy did, counts, generated text."""
    NAMES = 'changed', 'changed-most', 'accuracy', 'accuracy-drop', 'prefix', 'edits'

    def judge(self, native, cell, *options, truth=None, metrics=NAMES):
        shutil.rmtree(self.path('out'), True)
        self.plan(native=native, m7=cell)
        if truth is not None:
            self.put('truth', truth)
            options += '--truth', 'truth'
        words = [word for name in metrics for word in ('--metric', name)]
        self.found = self.report('--formats', 'e8m7', *words, *options)
        [self.cell] = self.found['cells']
        self.reasons = {k: v.get('error', '') for k, v in self.cell['metrics'].items()}
        return {k: v['value'] for k, v in self.cell['metrics'].items()}

    def test_newcombe_as_published(self):
        """36 right in both, 12 natively alone, 2 in the format alone (R. G. Newcombe, 1998): 0.0569 to 0.3404."""
        truth = ['a'] * 50
        native = ['a'] * 48 + ['b'] * 2
        cell = ['a'] * 36 + ['b'] * 12 + ['a'] * 2
        got = self.judge('\n'.join(native), '\n'.join(cell), truth='\n'.join(truth))
        paired = self.cell['items']['paired']
        self.assertEqual([paired[k] for k in ('both_right', 'native_alone', 'format_alone', 'both_wrong')],
                         [36, 12, 2, 0])
        self.assertEqual((round(paired['low'], 4), round(paired['high'], 4)), (-.3404, -.0569))
        self.assertAlmostEqual(paired['mcnemar'], 2 * (1 + 14 + 91) / 2**14, delta=1e-12)
        self.assertEqual((got['changed'], got['accuracy'], paired['native_accuracy']), (14, .76, .96))
        self.assertEqual(got['accuracy-drop'], -paired['low'])
        notes = self.found['answer']['notes']
        self.assertFalse([note for note in notes if 'accuracy' in note], 'no format is the answer')

    def test_changed_is_bounded(self):
        labels = [f'x{i % 7}' for i in range(1000)]
        got = self.judge('\n'.join(labels), '\n'.join(['y'] * 3 + labels[3:]), '--threshold', 'changed<=5')
        bound, left = Fraction(got['changed-most']), Fraction(1, 20)
        for share, more in ((bound * (1 - Fraction(1, 10**9)), True), (bound * (1 + Fraction(1, 10**9)), False)):
            tail = sum(math.comb(1000, i) * share**i * (1 - share)**(1000 - i) for i in range(4))
            self.assertEqual(tail > left, more)
        self.assertEqual((got['changed'], got['accuracy'], got['prefix'], got['edits']), (3, None, 0, 3))
        self.assertIn('--truth', self.reasons['accuracy'])
        self.assertEqual(self.found['threshold']['series'][0]['smallest'], 'e8m7')
        self.assertEqual(self.found['answer']['notes'][0],
                         f"With e8m7 3 of 1000 words changed; of many such at most {100 * got['changed-most']:.3g} % do "
                         '(Clopper and Pearson, confidence 95 %).')

    def test_rows_of_scores(self):
        """Their largest numbers are the labels, and the truth is their places."""
        native = '1 2 3\n5 4 1\n0 9 0\n7 7 1\n'
        cell = '1 2 3\n5 6 1\nnan nan nan\n7 7 1\n'
        got = self.judge(native, cell, truth='2\n1\n1\n0\n')
        self.assertEqual((got['changed'], got['accuracy']), (2, .75))
        paired = self.cell['items']['paired']
        self.assertEqual([paired[k] for k in ('both_right', 'native_alone', 'format_alone', 'both_wrong')],
                         [2, 1, 1, 0])
        self.assertEqual((self.cell['items']['of'], self.cell['items']['count']), ('rows', 4))

    def test_whole_numbers(self):
        got = self.judge('7\n2\n1\n', '7\n2\n', truth='7\n1\n1\n')
        self.assertEqual((got['changed'], got['accuracy'], self.cell['items']['of']), (1, 1 / 3, 'numbers'))
        got = self.judge('7\n2\n1\n', '7\n2\n', truth='7\n1\n')
        self.assertIsNone(got['accuracy'])
        self.assertIn('not as many labels', self.reasons['accuracy'])
        self.assertIsNone(self.judge('0.5\n', '0.5\n')['changed'])

    def test_accuracy_within_a_margin(self):
        labels = [f'x{i % 3}' for i in range(2000)]
        for wrong, kept in ((3, True), (30, False)):
            self.judge('\n'.join(labels), '\n'.join(['y'] * wrong + labels[wrong:]), '--threshold', 'accuracy-drop<=1%',
                       truth='\n'.join(labels))
            self.assertEqual(self.cell['keeps'], kept)

    def test_generated_text(self):
        rng = random.Random(9)
        for _ in range(12):
            native = [rng.choice('abcd') for _ in range(30)]
            cell = list(native)
            for _ in range(rng.randint(0, 4)):
                at = rng.randrange(len(cell))
                cell[at:at + rng.randint(0, 2)] = [rng.choice('abcdef') for _ in range(rng.randint(0, 2))]
            got = self.judge(' '.join(native), '  '.join(cell) + '\n', metrics=('prefix', 'edits'))
            same = next((i for i, (x, y) in enumerate(zip(cell, native)) if x != y), min(len(cell), len(native)))
            self.assertEqual((got['prefix'], got['edits']), (same, distance(cell, native)))

    def test_bare_counts(self):
        """Of K/N only Wilson's interval is known: its ends solve a quadratic equation."""
        self.plan(native='961/1000 right\n', m7='958/1000 right\n')
        found = self.report('--formats', 'e8m7', '--extract', 'right=(\\S+) right')
        value = found['cells'][0]['metrics']['right']
        self.assertEqual((value['value'], value['of'], value['share'], value['paired']), (958, 1000, .958, False))
        z = statistics.NormalDist().inv_cdf(.975)
        for end in value['low'], value['high']:
            self.assertAlmostEqual((.958 - end)**2, z * z * end * (1 - end) / 1000, delta=1e-12)
        self.assertLess(value['low'], .958)
        self.assertLess(.958, value['high'])
        self.assertTrue([note for note in found['answer']['notes'] if 'Wilson; unpaired' in note])
        shutil.rmtree(self.path('out'))
        self.plan(native='1.5/2 0.3 9/2 a\n')
        for expression in '(\\S+) 0', ' (0.*)', '(9\\S+)':
            value = self.report('--formats', 'e8m7', '--extract', expression)['native']['metrics']['extract']
            self.assertNotIn('of', value, expression)
            shutil.rmtree(self.path('out'))


class Only(Case):
    """--report-only: what is there, and no run."""
    OPTIONS = ['--formats', 'e8m{2..5}', '--modes', 'rne,sr', '-n', '2', '--extract', 'a=a (.*)', '--metric', 'n=wc -c',
               '-j', '2', '--truth', 'truth', '--metric', 'accuracy']

    def setUp(self):
        super().setUp()
        self.plan(native='a 1\n', **{f'm{i}': f'a {1 + 2. ** -i}\n' for i in range(2, 6)})
        self.put('truth', 'a\n')
        self.output, _ = self.sweep(*self.OPTIONS, '--json', 'a.json')
        self.runs = self.log()

    def only(self, *options, status=0, directory='out', cwd=None):
        done = subprocess.run([SWEEP, '--report-only', directory, *options], capture_output=True, check=False,
                              cwd=cwd or self.dir, stdin=subprocess.DEVNULL, env=self.environment())
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(self.log(), self.runs)
        self.error = done.stderr.decode()
        return done.stdout.decode()

    def document(self, name):
        with open(self.path(name), encoding='utf-8') as file:
            return json.load(file)

    def tree(self):
        return {os.path.join(d, f): os.stat(os.path.join(d, f)).st_mtime_ns
                for d, _, files in os.walk(self.path('out')) for f in files}

    def test_the_same_report(self):
        before = self.tree()
        self.assertEqual(self.only('--json', 'b.json'), self.output)
        a, b = timeless(self.document('a.json')), timeless(self.document('b.json'))
        for document in a, b:  # which is the file's whole name there
            document['metrics'] = [{**metric, 'detail': os.path.basename(metric['detail'])}
                                   for metric in document['metrics']]
        self.assertEqual(a, b)
        self.assertEqual(self.tree(), before)

    def test_elsewhere(self):
        """Moved, without the program, and from another directory."""
        shutil.move(self.path('out'), self.path('plan/moved'))
        output = self.only('--json', self.path('b.json'), directory='moved', cwd=self.path('plan'))
        self.assertEqual(output, self.output)
        a, b = timeless(self.document('a.json')), timeless(self.document('b.json'))
        self.assertEqual(a['cells'], b['cells'])

    def test_another_question(self):
        self.assertIn('keep a at 1.2 or lower', self.only('--threshold', 'a<=1.2'))
        self.assertIn(' max-abs ', self.only('--metric', 'max-abs'))
        self.only('--metric', 'new=cat', '--json', 'b.json')
        error = self.document('b.json')['cells'][0]['metrics']['new']['error']
        self.assertEqual(error, 'the command has not been run')

    def test_what_is_missing(self):
        shutil.rmtree(self.path('out/cells/e8m3-rne'))
        output = self.only('--json', 'b.json')
        self.assertIn('The sweep is not complete: 1 of 8 cells have not run yet.', output)
        document = self.document('b.json')
        self.assertEqual((document['complete'], [c['id'] for c in document['cells'] if c['status'] == 'pending']),
                         (False, ['e8m3-rne']))
        shutil.rmtree(self.path('out/cells/native'))
        self.only(status=1)
        self.assertIn('no native run', self.error)

    def test_while_it_runs(self):
        self.plan(m6='a 1\n', m6_do='wait go')
        child = self.start('-o', 'out', *self.OPTIONS, '--formats', 'e8m6')
        self.wait_until(lambda: len(self.log()) > len(self.runs))
        time.sleep(.1)
        self.runs = self.log()
        self.assertIn('not complete', self.only())
        self.put('go', '')
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0)

    def test_refused(self):
        for words, say, status in ((['--report-only', 'plan'], 'holds no run', 1), (['--report-only', 'no'], "'no'", 1),
                                   (['--report-only', 'out', '--', VICTIM], 'leave out', 2)):
            done = subprocess.run([SWEEP, *words], capture_output=True, check=False, cwd=self.dir)
            self.assertEqual((done.returncode, done.stdout), (status, b''), words)
            self.assertIn(say, done.stderr.decode())


class Required(Case):
    """--require, --baseline and what continuous integration reads; compare."""

    def setUp(self):
        super().setUp()
        self.plan(native='a b c d 1\n', m2='a x x x 9\n', m3='a b c x 1\n', m4='a b c d 1\n')

    def test_exit_status(self):
        for spec, formats, status, failed in (('labels>=75%', '{3,4}', 0, []),
                                              ('labels>=0.8', '{3,4}', 3, ['e8m3-rne']),
                                              ('labels>=0.8,max-rel<=1', '{2,4}', 3, ['e8m2-rne', 'e8m2-rne']),
                                              ('1%', '4', 0, [])):
            report = self.report('--formats', f'e8m{formats}', '--metric', 'labels', '--require', spec, status=status)
            self.assertEqual([c['cell'] for c in report['checks'] if not c['ok']], failed, spec)
            self.assertEqual(report['threshold']['spec'], spec)
            self.assertEqual(len(report['checks']), len(spec.split(',')) * len(report['cells']))
        output, _ = self.sweep('--formats', 'e8m{3,4}', '--require', 'labels>=0.8', status=3)
        self.assertIn('Not met:\n  e8m3-rne: labels>=0.8: labels is 0.75, native 1\n\n1 of 2 requirements met\n',
                      output)
        self.plan(m4_do='exit 5')
        shutil.rmtree(self.path('out'))
        report = self.report('--formats', 'e8m4', '--require', 'labels>=0', status=3)
        self.assertIn('did not end well (exit)', report['checks'][0]['message'])

    def test_usage(self):
        for words, say in ((['--require', 'labels'], '--require'), (['--require', 'no>=1'], "--require 'no>=1'"),
                           (['--require', 'labels>=1', '--bisect'], '--bisect'), (['--junit', 'x'], '--require'),
                           (['--github'], '--require'), (['--tolerance', '1%'], '--baseline'),
                           (['--tolerance', '1', '--baseline', 'x'], '--tolerance')):
            self.refused(*words, say=say)
        self.refused('--baseline', 'plan/native', say='no report', status=1)
        self.put('mine.xml', '<x/>')
        self.sweep('--require', 'labels>=0', '--junit', 'mine.xml', status=1)
        with open(self.path('mine.xml'), encoding='ascii') as file:
            self.assertEqual(file.read(), '<x/>')

    def test_junit(self):
        title = 'a <"&> 100 %, b: c'
        for _ in range(2):  # the second one takes the place of the first
            self.sweep('--formats', 'e8m{2..4}', '--require', 'labels>=0.8', '--junit', 'a.xml', '--title', title,
                       status=3)
        tree = xml.etree.ElementTree.parse(self.path('a.xml')).getroot()
        [suite] = tree
        cases = {case.get('name'): [(child.tag, child.get('message')) for child in case]
                 for case in suite.iter('testcase')}
        self.assertEqual(cases, {'e8m2-rne: labels>=0.8': [('failure', 'labels is 0.25, native 1')],
                                 'e8m3-rne: labels>=0.8': [('failure', 'labels is 0.75, native 1')],
                                 'e8m4-rne: labels>=0.8': []})
        for element in tree, suite:
            self.assertEqual([element.get(k) for k in ('tests', 'failures', 'errors', 'skipped')], ['3', '2', '0', '0'])
        self.assertEqual((suite.get('name'), {case.get('classname') for case in suite.iter('testcase')}),
                         (title, {title}))

    def test_github(self):
        self.put('summary', 'what was there\n')
        env = {'GITHUB_STEP_SUMMARY': self.path('summary')}
        output, _ = self.sweep('--formats', 'e8m{3,4}', '--require', 'labels>=0.8', '--github', env=env, status=3)
        self.assertEqual(re.findall('^::.*', output, re.M),
                         ['::error title=e8m3-rne%3A labels>=0.8::labels is 0.75, native 1'])
        output, _ = self.sweep('--formats', 'e8m4', '--require', 'labels>=0.8', '--github', '--title', 'a,b:c%',
                               env=env)
        [line] = re.findall('^::.*', output, re.M)
        self.assertTrue(line.startswith('::notice title=a%2Cb%3Ac%25::e8m4 (13 bits) is the smallest'), line)
        with open(self.path('summary'), encoding='utf-8') as file:
            summary = file.read()
        self.assertTrue(summary.startswith('what was there\n'))
        self.assertEqual(summary.count('## Requirements'), 2)
        self.assertIn('| e8m3-rne: labels\\>=0.8 | no | labels is 0.75, native 1 |', summary)
        self.sweep('--formats', 'e8m4', '--require', 'labels>=0.8', '--markdown', 'a.md')
        with open(self.path('a.md'), encoding='utf-8') as file:
            self.assertIn('| e8m4 | 13 | 8 | 4 | rne | ok |', file.read())

    def baseline(self, *options, status, **cells):
        self.plan(**cells)
        return [(c['cell'], c['skipped']) for c in
                self.report('--restart', '--formats', 'e8m{2..5}', '--baseline', 'base.json', *options,
                            status=status)['checks'] if not c['ok']]

    def test_baseline(self):
        metrics = ['--metric', 'labels', '--metric', 'max-rel', '--threshold', 'labels>=0.75']
        self.sweep('--formats', 'e8m{2..4}', *metrics, '--json', 'base.json')
        new = ('e8m5-rne', True)
        self.plan(m5='a b c d 1\n')
        self.assertEqual(self.baseline(*metrics, status=0), [new])
        self.assertEqual(self.baseline(*metrics, status=3, m4='a b c d 1.004\n'), [('e8m4-rne', False), new])
        self.assertEqual(self.baseline(*metrics, '--tolerance', '0.5%', status=0), [new])
        # Better is not worse; the answer is wider; a cell that fails is worse.
        self.assertEqual(self.baseline(*metrics, status=0, m4='a b c d 1\n', m2='a b c x 9\n'), [new])
        self.assertEqual(self.baseline(*metrics, status=3, m3='a b x x 1\n', m2='a x x x 9\n'),
                         [('', False), ('e8m3-rne', False), new])
        self.assertEqual(self.baseline(*metrics, status=3, m3='a b c x 1\n', m4_do='crash'), [('e8m4-rne', False), new])

    def test_noise_is_no_change(self):
        for i, value in enumerate((1.0, 1.2, 0.8, 1.1), 1):
            self.put(f'plan/2.{i}', f'{value}\n')
        options = ['--formats', 'e8m2', '--modes', 'sr', '-n', '4', '--metric', 'mean-abs', '--restart']
        self.sweep(*options, '--json', 'base.json')
        for i, value in enumerate((1.1, 1.25, 0.9, 1.2), 1):
            self.put(f'plan/2.{i}', f'{value}\n')
        self.report(*options, '--baseline', 'base.json')
        for i in range(1, 5):
            self.put(f'plan/2.{i}', f'{2 + i / 10}\n')
        self.report(*options, '--baseline', 'base.json', status=3)

    def compare(self, *words, status=0):
        done = subprocess.run([SWEEP, 'compare', *words], capture_output=True, check=False, cwd=self.dir,
                              env=self.environment())
        self.assertEqual(done.returncode, status, done.stderr)
        return (done.stderr if status in (1, 2) else done.stdout).decode()

    def test_compare(self):
        options = ['--threshold', 'labels>=0.75', '--formats']
        self.sweep(*options, 'e8m{2..4}', '--report', 'page', '--json', 'a.json', env={'PATH': ''})
        shutil.move(self.path('out'), self.path('first'))
        self.plan(m3='a b x x 1\n', m2='a b x x 9\n')
        self.sweep(*options, 'e8m{2,3,4,5}', '--json', 'b.json')
        said = [self.compare(a, b) for a in ('first', 'page', 'a.json') for b in ('out', 'b.json')]
        self.assertEqual({line for text in said for line in text.splitlines() if not re.match('[AB]  ', line)},
                         {'   e8m3 (12 bits) is the smallest format that keeps labels at 0.75 or higher: 0.75 there, 1 in '
                          'native arithmetic. It takes 12 of 32 bits: 62 % are saved.',
                          '   e8m4 (13 bits) is the smallest format that keeps labels at 0.75 or higher: 1 there, 1 in '
                          'native arithmetic. It takes 13 of 32 bits: 59 % are saved.', '', 'Only in B: e8m5-rne',
                          'worse   smallest e8m4 (13 bits), was e8m3 (12 bits)', 'better  e8m2-rne: labels 0.5, was 0.25',
                          'worse   e8m3-rne: labels 0.5, was 0.75', '3 changes, 2 for the worse'})
        self.assertIn('e8m3-rne', self.compare('--fail-if-worse', 'first', 'out', status=3))
        self.assertIn('0 changes', self.compare('--fail-if-worse', 'out', 'b.json'))
        self.assertIn('1 changes, 1', self.compare('first', 'out', '--tolerance', '400%'))
        for words, say, status in ((['a.json'], 'two sweeps', 2), (['a.json', 'no'], "'no'", 1),
                                   (['plan', 'a.json'], 'plan', 1), (['--no', 'a', 'b'], '--no', 2)):
            self.assertIn(say, self.compare(*words, status=status))


class Going(Case):
    """Sweeps that are killed, interrupted, repeated, changed."""
    OPTIONS = ['--formats', 'e8m{2..9}', '--modes', 'rne,sr', '-n', '2', '--metric', 'max-abs', '--metric', 'n=wc -c']

    def setUp(self):
        super().setUp()
        self.plan(native='1\n', **{f'm{i}': f'{1 + 2. ** -i}\n' for i in range(2, 10)})

    def test_killed_again_and_again(self):
        whole = self.report(*self.OPTIONS, '-o', 'whole')
        want = sorted(self.log())
        os.remove(self.path('log'))
        rng = random.Random(2)
        for _ in range(6):
            child = self.start('-o', 'out', *self.OPTIONS, '-j', '2')
            seen = len(self.log())
            self.wait_until(lambda: len(self.log()) > seen or child.poll() is not None)
            time.sleep(rng.random() * .15)
            child.kill()
            child.communicate()
            self.wait_until(lambda: not self.victims())
        finished = self.finished()
        self.assertGreater(len(finished), 0)
        before = len(self.log())
        report = self.report(*self.OPTIONS, '-j', '2')
        self.assertFalse(set(self.log()[before:]) & finished)
        # What was under way when a sweep was killed is run again, two at a time at most; all else once.
        self.assertEqual(sorted(set(self.log())), sorted(set(want)))
        self.assertLessEqual(len(self.log()), len(want) + 2 * 6)
        # The second time nothing runs, and each byte is the same.
        once, _ = self.sweep(*self.OPTIONS, '--json', '-', '-j', '2')
        again, _ = self.sweep(*self.OPTIONS, '--json', '-', '-j', '2')
        self.assertEqual(once, again)
        self.assertEqual(timeless(report), timeless(whole))

    def test_killed_and_not_buried(self):
        """A dead process that nobody waits for, as in a container without init, holds no directory."""
        self.plan(m5_do='child')
        child = self.start('-o', 'out', '--formats', 'e8m5')
        self.wait_until(lambda: '5 1' in self.log())
        child.kill()
        self.plan(m5_do='')
        self.assertEqual([c['status'] for c in self.cells('--formats', 'e8m5').values()], ['ok'])
        child.communicate()

    def finished(self):
        names = {}
        for folder, _, files in os.walk(self.path('out', 'cells')):
            if 'status.json' in files:
                cell, sample = folder.split('/')[-2:]
                names[cell, sample] = f'{re.sub("e8m|-.*", "", cell)} {int(sample)}'
        # The log does not tell modes apart: only what is finished in both of them.
        return {name for (cell, sample), name in names.items()
                if cell == 'native' or (cell.replace('-rne', '-sr').replace('-sr', '-rne') and
                                        (f'{cell.split("-")[0]}-rne', sample) in names and
                                        (f'{cell.split("-")[0]}-sr', sample) in names)}

    def test_nothing_is_run_twice(self):
        self.sweep(*self.OPTIONS)
        count = len(self.log())
        _, error = self.sweep(*self.OPTIONS)
        self.assertIn('going on', error)
        self.sweep('--formats', 'e8m{5,2}', '--threshold', 'equal>=1', '--metric', 'equal')
        self.assertEqual(len(self.log()), count)
        self.sweep('--formats', 'e8m{2..10}', '--modes', 'rne,sr', '-n', '3')
        self.assertEqual(len(self.log()), count + 8 + 1 + 3)  # a third sample of each, and the cells that are new
        self.sweep('--formats', 'e8m2', '--restart')
        self.assertEqual(len(self.log()), count + 12 + 3)

    def test_what_changed_is_refused(self):
        """It is said what, and what is finished is kept."""
        self.put('tool', f'#!/bin/sh\nexec {VICTIM} log plan\n')
        os.chmod(self.path('tool'), 0o755)
        options = ['--formats', 'e8m{2,3}']
        self.sweep(*options, program=['./tool'])
        changes = [(['--round', 'both'], {}, "other options ('', now '--round=both')"),
                   (['--seed', '2'], {}, "another --seed ('1', now '2')"),
                   ([], {'program': ['./tool', 'x']}, "another command ('./tool', now './tool x')"),
                   ([], {'input': b'in'}, 'another standard input')]
        for more, kwargs, why in changes:
            self.refused(*options, *more, say=why, status=1, **{'program': ['./tool'], **kwargs})
        with open(self.path('tool'), 'a', encoding='ascii') as tool:
            tool.write('# changed\n')
        self.refused(*options, say='its file has changed since', status=1, program=['./tool'])
        self.refused(*options, say='--restart', status=1, program=['./tool'])
        self.assertEqual(len(self.log()), 4)
        self.sweep(*options, '--restart', program=['./tool', 'x'], input=b'in')
        self.assertEqual(len(self.log()), 8)
        self.sweep(*options, program=['./tool', 'x'], input=b'in')
        self.assertEqual(len(self.log()), 8)

    def test_foreign_directories(self):
        os.mkdir(self.path('out'))
        self.put('out/mine', 'mine')
        self.refused('--formats', 'e8m2', say='holds other files', status=1)
        subprocess.run([RUN, '-f', 'bf16', '-o', 'runs', '--', VICTIM, 'log', 'plan'], cwd=self.dir, check=True,
                       env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True)
        done = subprocess.run([RUN, '-f', 'bf16', '-o', 'sweep', '--', VICTIM, 'log', 'plan'], cwd=self.dir,
                              env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 0)
        shutil.rmtree(self.path('out'))
        self.sweep('--formats', 'e8m2')
        done = subprocess.run([RUN, '-f', 'bf16', '-o', 'out', '--', VICTIM, 'log', 'plan'], cwd=self.dir,
                              env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 125)
        self.assertIn(b'another tool', done.stderr)

    def test_two_at_once(self):
        self.plan(m2_do='wait ' + self.path('go'))
        child = self.start('-o', 'out', '--formats', 'e8m2')
        self.wait_until(lambda: '2 1' in self.log())
        _, error = self.sweep('--formats', 'e8m2', status=1)
        self.assertIn('another vprec-sweep is using', error)
        self.put('go', '')
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0)

    def test_signals(self):
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            shutil.rmtree(self.path('out'), True)
            self.put('log', '')
            self.plan(m4_do='child', m5_do='hang')
            child = self.start('-o', 'out', '--formats', 'e8m{2..5}', '-j', '2')
            self.wait_until(lambda: {'4 1', '5 1'} <= set(self.log()))
            child.send_signal(number)
            _, error = child.communicate(timeout=60)
            self.assertEqual(child.returncode, -number, error)
            self.assertRegex(error, rb"interrupted: what is finished is kept in '[^']+': the same command runs")
            self.wait_until(lambda: not self.victims(), 5)
            self.plan(m4_do='', m5_do='')
            count = len(self.log())
            cells = self.cells('--formats', 'e8m{2..5}')
            self.assertEqual([c['status'] for c in cells.values()], ['ok'] * 4)
            self.assertEqual(sorted(self.log()[count:]), ['4 1', '5 1'])

    def test_a_command_that_hangs(self):
        child = self.start('-o', 'out', '--formats', 'e8m2', '--metric',
                           'x=echo here > "$VPREC_DIRECTORY/here"; sleep 1000')
        self.wait_until(lambda: os.path.exists(self.path('here')))
        child.terminate()
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, -signal.SIGTERM)
        self.wait_until(lambda: not self.victims(), 5)
        cell = self.cells('--formats', 'e8m2', '--timeout', '0.5', '--metric',
                          'x=test "$(basename "$(dirname "$PWD")")" = native || sleep 1000; echo 1')['e8m2-rne']
        self.assertIn('too long', cell['metrics']['x']['error'])

    def test_places_that_cannot_be_written(self):
        for out, word in (('plan/native', 'Not a directory'), ('/nonexistent/x', 'No such file')):
            self.refused('-o', out, say=word, status=1)


class Terminal(Case):
    def talk(self, *options, env=(), **kwargs):
        self.plan(native='a b\n', m2='a x\n', m3='a b\n')
        command = self.command('-o', 'out', '--formats', 'e8m{2,3}', '--threshold', 'labels>=99%', *options)
        return terminal.talk(['/usr/bin/env', '-C', self.dir, *command],
                             self.environment(**{'TERM': 'xterm', **dict(env)}), **kwargs)

    def test_colours(self):
        status, text = self.talk()
        self.assertEqual(status, 0)
        self.assertIn(b'\x1b[31me8m2', text)
        self.assertIn(b'\x1b[32me8m3', text)
        for env in {'NO_COLOR': '1'}, {'TERM': 'dumb'}:
            self.assertNotIn(b'\x1b[3', self.talk(env=env)[1])
        self.assertIn(b'\x1b[3', self.talk(env={'NO_COLOR': ''})[1])
        self.assertNotIn('\x1b', self.sweep('--formats', 'e8m{2,3}', '--threshold', 'labels>=99%')[0])

    def test_progress(self):
        text = self.talk(columns=100)[1]
        self.assertRegex(text, rb'\r\[ {24}\] 0/2 runs, 1 running')
        self.assertRegex(text, rb'2/4 runs, 1 running, 0:0\d left')
        self.assertNotIn(b'running', self.talk('-q', '--restart')[1])

    def test_control_c(self):
        self.plan(m3_do='hang')
        status, text = self.talk(answers=[(b'3/4', b'\x03')])
        self.assertEqual(status, -signal.SIGINT)
        self.assertIn(b'interrupted', text)
        self.wait_until(lambda: not self.victims(), 5)


class Help(Case):
    def help(self, command='vprec-sweep'):
        return subprocess.run([os.path.join(os.path.dirname(SWEEP), command), '--help'], capture_output=True,
                              check=True).stdout.decode()

    def test_help(self):
        text = self.help()
        self.assertLess(max(map(len, text.splitlines())), 101)
        self.assertIn('Examples', text)
        for metric in ('equal', 'labels', 'cer', 'wer', 'max-rel', 'mean-rel', 'max-abs', 'mean-abs', 'lone', 'sqnr', 'arrays',
                       'cosine', 'kl', 'flips', 'changed', 'changed-most', 'accuracy', 'accuracy-drop', 'prefix', 'edits',
                       'digits'):
            self.assertRegex(text, rf'\n +{metric} ')
        self.assertRegex(self.sweep('--version')[0], r'\Avprec-sweep \d+\.\d+\.\d+\n\Z')
        with open('/dev/full', 'wb') as full:
            child = self.start('--help', stdout=full)
            child.communicate(timeout=60)
            self.assertEqual(child.returncode, 1)

    def test_manual_page_has_every_option(self):
        root = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
        with open(os.path.join(root, 'man', 'vprec-sweep.1'), encoding='utf-8') as file:
            page = file.read().replace('\\-', '-')
        own = re.sub(r'(?s)these go to all cells.*?--dry-run', '--dry-run', self.help())
        for option in set(re.findall(r'(?<![\w-])--[a-z][a-z-]+', own)):
            self.assertRegex(page, rf'(?m)^\.(B|BR|BI) .*{option}\b', option)

    def test_every_option_of_vprec_run_has_a_place(self):
        """It is our own, or goes to vprec-run; the others are named."""
        own = set(re.findall(r'--[a-z][a-z-]+', self.help()))
        instead = {'--format', '--mode', '--list', '--reference', '--dump-layers', '--replay'}
        values = {'--noise': 'operands', '--error-mode': 'rel', '--noise-rate': '0.5', '--ops': 'add', '--exec': 'hit*',
                  '--skip-object': 'hit*', '--skip-function': 'hit*', '--round': 'both'}
        for name in re.findall(r'^ +(?:-., )?(--[a-z-]+)', self.help('vprec-run'), re.M):
            if name in own or name in instead:
                continue
            word = name + (f'={values[name]}' if name in values else '')
            output, _ = self.sweep('--dry-run', '--formats', 'e8m2', '--modes', 'rr', word)
            self.assertIn(word, output)


class FullDisk(Case):
    """Runs again in a mount namespace, where it may mount a file system of 400 KiB at DIR."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path('disk'))
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=400k', 'none', self.path('disk')],
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(subprocess.run, ['umount', '-l', self.path('disk')])
        os.mkdir(self.path('disk', 'out'))
        os.symlink('disk/out', self.path('out'))

    def test_full_disk(self):
        self.plan(native='1\n', **{f'm{i}': '1\n' for i in range(2, 8)})
        fill = self.path('disk', 'fill')
        self.plan(m4_do='wait ' + self.path('go'))
        child = self.start('-o', 'out', '--formats', 'e8m{2..7}')
        self.wait_until(lambda: '4 1' in self.log())
        with open(fill, 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(b'x' * 4096)
            except OSError:
                pass
        self.put('go', '')
        _, error = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 1, error)
        self.assertIn(b'No space left on device', error)
        self.assertIn(b'the same command runs the rest', error)
        os.remove(fill)
        count = len(self.log())
        cells = self.cells('--formats', 'e8m{2..7}')
        self.assertEqual([c['status'] for c in cells.values()], ['ok'] * 6)
        self.assertEqual(sorted(self.log()[count:]), ['4 1', '5 1', '6 1', '7 1'])

    def test_no_room_for_the_report(self):
        self.plan(native='1\n', m2='1\n')
        self.sweep('--formats', 'e8m2')
        with open(self.path('disk', 'fill'), 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(b'x' * 4096)
            except OSError:
                pass
        for option, place in (('--json', 'disk/a.json'), ('--report', 'disk/r')):
            _, error = self.sweep('--formats', 'e8m2', option, place, status=1)
            self.assertIn('No space left on device', error)


class Whole(Case):
    """With the real preload library: each cell is the sum that Python's fractions say."""

    def rounded(self, value, bits):
        """`value`, a Fraction above 0 far from the ends of the exponent range, to nearest, ties to even."""
        exponent = math.floor(math.log2(value))
        unit = 2 ** (exponent - bits) if exponent >= bits else Fraction(1, 2 ** (bits - exponent))
        return round(value / unit) * unit

    def test_formats(self):
        victim = os.environ['FLOATS']
        self.plan()
        report = self.report('--formats', 'e8m{2..23..3}', '--extract', 'bits=^([0-9a-f]+)$', '--metric',
                             r"sum=printf '%d\n' 0x$(cat)", '--threshold', 'equal>=1', program=[victim])
        tenth = Fraction(struct.unpack('<f', struct.pack('<f', .1))[0])
        for cell in report['cells']:
            sum_ = Fraction(0)
            for _ in range(100):
                sum_ = self.rounded(sum_ + tenth, cell['fraction'])
            [bits] = struct.unpack('<I', struct.pack('<f', float(sum_)))
            self.assertEqual(cell['metrics']['sum']['value'], bits, cell['id'])
        self.assertEqual(report['threshold']['series'][0]['smallest'], 'e8m23')
        [mine] = [o for o in report['objects'] if o['path'] == victim]
        notes = subprocess.run(['readelf', '-n', victim], capture_output=True, check=True).stdout.decode()
        self.assertIn(mine['build_id'], notes)


class Why(Case):
    """With the real preload library: what is told of formats that failed, against the same operations in fractions."""
    why = 'all'
    RANGES = os.environ.get('RANGES')
    RAMP = [Fraction(x) for x in (3, 4, 5, 6, 7, 8, 10, 12)]
    SMALL = [Fraction(x) for x in (.125, .25, .125, .375, .25, .125, .25, .5)]

    def rounded(self, value, exponent_bits, fraction_bits):
        least = 2 - 2 ** (exponent_bits - 1)
        most = (2 - Fraction(1, 2 ** fraction_bits)) * 2 ** (1 - least)
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        exponent -= Fraction(2) ** exponent > value
        unit = Fraction(2) ** (max(exponent, least) - fraction_bits)
        result = round(value / unit) * unit
        return result if result <= most else math.inf

    def failed(self, mode, *options, **kwargs):
        report = self.report('--threshold', 'max-rel<=0.05', *options, program=[self.RANGES, mode], **kwargs)
        return report, {cell['id']: cell for cell in report['why']['cells']}

    def says(self, cell, *sentences):
        for sentence in sentences:
            self.assertIn(sentence, '\n'.join(cell['text']))

    def test_overflow(self):
        report, cells = self.failed('overflow', '-f', 'e4m2', 'e8m7')
        self.assertEqual(list(cells), ['e4m2-rne'])
        cell, [counts] = cells['e4m2-rne'], cells['e4m2-rne']['types'].values()
        total, first, operations, overflows, beyond = Fraction(0), None, 0, 0, 0
        for x in self.RAMP:
            product = self.rounded(x * x, 4, 2)
            operations += 2
            if total < math.inf:
                exact = total + product
                result = self.rounded(exact, 4, 2)
                if result == math.inf:
                    overflows += 1
                    first = first or ([float(total), float(product)], float(exact), 'inf')
                total = result
        native = itertools.accumulate(x * x for x in self.RAMP)
        beyond = sum(x >= 256 for x in native) + sum(x * x >= 256 for x in self.RAMP)
        self.assertEqual((counts['format'], counts['largest'], counts['smallest_normal']), ('e4m2', 224, 2 ** -6))
        self.assertEqual((counts['operations'], counts['overflows'], counts['nans']), (operations, overflows, 0))
        self.assertEqual((counts['native_operations'], counts['native_beyond'], counts['native_below']),
                         (operations, beyond, 0))
        told = cell['first']['overflow']
        self.assertEqual((sorted(told['operands']), told['exact'], told['result']), (sorted(first[0]), *first[1:]))
        self.assertEqual((told['function'], os.path.basename(told['object']), told['type'], told['operation']),
                         ('dot', 'libranges_part.so', 'f32', 'add'))
        self.assertEqual(list(cell['first']), ['overflow'])
        [function] = cell['functions']
        self.assertEqual((function['function'], function['operations'], function['overflows']),
                         ('dot', operations, overflows))
        self.says(cell, f'overflow: {overflows} of {operations} f32 operations', 'the largest number of e4m2',
                  f'= {first[1]:g} became inf, in dot (libranges_part.so)')
        self.assertEqual(cell['because'], 'max-rel is inf, not <= 0.05, 1 number of its output is NaN or infinite')
        self.assertEqual((cell['counted'], cell['cut']), (True, False))

    def test_underflow(self):
        report, cells = self.failed('underflow', '-f', 'e4m3')
        cell, [counts] = cells['e4m3-rne'], cells['e4m3-rne']['types'].values()
        underflows = flushed = operations = below = 0
        for numbers in self.SMALL, self.SMALL[1:]:
            total, exact = Fraction(1), Fraction(1)
            for x in numbers:
                product, exact = total * x, exact * x
                total = self.rounded(product, 4, 3) if product else product
                underflows += total != product and product < Fraction(1, 64)
                flushed += product > 0 and not total
                below += exact < Fraction(1, 64)
                operations += 1
        self.assertEqual((counts['operations'], counts['underflows'], counts['flushed'], counts['nans']),
                         (operations + 1, underflows, flushed, 1))
        self.assertEqual(counts['native_below'], below)
        self.assertEqual((cell['first']['nan']['operands'], cell['first']['nan']['function']), ([0, 0], 'ratio'))
        self.assertEqual(cell['first']['zero']['function'], 'product')
        self.says(cell, f'underflow: {underflows} of {operations + 1} f32 operations',
                  'the first NaN: 0 / 0 = nan, in ratio', f'{flushed} of all became 0',
                  'a normal number from 6 exponent bits on')
        places = [next(i for i, text in enumerate(cell['text']) if text.startswith(f'the first {what}'))
                  for what in ('that became 0', 'NaN')]
        self.assertLess(*places)

    def test_nan(self):
        report, cells = self.failed('nan', '-f', 'e8m3')
        cell = cells['e8m3-rne']
        told = cell['first']['nan']
        self.assertEqual((told['operation'], told['operands'], told['function']), ('sqrt', [-.125], 'root'))
        self.says(cell, 'the first NaN: sqrt(-0.125) = nan, in root (ranges)',
                  'NaN: 1 of 10 f32 operations made one of operands that are none: root (ranges) 1 of 2')

    def test_crash_without_a_threshold(self):
        report = self.report('-f', 'e8m3', 'e8m10', program=[self.RANGES, 'crash'])
        [cell] = report['why']['cells']
        self.assertEqual((cell['id'], cell['because'], cell['counted']), ('e8m3-rne', 'died of SIGABRT', True))
        self.says(cell, 'the first NaN: sqrt(-0.125) = nan')

    def test_precision(self):
        report, cells = self.failed('precise', '-f', 'e4m3', 'e8m2', 'e4m10')
        self.assertEqual(set(cells), {'e4m3-rne', 'e8m2-rne'})
        for bits, cell in (3, cells['e4m3-rne']), (2, cells['e8m2-rne']):
            self.assertEqual(cell['text'], [f'nothing overflowed, underflowed or became NaN in it: its range is wide '
                                            f'enough, its {bits} fraction bits are too few'])
            self.assertEqual((cell['first'], cell['functions']), ({}, []))

    def test_what_is_so_natively(self):
        report, cells = self.failed('always', '-f', 'e8m3')
        cell = cells['e8m3-rne']
        self.assertTrue(cell['first']['nan']['natively'])
        self.says(cell, 'NaN: 1 of 10 f32 operations made one of operands that are none (natively 1): root',
                  'the first NaN: sqrt(-5) = nan, in root (ranges), which has one natively, too',
                  'nothing overflowed, underflowed or became NaN in it, but for what does so natively: its range is')

    def test_calls_of_libm(self):
        report, cells = self.failed('call', '-f', 'e4m3')
        told = cells['e4m3-rne']['first']['overflow']
        self.assertEqual((told['name'], told['operands'], told['function']), ('exp', [6], None))
        self.says(cells['e4m3-rne'], f'the first overflow: exp(6) = {math.exp(6):.6g} became inf, a call of libm')

    def test_cut(self):
        self.put('endless.sh', f'exec {self.RANGES} endless\n')
        report = self.report('-f', 'e8m3', '--timeout', '1', '--why-timeout', '1', program=[self.RANGES, 'endless'])
        [cell] = report['why']['cells']
        self.assertEqual((cell['because'], cell['counted'], cell['cut']), ('took longer than 1 seconds', True, True))
        self.assertGreater(cell['types']['f32']['operations'], 0)
        self.says(cell, 'counting was ended after 1 seconds (--why-timeout)',
                  'nothing overflowed or became NaN in that part')

    def test_objects(self):
        report, _ = self.failed('overflow', '-f', 'e8m7')
        self.assertEqual(report['why']['cells'], [])
        self.assertEqual((report['why']['objects'][0]['operations'], report['why']['objects'][0]['share']),
                         ({'f32': 16, 'f64': 0}, 1))
        self.assertEqual((report['why']['options'], report['why']['text']), ([], []))
        # Two objects: what each does alone can be pasted.
        report = self.report('-f', 'e4m2', '-o', 'both', program=[self.RANGES, 'both'])
        objects = {os.path.basename(o['object']): o['operations']['f32'] for o in report['why']['objects']}
        self.assertEqual(objects, {'libranges_part.so': 16, 'ranges': 9})
        self.assertEqual(report['why']['options'], ['--object', 'libranges_part.so', '--object', 'ranges'])
        self.assertEqual(report['why']['text'],
                         ['Operations by object, native: libranges_part.so 64 %, ranges 36 %',
                          'To see on which of them the result hangs, round each alone: --object libranges_part.so '
                          '--object ranges'])
        report = self.report('-f', 'e4m2', '-o', 'each', *report['why']['options'], program=[self.RANGES, 'both'])
        self.assertEqual([(c['where'], c['types']['f32']['operations'], c['types']['f32']['native_operations'])
                          for c in report['why']['cells']],
                         [('object:libranges_part.so', 16, None), ('object:ranges', 9, None)])
        self.assertEqual(report['why']['options'], [])

    def test_which_runs_are_made(self):
        for why, made in (('none', []), ('native', ['native-count']), ('all', ['e4m2-rne-count', 'native-count'])):
            report, cells = self.failed('overflow', '-f', 'e4m2', 'e8m7', '--why', why, '-o', why)
            there = sorted(name for name in os.listdir(self.path(why, 'cells')) if name.endswith('-count'))
            self.assertEqual(there, made)
            self.assertEqual([c['counted'] for c in cells.values()], [] if why == 'none' else [why == 'all'])
        _, cells = self.failed('overflow', '-f', 'e4m2', '--why', 'native', '-o', 'native')
        self.assertEqual(len(cells['e4m2-rne']['text']), 2)
        self.assertEqual(cells['e4m2-rne']['text'][0], 'its operations were not counted (--why all does that)')
        self.says(cells['e4m2-rne'], 'in native arithmetic', 'are 2^8 or more, the largest at least 2^')
        for options, say in ((['--why', 'some'], "--why 'some': say all, native or none"),
                             (['--why-timeout', '0'], "--why-timeout '0': give seconds, above 0, or none")):
            self.refused(*options, say=say)

    def test_going_on(self):
        one, _ = self.failed('overflow', '-f', 'e4m2', 'e8m7')
        stamps = {name: os.stat(self.path('out', 'cells', name, '0001', 'status.json')).st_mtime_ns
                  for name in os.listdir(self.path('out', 'cells'))}
        again, _ = self.failed('overflow', '-f', 'e4m2', 'e8m7')
        self.assertEqual(timeless(one), timeless(again))
        self.assertEqual(stamps, {name: os.stat(self.path('out', 'cells', name, '0001', 'status.json')).st_mtime_ns
                                  for name in os.listdir(self.path('out', 'cells'))})
        self.sweep('-f', 'e8m7', '--restart', '--why', 'none', program=[self.RANGES, 'overflow'])
        self.assertEqual(sorted(os.listdir(self.path('out', 'cells'))), ['e8m7-rne', 'native'])

    def test_on_the_terminal(self):
        options = ['-f', 'e4m{1..2}', 'e8m7', '--threshold', 'max-rel<=0.05']
        output, _ = self.sweep(*options, program=[self.RANGES, 'overflow'])
        self.assertIn('\nWhy formats failed:\n  e4m1 rne: max-rel is ', output)
        self.assertIn('\n  e4m2 rne: max-rel is inf, not <= 0.05, 1 number of its output is NaN or infinite\n      '
                      'overflow: ', output)
        many = ['-f', 'e{2..4}m{1..4}', '--threshold', 'max-rel<=0.05', '-o', 'many']
        output, _ = self.sweep(*many, program=[self.RANGES, 'overflow'])
        self.assertEqual(re.findall(r'\n  (e\dm\d) rne: max-rel', output), ['e2m4', 'e3m4', 'e4m4'])
        self.assertIn('  and 9 more, in the report (--report DIR, --json FILE)\n', output)
        output, _ = self.sweep('-f', 'e8m7', '-o', 'well', program=[self.RANGES, 'overflow'])
        self.assertNotIn('Why', output)


if __name__ == '__main__':
    usual_signals.restore()
    if 'FullDisk' in sys.argv[4:]:
        namespace.enter()
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
