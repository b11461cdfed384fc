# SPDX-License-Identifier: Apache-2.0
"""test_forked.py VPREC_SWEEP PROGRAM PRELOAD [TEST...]: cells that --fork-at makes of one process are those of a sweep
in which each starts by itself: what they print and write, how they end, what vprec-run reports of them."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SWEEP, PROGRAM, PRELOAD = (os.path.abspath(path) for path in sys.argv[1:4])
# Of a process, or of how it was translated; else two runs have the same report.
OWN = {'pid', 'parent', 'startup_seconds', 'traps', 'base', 'clone_bytes', 'by_jump', 'by_short', 'by_trap', 'inlined',
       'resources', 'timed_out', 'wall_seconds', 'user_seconds', 'system_seconds'}
WORKS = "one start is enough"


def without(value):
    if isinstance(value, dict):
        return {key: without(inner) for key, inner in value.items() if key not in OWN}
    return [without(inner) for inner in value] if isinstance(value, list) else value


def alive(word):
    """The processes that have the word in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/environ', 'rb') as file:
                if word.encode() in file.read() and int(pid) != os.getpid():
                    found.append(int(pid))
        except OSError:
            pass
    return found


class Forked(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.word = 'FORKED_TEST=' + os.path.basename(self.directory)
        self.environment = {**os.environ, 'VPREC_PRELOAD': PRELOAD, 'LC_ALL': 'C',
                            'ELSEWHERE': os.path.join(self.directory, 'elsewhere'),
                            'FORKED_TEST': os.path.basename(self.directory)}
        for name, text in (('data', 'abcdefghijklmnop'), ('input', '0123456789')):
            with open(os.path.join(self.directory, name), 'w', encoding='ascii') as file:
                file.write(text)

    def start(self, out, *options, what='plain', **more):
        command = [SWEEP, '--why', 'none', '--out', out, *options, '--', PROGRAM, what]
        with open(os.path.join(self.directory, 'input'), 'rb') as file:
            return subprocess.Popen(command, cwd=self.directory, env=self.environment, stdin=file, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def sweep(self, out, *options, status=0, **more):
        process = self.start(out, *options, **more)
        try:
            printed, said = process.communicate(timeout=200)
        finally:
            process.kill()
        self.assertEqual(process.returncode, status, printed + said)
        return said

    def runs(self, out):
        """By cell and number: what each left, by file."""
        found = {}
        top = os.path.join(self.directory, out, 'cells')
        for cell in sorted(os.listdir(top)):
            for number in sorted(os.listdir(os.path.join(top, cell))):
                run = os.path.join(top, cell, number)
                if cell.startswith('fork-') or not os.path.isfile(os.path.join(run, 'status.json')):
                    continue
                files = found[cell, number] = {}
                for folder, folders, names in os.walk(run):
                    files.update((os.path.relpath(os.path.join(folder, name), run) + '/', None) for name in folders)
                    for name in names:
                        path = os.path.join(folder, name)
                        with open(path, 'rb') as file:
                            content = file.read()
                        if name in ('report.json', 'status.json'):
                            content = without(json.loads(content.decode().replace(f'/{out}/', '/OUT/')))
                        files[os.path.relpath(path, run)] = content.replace(f'/{out}/'.encode(), b'/OUT/') \
                            if isinstance(content, bytes) else content
        return found

    def same(self, options, forked=('--fork-at', 'api:network'), whole=('--within', 'api:network'), what='plain',
             works=True, cells=2):
        """A sweep of either kind: their runs are the same."""
        self.sweep('whole', *options, *whole, '--own-directory', what=what)
        said = self.sweep('forked', *options, *forked, what=what)
        if works:
            self.assertIn(WORKS, said)
            self.assertNotIn('whole', said)
        else:
            self.assertNotIn(WORKS, said)
        expected, found = self.runs('whole'), self.runs('forked')
        self.assertEqual(list(expected), list(found))
        self.assertGreaterEqual(len(found), 2 + cells)
        for run, files in expected.items():
            self.assertEqual(sorted(files), sorted(found[run]), run)
            for name, content in files.items():
                self.assertEqual(content, found[run][name], (run, name))
        self.assertEqual(alive(self.word), [])
        return said, found

    def stdouts(self, runs):
        return {files['stdout'] for (cell, _), files in runs.items() if cell != 'native'}

    # What cells differ in

    def test_formats(self):
        _, runs = self.same(['--formats', 'e8m{3,5,8,10,23}', 'e5m2', 'bf16:sat'], cells=7)
        self.assertGreaterEqual(len(self.stdouts(runs)), 6)

    def test_ahead(self):
        """What the first cell has executed comes translated to all others: no trap leads there any more."""
        self.sweep('forked', '--formats', 'e8m{5,9}', '--layers=api:*', '--fork-at', 'api:network', '--jobs', '1')
        traps = []
        top = os.path.join(self.directory, 'forked', 'cells')
        for cell in sorted(os.listdir(top)):
            if cell != 'native' and not cell.startswith('fork-'):
                with open(os.path.join(top, cell, '0001', 'report.json'), encoding='utf-8') as file:
                    traps.append(json.load(file)['processes'][0]['traps'])
        self.assertGreaterEqual(len(traps), 4)
        self.assertEqual(traps.count(max(traps)), 1, traps)

    def test_types(self):
        _, runs = self.same(['--formats', 'f64=e11m10', 'f64=e11m20', 'f32=e8m7,f64=e11m30', 'f32=e8m9,f64=e11m9',
                             '--formats', 'native'],
                            cells=5)
        self.assertEqual(len(self.stdouts(runs)), 5)

    def test_modes(self):
        _, runs = self.same(['--formats', 'e8m{5,9}', '--modes', 'rne,rtz,ru,rd,sr,rr,mca', '--samples', '3',
                             '--seed', '7'], cells=26)
        self.assertGreaterEqual(len(self.stdouts(runs)), 20)

    def test_options(self):
        self.same(['--formats', 'e8m{5,9}', '--modes', 'rne,rr', '--noise', 'operands', '--count', '--round', 'both'])
        self.sweep_again(['--formats', 'e8m{5,9}', '--audit', '--integer-rounding', 'rounded', '--count=all'])

    def sweep_again(self, options):
        for out in ('whole', 'forked'):
            shutil.rmtree(os.path.join(self.directory, out))
        self.same(options)

    def test_jobs(self):
        self.same(['--formats', 'e8m{2..12}', '--jobs', '4'], cells=11)

    def test_layers(self):
        for more in ([], ['--cumulative']):
            _, runs = self.same(['--formats', 'e8m{3,6}', '--layers=api:*o*e*', *more], whole=(),
                                forked=('--fork-at', 'network'), cells=2, works=True)
            for out in ('whole', 'forked'):
                shutil.rmtree(os.path.join(self.directory, out))
        self.assertGreaterEqual(len(self.stdouts(runs)), 2)

    def test_functions(self):
        _, runs = self.same(['--formats', 'e8m{3,6}', '--within', 'fn:wide', '--within', 'fn:layer', '--within', 'api:two'],
                            whole=(), forked=('--fork-at', 'api:network'), cells=6)
        self.assertGreaterEqual(len(self.stdouts(runs)), 4)

    def test_processors(self):
        for level in ('sse2', 'avx2'):
            self.environment['VPREC_CPU'] = level
            self.same(['--formats', 'e8m{5,9}', '--modes', 'rne,sr'])
            for out in ('whole', 'forked'):
                shutil.rmtree(os.path.join(self.directory, out))

    # How they end

    def test_ends(self):
        for what in ('crash', 'killed', 'exit', 'forks', 'executes', 'left', 'ignored', 'unlinks'):
            with self.subTest(what):
                _, runs = self.same(['--formats', 'e8m{5,9}'], what=what)
                for out in ('whole', 'forked'):
                    shutil.rmtree(os.path.join(self.directory, out))

    def test_hangs(self):
        self.same(['--formats', 'e8m{5,9}', '--jobs', '2', '--timeout', '4'], what='hang')

    # Where it cannot be done

    def test_reasons(self):
        reasons = {'thread': 'more than one thread', 'pipe': 'is pipe:', 'shared': 'shared memory',
                   'child': 'another process', 'timer': 'timer', 'elsewhere': 'writes to'}
        for what, text in reasons.items():
            with self.subTest(what):
                said, _ = self.same(['--formats', 'e8m{5,9}'], what=what, works=False)
                self.assertEqual(said.count('cells start whole: '), 1, said)
                self.assertIn(text, said)
                for out in ('whole', 'forked'):
                    shutil.rmtree(os.path.join(self.directory, out))

    def test_early(self):
        """A layer that ran before the scope: its cells start whole, and no others."""
        said = self.sweep('forked', '--formats', 'e8m{5,9}', '--layers=api:[ot]*', '--fork-at', 'api:network',
                          what='early')
        self.assertIn(WORKS, said)
        self.assertIn('a cell starts whole: this scope was entered before it: api:one', said)
        self.sweep('whole', '--formats', 'e8m{5,9}', '--layers=api:[ot]*', '--own-directory', what='early')
        self.assertEqual(self.runs('forked'), self.runs('whole'))

    def test_never(self):
        said = self.sweep('forked', '--formats', 'e8m{5,9}', '--fork-at', 'api:network', what='never')
        self.assertIn('has ended, and not entered such a scope', said)

    def test_usage(self):
        for options in (['--function', 'f', '--fork-at', 'api:network'], ['--fork-at', ''],
                        ['--fork-at', 'fn:main'], ['--scope', 'two=e5m2', '--fork-at', 'network']):
            self.assertIn('--fork-at', self.sweep('forked', *options, status=2))

    # Who interrupts it

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            process = self.start('forked', '--formats', 'e8m{3..9}', '--jobs', '3', '--fork-at', 'network', what='hang')
            for _ in range(600):
                if len([pid for pid in alive(self.word) if self.name(pid) == os.path.basename(PROGRAM)]) >= 7:
                    break # one waits; three cells, each with a keeper
                time.sleep(0.1)
            else:
                self.fail('no cells')
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, -number)
            for _ in range(100):
                if not alive(self.word):
                    break
                time.sleep(0.1)
            self.assertEqual(alive(self.word), [], number)
            shutil.rmtree(os.path.join(self.directory, 'forked'))

    @staticmethod
    def name(pid):
        try:
            with open(f'/proc/{pid}/comm', encoding='utf-8') as file:
                return file.read().strip()
        except OSError:
            return ''

    def test_again(self):
        """What is finished is not run again, and no process is started for nothing."""
        options = ['--formats', 'e8m{5,9}', '--fork-at', 'network']
        self.assertIn(WORKS, self.sweep('forked', *options))
        said = self.sweep('forked', *options)
        self.assertNotIn(WORKS, said)
        self.assertIn('4 runs are finished', said)
        said = self.sweep('forked', '--formats', 'e8m{5,9,11,12}', '--fork-at', 'network')
        self.assertIn('4 runs are finished', said)
        self.assertIn(WORKS, said)
        said = self.sweep('forked', '--restart', *options)
        self.assertIn(WORKS, said)
        self.assertNotIn('kept', said)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
