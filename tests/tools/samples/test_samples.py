# SPDX-License-Identifier: Apache-2.0
# test_samples.py: vprec-run --samples as its user meets it: what is kept, how samples end, what happens to
# a run that is interrupted, killed, or has no room. The preload library is faked but for the class Whole.
# Usage: test_samples.py VPREC-RUN PRELOAD CLASS...
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'common'))
import namespace
import terminal
import usual_signals

RUN, PRELOAD = (os.path.abspath(path) for path in sys.argv[1:3])
SH = '/bin/sh'
SUMMARY = r'vprec-run: sample 1: rounded f32 to bf16 [^\n]+\nvprec-run: sample 1: left native: [^\n]+\n'
HINT = r'vprec-run: hint: [^\n]+\n'
WARNING = r"vprec-run: warning: fesetround: replaced by the run's mode\n"


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix='vprec-samples.'))
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def out(self, *names):
        return self.path('out', *names)

    def file(self, name, content='', mode=0o755):
        with open(self.path(name), 'wb') as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, *names):
        with open(self.out(*names), 'rb') as source:
            return source.read()

    def json(self, *names):
        return json.loads(self.read(*names), parse_constant=self.fail)

    def environment(self, fake='', **more):
        env = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'VPREC_WIRE', 'VPREC_SAMPLE')}
        env.update({'VPREC_PRELOAD': PRELOAD, 'FAKE': fake, 'ASAN_OPTIONS': 'verify_asan_link_order=0', **more})
        return env

    def command(self, *args, n=3, options=()):
        return [RUN, '-f', 'bf16', '-n', str(n), '-o', 'out', *options, '--', *args]

    def start(self, *args, fake='', env=(), **kwargs):
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'cwd': self.dir}
        command = self.command(*args, n=kwargs.pop('n', 3), options=kwargs.pop('options', ()))
        return subprocess.Popen(command, env=self.environment(fake, **dict(env)), **{**options, **kwargs})

    def sample(self, *args, status=0, input=None, **kwargs):
        """Runs `args` three times, or n=N, and checks the exit status; what was said on standard error."""
        if input is not None:
            kwargs['stdin'] = subprocess.PIPE
        child = self.start(*args, **kwargs)
        output, error = child.communicate(input, timeout=120)
        error = error.decode(errors='replace')
        self.assertEqual(child.returncode, status, error)
        self.assertEqual(output, b'')
        self.assertRegex(error, r'\A(vprec-run: [^\n]+\n)*\Z')
        return error

    def refused(self, *names, args, status=125, program=(SH, '-c', 'echo ran >> ran')):
        """One line that names the things; nothing was run or changed."""
        before = self.tree()
        done = subprocess.run([RUN, *args, '--', *program], capture_output=True, stdin=subprocess.DEVNULL,
                              env=self.environment(), cwd=self.dir, timeout=60)
        error = done.stderr.decode(errors='replace')
        self.assertEqual((done.returncode, done.stdout), (status, b''), error)
        self.assertRegex(error, r'\Avprec-run: [^\n]+: [^\n]+\n\Z')
        for name in names:
            self.assertIn(name, error)
        self.assertEqual(self.tree(), before)

    def tree(self):
        """Every file with its content, but for the lock."""
        found = {}
        for folder, _, names in os.walk(self.dir):
            for name in names:
                if name != 'run.lock':
                    with open(os.path.join(folder, name), 'rb') as source:
                        found[os.path.relpath(os.path.join(folder, name), self.dir)] = source.read()
        return found

    def wait_until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, 'waited in vain')
            time.sleep(0.02)

    def gone(self, pid):
        try:
            with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as stat:
                return stat.read().rsplit(')', 1)[1].split()[0] in 'ZX'
        except (FileNotFoundError, ProcessLookupError):
            return True


class Usage(Case):
    def test_what_does_not_go_together(self):
        f = ['-f', 'bf16']
        for option in (['-n', '3'], ['-j', '2'], ['--keep', 'x'], ['--restart'], ['--reference', 'native']):
            self.refused('--out', args=f + option)
        o = f + ['-o', 'out']
        self.refused('--keep', '--jobs', '$VPREC_SAMPLE_DIR', args=o + ['-j', '2', '--keep', 'x'])
        self.refused('--report', 'report.json', args=o + ['--report', 'r.json'])
        self.refused('--list', args=o + ['--list'])
        self.refused('--out', args=f + ['-o', ''])

    def test_numbers(self):
        for option in ('--samples', '--jobs'):
            for bad in ('0', '-1', '1.5', '', ' 3', '3 ', '3x', '0x', '99999999999', '18446744073709551617'):
                self.refused(option, f"'{bad}'", args=['-f', 'bf16', '-o', 'out', f'{option}={bad}'])
        for bad in ('-1', '', 'x', '1e3', '18446744073709551616', '0x10000000000000000', '0xg'):
            self.refused('--seed', f"'{bad}'", args=['-f', 'bf16', f'--seed={bad}'])

    def test_patterns_outside(self):
        for bad in ('/tmp/x', '../x', 'a/../x', 'a/..', '', './'):
            self.refused('--keep', '$VPREC_SAMPLE_DIR', args=['-f', 'bf16', '-o', 'out', '--keep', bad])
        self.refused('--reference', "'rne'", args=['-f', 'bf16', '-o', 'out', '--reference', 'rne'])

    def test_what_is_known_beforehand_makes_no_directory(self):
        self.refused('no-such', args=['-f', 'bf16', '-o', 'out'], status=127, program=['no-such'])
        self.refused('bf17', args=['-f', 'bf17', '-o', 'out'])

    def test_seed_of_a_plain_run(self):
        for given, seed in (('7', '7'), ('0x1F', '31'), ('010', '10'), ('18446744073709551615',) * 2, (None, '1')):
            option = [] if given is None else ['-s', given]
            done = subprocess.run([RUN, '-q', '-f', 'bf16', *option, '--report', 'r.json', '--', '/bin/true'],
                                  capture_output=True, env=self.environment('seed'), cwd=self.dir, timeout=60)
            self.assertEqual((done.returncode, done.stdout.decode()), (0, seed + '\n'), done.stderr)
            with open(self.path('r.json'), encoding='utf-8') as report:
                self.assertEqual(json.load(report)['configuration']['seed'], seed)

    def test_help_has_an_example(self):
        text = subprocess.run([RUN, '--help'], capture_output=True, check=True).stdout.decode()
        for part in ('--samples', '--seed', '--jobs', '--out', '--keep', '--reference', '--restart', '--samples 30'):
            self.assertIn(part, text)


