# SPDX-License-Identifier: Apache-2.0
# test_nothing_lost.py: whatever a user has in and around a directory of results, vprec-run and vprec-sweep leave it
# alone. The preload library is faked. Usage: test_nothing_lost.py VPREC-SWEEP PRELOAD CLASS...
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'common'))
import usual_signals

SWEEP, PRELOAD = (os.path.abspath(path) for path in sys.argv[1:3])
RUN = os.path.join(os.path.dirname(SWEEP), 'vprec-run')
SH = '/bin/sh'
SHM = '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) else None
MINE = 'years of work'
PROGRAM = [SH, '-c', 'echo 1 > "$VPREC_SAMPLE_DIR/made"; echo 1']

COMMANDS = {'vprec-run': [RUN, '-f', 'bf16', '-n', '2', '-o', 'out'],
            'vprec-sweep': [SWEEP, '--why', 'none', '--formats', 'e8m4', '-o', 'out']}
# A directory of a run that each of them makes.
SAMPLE = {'vprec-run': '0001', 'vprec-sweep': 'cells/e8m4-rne/0001'}


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix='vprec-lost.', dir=SHM))
        self.addCleanup(shutil.rmtree, self.dir, True)

    def anew(self):
        for name in os.listdir(self.dir):
            path = self.path(name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def put(self, name, content=MINE):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(content)

    def get(self, name):
        with open(self.path(name), encoding='utf-8') as file:
            return file.read()

    def tree(self):
        """Each name with what it is: its content, where it leads, or its kind. Our own lock changes."""
        found = {}
        for folder, folders, names in os.walk(self.dir):
            for name in folders + names:
                path = os.path.join(folder, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    content = os.readlink(path)
                elif stat.S_ISREG(mode):
                    with open(path, 'rb') as file:
                        content = file.read()
                    content = b'vprec' if name == 'run.lock' and content.startswith(b'vprec ') else content
                else:
                    content = stat.S_IFMT(mode)
                found[os.path.relpath(path, self.dir)] = content
        return found

    def start(self, command, *options, program=None):
        env = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'VPREC_WIRE', 'VPREC_SAMPLE')}
        env.update(VPREC_PRELOAD=PRELOAD, ASAN_OPTIONS='verify_asan_link_order=0')
        words = COMMANDS[command] if isinstance(command, str) else command
        return subprocess.Popen([*words, *options, '--', *(program or PROGRAM)], cwd=self.dir, env=env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_it(self, command, *options, ok=True, program=None):
        """What was said on standard error."""
        child = self.start(command, *options, program=program)
        output, error = child.communicate(timeout=120)
        error = error.decode(errors='replace')
        if ok:
            self.assertEqual(child.returncode, 0, error)
        else:
            self.assertEqual(child.returncode, 1 if error.startswith('vprec-sweep') else 125, error)
            self.assertEqual((output, error.count('\n')), (b'', 1), error)
        return error

    def untouched(self, command, *options, say=''):
        """It refuses, and every byte is as before."""
        before = self.tree()
        error = self.run_it(command, *options, ok=False)
        self.assertIn(say, error)
        self.assertEqual(self.tree(), before)

    def each(self):
        for command in COMMANDS:
            for options in ([], ['--restart']):
                self.anew()
                yield command, options


class Foreign(Case):
    """Directories that are not ours, although a file in them has a name that we use."""
    BAD = ['', '{', '[]', '{}', 'null', '{"schema": 1}', '{"schema": "1", "tool": "TOOL"}', '{"tool": "TOOL"}',
           '{"schema": 1, "tool": "train.py"}', '{"schema": 1, "tool": ["TOOL"]}', '{"schema": 99, "tool": "TOOL"}',
           '{"schema": 1, "tool": "vprec-other"}', '{"schema": 1, "tool": "TOOL", "tool": "TOOL"}']

    def test_run_json_that_proves_nothing(self):
        for command, options in self.each():
            for content in self.BAD:
                self.anew()
                for name in '2024/thesis', '0001/stdout', 'cells/native/0001/stdout', 'reference/files/x':
                    self.put('out/' + name)
                self.put('out/run.json', content.replace('TOOL', command))
                self.untouched(command, *options, say='out')

    def test_the_other_tools_run(self):
        for command, options in self.each():
            other = next(name for name in COMMANDS if name != command)
            self.run_it(other)
            self.untouched(command, *options, say='another tool')

    def test_run_json_that_is_no_file(self):
        for command, options in self.each():
            self.put('out/2024/thesis')
            for make in (os.mkdir, os.mkfifo, lambda path: os.symlink('nowhere', path)):
                make(self.path('out/run.json'))
                self.untouched(command, *options)
                os.rmdir(self.path('out/run.json')) if make is os.mkdir else os.unlink(self.path('out/run.json'))
            # A link to a file that would do.
            self.put('true.json', json.dumps({'schema': 1, 'tool': command, 'samples': 3000}))
            os.symlink('../true.json', self.path('out/run.json'))
            self.untouched(command, *options)

    def test_no_run_json(self):
        for command, options in self.each():
            for name in ('2024/thesis', '0001/stdout', 'run.lock', 'run.json.tmp', 'stdin', 'stdin.tmp', 'cells/x',
                         'reference/stdout'):
                self.anew()
                self.put('out/' + name, '1234\n')
                self.untouched(command, *options, say='holds other files')

    def test_what_a_killed_call_left(self):
        """A lock, and half a file where the file system has none without a name: neither is in the way."""
        for command, options in self.each():
            self.put('out/run.lock', 'vprec 1\n')
            self.put('out/.vprec-1-0')
            self.run_it(command, *options)
            self.assertEqual(self.get('out/.vprec-1-0'), MINE)

    def test_lock(self):
        """Somebody's lock beside a run of ours, and one that leads elsewhere."""
        for command, options in self.each():
            self.run_it(command)
            self.put('out/run.lock', '1234\n')
            self.untouched(command, *options, say='run.lock')
            self.put('thesis', '')
            os.unlink(self.path('out/run.lock'))
            os.symlink('../thesis', self.path('out/run.lock'))
            self.untouched(command, *options, say='run.lock')


class Beside(Case):
    """What a user has put into a directory that is ours."""

    def test_files_between_ours_stay(self):
        names = ['thesis', '2024/thesis', '0009/stdout', '0001/thesis', 'cells/thesis', 'cells/native/thesis',
                 'cells/e8m4-rne/thesis', 'cells/e8m4-rne/0001/thesis', 'cells/mine/0001/stdout', 'reference/thesis',
                 'stdin', 'stdin.tmp', 'run.json.tmp', 'SAMPLE/thesis', 'SAMPLE/stdout.txt', 'SAMPLE/metric-x.out',
                 'SAMPLE/metric-x.json', 'SAMPLE/status.json.tmp']
        for command in COMMANDS:
            self.anew()
            self.run_it(command)
            mine = ['out/' + name.replace('SAMPLE', SAMPLE[command]) for name in names]
            for name in mine:
                self.put(name, MINE + name)
            for options in ([], ['--restart'], ['--restart'], ['-s', '2', '--restart']):
                self.run_it(command, *options)
                for name in mine:
                    self.assertEqual(self.get(name), MINE + name)
                self.assertEqual(self.get(f'out/{SAMPLE[command]}/stdout'), '1\n')

    def test_files_of_a_sample(self):
        """What it wrote goes; what is not in its record stays, if only under another name."""
        for command in COMMANDS:
            self.anew()
            self.run_it(command)
            files = f'out/{SAMPLE[command]}/files'
            self.put(files + '/thesis')
            self.put(files + '/2024/thesis')
            self.put(files + '/made', 'a result that was made anew by hand')
            error = self.run_it(command, '--restart')
            self.assertIn('files.kept', error)
            self.assertEqual(os.listdir(self.path(files)), ['made'])
            self.assertEqual(self.get(files + '/made'), '1\n')
            for name in 'thesis', '2024/thesis':
                self.assertEqual(self.get(files + '.kept/' + name), MINE)
            self.assertEqual(self.get(files + '.kept/made'), 'a result that was made anew by hand')
            self.put(files + '/thesis')
            self.run_it(command, '--restart')
            self.assertEqual(self.get(files + '.kept-2/thesis'), MINE)
            self.assertNotIn('kept', self.run_it(command, '--restart'))

    def test_a_sample_in_the_way(self):
        """Nothing is cleared, nor run, where one that is to be made has a name that is taken."""
        for command, options in self.each():
            self.run_it(command)
            more = ['-n', '4'] if command == 'vprec-run' else ['--formats', 'e8m{4,5}']
            for make in (lambda path: self.put(path + '/thesis'), self.put,
                         lambda path: os.symlink('x', self.path(path))):
                name = 'out/0004' if command == 'vprec-run' else 'out/cells/e8m5-rne/0001'
                os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
                make(name)
                self.untouched(command, *more, *options, say='in the way')
                shutil.rmtree(self.path(name)) if os.path.isdir(self.path(name)) else os.unlink(self.path(name))
        self.anew()
        self.run_it('vprec-run')
        self.put('out/reference/thesis')
        self.untouched('vprec-run', '--reference', 'native', say='in the way')

    def test_links_are_not_followed(self):
        """Directories of ours that lead to others now, with the same names in them."""
        for command in COMMANDS:
            deep = SAMPLE[command].split('/')
            for depth in range(1, len(deep) + 2):
                self.anew()
                self.run_it(command)
                parts = [*deep, 'files'][:depth]
                place = self.path('out', *parts)
                shutil.copytree(place, self.path('mine'), symlinks=True)
                shutil.rmtree(place)
                os.symlink(self.path('mine'), place)
                before = {k: v for k, v in self.tree().items() if k.startswith('mine')}
                child = self.start(command, '--restart')
                child.communicate(timeout=120)
                self.assertEqual({k: v for k, v in self.tree().items() if k.startswith('mine') and k in before}, before)

    def test_a_file_with_another_name(self):
        for command in COMMANDS:
            self.anew()
            self.run_it(command)
            for name in 'stdout', 'status.json', 'files/made', 'report.json':
                os.link(self.path('out', SAMPLE[command], name), self.path('mine.' + os.path.basename(name)))
            before = {k: v for k, v in self.tree().items() if k.startswith('mine')}
            os.unlink(self.path('out', SAMPLE[command], 'stderr'))
            os.link(self.path('mine.stdout'), self.path('out', SAMPLE[command], 'stderr'))
            self.run_it(command, '--restart')
            self.assertEqual({k: v for k, v in self.tree().items() if k.startswith('mine')}, before)

    def test_records_that_lie(self):
        for command in COMMANDS:
            self.anew()
            self.run_it(command)
            self.put('thesis')
            self.put('out/thesis')
            name = f'out/{SAMPLE[command]}/status.json'
            status = json.loads(self.get(name))
            status['left'] += [{'path': path, 'bytes': len(MINE)} for path in
                               ('../' * 5 + 'thesis', '../../thesis', self.path('thesis'), '../thesis', 'made/../../x')]
            status['files'] = [{'path': self.path('thesis'), 'new': True}, {'path': 'thesis', 'new': True}]
            self.put(name, json.dumps(status))
            run = json.loads(self.get('out/run.json'))
            if command == 'vprec-run':
                run.update(samples=30)
            else:
                run['cells'].update({'../..': 3, '../../thesis': 1, '': 2})
            self.put('out/run.json', json.dumps(run))
            self.run_it(command, '--restart')
            self.assertEqual((self.get('thesis'), self.get('out/thesis')), (MINE, MINE))

    def test_interrupted_and_killed(self):
        """Of a sample that was ended what it wrote is known; of one that was killed it may be anybody's."""
        program = [SH, '-c', 'echo 1 > "$VPREC_SAMPLE_DIR/made"; [ -z "$VPREC_WIRE" ] || { touch started; '
                   '[ -e go ] || sleep 1000; }; echo 1']
        for command in COMMANDS:
            for number in signal.SIGTERM, signal.SIGKILL:
                self.anew()
                child = self.start(command, program=program)
                end = time.monotonic() + 60
                while not os.path.exists(self.path('started')):
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.01)
                child.send_signal(number)
                child.communicate(timeout=60)
                self.put(f'out/{SAMPLE[command]}/thesis')
                if number == signal.SIGKILL:
                    self.put(f'out/{SAMPLE[command]}/files/thesis')
                self.put('go')
                error = self.run_it(command, program=program)
                self.assertEqual(self.get(f'out/{SAMPLE[command]}/thesis'), MINE)
                self.assertEqual('files.kept' in error, number == signal.SIGKILL)
                if number == signal.SIGKILL:
                    self.assertEqual(self.get(f'out/{SAMPLE[command]}/files.kept/thesis'), MINE)
                self.assertEqual(sorted(os.listdir(self.path('out', SAMPLE[command], 'files'))), ['made'])

    def test_restart_that_is_killed(self):
        """Whenever it is, what is there is ours or as it was, and the next one goes on."""
        draw = random.Random(4)
        for command in COMMANDS:
            self.anew()
            self.run_it(command)
            self.put('out/2024/thesis')
            self.put(f'out/{SAMPLE[command]}/thesis')
            for _ in range(15):
                child = self.start(command, '--restart')
                time.sleep(draw.random() * .08)
                child.kill()
                child.communicate()
                for name in 'out/2024/thesis', f'out/{SAMPLE[command]}/thesis':
                    self.assertEqual(self.get(name), MINE)
            self.run_it(command)
            self.assertEqual(self.get(f'out/{SAMPLE[command]}/stdout'), '1\n')
            self.assertEqual([name for name in os.listdir(self.path('out')) if name.startswith('.vprec')], [])

    def test_metric_files(self):
        """Of another's name nothing is overwritten; what we wrote goes with the sample."""
        self.run_it('vprec-sweep')
        self.put('out/cells/native/0001/metric-x.out')
        before = self.tree()
        child = self.start('vprec-sweep', '--metric', 'x=echo 1')
        self.assertIn(b'metric-x.out', child.communicate(timeout=60)[1])
        self.assertEqual(child.returncode, 1)
        self.assertEqual(self.get('out/cells/native/0001/metric-x.out'), MINE)
        os.unlink(self.path('out/cells/native/0001/metric-x.out'))
        for command in 'x=echo 1', 'x=echo 2':
            self.run_it('vprec-sweep', '--metric', command)
        self.assertEqual(self.get('out/cells/native/0001/metric-x.out'), '2\n')
        self.run_it('vprec-sweep', '--restart')
        after = self.tree()
        del before['out/cells/native/0001/metric-x.out']
        self.assertEqual(set(before), set(after))


    def test_what_replaced_ours_is_named_as_the_obstacle(self):
        for command in COMMANDS:
            self.anew()
            self.run_it(command)
            self.put('mine')
            os.unlink(self.path('out', SAMPLE[command], 'stdout'))
            os.symlink(self.path('mine'), self.path('out', SAMPLE[command], 'stdout'))
            child = self.start(command, '--restart')
            said = child.communicate(timeout=60)[1].decode()
            self.assertRegex(said, r"something in '[^']+/0001' is not as vprec-\w+ left it.*: move it away")
            self.assertNotIn('permissions', said)
            self.assertEqual(self.get('mine'), MINE)


