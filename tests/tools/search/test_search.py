# SPDX-License-Identifier: Apache-2.0
"""test_search.py VPREC-SEARCH PLANTED NETWORK ELEMENTARY CASE...: programs in which it is known what needs how wide a
format. CASE is a class of tests here; SEARCH_TIMES in the environment says how many plantings and kills
there are."""
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

SEARCH, PLANTED, NETWORK, ELEMENTARY = (os.path.abspath(path) for path in sys.argv[1:5])
TIMES = int(os.environ.get('SEARCH_TIMES', '3'))
UNITS = 200


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vprec-search.')
        self.addCleanup(shutil.rmtree, self.dir, True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, *words, out='out', env=None):
        return subprocess.Popen([SEARCH, '-o', out, '--json', out + '.json', *words], cwd=self.dir,
                                env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def search(self, *words, status=0, **kwargs):
        child = self.start(*words, **kwargs)
        self.output, self.error = child.communicate(timeout=300)
        self.assertEqual(child.returncode, status, self.output + self.error)
        return self.report(kwargs.get('out', 'out'))

    def report(self, out='out'):
        name = self.path(out + '.json')
        if not os.path.exists(name):
            return None
        with open(name, encoding='utf-8') as file:
            return json.load(file)


def cost(report, levels):
    """Bits an operation, as the report's own numbers of operations and formats' widths have it."""
    bits = sum(unit['operations']['f32'] * report['formats'][level]['bits']['f32']
               for unit, level in zip(report['units'], levels))
    return bits / sum(unit['operations']['f32'] for unit in report['units'])


class Delta(Case):
    """Three of 200 functions matter."""

    def hunt(self, kind, numbers, out):
        report = self.search('--units', 'code:f[12]*', '-f', 'e8m4', '--require', 'labels=equal', '--strategy',
                             'ddmin,ddmax', '--budget', '150', '-q', '--', PLANTED, kind, *map(str, numbers), out=out)
        self.assertEqual(len(report['units']), UNITS)
        planted = {f'f{100 + n}' for n in numbers}
        for name in 'ddmin', 'ddmax':
            found = report[name]
            self.assertTrue(found['found'] and found['minimal'] and found['control'], found)
            # What breaks alone, of `all` all three; what is to be kept wide, of `each` all three.
            if (kind == 'each') == (name == 'ddmin'):
                self.assertEqual(len(found['units']), 1)
                self.assertLessEqual(set(found['units']), planted)
            else:
                self.assertEqual(set(found['units']), planted)
        self.assertEqual(len({(tuple(run['levels']), run['control']) for run in report['runs']}), len(report['runs']))
        self.assertIn(sum(run['control'] for run in report['runs']), (2, 3))  # the best may be the one set's
        return len(report['runs'])

    def test_plantings(self):
        draw = random.Random(17)
        for kind in 'each', 'all':
            runs = [self.hunt(kind, draw.sample(range(UNITS), 3), f'{kind}{i}') for i in range(TIMES)]
            print(f'{kind}: {runs} runs, median {statistics.median(runs)}')
            self.assertLessEqual(statistics.median(runs), 110)

    def test_nothing_to_find(self):
        report = self.search('--units', 'code:f1*', '-f', 'e8m4', '--require', 'labels=equal', '--strategy',
                             'ddmin,ddmax', '--', PLANTED, 'each', '150')
        self.assertEqual(len(report['units']), 100)
        self.assertIn('it is kept', report['ddmin']['note'])
        self.assertFalse(report['ddmax']['found'])


class Network(Case):
    WORDS = ['--units', 'api:layer*', '-f', 'e8m{1,2,4,7,10,13}', '--require', 'labels=equal']

    def find(self, sensitive, bits, *words, out='out', status=0):
        return self.search(*self.WORDS, *words, '--', NETWORK, str(sensitive), str(bits), out=out, status=status)

    def test_default(self):
        """The sensitive layer gets the narrowest format that holds it, and all others the narrowest of all."""
        for sensitive, bits, format_ in (3, 10, 'e8m10'), (11, 9, 'e8m10'), (0, 4, 'e8m4'), (7, 1, 'e8m1'):
            report = self.find(sensitive, bits, out=f'out{sensitive}')
            want = {f'api:layer{i}': format_ if i == sensitive else 'e8m1' for i in range(12)}
            self.assertEqual(report['best']['formats'], want)
            self.assertEqual(set(report['uniform']['formats'].values()), {format_})
            self.assertTrue(report['confirmed'] and report['monotone'] and report['complete'])
            self.assertLessEqual(len(report['runs']), 40)
            for run in report['runs']:
                self.assertAlmostEqual(run['cost'], cost(report, run['levels']), places=12)
            # layer i has 10 (i + 1) operations
            wide = {'e8m10': 19, 'e8m4': 13, 'e8m1': 10}[format_]
            mean = sum((wide if i == sensitive else 10) * (i + 1) for i in range(12)) / 78
            self.assertAlmostEqual(report['best']['cost'], mean, places=12)
            self.assertAlmostEqual(report['saving'], 1 - mean / wide, places=12)
            self.assertIn(f'{mean:.4g} bits an operation', self.output)
            with open(self.path(f'out{sensitive}/recipe.txt'), encoding='utf-8') as file:
                lines = dict(map(str.strip, line.split('=')) for line in file if not line.startswith('#'))
            self.assertEqual(lines, want)

    def test_front(self):
        """Runs that no other one beats in cost and in the metric."""
        report = self.search('-u', 'api:layer*', '-f', 'e8m{1,4,7}', '--extract', r'bad=(\d+) layers', '--lower', 'bad',
                             '--require', 'bad<=0', '--', NETWORK, '3', '6')
        runs = [(run['cost'], run['metrics']['bad']) for run in report['runs'] if not run['control']]
        front = {(a, b) for a, b in runs if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in runs)}
        self.assertEqual({(run['cost'], run['value']) for run in report['front']}, front)
        self.assertEqual(len(report['front']), len(front))
        self.assertEqual(sorted(front)[0], (10, 1))  # all at one fraction bit
        self.assertIn((report['best']['cost'], 0), front)

    def test_recipe_is_one(self):
        """vprec-run takes it, and the program keeps its result."""
        self.find(5, 10, '--recipe', 'mix.txt')
        run = [os.path.join(os.path.dirname(SEARCH), 'vprec-run'), '-q', '--format', 'f32=native', '--scope']
        for scope, says in ('@mix.txt', '0 layers right\n'), ('*=e8m4', '1 layers wrong\n'):
            done = subprocess.run([*run, scope, '--', NETWORK, '5', '10'], cwd=self.dir, capture_output=True, text=True,
                                  check=True)
            self.assertEqual(done.stdout, says)

    def test_every_strategy(self):
        report = self.find(4, 10, '--strategy', 'ddmin,ddmax', '--budget', '60')
        self.assertEqual((report['ddmin']['units'], report['ddmax']['units']), (['api:layer4'], ['api:layer4']))
        self.assertEqual(report['best']['formats']['api:layer4'], 'native')
        report = self.find(4, 10, '--strategy', 'uniform', out='uniform')
        self.assertEqual((report['uniform']['formats']['api:layer4'], report['uniform']['id']),
                         ('e8m10', report['best']['id']))

    def test_budget(self):
        """What is known when it is spent is told; it is never passed."""
        for budget in 1, 2, 5, 9, 17:
            report = self.find(2, 10, '--budget', str(budget), out=f'out{budget}', status=3 if budget == 1 else 0)
            self.assertLessEqual(len(report['runs']), budget)
            self.assertTrue(report['budget_spent'])
            if budget == 1:
                self.assertIsNone(report['best'])
                continue
            keeping = [run['cost'] for run in report['runs'] if run['keeps'] and not run['control']]
            self.assertEqual(report['best']['cost'], min(keeping))

    def test_confirmed(self):
        """Data that need more than those of the search: the cheapest that was run and keeps both is taken."""
        for bits, taken in (4, True), (7, True), (15, False):
            report = self.search(*self.WORDS, '--confirm', f"'{NETWORK}' 3 {bits}", '--', NETWORK, '3', '4',
                                 out=f'out{bits}', status=0 if taken else 3)
            widths = [format_['bits']['f32'] - 9 for format_ in report['formats']]
            names = [unit['name'] for unit in report['units']]
            costs = sorted((run['cost'], widths[run['levels'][names.index('api:layer3')]] >= bits)
                           for run in report['runs'] if run['keeps'] and not run['control'])
            first = next((i for i, (_, keeps) in enumerate(costs) if keeps), len(costs))
            self.assertEqual(report['confirm']['tried'], min(first + 1, 8, len(costs)))
            if taken and first < 8:
                self.assertEqual(report['best']['cost'], costs[first][0])
            else:
                self.assertIsNone(report['best'])
        # What is required there is what is required here.
        report = self.search('-u', 'api:layer*', '-f', 'e8m{4,7}', '--extract', r'bad=(\d+) layers', '--lower', 'bad',
                             '--require', 'bad<=1', '--confirm', f"'{NETWORK}' 3 15", '--', NETWORK, '3', '4',
                             out='bad')
        self.assertEqual((report['confirm']['tried'], report['confirm']['best'], report['confirm']['uniform']),
                         (1, 'bad 1', 'bad 1'))
        self.assertEqual(set(report['best']['formats'].values()), {'e8m4'})
        self.search('--restart', *self.WORDS, '--confirm', 'exit 3', '--', NETWORK, '3', '4', status=1)
        self.assertIn('exited 3', self.error)

    def test_absent(self):
        """A function that is one operation where it is rounded is no code, which natively it is: it is left native."""
        report = self.search('-u', 'code:*', '-f', 'e8m{5,9}', '--elementary', 'wave', '--', ELEMENTARY)
        self.assertEqual({unit['name']: unit['absent'] for unit in report['units']},
                         {'main': False, 'line': False, 'wave': True})
        self.assertEqual(report['best']['formats']['code:wave'], 'native')
        self.assertNotIn('wave', report['recipe'])
        run = os.path.join(os.path.dirname(SEARCH), 'vprec-run')
        done = subprocess.run([run, '-q', '--format', 'f32=native', '--scope', '@' + self.path('out/recipe.txt'),
                               '--elementary', 'wave', '--', ELEMENTARY], capture_output=True, check=True)
        self.assertTrue(done.stdout)
        self.assertIn('such code of its own: wave\n', self.output)
        counted = {unit['name']: unit['operations']['f32'] for unit in report['units'] if not unit['absent']}
        widths = {'native': 32, 'e8m9': 18, 'e8m5': 14}
        cost = sum(widths[report['best']['formats']['code:' + name]] * n for name, n in counted.items())
        self.assertAlmostEqual(report['best']['cost'], cost / sum(counted.values()), places=12)

    def test_nothing_keeps_it(self):
        report = self.find(2, 15, '--strategy', 'uniform', status=3)
        self.assertIsNone(report['best'])
        self.assertIn('Nothing that was run keeps it but native', self.output)
        self.assertFalse(os.path.exists(self.path('out/recipe.txt')))
        self.find(2, 10, '--strategy', 'uniform', out='stale')
        self.assertTrue(os.path.exists(self.path('stale/recipe.txt')))
        self.search(*self.WORDS[:2], '-f', 'e8m{1,4}', *self.WORDS[4:], '--strategy', 'uniform', '--', NETWORK, '2',
                    '10', out='stale', status=3)
        self.assertFalse(os.path.exists(self.path('stale/recipe.txt')))

    def test_random(self):
        """The control of stochastic rounding draws other numbers."""
        report = self.find(2, 4, '-m', 'sr', '-f', 'e8m7')
        [control] = [run for run in report['runs'] if run['control']]
        self.assertEqual(control['levels'], report['best']['levels'])
        seeds = set()
        for run in control, report['best']:
            with open(self.path(f"out/cells/{run['id']}/0001/status.json"), encoding='utf-8') as file:
                seeds.add(json.load(file)['seed'])
        self.assertEqual(len(seeds), 2)

    def test_dry_run(self):
        report = self.find(2, 10, '--dry-run')
        self.assertEqual(report['runs'], [])
        self.assertIn('12 layers', self.output)
        self.assertIn('15.4 %', self.output)  # 12 of 78

    def test_usage(self):
        program = ['--', NETWORK, '1', '4']
        for words, say in ((['--strategy', 'luck'], 'luck'), (['--budget', '0'], 'budget'), (['-m', 'rr'], '--mode'),
                           (['--units', 'site:a.c:3'], 'lines of a source'), (['--layers'], 'vprec-sweep'),
                           (['--count'], 'vprec-run alone'),
                           (['-u', 'code:a', '-u', 'obj:b'], 'others'), (['--require', 'nonsense>=1'], 'nonsense'),
                           (['--require', 'labels>>1'], '--require'),
                           (['-f', 'e99m1'], 'e99m1'), (['-u', ''], 'empty')):
            child = self.start(*words, *program)
            error = child.communicate(timeout=60)[1]
            self.assertEqual((child.returncode, say in error), (2, True), error)
            self.assertEqual(error.count('vprec-search: '), 1, error)
        self.assertFalse(os.path.exists(self.path('out')))
        self.search('-u', 'api:no*', *program, status=1)
        self.assertIn("no layer that matches 'api:no*'", self.error)
        self.search('--require', 'equal=2', *program, status=1, out='equal')
        self.assertIn("the native run itself does not keep 'equal=2'", self.error)


