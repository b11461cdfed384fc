# SPDX-License-Identifier: Apache-2.0
"""test_commands.py: programs and functions run from Python, scopes and probes, what the reports say, and PyTorch's
modules in process."""
import math
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import torch

import vprec
import vprec.torch

PYTHON = sys.executable


def accumulate(x):
    return np.add.accumulate(x)


def fails(x):
    raise KeyError('of the function')


def dies(x):
    os._exit(7)


def tells(x):
    print('told', float(x.sum()))
    return {'x': x, 'pid': os.getpid()}


def unpicklable(x):
    return lambda: x


X = np.full(1000, 0.1, np.float32)
# awk counts in binary64, too: in 8 significant bits it could not count beyond 256.
AWK = ['awk', 'BEGIN { for (i = 0; i < 200; i++) s += 0.1; print s }']


class Programs(unittest.TestCase):
    def test_result_is_rounded(self):
        done = vprec.run(AWK, format='f64=e11m7', count=True)
        self.assertEqual((done['status'], done['stdout']), (0, '22.5\n'))
        self.assertEqual(done['report']['configuration']['formats']['f64']['fraction_bits'], 7)
        self.assertIn('rounded f64', done['stderr'])
        table = done.to_pandas()
        self.assertGreaterEqual(int(table['counts.f64.ops.add'].sum()), 200)
        self.assertEqual(vprec.run(AWK, format='native')['stdout'], '20\n')

    def test_streams_and_status(self):
        done = vprec.run(['sh', '-c', 'cat; pwd; echo $VALUE; exit 3'], format='bf16', input='in', cwd='/',
                         env=dict(os.environ, VALUE='of env'))
        self.assertEqual((done['status'], done['stdout']), (3, 'in/\nof env\n'))

    def test_refusals(self):
        for says, how in (('e5m60', {'format': 'e5m60'}), ('mode', {'format': 'bf16', 'mode': 'up'}),
                          ('unknown', {'format': 'bf16', 'no_such': 1})):
            with self.assertRaisesRegex(vprec.RunError, says) as caught:
                vprec.run(AWK, **how)
            self.assertEqual(caught.exception.status, 125)
        with self.assertRaisesRegex(vprec.RunError, 'no-such-program'):
            vprec.run(['no-such-program'], format='bf16')
        with self.assertRaisesRegex(ValueError, 'no program'):
            vprec.run([], format='bf16')
        with self.assertRaises(TypeError):
            vprec.run(AWK, (X,), format='bf16')

    def test_samples(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, 'runs')
            done = vprec.run(AWK, format='f64=e11m7', mode='sr', samples=3, out=out)
            self.assertEqual([row['status'] for row in done['samples']], [0] * 3)
            again = vprec.read(out)
            self.assertEqual(len(again['samples']), 3)
            self.assertEqual(list(again.to_pandas()['sample']), [1, 2, 3])

    def test_sweep(self):
        with tempfile.TemporaryDirectory() as folder:
            report = vprec.sweep(AWK, ['f64=e11m{7,8}', 'f64=e11m40'], metric='max-rel', threshold='max-rel<=0.01',
                                 out=os.path.join(folder, 'kept'), report=os.path.join(folder, 'page'))
            rows = {row['format']: row['max-rel'] for row in report.rows()}
            self.assertEqual(rows['native'], 0)
            self.assertAlmostEqual(rows['f64=e11m7'], 0.125)
            self.assertEqual(len(report.to_pandas()), 4)
            self.assertEqual(vprec.read(os.path.join(folder, 'page'))['cells'], report['cells'])
            self.assertTrue(os.path.exists(os.path.join(folder, 'page', 'report.html')))
            self.assertTrue(vprec.read(os.path.join(folder, 'kept'))['samples'])
        with self.assertRaisesRegex(vprec.RunError, 'vprec-sweep'):
            vprec.sweep(['false'], 'e8m3')

    def test_read_refuses(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(FileNotFoundError, 'report.json'):
                vprec.read(folder)


class Functions(unittest.TestCase):
    def test_result_is_rounded(self):
        self.assertEqual(vprec.run(accumulate, (X,), format='bf16')[-1], 32)
        np.testing.assert_array_equal(vprec.run(accumulate, X, format='native'), accumulate(X))
        y = vprec.run(torch.nn.functional.relu, (torch.tensor([-1.0, 2.0]),), format='bf16')
        self.assertEqual(y.tolist(), [0, 2])

    def test_what_happens_there_is_seen_here(self):
        program = ('import sys, vprec, test_commands as t; r = vprec.run(t.tells, (t.X,), format="native"); '
                   'import os; assert r["pid"] != os.getpid()')
        done = subprocess.run([PYTHON, '-c', program], capture_output=True, text=True, check=False, timeout=100)
        self.assertEqual((done.returncode, done.stdout.split()[0]), (0, 'told'), done.stderr)
        with self.assertRaisesRegex(KeyError, 'of the function'):
            vprec.run(fails, X, format='bf16')
        with self.assertRaises(vprec.RunError) as caught:
            vprec.run(dies, X, format='bf16')
        self.assertEqual(caught.exception.status, 7)
        with self.assertRaisesRegex(RuntimeError, 'what the function returned'):
            vprec.run(unpicklable, X, format='bf16')
        with self.assertRaisesRegex(Exception, 'by its own name'):
            vprec.run(lambda x: x, X, format='bf16')
        with self.assertRaisesRegex(vprec.RunError, 'e5m60'):
            vprec.run(accumulate, X, format='e5m60')

    def test_of_a_script(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'script of mine.py')
            with open(path, 'w') as file:
                file.write('import numpy as np, vprec\n'
                           'def work(x):\n    return np.add.accumulate(x)\n'
                           'if __name__ == "__main__":\n'
                           '    print(vprec.run(work, np.full(1000, 0.1, np.float32), format="bf16")[-1])\n')
            done = subprocess.run([PYTHON, path], capture_output=True, text=True, check=False, timeout=100)
            self.assertEqual(done.stdout, '32.0\n', done.stderr)
            with open(path, 'w') as file:
                file.write('import numpy as np, vprec\nprint("once")\n'
                           'x = np.full(1000, 0.1, np.float32)\n'
                           'print(vprec.run(np.add.accumulate, (x,), format="bf16")[-1])\n')
            done = subprocess.run([PYTHON, path], capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout, 'once\n32.0\n', done.stderr)
            with open(path, 'w') as file:
                file.write('import vprec\ndef work(x):\n    return x\nvprec.run(work, 1, format="bf16")\n')
            done = subprocess.run([PYTHON, path], capture_output=True, text=True, check=False)
            self.assertIn('put that behind if __name__', done.stderr)


SCOPED = '''
import sys, numpy as np, vprec
a = np.ones(100, np.float32)
with vprec.scope("narrow"):
    inside = a.cumsum()[-1]
@vprec.scope("narrow")
def f():
    return a.cumsum()[-1]
try:
    with vprec.scope("narrow"), vprec.scope("deeper"):
        raise KeyError
except KeyError:
    pass
print(inside, f(), a.cumsum()[-1])
vprec.probe("of single", a[::2] * 3)
vprec.probe("of double", np.arange(4.0))
vprec.probe("of half", np.float16([1.5]))
'''


class Scopes(unittest.TestCase):
    def test_under_vprec_run(self):
        done = vprec.run([PYTHON, '-c', SCOPED], format='e8m10', scope={'narrow': 'e8m3'})
        self.assertEqual(done['stdout'], '16.0 16.0 100.0\n', done['stderr'])
        calls = {row['name']: row['calls'] for row in done['report']['scopes']}
        self.assertEqual(calls['api:narrow'], 3)

    def test_probes(self):
        """With scopes and without; to vprec-run, and not to the program."""
        for options in ({}, {'layers': True}):
            done = vprec.run([PYTHON, '-c', SCOPED], format='native', **options)
            self.assertEqual(done['stdout'], '100.0 100.0 100.0\n')
            probes = {row['name']: (row['values'], row['min'], row['max']) for row in done['report']['probes']}
            self.assertEqual(probes, {'of single': (50, 3, 3), 'of double': (4, 0, 3), 'of half': (1, 1.5, 1.5)})

    def test_layers(self):
        rows = {row['name']: row for row in vprec.layers([PYTHON, '-c', SCOPED])}
        self.assertEqual(rows['api:narrow']['calls'], 3)
        self.assertEqual(rows['api:deeper']['calls'], 1)
        with self.assertRaisesRegex(vprec.RunError, 'exit status 5'):
            vprec.layers([PYTHON, '-c', 'import sys; sys.exit(5)'])

    def test_without(self):
        done = subprocess.run([PYTHON, '-c', SCOPED], capture_output=True, text=True, check=False, timeout=100)
        self.assertEqual((done.stdout, done.stderr), ('100.0 100.0 100.0\n', ''))
        for name in ('', 'a\0b', 3):
            with self.assertRaises(ValueError):
                vprec.scope(name)


# In so many fraction bits a sum of ones stops at 2 ** (bits + 1).
FORMATS = '''#!/usr/bin/env python3
import numpy as np, vprec
def total():
    return float(np.ones(100, np.float32).cumsum()[-1])
# vprec.scope("narrow", "e8m7")
text = 'vprec.scope("narrow", "e8m6")'
with vprec.scope(
        "narrow",  # a comment, "here"
        "e8m3"):
    print(total())
@vprec.scope('[odd]*', format='e8m4')
def f():
    return total()
print(f(), total())
with vprec.scope("half", "e8m10,mode=rtz"):
    pass
'''


def total_of(name):
    with vprec.scope(name):
        return float(np.ones(100, np.float32).cumsum()[-1])


def narrow(name):
    with vprec.scope('of a function', 'e8m4'):
        pass
    with vprec.scope(name, 'e8m2'):
        return total_of(name)


class Formats(unittest.TestCase):
    """vprec.scope("head", "bf16"): read by vprec-run in what the command runs."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.makedirs(os.path.join(self.folder.name, 'a', 'b'))
        self.script = self.put('script.py', FORMATS)
        self.put('a/b/__main__.py', FORMATS)
        self.put('python', FORMATS)

    def put(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def told(self, *command, **options):
        path = os.pathsep.join((os.path.dirname(PYTHON), os.environ['PATH']))
        done = vprec.run(list(command), cwd=self.folder.name, env=dict(os.environ, PATH=path),
                         **{'format': 'e8m10', **options})
        self.assertEqual(done['status'], 0, done['stderr'])
        return done['stdout']

    def test_wherever_the_program_is(self):
        for command in ((PYTHON, self.script), (PYTHON, '-c', FORMATS), (PYTHON, '-OBc' + FORMATS),
                        (PYTHON, '-X', 'utf8', '-Wignore', self.script),
                        (PYTHON, '-m', 'a.b'), ('env', PYTHON, '-u', 'script.py'), ('./script.py',)):
            with self.subTest(command[:4]):
                self.assertEqual(self.told(*command), '16.0\n32.0 100.0\n')

    def test_what_decides(self):
        self.assertEqual(self.told(PYTHON, self.script, scope={'narrow': 'e8m2'}), '8.0\n32.0 100.0\n')
        self.assertEqual(self.told(PYTHON, self.script, format='native'), '100.0\n100.0 100.0\n')
        alone = subprocess.run([PYTHON, self.script], capture_output=True, text=True, check=True)
        self.assertEqual((alone.stdout, alone.stderr), ('100.0\n100.0 100.0\n', ''))

    def test_not_known_before(self):
        for text in ('import vprec\nfor name in "ab":\n with vprec.scope(name, "bf16"): pass',
                     'import vprec\nvprec.scope("a", "bf16")\nwith vprec.scope(*("a", "fp16")): pass'):
            done = vprec.run([PYTHON, '-c', text], format='e8m10')
            self.assertEqual(done['status'], 1)
            self.assertRegex(done['stderr'], "FormatError: vprec-run does not know .*--scope 'a=(bf|fp)16'")
            self.assertEqual(vprec.run([PYTHON, '-c', text], format='native')['status'], 0)
            self.assertEqual(vprec.run([PYTHON, '-c', text], format='e8m10', scope={'[ab]': 'e8m2'})['status'], 0)

    def test_wrong(self):
        for calls, says in (('("a", "bf16"), vprec.scope("a", "fp16")', 'another name'),
                            ('("a", "bf17")', 'scope\\("a", "bf17"\\)')):
            with self.assertRaisesRegex(vprec.RunError, says):
                vprec.run([PYTHON, '-c', 'import vprec; vprec.scope' + calls], format='e8m10')
        for format, error in (('bf17', vprec.FormatError), (3, TypeError), ('', vprec.FormatError)):
            with self.assertRaises(error):
                vprec.scope('a', format)

    def test_of_a_function(self):
        with self.assertRaisesRegex(vprec.FormatError, 'scope={.*}'):
            vprec.run(narrow, ('other',), format='e8m10')
        self.assertEqual(vprec.run(narrow, ('other',), format='e8m10', scope={'other': 'e8m2'}), 8)


class Commands(unittest.TestCase):
    def test_modules_command(self):
        def module(*arguments):
            return subprocess.run([PYTHON, '-m', 'vprec', *arguments], capture_output=True, text=True, check=False,
                                  timeout=100)
        self.assertEqual(module('run', '-q', '-f', 'f64=e11m7', '--', *AWK).stdout, '22.5\n')
        for name in ('run', 'stats', 'sweep', 'search'):
            self.assertEqual(module(name, '--version').stdout, f'vprec-{name} {vprec.__version__}\n')
        self.assertEqual(module('--version').stdout, f'vprec {vprec.__version__}\n')
        self.assertEqual(module('--help').returncode, 0)
        for wrong in ((), ('walk',)):
            done = module(*wrong)
            self.assertEqual((done.returncode, 'run, stats, sweep' in done.stderr), (2, True))


class Torch(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.net = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)).train()
        self.x = torch.randn(20, 6)

    def test_quantize(self):
        """Weights and outputs by hand; what is stored stays."""
        first, _, last = self.net
        stored = [p.detach().clone() for p in self.net.parameters()]

        def q(v, name):
            return vprec.round(v, name)

        h = q(torch.nn.functional.linear(self.x, q(first.weight, 'e5m2'), q(first.bias, 'e5m2')), 'e5m2')
        wanted = torch.nn.functional.linear(torch.relu(h), last.weight, last.bias).detach()
        plain = self.net(self.x).detach()
        with vprec.torch.quantize(self.net, {'torch:0': 'e5m2', '1': 'native'}) as done:
            self.assertTrue(torch.equal(self.net(self.x).detach(), wanted))
        self.assertEqual(done.matched, {'0': 'e5m2'})
        self.assertTrue(torch.equal(self.net(self.x).detach(), plain))
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(self.net.parameters(), stored)))

    def test_gradient_passes_straight(self):
        """As if each rounding were its operand."""
        net = torch.nn.Linear(6, 1, bias=False)
        done = vprec.torch.quantize(net, 'e5m2')
        net(self.x).sum().backward()
        stored = net.parametrizations.weight.original
        self.assertTrue(torch.allclose(stored.grad, self.x.sum(dim=0, keepdim=True), rtol=1e-5))
        with torch.no_grad():
            stored -= 0.25
        kept = stored.detach().clone()
        done.remove()
        self.assertTrue(torch.equal(net.weight, kept))

    def test_recipes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'recipe')
            with open(path, 'w') as file:
                file.write('# of a sweep\ntorch:? = e8m6\ntorch:2 = e5m2,mode=rtz\n')
            self.assertEqual(vprec.torch.quantize(self.net, path).matched, {'0': 'e8m6', '1': 'e8m6', '2': 'e5m2'})
        for recipe in ({'decoder*': 'bf16'}, {'0': 'bf16,noise=1'}, {'0': 'e5m60'}):
            with self.assertRaises(ValueError):
                vprec.torch.quantize(self.net, recipe)

    def test_sensitivity(self):
        rows = vprec.torch.sensitivity(self.net, self.x, ['fp32', 'e8m10', 'e5m2'])
        self.assertEqual([row['module'] for row in rows], ['0'] * 3 + ['1'] * 3 + ['2'] * 3)
        for i in range(0, 9, 3):
            self.assertEqual(rows[i]['sqnr'], math.inf)
            self.assertGreater(rows[i + 1]['sqnr'], rows[i + 2]['sqnr'])
        y = self.net(self.x).detach().double()
        with vprec.torch.quantize(self.net, {'2': 'e5m2'}):
            x = self.net(self.x).detach().double()
        noise = 10 * torch.log10((y ** 2).sum() / ((x - y) ** 2).sum())
        self.assertAlmostEqual(rows[8]['sqnr'], float(noise), places=9)
        self.assertTrue(self.net.training)
        self.assertEqual(len(rows.to_pandas().columns), 6)


if __name__ == '__main__':
    unittest.main()