class Around(Case):
    """What a user has in the working directory."""

    def test_own_directory_takes_its_own_links_away(self):
        self.put('input')
        self.put('data/thesis')
        program = [SH, '-c', 'rm input; ln -s ../elsewhere input; ln -s input link; echo 1']
        self.run_it('vprec-sweep', '--own-directory', program=program)
        files = self.path('out', SAMPLE['vprec-sweep'], 'files')
        self.assertEqual({n: os.readlink(os.path.join(files, n)) for n in os.listdir(files)},
                         {'input': '../elsewhere', 'link': 'input'})
        self.run_it('vprec-sweep', '--own-directory', '--restart', program=program)
        self.assertEqual((self.get('input'), self.get('data/thesis')), (MINE, MINE))

    def test_own_directory_has_its_own_output(self):
        """A result of the user's own run has the name of what each run writes: it is not written to."""
        for output in 'scores.csv', 'r/scores.csv', './r/s/scores.csv':
            self.anew()
            self.put(output)
            self.put('r/s/input', '7')
            self.put('input', '7')
            program = [SH, '-c', f'mkdir -p r/s; cat input r/s/input > {output}']
            self.run_it('vprec-sweep', '--own-directory', '--output', output, '--extract', '(.*)', program=program)
            self.assertEqual(self.get(output), MINE)
            for cell in 'native', 'e8m4-rne':
                files = self.path('out/cells', cell, '0001/files')
                found = [os.path.relpath(os.path.join(folder, name), files)
                         for folder, _, names in os.walk(files) for name in names]
                self.assertEqual((found, self.get(os.path.join(files, output))), ([os.path.normpath(output)], '77'))

    def test_keep_takes_only_what_a_sample_made(self):
        """A link that leads nowhere yet is the user's, and so is a file that was written to since it was copied."""
        os.mkdir(self.path('data'))
        os.symlink('data/result', self.path('result.txt'))
        self.put('old.txt')
        self.run_it('vprec-run', '--keep', '*.txt',
                    program=[SH, '-c', 'echo $VPREC_SAMPLE > result.txt; echo > new.txt'])
        self.assertEqual(sorted(os.listdir(self.dir)), ['data', 'old.txt', 'out', 'result.txt'])
        self.assertEqual((os.readlink(self.path('result.txt')), self.get('result.txt')), ('data/result', '2\n'))
        self.assertEqual(self.get('out/0001/files/result.txt'), '1\n')

    def test_keep_writes_through_no_link(self):
        """A program that makes links in files/ does not get us to write where they lead."""
        self.put('thesis')
        self.put('sub/x', '')
        program = [SH, '-c', 'cd "$VPREC_SAMPLE_DIR"; ln -s "$OLDPWD/thesis" a.txt; ln -s "$OLDPWD" sub; cd "$OLDPWD"; '
                   'echo 1 > a.txt']
        child = self.start('vprec-run', '--keep', 'a.txt', program=program)
        error = child.communicate(timeout=60)[1]
        self.assertEqual(child.returncode, 125, error)
        self.assertIn(b'cannot copy', error)
        self.assertEqual((self.get('thesis'), self.get('a.txt')), (MINE, '1\n'))

    def test_reports(self):
        """--report refuses before anything is run."""
        self.put('page/report.html')
        before = self.tree()
        child = self.start('vprec-sweep', '--report', 'page', program=[SH, '-c', 'echo > ran'])
        self.assertIn(b'page/report.html', child.communicate(timeout=60)[1])
        self.assertEqual((child.returncode, self.tree()), (1, before))
        self.put('page/pictures/holiday.svg')
        self.put('page/notes.md')
        os.unlink(self.path('page/report.html'))
        self.run_it('vprec-sweep', '--report', 'page')
        self.run_it('vprec-sweep', '--report', 'page', '--restart')
        self.assertEqual((self.get('page/pictures/holiday.svg'), self.get('page/notes.md')), (MINE, MINE))

    def test_a_report_takes_no_other_file(self):
        """What --report, --json and --csv name is written where nothing is, or a report of that kind."""
        for command, option in (([RUN, '-f', 'bf16'], '--report'), ('vprec-sweep', '--json'), ('vprec-sweep', '--csv')):
            for content in (MINE, '{}', '{"schema": 1, "tool": "else"}\n', 'id,format\n', MINE * 1000):
                with self.subTest(option=option, content=content[:30]):
                    self.anew()
                    self.put('mine', content)
                    os.symlink('mine', self.path('link'))
                    before = self.tree()
                    for name in 'mine', 'link':
                        error = self.run_it(command, option, name, ok=False)
                        self.assertIn(f"'{name}' is in the way", error)
                        self.assertEqual(self.tree(), before)
            with self.subTest(option=option):
                self.anew()
                self.put('empty', '')
                for _ in range(2):
                    self.run_it(command, option, 'empty', option, 'new')
                    self.run_it(command, option, 'empty')
                    self.run_it(command, option, 'new')
                self.assertEqual(self.get('empty')[:10], self.get('new')[:10])
                self.assertIn(self.get('new')[0], '{i')

    def test_a_report_behind_what_the_program_prints(self):
        """/dev/stdout, where it is a file, is standard output."""
        for name in '/dev/stdout', '-':
            self.put('log', MINE)
            with open(self.path('log'), 'a', encoding='utf-8') as log:
                child = subprocess.Popen([RUN, '-f', 'bf16', '--report', name, SH, '-c', 'echo two'], stdout=log,
                                         stderr=subprocess.PIPE, cwd=self.dir,
                                         env={**os.environ, 'VPREC_PRELOAD': PRELOAD})
                child.communicate(timeout=60)
            self.assertTrue(self.get('log').startswith(MINE + 'two\n{\n'), (name, self.get('log')[:60]))


