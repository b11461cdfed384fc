#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""profile.py: what --count reports of known operations on known numbers, against the same figures computed here with
fractions: cancellation, exponents, events; in threads, and where a process ends otherwise than by returning from main.
Usage: profile.py VPREC-RUN VICTIM PART"""

import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from fractions import Fraction
from math import copysign, inf, isfinite, isinf, isnan, log10, nan

RUN, VICTIM, PART = sys.argv[1:4]
N = 192
DIRECTORY = tempfile.TemporaryDirectory(prefix='vprec-count.')
FILE = os.path.join(DIRECTORY.name, 'operands')
failures = 0
checks = 0


def check(name, what, expected, got):
    global failures, checks
    checks += 1
    if expected != got:
        failures += 1
        if failures < 30:
            print(f'FAILED: {name}: {what}: expected {expected}, got {got}')


# Precision, least and most exponent of normal numbers.
FORMATS = {'f32': (24, -126, 127), 'f64': (53, -1022, 1023), 'e5m10': (11, -14, 15), 'e8m7': (8, -126, 127),
           'e11m40': (41, -1022, 1023), 'e8m20': (21, -126, 127)}


def exponent(x):
    """floor(log2 |x|) of a fraction other than zero."""
    x = abs(x)
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if x >= Fraction(2) ** e else e - 1


def rounded(x, name):
    """To nearest, ties to even: a fraction, or an infinity."""
    precision, least, most = FORMATS[name]
    if x == 0:
        return x
    unit = Fraction(2) ** (max(exponent(x), least) - precision + 1)
    r = round(x / unit) * unit
    return r if not r or exponent(r) <= most else inf if x > 0 else -inf


def root_sign(x, r):
    """Of sqrt(x) - r."""
    return (x > r * r) - (x < r * r)


def rounded_root(x, name):
    precision, least, most = FORMATS[name]
    if exponent(x) // 2 > most:
        return inf
    unit = Fraction(2) ** (max(exponent(x) // 2, least) - precision + 1)
    low, high = 0, 2 << precision
    while high - low > 1: # low * unit <= sqrt(x) < high * unit
        middle = (low + high) // 2
        low, high = (middle, high) if root_sign(x, middle * unit) >= 0 else (low, middle)
    half = root_sign(x, low * unit + unit / 2)
    r = (low + (half > 0 or (half == 0 and low % 2))) * unit
    return r if not r or exponent(r) <= most else inf


def told(x):
    """As a report has it."""
    return x if isfinite(x) else 'nan' if isnan(x) else 'inf' if x > 0 else '-inf'


def alike(first):
    """A first operation with its operands in one order: a difference is a sum, factors and summands commute, of their
    signs only the product's counts."""
    operation, numbers = first['operation'], [float(x) for x in first['operands']]
    if operation == 'sub':
        operation, numbers[1] = 'add', -numbers[1]
    if operation in ('mul', 'fma'):
        sign = copysign(1, numbers[0]) * copysign(1, numbers[1])
        numbers[:2] = sorted(abs(x) for x in numbers[:2])
        numbers[0] *= sign
    elif operation == 'add':
        numbers.sort()
    return operation, [told(x) for x in numbers]


