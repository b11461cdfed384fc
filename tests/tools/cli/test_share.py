# SPDX-License-Identifier: Apache-2.0
# test_share.py: vprec-run with the real preload library: processes take part in the run, and are recorded, also where
# they have closed what they inherited, are another user's, see another /dev or /proc, or may map little.
# Usage: test_share.py VPREC-RUN PRELOAD VICTIM
import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

RUN, PRELOAD, VICTIM = (os.path.abspath(path) for path in sys.argv[1:4])
PYTHON = '/usr/bin/python3'
NATIVE = subprocess.run([VICTIM], capture_output=True, check=True).stdout
FILES = '"/proc/self/fd/"' # a process' environment does not tell
OURS = f'[int(fd) for fd in os.listdir({FILES}) if "memfd:vprec" in os.path.realpath({FILES} + fd)][0]'


def rounded():
    return subprocess.run([RUN, '-q', '-f', 'bf16', '--', VICTIM], capture_output=True, check=True,
                          env={**os.environ, 'VPREC_PRELOAD': PRELOAD}).stdout


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vprec-share.')
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.victim, self.preload = VICTIM, PRELOAD
        self.rounded = rounded()
        self.assertNotEqual(self.rounded, NATIVE)

    def run_vprec(self, *args, **kwargs):
        file = os.path.join(self.dir, 'report.json')
        done = subprocess.run([RUN, '--report', file, *args], capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, env={**os.environ, 'VPREC_PRELOAD': self.preload}, **kwargs)
        with open(file, encoding='utf-8') as text:
            return done, json.load(text)

    def check(self, *command, runs=1, **kwargs):
        """The victim, which `command` runs, prints rounded results, and is in the report."""
        done, report = self.run_vprec('-q', '-f', 'bf16', '--count', '--', *command, **kwargs)
        self.assertEqual((done.returncode, done.stdout), (0, self.rounded * runs), done.stderr)
        self.assertEqual(done.stderr, b'')
        self.assertTrue(report['records']['complete'])
        self.assertEqual(len([p for p in report['processes'] if p['executable'] == self.victim]), runs)
        counted = [f for f in report['functions'] if f['name'] == 'cli_victim_sum']
        self.assertEqual([f['counts']['f32']['ops'] for f in counted], [{'add': 100}] * runs)

    def script(self, text, *args):
        return [PYTHON, '-S', '-c', 'import os\n' + text, self.victim, *args]


