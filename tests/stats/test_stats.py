# SPDX-License-Identifier: Apache-2.0
"""test_stats.py VPREC_STATS [Class...]: the command from outside: formats, alignment, estimators, errors."""
import csv
import io
import json
import math
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

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
        done = self.run_stats('--rows', '-r', '0', self.put('a.npy', npy([1., 2, 3])))
        self.assertIn(b'--error abs', done.stdout)


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
        self.assertEqual(self.json('--failed', 'keep', 'runs')['samples'], 3)

    def test_absent(self):
        for i in range(3):
            self.put(f'{i}/a.txt', f'{i}\n')
        self.put('2/sub/b.bin', b'\0\1')
        self.put('1/sub/b.bin', b'\0\2')
        documents = self.json('0', '1', '2')['documents']
        self.assertEqual([(d['name'], d['absent']) for d in documents], [('a.txt', 0), ('sub/b.bin', 1)])
        self.assertEqual(documents[1]['groups'][0]['labels'][0]['agree'], 1)


class Usage(Case):
    def test_usage(self):
        one, two = self.put('1.txt', '1\n'), self.put('2.txt', '2\n')
        for arguments, say in [([], 'no samples'), ([one], 'one sample'), (['-m', 'x', one, two], '--method'),
                               (['-c', '1', one, two], '--confidence'), (['-p', '.9,.9', one, two], '--probability'),
                               (['--nosuch', one], 'unknown option'), (['-f', 'xml', one, two], '--format'),
                               (['-n', '-1', one, two], '--numbers'), (['-', '-'], 'twice'),
                               (['-r', self.directory, one, two], 'reference'), ([one, self.directory], 'mixed')]:
            self.error(*arguments, say=say, status=2)
        self.error(one, 'missing.txt', say='missing.txt: No such file')
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
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([STATS, one, two], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'cannot write', done.stderr)

    def test_terminal(self):
        one, two = self.put('1.txt', '1\n'), self.put('2.txt', '2\n')
        for colour, want in ('', True), ('1', False):
            master, slave = os.openpty()
            subprocess.run([STATS, one, two], stdout=slave, env=dict(os.environ, NO_COLOR=colour), check=True)
            self.assertEqual(b'\033[' in os.read(master, 65536), want)
            os.close(slave)
            os.close(master)


if __name__ == '__main__':
    unittest.main()