class Expected:
    def __init__(self):
        self.ops, self.events, self.exponents, self.bits = Counter(), Counter(), Counter(), Counter()
        self.total, self.operands, self.first = 0, [], {}

    def happened(self, kind, op, numbers, exact, r):
        self.first.setdefault(kind, ({'operation': op, 'operands': numbers}, exact, told(float(r))))

    def operation(self, op, numbers, name):
        """One operation on floats, into the format: FMA as op 'fma' of three."""
        self.operands += [exponent(Fraction(x)) for x in numbers if isfinite(x) and x]
        finite = all(isfinite(x) for x in numbers)
        if op in ('add', 'fma') and finite:
            terms = [Fraction(x) for x in numbers]
            self.addition(terms if op == 'add' else [terms[0] * terms[1], terms[2]], all(numbers))
        if any(isnan(x) for x in numbers):
            return
        exact, r = self.evaluate(op, numbers, name)
        if isinstance(r, float) and isnan(r):
            self.events['nans'] += 1
            self.happened('nan', op, numbers, nan, r)
        elif op == 'div' and isfinite(numbers[0]) and not numbers[1]:
            self.happened('division', op, numbers, exact, copysign(inf, numbers[0]) * copysign(1, numbers[1]))
        elif isinstance(exact, float): # infinite operands, or a division by zero
            assert r == exact
        else:
            self.finite(exact, r, FORMATS[name][1], op == 'sqrt')
            if isinstance(r, float):
                self.happened('overflow', op, numbers, exact, r)
            elif exact and not r:
                self.happened('zero', op, numbers, exact, 0)
        if not isinstance(r, float) and r:
            self.exponents[exponent(r)] += 1

    def addition(self, terms, numbers):
        s = sum(terms)
        if numbers and not s:
            self.total += 1
        else:
            lost = max(exponent(t) for t in terms if t) - exponent(s) if numbers else 0
            self.bits[min(max(lost, 0), 53)] += 1

    def finite(self, exact, r, least, root):
        if isinstance(r, float):
            self.events['rounded'] += 1
            self.events['overflows'] += 1
            return
        changed = r * r != exact if root else r != exact
        smallest = Fraction(2) ** least
        self.events['rounded'] += changed
        self.events['underflows'] += changed and abs(exact) < (smallest * smallest if root else smallest)
        self.events['subnormals'] += 0 < abs(r) < smallest
        self.events['flushed'] += not r and exact != 0

    def evaluate(self, op, numbers, name):
        """The exact result (of a root its square) and the rounded one; infinities and NaN are floats."""
        x = numbers[0]
        if op == 'sqrt':
            if x < 0 or isinf(x):
                return (nan, nan) if x < 0 else (inf, inf)
            return Fraction(x), rounded_root(Fraction(x), name) if x else Fraction(0)
        y = numbers[1]
        if op == 'div' and isfinite(x) and not y:
            return (nan, nan) if not x else (inf, inf)
        if not all(isfinite(n) for n in numbers):
            special = {'add': lambda: x + y, 'mul': lambda: x * y, 'fma': lambda: self.special_fma(*numbers),
                       'div': lambda: nan if isinf(x) and isinf(y) else x if isinf(x) else 0.0}[op]()
            if not special:
                return Fraction(0), Fraction(0)
            return special, special
        a, b = Fraction(x), Fraction(y)
        exact = {'add': lambda: a + b, 'mul': lambda: a * b, 'div': lambda: a / b,
                 'fma': lambda: a * b + Fraction(numbers[2])}[op]()
        return exact, rounded(exact, name)

    @staticmethod
    def special_fma(x, y, z):
        if (isinf(x) and not y) or (isinf(y) and not x):
            return nan
        return copysign(inf, x) * copysign(1, y) + z if isinf(x) or isinf(y) else z

    def check_first(self, name, first):
        """What went wrong first, in the order of the elements."""
        check(name, 'what went wrong at all', sorted(self.first), sorted(first))
        for kind in set(self.first) & set(first):
            want, exact, r = self.first[kind]
            got, value = first[kind], float(first[kind]['exact'])
            check(name, f'first {kind}', alike(want), alike(got))
            check(name, f'result of the first {kind}', r, told(float(got['result'])))
            if isinstance(exact, Fraction) and want['operation'] != 'sqrt': # beyond binary64: its last number
                near = max(-Fraction(sys.float_info.max), min(exact, Fraction(sys.float_info.max)))
                check(name, f'exact result of the first {kind}', True,
                      abs(Fraction(value) - near) <= max(abs(near) / 2 ** 52, Fraction(2) ** -1074))

    def check_quick(self, name, counts, noise):
        """But for operations and the results' exponents nothing is told."""
        told = (min(self.exponents, default=None), max(self.exponents, default=None)) if COUNT == 'quick' else (None, None)
        if not noise or COUNT != 'quick':
            check(name, 'range', told, (counts['exponent_min'], counts['exponent_max']))
        for key in set(counts) - {'ops', 'exponent_min', 'exponent_max'}:
            check(name, key, None, counts[key])

    def check(self, name, counts, times, noise):
        """`noise`: results are random, what is read off operands is not."""
        scaled = lambda counter: {str(k): times * v for k, v in counter.items() if v}
        check(name, 'operations', scaled(self.ops), counts['ops'])
        if COUNT != 'all':
            self.check_quick(name, counts, noise)
            return
        lost = counts['cancellation']
        check(name, 'bits cancelled', scaled(self.bits), lost['bits'])
        check(name, 'total cancellation', times * self.total, lost['total'])
        check(name, 'additions', times * (sum(self.bits.values()) + self.total), lost['additions'])
        most = max(self.bits, default=None)
        check(name, 'most bits', most, lost['max_bits'])
        check(name, 'most digits', most and round(most * log10(2), 9), most and round(lost['max_digits'], 9))
        half = lost['precision_bits'] // 2
        check(name, 'more than half',
              times * (sum(v for bits, v in self.bits.items() if bits > half) + self.total), lost['more_than_half'])
        check(name, 'operands', (min(self.operands), max(self.operands)),
              (counts['operand_exponent_min'], counts['operand_exponent_max']))
        if noise:
            return
        if times == 1:
            self.check_first(name, counts['first'])
        check(name, 'exponents', scaled(self.exponents), counts['exponents'])
        check(name, 'range', (min(self.exponents, default=None), max(self.exponents, default=None)),
              (counts['exponent_min'], counts['exponent_max']))
        for event in ('rounded', 'overflows', 'underflows', 'subnormals', 'flushed', 'nans'):
            check(name, event, times * self.events[event], counts[event])