class Results(Case):
    def test_what_is_kept(self):
        error = self.sample(SH, '-c', 'echo out $VPREC_SAMPLE; echo err $VPREC_SAMPLE >&2; '
                            'echo x > "$VPREC_SAMPLE_DIR/x"; exit 0')
        self.assertRegex(error, rf"\A{WARNING}{SUMMARY}{HINT}vprec-run: 3 of 3 samples exited 0; all in "
                                rf"'{self.out()}'\n\Z")
        self.assertEqual(sorted(os.listdir(self.out())), ['0001', '0002', '0003', 'run.json', 'run.lock'])
        for i in 1, 2, 3:
            name = f'{i:04}'
            self.assertEqual(sorted(os.listdir(self.out(name))),
                             ['files', 'report.json', 'status.json', 'stderr', 'stdout'])
            self.assertEqual(self.read(name, 'stdout'), b'out %d\n' % i)
            self.assertEqual(self.read(name, 'stderr'), b'err %d\n' % i)
            self.assertEqual(self.read(name, 'files', 'x'), b'x\n')
            status, report = self.json(name, 'status.json'), self.json(name, 'report.json')
            self.assertEqual((status['schema'], status['sample'], status['status']), (1, i, 0))
            self.assertEqual((status['program_status'], status['program_signal']), (0, None))
            self.assertEqual(status['seed'], report['configuration']['seed'])
            self.assertEqual(status['resources'], report['resources'])
            self.assertEqual(status['summary'], report['summary'])
            self.assertEqual(status['totals'], report['totals'])
            self.assertEqual(status['warnings'], ["fesetround: replaced by the run's mode"])
        run = self.json('run.json')
        self.assertEqual((run['schema'], run['samples'], run['seed'], run['options'], run['directory']),
                         (1, 3, '1', ['--format=bf16'], self.dir))

    def test_resources(self):
        self.sample('/usr/bin/python3', '-S', '-c', 'import time\nx = bytearray(64 << 20)\ntime.sleep(0.2)\n'
                    'while time.process_time() < 0.3: pass', n=1)
        resources = self.json('0001', 'status.json')['resources']
        self.assertGreater(resources['max_rss_bytes'], 64 << 20)
        self.assertGreater(resources['user_seconds'] + resources['system_seconds'], 0.29)
        self.assertGreater(resources['wall_seconds'], 0.49)

    def test_seeds_reach_the_program_and_differ(self):
        def seeds(*options):
            self.sample('/bin/true', fake='seed', n=20, options=['--restart', *options])
            found = [self.read(f'{i:04}', 'stdout').decode().strip() for i in range(1, 21)]
            self.assertEqual(found, [self.json(f'{i:04}', 'status.json')['seed'] for i in range(1, 21)])
            return found

        first = seeds()
        self.assertEqual(len(set(first)), 20)
        self.assertEqual(seeds('-s', '1'), first)
        self.assertEqual(seeds('-j', '2'), first)
        self.assertFalse(set(seeds('-s', '2')) & set(first))

    def test_a_sample_can_be_repeated_alone(self):
        self.sample('/bin/true', fake='seed', options=['--object', 'hit', '--round', 'both'])
        command = self.json('0002', 'status.json')['command']
        self.assertEqual(command[:4], ['vprec-run', '--format=bf16', '--object=hit', '--round=both'])
        done = subprocess.run([RUN, '-q', *command[1:]], capture_output=True, env=self.environment('seed'), timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, self.read('0002', 'stdout')), done.stderr)

    def test_side_by_side_gives_the_same(self):
        trees = []
        for jobs in '1', '2', '5':
            self.sample(SH, '-c', 'cat; echo $VPREC_SAMPLE; test $VPREC_SAMPLE = 4 && kill -SEGV $$; '
                        'echo $VPREC_SAMPLE > "$VPREC_SAMPLE_DIR/f"; test $VPREC_SAMPLE -lt 6',
                        n=7, input=b'input', status=1, options=['-j', jobs])
            tree = {}
            for path, content in self.tree().items():
                if path.endswith('status.json'):
                    content = json.loads(content)
                    del content['resources']
                if not path.endswith('report.json'):
                    tree[path] = content
            trees.append(tree)
            shutil.rmtree(self.out())
        self.assertEqual(trees[0], trees[1])
        self.assertEqual(trees[0], trees[2])

    def test_side_by_side_is_so(self):
        # Each waits for the other.
        self.sample(SH, '-c', 'touch seen.$VPREC_SAMPLE; i=0; while ! [ -e seen.1 -a -e seen.2 ]; do sleep 0.05; '
                    'i=$((i+1)); [ $i -lt 400 ] || exit 1; done', n=2, options=['-j', '2'])

    def test_reference(self):
        self.sample(SH, '-c', 'echo "<$VPREC_SAMPLE>"', n=2, options=['--reference', 'native', '-j', '2'])
        self.assertEqual(self.read('reference', 'stdout'), b'<0>\n')
        report = self.json('reference', 'report.json')
        self.assertEqual([report['configuration']['formats'][t]['name'] for t in ('f32', 'f64')], ['native'] * 2)
        status = self.json('reference', 'status.json')
        self.assertEqual((status['sample'], status['seed']), (None, None))

    def test_quiet(self):
        self.assertEqual(self.sample('/bin/true', options=['-q']), '')
        self.assertEqual(self.sample(SH, '-c', 'exit 3', options=['-q', '--restart'], status=3), '')

    def test_one_sample_is_the_default(self):
        done = subprocess.run([RUN, '-q', '-f', 'bf16', '-o', 'out', '/bin/true'], env=self.environment(),
                              cwd=self.dir, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(os.path.exists(self.out('0001', 'status.json')))
        self.assertFalse(os.path.exists(self.out('0002')))

    def test_process_state_is_as_in_a_plain_run(self):
        def unusual():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGWINCH, signal.SIGCHLD})

        look = ['/usr/bin/python3', '-S', '-c', 'import os\n'
                'ours = os.environ.get("VPREC_WIRE", "").split(":")[0]\n'
                'print(sorted(fd for fd in os.listdir("/proc/self/fd") if fd != ours))\n'
                'print([l for l in open("/proc/self/status") if l[:6] in ("SigBlk", "SigIgn", "SigCgt", "ShdPnd")])\n'
                'print(os.umask(0), os.getcwd())']
        for before in (None, unusual):
            native = subprocess.run(look, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, cwd=self.dir,
                                    preexec_fn=before, restore_signals=before is None, env=self.environment())
            self.sample(*look, n=1, preexec_fn=before, restore_signals=before is None, options=['--restart'])
            self.assertEqual(self.read('0001', 'stdout'), native.stdout)

    def test_standard_streams_that_are_closed(self):
        done = subprocess.run([SH, '-c', 'exec "$@" <&- >&- 2>&-', 'sh',
                               *self.command(SH, '-c', 'cat; echo out; echo err >&2')],
                              env=self.environment(), cwd=self.dir, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertEqual((self.read('0003', 'stdout'), self.read('0003', 'stderr')), (b'out\n', b'err\n'))


class Endings(Case):
    def test_a_crash_is_recorded_and_stops_nobody(self):
        error = self.sample(SH, '-c', 'ulimit -c 0; test $VPREC_SAMPLE = 2 && kill -SEGV $$; '
                            'test $VPREC_SAMPLE -lt 4', n=5, status=1)
        self.assertIn('vprec-run: 2 of 5 samples exited 0; sample 2 died of SIGSEGV; samples 4, 5 exited 1; all in',
                      error)
        status = self.json('0002', 'status.json')
        self.assertEqual((status['status'], status['program_status'], status['program_signal'],
                          status['program_signal_name']), (139, None, 11, 'SIGSEGV'))
        self.assertEqual([self.json(f'{i:04}', 'status.json')['status'] for i in range(1, 6)], [0, 139, 0, 1, 1])

    def test_common_status(self):
        self.assertIn('0 of 3 samples exited 0; samples 1, 2, 3 exited 7;',
                      self.sample(SH, '-c', 'exit 7', status=7))
        self.sample(SH, '-c', 'kill -9 $$', status=137, options=['--restart'])
        self.assertEqual(self.json('0003', 'status.json')['program_signal'], 9)
        for status in 124, 125, 126, 127, 255:  # the program's own, as it is
            self.sample(SH, '-c', f'exit {status}', status=status, options=['--restart'])
        error = self.sample(SH, '-c', 'exit 1', n=12, status=1, options=['--restart'])
        self.assertIn('samples 1, 2, 3, 4, 5, 6, 7, 8 and 4 more exited 1', error)

    def test_what_stayed_native(self):
        """It is said once for all samples, even with -q."""
        for options in ['-q'], []:
            error = self.sample(SH, '-c', 'exit 0', fake='native', options=['--restart', *options])
            self.assertEqual(error.count('/opt/net/libcut.so stays native: '), 1)
            self.assertEqual(error.count('/opt/libm.so.6, function sinf stays native: '), 1)
        self.assertEqual(len(self.json('0002', 'status.json')['native']), 2)

    def test_audit(self):
        error = self.sample(SH, '-c', 'exit $((VPREC_SAMPLE - 1))', status=124, fake='executed', options=['--audit'])
        self.assertIn('sample 1 exited 0 and executed operations unrounded', error)
        self.assertIn(b'unrounded: vaddph', self.read('0001', 'stderr'))
        self.assertEqual(self.json('0003', 'status.json')['program_status'], 2)

    def test_pattern_that_matched_nothing_stops_at_once(self):
        error = self.sample(SH, '-c', 'echo ran >> ran', n=9, status=125, options=['--object', 'sgemm'])
        self.assertRegex(error, r"\Avprec-run: sample 1: --object 'sgemm' matched nothing: [^\n]+\n\Z")
        with open(self.path('ran'), encoding='ascii') as ran:
            self.assertEqual(ran.read(), 'ran\n')
        # A sample that crashed may not have come to the library: that is its own result.
        error = self.sample(SH, '-c', 'exit 4', status=4, options=['--object', 'sgemm', '--restart'])
        self.assertIn('samples 1, 2, 3 exited 4', error)

    def test_program_without_vprec_in_it(self):
        error = self.sample(SH, '-c', 'exit 0', status=125, fake='silent')
        self.assertRegex(error, r"\Avprec-run: sample 1: '/bin/sh' ended \(status 0\) without vprec in it[^\n]+\n\Z")
        self.assertFalse(os.path.exists(self.out('0001', 'status.json')))

    def test_execution_that_fails_at_the_last_moment(self):
        with open(SH, 'rb') as source:
            good = source.read()
        broken = self.file('broken', good.replace(b'/lib64/ld-linux-x86-64.so.2', b'/libXX/ld-linux-x86-64.so.2'))
        error = self.sample(broken, status=127)
        self.assertRegex(error, rf"\Avprec-run: sample 1: cannot execute '{broken}' [^\n]+\n\Z")

    def test_what_the_program_leaves_running_is_ended(self):
        start = time.monotonic()
        self.sample(SH, '-c', 'sleep 1000 & echo $! > pid.$VPREC_SAMPLE', n=2, options=['-j', '2'])
        self.assertLess(time.monotonic() - start, 60)
        for i in '1', '2':
            with open(self.path('pid.' + i), encoding='ascii') as pid:
                self.assertTrue(self.gone(int(pid.read())))

    def test_what_finishes_soon_after_the_program_may(self):
        self.sample(SH, '-c', '(sleep 0.7; echo late) & exit 0', n=1)
        self.assertEqual(self.read('0001', 'stdout'), b'late\n')


class Resuming(Case):
    COUNT = 'echo $VPREC_SAMPLE >> ran; exit 0'

    def ran(self):
        with open(self.path('ran'), encoding='ascii') as ran:
            return [int(line) for line in ran]

    def test_finished_samples_are_not_run_again(self):
        self.sample(SH, '-c', self.COUNT)
        before = self.tree()
        error = self.sample(SH, '-c', self.COUNT)
        self.assertIn('going on in', error)
        self.assertEqual(self.tree(), before)
        self.assertEqual(self.ran(), [1, 2, 3])

    def test_more_and_fewer(self):
        self.sample(SH, '-c', self.COUNT)
        self.assertIn('5 of 5 samples', self.sample(SH, '-c', self.COUNT, n=5, options=['-j', '2']))
        self.assertEqual(sorted(self.ran()), [1, 2, 3, 4, 5])
        self.assertEqual(self.json('run.json')['samples'], 5)
        self.assertIn('2 of 2 samples', self.sample(SH, '-c', self.COUNT, n=2))
        self.assertEqual(self.json('run.json')['samples'], 5)
        self.sample(SH, '-c', self.COUNT, n=2, options=['--reference', 'native'])
        self.assertEqual(sorted(self.ran()), [0, 1, 2, 3, 4, 5])

    def test_unfinished_and_damaged_samples_are(self):
        self.sample(SH, '-c', self.COUNT, n=5)
        os.unlink(self.out('0002', 'status.json'))
        for name, content in (('0003', '{"schema": 1, '), ('0004', '')):
            with open(self.out(name, 'status.json'), 'w', encoding='ascii') as status:
                status.write(content)
        with open(self.out('0002', 'files', 'stale'), 'w', encoding='ascii') as stale:
            stale.write('x')
        self.sample(SH, '-c', self.COUNT, n=5)
        self.assertEqual(self.ran(), [1, 2, 3, 4, 5, 2, 3, 4])
        self.assertEqual(os.listdir(self.out('0002', 'files')), [])

    def test_the_order_and_spelling_of_options_is_no_difference(self):
        self.sample(SH, '-c', self.COUNT, options=['--count', '--round', 'both'])
        self.sample(SH, '-c', self.COUNT, options=['--round=both', '-q', '-j', '2', '-s', '0x1', '--count'])
        self.assertEqual(self.ran(), [1, 2, 3])

    def test_another_run_is_refused(self):
        script = self.file('script', '#!/bin/sh\necho ran >> ran\n')
        base = ['-f', 'bf16', '-n', '3', '-o', 'out', '--keep', 'ran']
        self.sample(script, options=['--keep', 'ran'])
        for words, args, program in (
                (('command', f'{script}', f'{script} 1'), base, [script, '1']),
                (('options', '--format=bf16', '--format=fp16'), ['-f', 'fp16', *base[2:]], [script]),
                (('options', '--count'), ['--count', *base], [script]),
                (('options', '--noise=operands'), ['-m', 'rr', '--noise', 'operands', *base], [script]),
                (("--seed ('1', now '2')",), ['-s', '2', *base], [script]),
                (("--keep ('ran', now '')",), base[:-2], [script])):
            with self.subTest(words):
                self.refused(*words, '--out', '--restart', args=args, program=program)
        os.mkdir(self.path('sub'))
        child = self.start(script, cwd=self.path('sub'), options=['--keep', 'ran', '-o', '../out'])
        self.assertIn(b"another working directory ('%s', now '%s')" % (self.dir.encode(), self.path('sub').encode()),
                      child.communicate(timeout=60)[1])
        self.assertEqual(child.returncode, 125)
        os.rmdir(self.path('sub'))
        shutil.rmtree(self.path('sub'), ignore_errors=True)
        self.file('script', '#!/bin/sh\necho ran again >> ran\n')
        self.refused('another build of the program', args=base, program=[script])
        self.sample(script, options=['--keep', 'ran', '--restart'])
        self.assertEqual(self.read('0001', 'files', 'ran'), b'ran again\n')

    def test_restart_removes_samples_and_nothing_else(self):
        self.sample(SH, '-c', self.COUNT, n=5, input=b'x')
        with open(self.out('notes.txt'), 'w', encoding='ascii') as notes:
            notes.write('mine')
        self.sample(SH, '-c', self.COUNT, n=2, options=['--restart', '-s', '9'])
        self.assertEqual(sorted(os.listdir(self.out())), ['0001', '0002', 'notes.txt', 'run.json', 'run.lock'])
        self.assertEqual(self.json('run.json')['samples'], 2)

    def test_directories_of_others_are_left_alone(self):
        os.mkdir(self.out())
        for name in 'photo.jpg', '0001', 'stdin':
            self.file('out/' + name, 'mine')
            for option in ([], ['--restart']):
                self.refused(self.out(), name, args=['-f', 'bf16', '-o', 'out', *option])
            self.assertFalse(os.path.exists(self.out('run.lock')))
            os.unlink(self.out(name))
        self.sample('/bin/true')  # an empty one is welcome

    def test_damaged_run_file(self):
        """It proves nothing, so that nothing may be removed."""
        self.sample(SH, '-c', self.COUNT)
        for content in ('', '{"schema": 99}', '[]', '{'):
            self.file('out/run.json', content)
            for more in [], ['--restart']:
                self.refused('run.json', '--restart', args=['-f', 'bf16', '-n', '3', '-o', 'out', *more])

    def test_two_at_once(self):
        first = self.start(SH, '-c', 'touch started; while ! [ -e go ]; do sleep 0.05; done')
        self.wait_until(lambda: os.path.exists(self.path('started')))
        done = subprocess.run(self.command(SH, '-c', 'touch started; while ! [ -e go ]; do sleep 0.05; done'),
                              capture_output=True, env=self.environment(), cwd=self.dir, timeout=60)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r"\Avprec-run: another vprec-run is using '[^\n]+: [^\n]+\n\Z")
        self.file('go')
        self.assertEqual(first.communicate(timeout=60)[0], b'')
        self.assertEqual(first.returncode, 0)