class Another(Case):
    """A sweep that is not the same is refused, and what the first one finished is kept."""

    def scripts(self):
        for name in 'a.sh', 'b.sh':
            self.put(name, f'echo 1; echo {name} >> ran\n')

    def test_two_scripts_do_not_meet(self):
        self.scripts()
        sweep = [SWEEP, '--why', 'none', '--formats', 'e8m4']
        for script in 'a.sh', 'b.sh':
            self.run_it(sweep, program=[SH, script])
        out = sorted(name for name in os.listdir(self.dir) if name.endswith('.sweep'))
        self.assertEqual([name.rsplit('-', 1)[0] for name in out], ['sh-a.sh', 'sh-b.sh'])
        self.assertEqual(self.get('ran').split(), 3 * ['a.sh'] + 3 * ['b.sh'])
        for script in 'a.sh', 'b.sh':
            self.assertIn('going on', self.run_it(sweep, program=[SH, script]))
        self.run_it(sweep, program=[SH, 'a.sh', 'x'])
        self.run_it(sweep, program=[SH, '-e', 'a.sh'])
        self.assertEqual(len(self.get('ran').split()), 12)
        self.assertEqual(len([name for name in os.listdir(self.dir) if name.endswith('.sweep')]), 4)
        for words in ([SH, '-c', 'echo 1 # ' + '/ä x' * 99], ['true']):
            self.run_it(sweep, program=words)
        self.assertIn('true.sweep', os.listdir(self.dir))

    def test_a_changed_script_is_refused(self):
        """Also where its interpreter is the program; what another program is given may change."""
        self.scripts()
        for command in COMMANDS:
            self.run_it(command, program=[SH, 'a.sh'])
            finished = self.tree()
            self.put('a.sh', self.get('a.sh') + '# changed\n')
            error = self.run_it(command, ok=False, program=[SH, 'a.sh'])
            self.assertIn('its file has changed since', error)
            self.assertEqual({**self.tree(), 'a.sh': finished['a.sh']}, finished)
            self.run_it(command, '--restart', program=[SH, 'a.sh'])
            self.run_it(command, program=[SH, 'a.sh'])
            shutil.rmtree(self.path('out'))
            for _ in range(2):
                self.run_it(command, program=['/bin/cat', 'a.sh'])
                self.put('a.sh', self.get('a.sh') + '# changed\n')
            shutil.rmtree(self.path('out'))

    def test_what_changed_is_refused(self):
        self.scripts()
        os.chmod(self.path('a.sh'), 0o755)
        self.put('a.sh', '#!/bin/sh\n' + self.get('a.sh'))
        program = ['./a.sh']
        self.run_it('vprec-sweep', program=program)
        finished = self.tree()
        for options, words, say in (([], ['./a.sh', 'x'], "another command ('./a.sh', now './a.sh x')"),
                                    (['--round', 'both'], program, "other options ('', now '--round=both')"),
                                    (['--seed', '2'], program, "another --seed ('1', now '2')")):
            error = self.run_it('vprec-sweep', *options, ok=False, program=words)
            self.assertIn(say, error)
            self.assertIn('--restart', error)
            self.assertEqual(self.tree(), finished)
        self.put('a.sh', self.get('a.sh') + '# built again\n')
        error = self.run_it('vprec-sweep', ok=False, program=program)
        self.assertIn('its file has changed since', error)
        self.assertIn('--restart', error)
        self.run_it('vprec-sweep', '--restart', program=program)
        self.assertEqual(len(self.get('ran').split()), 6)


if __name__ == '__main__':
    usual_signals.restore()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