def steps(name):
    """The operations of a function of the victim: which instruction, then (operation, operands) for each element."""
    def of(*signs):
        return lambda i, a, b, c: [s * x for s, x in zip(signs, (a[i], b[i], c[i]))]

    def hadd(i, a, b, c):
        source = a if i % 4 < 2 else b
        at = i // 4 * 4 + i % 2 * 2
        return [source[at], source[at + 1]]

    kind = name.split('_')[0]
    return {'add': ('add', 'add', of(1, 1)), 'sub': ('sub', 'add', of(1, -1)), 'mul': ('mul', 'mul', of(1, 1)),
            'div': ('div', 'div', of(1, 1)), 'sqrt': ('sqrt', 'sqrt', of(1)), 'fma': ('fma', 'fma', of(1, 1, 1)),
            'fms': ('fma', 'fma', of(1, 1, -1)), 'fnma': ('fma', 'fma', of(-1, 1, 1)), 'hadd': ('hadd', 'add', hadd),
            'addsub': ('addsub', 'add', lambda i, a, b, c: [a[i], b[i] if i % 2 else -b[i]]),
            'masked': ('add', 'add', lambda i, a, b, c: [a[i], b[i]] if 0x5a3c >> i % 16 & 1 else None)}[kind]


def expect(name, operands, format_name):
    counted, operation, pick = steps(name)
    e = Expected()
    for i in range(N):
        numbers = pick(i, *operands)
        if numbers is None:
            continue
        e.ops[counted] += 1
        e.operation(operation, numbers, format_name)
    return e