class Interrupting(Case):
    # Finishes samples 1 and 2; the others write half, start a child of their own and wait for the file "go".
    HALF = ('echo half; echo $VPREC_SAMPLE >> ran; if [ $VPREC_SAMPLE -gt 2 ] && ! [ -e go ]; then '
            'sleep 1000 & echo $! $$ > pids.$VPREC_SAMPLE; wait; sleep 1000; fi; echo whole')

    def interrupted(self, send, jobs='1', prefix=''):
        """Starts, waits until sample 3 is in the middle of it, and sends; the ended process and its words."""
        child = self.start(SH, '-c', prefix + self.HALF, n=4, options=['-j', jobs])
        waiting = ['pids.3', 'pids.4'][:int(jobs)]
        self.wait_until(lambda: all(os.path.exists(self.path(w)) and os.path.getsize(self.path(w)) for w in waiting))
        pids = []
        for w in waiting:
            with open(self.path(w), encoding='ascii') as text:
                pids += [int(pid) for pid in text.read().split()]
        for pid in pids:
            self.assertFalse(self.gone(pid))
        send(child)
        error = child.communicate(timeout=60)[1].decode()
        self.wait_until(lambda: all(self.gone(pid) for pid in pids), 10)
        for i in '1', '2':
            self.assertEqual(self.read('000' + i, 'stdout'), b'half\nwhole\n')
        self.assertFalse(os.path.exists(self.out('0003', 'status.json')))
        return child, error

    def finish(self, prefix=''):
        with open(self.path('ran'), encoding='ascii') as ran:
            before = ran.read()
        self.file('go')
        error = self.sample(SH, '-c', prefix + self.HALF, n=4)
        self.assertIn('going on', error)
        self.assertIn('4 of 4 samples exited 0', error)
        with open(self.path('ran'), encoding='ascii') as ran:
            self.assertEqual(ran.read(), before + '3\n4\n')
        for i in range(1, 5):
            self.assertEqual(self.read(f'{i:04}', 'stdout'), b'half\nwhole\n')

    def test_signals(self):
        for name in 'INT', 'TERM', 'HUP', 'QUIT':
            number = getattr(signal, 'SIG' + name)
            for jobs in '1', '2':
                with self.subTest(name + jobs):
                    child, error = self.interrupted(lambda c, n=number: c.send_signal(n), jobs)
                    self.assertEqual(child.returncode, -number)
                    self.assertRegex(error, rf"\Avprec-run: interrupted by SIG{name}: 2 of 4 runs are finished and "
                                            rf"kept in '{self.out()}': the same command runs the rest\n\Z")
                    self.finish()
                shutil.rmtree(self.out())
                for name_of in os.listdir(self.dir):
                    os.unlink(self.path(name_of))

    def test_kill_9_takes_everything_along(self):
        for jobs in '1', '2':
            # Programs that ignore what can be ignored
            prefix = 'trap "" TERM INT HUP; '
            child, error = self.interrupted(lambda c: c.kill(), jobs, prefix)
            self.assertEqual((child.returncode, error), (-9, ''))
            self.finish(prefix)
            shutil.rmtree(self.out())
            for name in os.listdir(self.dir):
                os.unlink(self.path(name))

    def test_killed_at_any_moment(self):
        # However often it is killed, from its first steps on, in the end everything is there, once and whole.
        program = [SH, '-c', 'cat; sleep 0.03; echo $VPREC_SAMPLE; echo $VPREC_SAMPLE > kept.txt']
        draw, kills = random.Random(7), 0
        while kills < 30:
            child = self.start(*program, n=12, stdin=subprocess.PIPE, options=['--keep', 'kept.txt'])
            child.stdin.write(b'input\n')
            child.stdin.close()
            time.sleep(draw.random() * 0.25)
            kills += child.poll() is None
            child.kill()
            child.wait()
            error = child.stderr.read().decode()
            child.stderr.close()
            child.stdout.close()
            if child.returncode == 0:
                break
            self.assertEqual(child.returncode, -9, error)
        self.assertGreater(kills, 3)
        self.sample(*program, n=12, input=b'input\n', options=['--keep', 'kept.txt'])
        for i in range(1, 13):
            self.assertEqual(self.read(f'{i:04}', 'stdout'), b'input\n%d\n' % i)
            self.assertEqual(self.read(f'{i:04}', 'files', 'kept.txt'), b'%d\n' % i)

    def test_a_program_may_put_away_its_things(self):
        child = self.start(SH, '-c', 'trap "echo put away > away; exit 0" TERM; touch started; '
                           'while :; do sleep 0.05; done')
        self.wait_until(lambda: os.path.exists(self.path('started')))
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        self.assertTrue(os.path.exists(self.path('away')))
        self.assertFalse(os.path.exists(self.out('0001', 'status.json')))

    def test_a_program_that_will_not_end(self):
        for twice in True, False:
            child = self.start(SH, '-c', 'trap "" TERM; echo $$ > pid; while :; do sleep 0.05; done')
            self.wait_until(lambda: os.path.exists(self.path('pid')) and os.path.getsize(self.path('pid')))
            with open(self.path('pid'), encoding='ascii') as text:
                pid = int(text.read())
            start = time.monotonic()
            child.send_signal(signal.SIGINT)
            if twice:
                time.sleep(0.3)
                child.send_signal(signal.SIGINT)
            child.communicate(timeout=60)
            self.wait_until(lambda p=pid: self.gone(p), 10)
            took = time.monotonic() - start
            self.assertLess(took, 4 if twice else 30)
            if not twice:
                self.assertGreater(took, 4)
            os.unlink(self.path('pid'))

    def test_ignored_signals_stay_ignored(self):
        def nohup():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        child = self.start(SH, '-c', 'touch started; while ! [ -e go ]; do sleep 0.05; done', n=1, preexec_fn=nohup)
        self.wait_until(lambda: os.path.exists(self.path('started')))
        child.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.file('go')
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0)

    def test_stop_and_go_on(self):
        child = self.start(SH, '-c', 'while ! [ -e go ]; do echo x >> ticks; sleep 0.05; done', n=1)
        self.wait_until(lambda: os.path.exists(self.path('ticks')))
        child.send_signal(signal.SIGTSTP)
        self.assertTrue(os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1]))
        time.sleep(0.3)
        size = os.path.getsize(self.path('ticks'))
        time.sleep(0.5)
        self.assertEqual(os.path.getsize(self.path('ticks')), size)
        child.send_signal(signal.SIGCONT)
        self.wait_until(lambda: os.path.getsize(self.path('ticks')) > size)
        self.file('go')
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0)