class Going(Case):
    """Killed, interrupted, twice at once."""
    WORDS = ['--units', 'code:f[12]*', '-f', 'e8m{2,4,7,10,13}', '--require', 'labels=equal', '--strategy',
             'uniform,ddmin,ddmax', '--budget', '150', '-q', '--', PLANTED, 'all', '20', '90', '150']

    def setUp(self):
        super().setUp()
        self.env = {'PLANTED_LOG': self.path('log'), 'PLANTED_WAIT': '20000'}

    def starts(self):
        return os.path.getsize(self.path('log'))

    @staticmethod
    def told(report):
        """What does not depend on time."""
        runs = [{key: value for key, value in run.items() if key != 'seconds'} for run in report['runs']]
        return [runs, report['ddmin'], report['ddmax'], report['best']['formats'], report['recipe']]

    def test_killed(self):
        whole = self.told(self.search(*self.WORDS, env=self.env))
        alone = self.starts()
        os.unlink(self.path('log'))
        draw, kills, searches = random.Random(TIMES), 0, 0
        while kills < 5 * TIMES:
            searches += 1
            while True:
                child = self.start(*self.WORDS, out=f'killed{searches}', env=self.env)
                try:
                    child.communicate(timeout=draw.uniform(.02, .5))
                    break
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.communicate()
                    kills += 1
            self.assertEqual((child.returncode, self.told(self.report(f'killed{searches}'))), (0, whole))
        print(f'{kills} kills of {searches} searches, {self.starts()} starts; {alone} of one that was not killed')
        self.assertLessEqual(self.starts(), searches * alone + kills)  # of each kill one run is done once more

    def test_interrupted(self):
        """The best so far is told; the same command goes on."""
        child = self.start(*self.WORDS, env=self.env)
        while not os.path.exists(self.path('log')) or self.starts() < 14:
            time.sleep(.01)
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        output, error = child.communicate(timeout=60)
        self.assertEqual(child.returncode, -signal.SIGINT, error)
        self.assertIn('Best: ', output)
        part = self.report()
        self.assertFalse(part['complete'])
        self.assertTrue(os.path.exists(self.path('out/recipe.txt')))
        report = self.search(*self.WORDS, env=self.env)
        self.assertTrue(report['complete'])
        self.assertEqual(self.told(report)[0][:len(part['runs']) - 1], self.told(part)[0][:-1])
        self.assertLessEqual(self.starts(), 3 + len(report['runs']) + 1)

    def test_twice_at_once(self):
        child = self.start(*self.WORDS, env=self.env)
        while not os.path.exists(self.path('log')):
            time.sleep(.01)
        self.search(*self.WORDS, env=self.env, status=1)
        self.assertRegex(self.error, r"\Avprec-search: another vprec-search is using '.*out': wait")
        self.assertIsNone(child.poll())
        self.assertEqual(child.communicate(timeout=300)[1], '')
        self.assertEqual(child.returncode, 0)

    def test_reused(self):
        """Another requirement, budget or strategy finds what was run."""
        self.search(*self.WORDS, env=self.env)
        before = self.starts()
        report = self.search(*self.WORDS[:6], '--strategy', 'ddmin', *self.WORDS[8:], env=self.env)
        self.assertLessEqual(self.starts(), before + 1)  # the control of another best
        self.assertEqual(len(report['ddmin']['units']), 3)


class Help(unittest.TestCase):
    def test_help(self):
        text = subprocess.run([SEARCH, '--help'], capture_output=True, text=True, check=True).stdout
        self.assertLess(max(map(len, text.splitlines())), 101)
        self.assertIn('Examples', text)
        version = subprocess.run([SEARCH, '--version'], capture_output=True, text=True, check=True).stdout
        self.assertRegex(version, r'\Avprec-search \d+\.\d+\.\d+\n\Z')

    def test_manual_page_has_every_option(self):
        root = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
        with open(os.path.join(root, 'man', 'vprec-search.1'), encoding='utf-8') as file:
            page = file.read().replace('\\-', '-')
        text = subprocess.run([SEARCH, '--help'], capture_output=True, text=True, check=True).stdout
        options = {word.strip(',') for line in text.split('Exit status')[0].splitlines() for word in line.split()
                   if word.startswith('--') and len(word) > 2}
        self.assertGreater(len(options), 15)
        self.assertEqual([option for option in options if not re.search(rf'{option}\b', page)], [])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