def draw(type_name, seed):
    """Three lists of operands: boundaries, neighbours that cancel, what overflows and underflows, special values."""
    source = random.Random(seed)
    precision, least, most = FORMATS[type_name]
    ulps = lambda x, n: x * (1 + n * 2.0 ** (1 - precision))

    def number():
        kind = source.randrange(20)
        if kind == 0:
            return source.choice([0.0, -0.0, inf, -inf, nan])
        extreme = source.choice([least, least + 3, most, most - 1, most // 2, least // 2])
        e = extreme if kind < 5 else source.randint(-9, 9)
        significand = source.getrandbits(precision - 1) if source.randrange(3) else source.getrandbits(4)
        x = Fraction(2) ** e * (1 + Fraction(significand, 1 << (precision - 1)))
        x = x if kind != 6 else x / (1 << (precision // 2)) if e > -9 else x / 2
        return float(rounded(x, type_name)) * source.choice([1, -1])

    a, b, c = [], [], []
    for _ in range(N):
        x, y, z = number(), number(), number()
        kind = source.randrange(8)
        if isfinite(x) and kind < 4:
            near = float(rounded(Fraction(ulps(1, source.randint(-4, 4))) * Fraction(x), type_name))
            y = source.choice([-1, 1, -1, -0.5, 2]) * (near if isfinite(near) else x)
        if isfinite(x) and isfinite(y) and kind > 3 and kind < 7:
            nearly = 1 + source.choice([0, 1, 3]) * Fraction(1, 1 << 20)
            z = float(rounded(-Fraction(x) * Fraction(y) * nearly, type_name))
        if source.randrange(2) and not isnan(z):
            z = -z
        for values, v in ((a, x), (b, y), (c, z)):
            values.append(v if isnan(v) or isinf(v) else float(rounded(Fraction(v), type_name)))
    return a, b, c


def write_operands():
    """The file, and by type what is in it."""
    by_type = {'f32': draw('f32', 1), 'f64': draw('f64', 2)}
    with open(FILE, 'wb') as file:
        for code, type_name in (('f', 'f32'), ('d', 'f64')):
            for values in by_type[type_name]:
                file.write(struct.pack(f'{N}{code}', *values))
    return {t: [struct.unpack(f'{N}{c}', struct.pack(f'{N}{c}', *v)) for v in by_type[t]]
            for t, c in (('f32', 'f'), ('f64', 'd'))}


COUNT = PART if PART in ('quick', 'operations') else 'all'


def run(options, arguments, status=0, env=()):
    report = os.path.join(DIRECTORY.name, 'report.json')
    done = subprocess.run([RUN, *options, '--count=' + COUNT, '--report', report, '--', VICTIM, FILE, *arguments], timeout=250,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, **dict(env)))
    if done.returncode != status:
        sys.exit(f'{options} {arguments}: status {done.returncode}\n{done.stderr.decode()}')
    with open(report, encoding='utf-8') as file:
        return done, json.load(file)


def sum_of(records):
    """The counts of one function in several processes."""
    whole = records[0]
    if COUNT != 'all':
        assert len(records) == 1
        return whole
    for more in records[1:]:
        for key in ('rounded', 'overflows', 'underflows', 'subnormals', 'flushed', 'nans'):
            whole[key] += more[key]
        for key in ('ops', 'exponents'):
            whole[key] = dict(Counter(whole[key]) + Counter(more[key]))
        lost = whole['cancellation']
        for key in ('additions', 'total', 'more_than_half'):
            lost[key] += more['cancellation'][key]
        lost['bits'] = dict(Counter(lost['bits']) + Counter(more['cancellation']['bits']))
    return whole


def compare(label, report, operands, formats, times, noise=False):
    functions = {}
    for f in report['functions']:
        if f['object'] == os.path.realpath(VICTIM) and f['entered'] and f['name'].split('_')[-1][:3] in formats:
            functions.setdefault(f['name'], []).append(f)
    check(label, 'functions seen', True, len(functions) >= 8)
    for name, records in sorted(functions.items()):
        t = name.split('_')[-1][:3]
        counts = [f['counts'][t] for f in records if f['counts'][t]['ops']]
        expect(name, operands[t], formats[t]).check(f'{label}, {name}', sum_of(counts), times, noise)


def calls():
    """Of libm's functions the first call of each kind, and which came first."""
    by_kind = lambda first: {kind: (f['name'], f['operands'], f['result']) for kind, f in first.items()}
    first = run(['-f', 'f32=e4m3,f64=e8m20'], ['libm'])[1]['processes'][0]['libm_first']
    check('libm', 'f32', {'overflow': ('exp', [6.0], 'inf'), 'zero': ('exp', [-7.0], 0.0),
                          'nan': ('log', [-7.0], 'nan')}, by_kind(first['f32']))
    check('libm', 'f64', {'overflow': ('exp', [7000.0], 'inf')}, by_kind(first['f64']))
    check('libm', 'order', ['overflow', 'zero', 'nan'],
          sorted(first['f32'], key=lambda kind: first['f32'][kind]['order']))
    check('libm', 'exact', round(math.exp(6), 9), round(first['f32']['overflow']['exact'], 9))
    first = run(['-f', 'native'], ['libm'])[1]['processes'][0]['libm_first']
    check('libm', 'what is native', ({}, {}), (first['f32'], first['f64']))


def quick(operands, native):
    """By inline code, and what has none by C code: --round both, and formats without an inline form."""
    for level in ('sse2', 'avx2', 'avx512'):
        for spec in (native, {'f32': 'e5m10', 'f64': 'e11m40'}, {'f32': 'e8m7', 'f64': 'e8m20'}, {'f64': 'e5m10'}):
            text = 'native' if spec is native else ','.join(f'{t}={f}' for t, f in spec.items())
            done, report = run(['-f', text], ['threads', '3'], env={'VPREC_CPU': level})
            compare(f'{level}, {text}', report, operands, spec, 3)
            check(text, 'how it is counted', (True, COUNT), (report['configuration']['count'], report['configuration']['counted']))
            check(text, 'events in all', [], [key for key in ('rounded', 'overflows', 'nans') if key in report['totals']])
            error = done.stderr.decode()
            for word, is_told in ('FUNCTION', True), ('DIGITS', False), ('EXPONENTS', COUNT == 'quick'):
                check(text, f'the table tells {word}', is_told, word in error)
            if spec is native:
                alone = subprocess.run([VICTIM, FILE, 'threads', '3'], stdout=subprocess.PIPE, check=True).stdout
                check(level, 'the output is that of the program alone', True, done.stdout == alone)
        for mode in ('rr', 'sr'):
            options = ['-m', mode] + (['-f', 'f32=e8m7,f64=e8m20'] if mode == 'sr' else [])
            compare(f'{level}, {mode}', run(options, ['threads', '1'], env={'VPREC_CPU': level})[1], operands,
                    {'f32': 'e8m7', 'f64': 'e8m20'} if mode == 'sr' else native, 1, noise=True)


def main():
    operands = write_operands()
    native = {'f32': 'f32', 'f64': 'f64'}
    if COUNT != 'all':
        quick(operands, native)
    elif PART == 'values':
        alone = subprocess.run([VICTIM, FILE, 'threads', '1'], stdout=subprocess.PIPE, check=True).stdout
        for level in ('sse2', 'avx2', 'avx512'):
            done, report = run(['-f', 'native'], ['threads', '1'], env={'VPREC_CPU': level})
            check(level, 'the output is that of the program alone', True, done.stdout == alone)
            compare(level, report, operands, native, 1)
        for spec in ({'f32': 'e5m10', 'f64': 'e11m40'}, {'f32': 'e8m7', 'f64': 'e8m20'}, {'f64': 'e5m10'}):
            text = ','.join(f'{t}={f}' for t, f in spec.items())
            done, report = run(['-f', text], ['threads', '1'])
            compare(text, report, operands, spec, 1)
            error = done.stderr.decode()
            for word in ('FUNCTION', 'DIGITS', 'EXPONENTS', 'cancellation is worst in', 'exponent bits'):
                check(text, f'the table tells {word}', True, word in error)
        for mode in ('rr', 'mca', 'sr'):
            options = ['-m', mode] + (['-f', 'f32=e8m7,f64=e8m20'] if mode == 'sr' else [])
            compare(mode, run(options, ['threads', '1'])[1], operands,
                    {'f32': 'e8m7', 'f64': 'e8m20'} if mode == 'sr' else native, 1, noise=True)
        check('quiet', 'nothing is told', b'', run(['-q', '-f', 'native'], ['threads', '1'])[0].stderr)
    elif PART == 'calls':
        calls()
    else:
        compare('threads', run(['-f', 'native'], ['threads', '8'])[1], operands, native, 8)
        compare('threads', run(['-f', 'bf16,f64=e8m20'], ['threads', '8'])[1], operands,
                {'f32': 'e8m7', 'f64': 'e8m20'}, 8)
        compare('_exit', run(['-f', 'native'], ['_exit'], 3)[1], operands, native, 1)
        compare('crash', run(['-f', 'native'], ['crash'], 139)[1], operands, native, 1)
        compare('exec', run(['-f', 'native'], ['exec'])[1], operands, native, 2)
        compare('fork', run(['-f', 'native'], ['fork'])[1], operands, native, 2)
    print(f'{checks} checks, {failures} failed')
    return failures > 0


sys.exit(main())