class Keeping(Case):
    def test_new_files_are_moved_and_changed_ones_copied(self):
        self.file('old.txt', 'old\n')
        self.file('input.txt', 'input\n')
        os.mkdir(self.path('sub'))
        self.sample(SH, '-c', 'cat input.txt; ls; echo $VPREC_SAMPLE >> new.txt; echo $VPREC_SAMPLE > old.txt; '
                    'echo $VPREC_SAMPLE > sub/deep.txt; echo > other.log',
                    options=['--keep', '*.txt', '--keep', './sub/*', '--keep', 'n*'])
        for i in '1', '2', '3':
            for name in 'new.txt', 'old.txt', 'sub/deep.txt':
                self.assertEqual(self.read('000' + i, 'files', name).decode(), i + '\n', name)
            self.assertEqual(sorted(os.listdir(self.out('000' + i, 'files'))), ['new.txt', 'old.txt', 'sub'])
            files = {f['path']: f for f in self.json('000' + i, 'status.json')['files']}
            self.assertEqual(files, {'new.txt': {'path': 'new.txt', 'bytes': 2, 'new': True},
                                     'old.txt': {'path': 'old.txt', 'bytes': 2, 'new': False},
                                     'sub/deep.txt': {'path': 'sub/deep.txt', 'bytes': 2, 'new': True}})
        self.assertNotIn(b'new.txt', self.read('0003', 'stdout'))
        self.assertEqual(sorted(os.listdir(self.dir)), ['input.txt', 'old.txt', 'other.log', 'out', 'sub'])
        self.assertEqual(os.listdir(self.path('sub')), [])

    def test_a_file_rewritten_with_the_same_content_counts(self):
        self.file('x.txt', 'same\n')
        self.sample(SH, '-c', 'echo same > x.txt; touch -d @1000000000 x.txt', options=['--keep', 'x.txt'])
        self.assertEqual(self.read('0003', 'files', 'x.txt'), b'same\n')

    def test_results_are_no_files_of_the_program(self):
        self.sample(SH, '-c', 'echo > a.json; mkdir -p d; echo > d/b.json', options=['--keep', '*/*.json', '--keep',
                                                                                   '*.json'])
        for i in '1', '2', '3':
            self.assertEqual([f['path'] for f in self.json('000' + i, 'status.json')['files']],
                             ['d/b.json', 'a.json'])

    def test_pattern_that_matched_nothing(self):
        program = [SH, '-c', 'echo > a.txt; test $VPREC_SAMPLE != 2 || echo > b.txt; test $VPREC_SAMPLE != 3']
        error = self.sample(*program, status=125, options=['--keep', '*.tex', '--keep', 'b.txt', '--keep', 'a.txt'])
        self.assertIn("--keep '*.tex' matched no file", error)
        self.assertNotIn("'b.txt'", error)
        self.sample(*program, status=1, options=['--restart', '--keep', 'b.txt'])

    def test_directories_links_and_modes(self):
        self.sample(SH, '-c', 'mkdir -p d.x; ln -sf /etc/hostname link.x; ln -sf gone dangling.x; mkfifo f.x; '
                    'printf "a b" > "sp ace.x"; chmod 700 "sp ace.x"', n=1, options=['--keep', '*.x'])
        self.assertEqual(sorted(os.listdir(self.out('0001', 'files'))), ['link.x', 'sp ace.x'])
        self.assertEqual(os.stat(self.out('0001', 'files', 'sp ace.x')).st_mode & 0o777, 0o700)
        self.assertTrue(os.path.exists('/etc/hostname'))

    def test_what_a_killed_run_left_is_taken_as_changed(self):
        script = ('echo $VPREC_SAMPLE >> o.txt; touch started; '
                  '[ -e go ] || while :; do sleep 0.05; done; echo $VPREC_SAMPLE > o.txt')
        child = self.start(SH, '-c', script, options=['--keep', 'o.txt'])
        self.wait_until(lambda: os.path.exists(self.path('started')))
        child.kill()
        child.communicate(timeout=60)
        self.file('go')
        self.sample(SH, '-c', script, options=['--keep', 'o.txt'])
        self.assertEqual([self.read('000' + i, 'files', 'o.txt') for i in '123'], [b'1\n', b'2\n', b'3\n'])