class Share(Case):
    def test_descriptors_closed(self):
        execute = 'import sys\nos.execv(sys.argv[1], sys.argv[1:])'
        for close in ('os.closerange(3, 70000)', f'os.close({OURS})', f'os.set_inheritable({OURS}, False)',
                      'import ctypes\nctypes.CDLL(None).closefrom(3)',
                      'import ctypes\nctypes.CDLL(None).close_range(3, ctypes.c_uint(2 ** 32 - 1), 0)',
                      'import ctypes\nctypes.CDLL(None).syscall(436, 3, ctypes.c_uint(2 ** 32 - 1), 0)'):
            with self.subTest(close):
                self.check(*self.script(close + '\n' + execute))
        self.check(*self.script('import subprocess, sys\nfor _ in range(3):\n    subprocess.check_call(sys.argv[1:])'),
                   runs=3)

    def test_a_file_of_the_programs_in_its_place(self):
        other = os.path.join(self.dir, 'other')
        with open(other, 'wb') as file:
            file.truncate(1 << 20)
        self.check(*self.script(f'import sys\nos.dup2(os.open({other!r}, os.O_RDWR), {OURS})\n'
                                'os.execv(sys.argv[1], sys.argv[1:])'))
        with open(other, 'rb') as file:
            self.assertEqual(file.read(), bytes(1 << 20))
        self.assertEqual(os.stat(other).st_blocks, 0)

    def test_streams_closed(self):
        """What we say then goes nowhere, least of all into the file."""
        file = os.path.join(self.dir, 'report.json')
        for closed in '0<&- 2>&-', '2>&-', '0<&- 1>&- 2>&-':
            subprocess.run(['/bin/sh', '-c', f'exec {RUN} -f bf16 --count --report {file} -- {VICTIM} {closed}'],
                           env={**os.environ, 'VPREC_PRELOAD': PRELOAD}, stdout=subprocess.DEVNULL, check=True)
            with open(file, encoding='utf-8') as text:
                report = json.load(text)
            self.assertTrue(report['records']['complete'])
            self.assertEqual([p['executable'] for p in report['processes']], [VICTIM])

    def test_nothing_is_left_behind(self):
        child = subprocess.Popen([RUN, '-q', '-f', 'bf16', '--', '/bin/sh', '-c',
                                  f'echo ready; read go; {VICTIM}; exit 0'], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, env={**os.environ, 'VPREC_PRELOAD': PRELOAD})
        self.assertEqual(child.stdout.readline(), b'ready\n')
        # Nothing that it has open has a name, but for the pipes and what it inherited.
        native = {os.readlink(file) for file in glob.glob('/proc/self/fd/[012]')}
        for file in glob.glob(f'/proc/{child.pid}/fd/*'):
            name = os.readlink(file)
            self.assertTrue(re.match('/memfd:vprec|pipe:', name) or name in native, name)
        with open(f'/proc/{child.pid}/maps', encoding='utf-8') as maps:
            self.assertEqual(re.findall(r' rw-s .* (/\S*)', maps.read()), ['/memfd:vprec'])
        child.send_signal(signal.SIGKILL)
        child.wait(60)
        child.stdin.write(b'go\n') # what vprec-run leaves behind goes on, and is rounded
        child.stdin.close()
        self.assertEqual(child.stdout.read(), self.rounded)
        child.stdout.close()

    def test_little_address_space(self):
        self.check('/bin/sh', '-c', f'ulimit -v 200000; exec {VICTIM}')
        self.check('/bin/sh', '-c', f'exec {VICTIM}', preexec_fn=lambda: limit('RLIMIT_AS', 300 << 20))

    def test_little_data(self):
        # What the preload library takes of RLIMIT_DATA before the program has anything.
        self.check('/bin/sh', '-c', f'ulimit -d 2048; exec {VICTIM}')
        done, _ = self.run_vprec('-f', 'bf16', '--', '/bin/sh', '-c', f'ulimit -d 1024; exec {VICTIM}')
        self.assertEqual(done.returncode, 0, done.stderr) # without room for copies it is native, and lives
        self.assertIn(done.stdout, (self.rounded, NATIVE))
        if done.stdout == NATIVE:
            self.assertIn(b'stays native', done.stderr)

    def test_small_files(self):
        # What the program may write to files is none of the shared file's business, nor kills it SIGXFSZ.
        self.check('/bin/sh', '-c', f'ulimit -f 0; exec {VICTIM}')

    def test_few_descriptors(self):
        count = 'n = []\ntry:\n    while True: n.append(os.dup(0))\nexcept OSError: print(*n)'
        for soft, hard, less in (16, 16, 0), (64, 64, 0), (64, 70, 0), (1024, 1024, 1), (1024, 3000, 0):
            with self.subTest(hard):
                bound = lambda: limit('RLIMIT_NOFILE', soft, hard)  # pylint: disable=cell-var-from-loop
                native = subprocess.run(self.script(count), capture_output=True, preexec_fn=bound, check=True,
                                        stdin=subprocess.DEVNULL)
                done, _ = self.run_vprec('-q', '-f', 'bf16', '--', *self.script(count), preexec_fn=bound)
                self.assertEqual(done.returncode, 0, done.stderr)
                have, want = done.stdout.split(), native.stdout.split()
                self.assertEqual(want[-1], b'%d' % (soft - 1))
                self.assertIn(have, (want, want[:len(want) - less]))
        self.check('/bin/sh', '-c', f'{VICTIM}; exec {VICTIM}', runs=2, preexec_fn=lambda: limit('RLIMIT_NOFILE', 16))

    def test_no_room(self):
        """The file is full: all is rounded, what is not recorded is counted, and there is no audit of it."""
        for options, status in ([], 0), (['-q'], 0), (['--audit', '-q'], 124):
            done, report = self.run_vprec(*options, '-f', 'bf16', '--count', '--', '/bin/sh', '-c',
                                          f'for i in 1 2 3 4 5 6; do for j in 0 1 2 3 4 5 6 7 8 9; do {VICTIM}; done; done',
                                          preexec_fn=lambda: limit('RLIMIT_FSIZE', 1 << 20))
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(done.stdout, self.rounded * 60)
            self.assertGreater(report['records']['dropped'], 0)
            self.assertFalse(report['records']['complete'])
            self.assertEqual(options != ['-q'], b'found no room, the figures are incomplete' in done.stderr)


@unittest.skipUnless(os.geteuid() == 0, 'only root can')
class Root(Case):
    """A root directory that holds just the victim and what it needs: no /dev, no /proc, and another user."""
    def setUp(self):
        super().setUp()
        self.root = os.path.join(self.dir, 'root')
        listing = subprocess.run(['ldd', VICTIM, PRELOAD], capture_output=True, check=True, text=True).stdout
        for file in {VICTIM, PRELOAD, *re.findall(r'(/\S+) \(0x', listing)}:
            os.makedirs(self.root + os.path.dirname(file), exist_ok=True)
            shutil.copy(file, self.root + file)

    def test_another_root_and_user(self):
        enter = 'import sys\nos.chroot(sys.argv[2])\nos.chdir("/")\n'
        drop = 'os.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n'
        execute = 'os.execv(sys.argv[1], sys.argv[1:2])'
        closes = ['closefrom(3)', 'close_range(3, ctypes.c_uint(-1), 0)', 'close_range(3, 1 << 30, 4)']
        for text in enter, drop, enter + drop, *(enter + drop + f'ctypes.CDLL(None).{close}\n' for close in closes):
            with self.subTest(text):
                if text == drop: # the build may lie where another user cannot go
                    self.victim, self.preload = self.root + VICTIM, self.root + PRELOAD
                else:
                    self.victim, self.preload = VICTIM, PRELOAD
                self.check(*self.script('import ctypes, sys\n' + text + execute, self.root))


def limit(name, soft, hard=None):
    resource.setrlimit(getattr(resource, name), (soft, soft if hard is None else hard))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