class Streams(Case):
    def test_every_sample_reads_the_same_input(self):
        data = os.urandom(300000)
        self.sample('cat', input=data, options=['-j', '2'])
        for i in '1', '2', '3':
            self.assertEqual(self.read('000' + i, 'stdout'), data)
        self.assertEqual(self.json('run.json')['stdin_bytes'], len(data))
        self.sample('cat', n=4, input=data)
        self.assertEqual(self.read('0004', 'stdout'), data)
        for other in (b'', data[:-1], data[:-1] + b'x'):
            self.assertIn('another standard input', self.sample('cat', n=5, input=other, status=125))
        self.assertEqual(self.read('stdin'), data)

    def test_input_from_a_file_at_its_offset(self):
        with open(self.file('input', b'first\nsecond\n'), 'rb', buffering=0) as source:
            source.read(6)
            self.sample('cat', stdin=source)
        self.assertEqual(self.read('0002', 'stdout'), b'second\n')

    def test_no_input(self):
        self.sample(SH, '-c', 'cat; readlink /proc/self/fd/0')
        self.assertEqual(self.read('0002', 'stdout'), b'/dev/null\n')
        self.sample(SH, '-c', 'cat; readlink /proc/self/fd/0', n=4, input=b'')
        self.assertFalse(os.path.exists(self.out('stdin')))

    def test_input_that_cannot_be_read(self):
        with open('/proc/self/mem', 'rb', buffering=0) as source:
            self.assertIn('standard input', self.sample('cat', stdin=source, status=125))

    def test_input_that_does_not_end_is_told(self):
        read, write = os.pipe()
        child = self.start('cat', stdin=read)
        self.assertTrue(select.select([child.stderr], [], [], 60)[0])
        self.assertIn(b'waiting for the end of standard input', child.stderr.readline())
        os.write(write, b'x')
        os.close(write)
        os.close(read)
        child.communicate(timeout=60)
        self.assertEqual((child.returncode, self.read('0001', 'stdout')), (0, b'x'))

    def test_places_that_cannot_be_written(self):
        for out, word in ((self.file('plain'), 'Not a directory'), ('/nonexistent/x', 'No such file'),
                          ('/proc/x', 'No such file')):
            self.refused(out, word, args=['-f', 'bf16', '-o', out])


class Terminal(Case):
    def talk(self, *args, keys=(), size=None, options=()):
        """Runs in a terminal; status and what it showed. keys: (text to wait for, what to type then)."""
        status, output = terminal.talk(self.in_dir(*args, options=options), self.environment(), keys, size)
        return status, output.decode()

    def in_dir(self, *args, options):
        return ['/usr/bin/env', '-C', self.dir, *self.command(*args, options=options)]

    def test_progress(self):
        status, text = self.talk(SH, '-c', 'cat; sleep 0.2; test $VPREC_SAMPLE != 2')
        self.assertEqual(status, 1)
        self.assertRegex(text, r'\r\[ {24}\] 0/3 samples, 1 running\x1b\[K')
        self.assertRegex(text, r'\r\[#{16} {8}\] 2/3 samples, 1 running, 1 failed, 0:0\d left\x1b\[K')
        # The line goes before anything else is said.
        self.assertRegex(text, r'\r\x1b\[Kvprec-run: warning')
        self.assertEqual(self.read('0001', 'stdout'), b'')
        self.assertEqual(self.json('run.json')['stdin_bytes'], 0)

    def test_narrow_and_quiet(self):
        text = self.talk('/bin/true', size=60)[1]
        self.assertNotIn('[ ', text)
        self.assertIn('\r0/3 samples, 1 running', text)
        self.assertEqual(self.talk('/bin/true', options=['-q', '--restart']), (0, ''))

    def test_no_terminal_no_bar(self):
        self.assertNotIn('\r', self.sample('/bin/true'))

    def test_control_c(self):
        status, text = self.talk(SH, '-c', '[ $VPREC_SAMPLE = 1 ] || sleep 1000', keys=[(b'1/3', b'\x03')])
        self.assertEqual(status, -signal.SIGINT)
        self.assertRegex(text, r'vprec-run: interrupted by SIGINT: 1 of 3 runs are finished')

    def test_programs_cannot_ask_the_terminal(self):
        self.talk(SH, '-c', 'if (: < /dev/tty) 2> err; then echo tty; else echo none; fi')
        self.assertEqual(self.read('0001', 'stdout'), b'none\n')


class FullDisk(Case):
    """Runs again in a mount namespace, where it may mount a file system of 400 KiB at DIR."""

    def setUp(self):
        super().setUp()
        disk = self.path('disk')
        os.mkdir(disk)
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=400k', 'none', disk], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(subprocess.run, ['umount', '-l', disk])
        os.mkdir(self.path('disk', 'out'))
        os.symlink('disk/out', self.out())

    FILL = 'if [ $VPREC_SAMPLE = 2 ] && ! [ -e go ]; then head -c 1000000 /dev/zero; fi; echo whole'

    def check_stopped_and_go_on(self, error, program, **kwargs):
        self.assertIn('No space left on device', error)
        self.assertRegex(error, r"vprec-run: stopped: 1 of 3 runs are finished and kept in '[^\n]+the same command")
        self.assertEqual(self.read('0001', 'stdout'), b'whole\n')
        self.assertFalse(os.path.exists(self.out('0002', 'status.json')))
        self.file('go')
        self.assertIn('3 of 3 samples exited 0', self.sample(*program, **kwargs))
        self.assertEqual(self.read('0002', 'stdout'), b'whole\n')
        self.assertEqual(self.json('0003', 'status.json')['status'], 0)

    def test_output_of_the_program(self):
        program = [SH, '-c', self.FILL]
        self.check_stopped_and_go_on(self.sample(*program, status=125), program)

    def test_kept_file(self):
        program = [SH, '-c', 'if [ $VPREC_SAMPLE = 2 ] && ! [ -e go ]; then head -c 1000000 /dev/zero > big; '
                   'else echo > big; fi; echo whole']
        error = self.sample(*program, status=125, options=['--keep', 'big'])
        self.assertEqual(os.path.getsize(self.path('big')), 1000000)  # nothing lost
        self.check_stopped_and_go_on(error, program, options=['--keep', 'big'])

    def test_no_room_at_all(self):
        fill = os.open(self.path('disk', 'fill'), os.O_WRONLY | os.O_CREAT)
        with self.assertRaises(OSError):
            while True:
                os.write(fill, b'x' * 4096)
        os.close(fill)
        error = self.sample('/bin/true', status=125)
        self.assertRegex(error, r"\Avprec-run: cannot write '[^\n]+run\.json' \(No space left[^\n]+\n\Z")
        os.truncate(self.path('disk', 'fill'), 0)
        self.sample('/bin/true')

    def test_standard_input(self):
        error = self.sample('cat', status=125, input=b'x' * 1000000)
        self.assertRegex(error, r"\Avprec-run: cannot keep standard input in [^\n]+ \(No space left[^\n]+\n\Z")
        self.sample('cat', input=b'x')
        self.assertEqual(self.read('0003', 'stdout'), b'x')


class Whole(Case):
    """With the real preload library."""

    def test_samples_of_a_real_program(self):
        victim = os.environ['VICTIM']
        plain = subprocess.run([RUN, '-q', '-f', 'bf16', victim], capture_output=True, env=self.environment(),
                               check=True).stdout
        native = subprocess.run([victim], capture_output=True, check=True).stdout
        self.assertNotEqual(plain, native)
        error = self.sample(SH, '-c', f'test $VPREC_SAMPLE != 3 || exec {victim} crash; exec {victim}', status=1, n=4,
                            options=['-j', '2', '--reference', 'native', '--exec', os.path.basename(victim)])
        self.assertIn('3 of 4 samples exited 0; sample 3 died of SIGSEGV; the reference run exited 0', error)
        for i in '1', '2', '3', '4':
            self.assertEqual(self.read('000' + i, 'stdout'), plain)
            self.assertGreater(self.json('000' + i, 'status.json')['totals']['sites_entered']['f32'], 0)
        self.assertEqual(self.read('reference', 'stdout'), native)


if __name__ == '__main__':
    usual_signals.restore()
    if 'FullDisk' in sys.argv[3:]:
        namespace.enter()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
