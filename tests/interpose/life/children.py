#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""children.py VPREC-RUN PROGRAM STATIC LIBRARY MUSL: what a program executes is rounded, or said by name, in the report
and to --audit; and the program sees the environment, its children's too, that it has natively. 10000 times 0.1f is
999.903 natively, 32 in bf16. MUSL may be empty."""
import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

RUN, PROGRAM, STATIC, LIBRARY = (os.path.abspath(path) for path in sys.argv[1:5])
MUSL = sys.argv[5] and os.path.abspath(sys.argv[5])
LOADER = '/lib64/ld-linux-x86-64.so.2'
NATIVE, ROUNDED = '999.903\n', '32\n'
NOBODY = 65534


def plain_run(command, **kwargs):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, **kwargs)


def works(*command):
    try:
        return plain_run(command).returncode == 0
    except OSError:
        return False


def machine_code_32():
    """A program for i386 that does nothing: mov eax, 1; xor ebx, ebx; int 0x80."""
    code = b'\xb8\x01\0\0\0\x31\xdb\xcd\x80'
    at, size = 0x08048000, 52 + 32
    head = struct.pack('<4s3B9xHHIIIIIHHHHHH', b'\x7fELF', 1, 1, 1, 2, 3, 1, at + size, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return head + struct.pack('<IIIIIIII', 1, 0, at, at, size + len(code), size + len(code), 5, 4096) + code


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vprec-children.')
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)

    def path(self, name):
        return os.path.join(self.dir, name)

    def copy(self, source, name):
        return shutil.copy(source, self.path(name))

    def run_vprec(self, *command, options=('-q', '-f', 'bf16', '--audit'), **kwargs):
        return plain_run([RUN, '--report', self.path('report.json'), *options, '--', *command], cwd=self.dir, **kwargs)

    def report(self):
        with open(self.path('report.json'), encoding='utf-8') as text:
            return json.load(text)

    def followed(self, *command, output=ROUNDED, **kwargs):
        done = self.run_vprec(*command, **kwargs)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, output, ''), command)
        self.assertEqual(self.report()['native'], [])

    def lost(self, code, path, *command, output=NATIVE, said=True, **kwargs):
        """It ran natively, and all is told of it."""
        for options in ('-f', 'bf16', '--audit'), ('-q', '-f', 'bf16', '--audit'), ('-q', '-f', 'bf16'):
            done = self.run_vprec(*command, options=options, **kwargs)
            self.assertEqual((done.returncode, done.stdout), (124 if '--audit' in options else 0, output), done.stderr)
            self.assertIn(f'vprec-run: {path} stays native: ', done.stderr)
            natives = self.report()['native']
            self.assertEqual([(n['object'], n['reason']) for n in natives], [(path, code)])
            if '-q' in options:
                self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
            parent = self.report()['processes'][natives[0]['process_index']]
            self.assertNotEqual(parent['executable'], '')


class Environment(Case):
    def same(self, env, *command):
        native = plain_run(command, env=env, cwd=self.dir)
        self.assertEqual(native.returncode, 0, native.stderr)
        done = self.run_vprec(*command, env=env, options=('-q', '-f', 'bf16'))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, native.stdout, native.stderr))
        return native.stdout

    def test_is_the_native_one(self):
        library = '/lib/x86_64-linux-gnu/libm.so.6'
        for env in ({}, {'A': '1', 'B': '2'}, {'A': '1', 'LD_PRELOAD': library, 'B': '2'}, {'LD_PRELOAD': library},
                    {'LD_PRELOAD': '', 'Z': ''}, {'Z': '', 'LD_PRELOAD': f'{library}:{library}'},
                    {'ASAN_OPTIONS': 'verbosity=0', 'A': ''}, {'GLIBC_TUNABLES': 'glibc.malloc.perturb=1', 'A': '1'}):
            with self.subTest(env):
                for command in ([PROGRAM, 'show'], ['/usr/bin/env', '-i', 'X=1', PROGRAM, 'show'],
                                ['/usr/bin/env', '-u', 'A', 'C=3', PROGRAM, 'show'], ['/usr/bin/env', PROGRAM, 'show'],
                                [PROGRAM, 'execve', PROGRAM, 'show'], [LOADER, PROGRAM, 'show'],
                                [PROGRAM, 'system', f'{PROGRAM} show; exec {PROGRAM} show'],
                                [PROGRAM, 'posix_spawn', PROGRAM, 'fexecve', PROGRAM, 'show']):
                    self.same(env, *command)
        self.assertEqual(self.same({}, '/usr/bin/env', '-i', '/usr/bin/printenv'), '') # the oracle's oracle

    def test_of_names_that_come_twice(self):
        # An environment that no dictionary can hold.
        maker = self.path('maker.py')
        with open(maker, 'w', encoding='ascii') as file:
            file.write('import ctypes, sys\n'
                       'envp = [b"A=1", b"LD_PRELOAD=libm.so.6", b"A=2", b"odd", b"LD_PRELOAD=libc.so.6", b"="]\n'
                       'def array(strings): return (ctypes.c_char_p * (len(strings) + 1))(*strings, None)\n'
                       'argv = [a.encode() for a in sys.argv[1:]]\n'
                       'ctypes.CDLL(None).execve(argv[0], array(argv), array(envp))\n')
        command = ['/usr/bin/python3', maker]
        native = plain_run([*command, PROGRAM, 'show'])
        self.assertIn('environ odd\n', native.stdout)
        done = plain_run([*command, RUN, '-q', '-f', 'bf16', '--', PROGRAM, 'show'])
        self.assertEqual((done.returncode, done.stdout), (0, native.stdout), done.stderr)
        self.assertEqual(self.run_vprec(*command, PROGRAM, 'show').stdout, native.stdout)

    @unittest.skipIf(os.getuid(), 'needs root')
    def test_of_another_user(self):
        command = ['setpriv', f'--reuid={NOBODY}', '--clear-groups', PROGRAM, 'show']
        self.same({'A': '1', 'PATH': os.environ['PATH']}, *command)

    def test_nobody_is_listed(self):
        # Where there is a loader for 32 bits ldd asks it too, which nobody can follow.
        ldd = [] if os.path.exists('/lib/ld-linux.so.2') else [['/usr/bin/ldd', PROGRAM]]
        for command in (*ldd, ['sh', '-c', f'{LOADER} --list {PROGRAM}; {LOADER} --version']):
            native = [line.split(' (0x')[0] for line in plain_run(command).stdout.splitlines()]
            done = self.run_vprec(*command)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertEqual([line.split(' (0x')[0] for line in done.stdout.splitlines()], native)

    def test_handed_on_by_who_cannot_be_followed(self):
        # A static program knows nothing of the library, but what it executes is a child again.
        static = self.copy(STATIC, 'static')
        self.lost('child-static', static, 'sh', '-c', f'./static execv {PROGRAM} sum', output=ROUNDED)
        env = {'A': '1', 'LD_PRELOAD': '/lib/x86_64-linux-gnu/libm.so.6'}
        done = self.run_vprec('sh', '-c', f'./static execv {PROGRAM} show', env=env)
        self.assertEqual(done.returncode, 124)
        self.assertNotIn('VPREC', done.stdout)
        self.assertIn('environ LD_PRELOAD=/lib/x86_64-linux-gnu/libm.so.6\n', done.stdout)
        self.assertNotIn('libvprec', done.stdout)


class Followed(Case):
    def test_each_way(self):
        for way in ('execve', 'execle', 'execvpe', 'execv', 'execvp', 'execl', 'execlp', 'fexecve', 'execveat',
                    'posix_spawn', 'posix_spawnp', 'vfork', 'syscall', 'syscall-at'):
            with self.subTest(way):
                self.followed(PROGRAM, way, PROGRAM, 'sum')
                self.followed('env', '-i', PROGRAM, way, PROGRAM, 'sum')
        self.followed(PROGRAM, 'many', PROGRAM, 'sum', output=ROUNDED * 3)
        for way in 'system', 'popen':
            with self.subTest(way):
                self.followed(PROGRAM, way, f'{PROGRAM} sum')
        self.followed(PROGRAM, 'system', f'env -i {PROGRAM} sum; {PROGRAM} execve {PROGRAM} sum', output=ROUNDED * 2)

    def test_by_another_namespace(self):
        self.followed(PROGRAM, 'namespace', LIBRARY, f'env -i {PROGRAM} sum')

    def test_threads(self):
        self.followed(PROGRAM, 'threads', PROGRAM, 'sum', output=ROUNDED * 200)
        self.assertEqual(len(self.report()['processes']), 201)

    def test_signals_are_inherited(self):
        for then in [PROGRAM, 'signals'], [PROGRAM, 'posix_spawn', PROGRAM, 'vfork', PROGRAM, 'signals']:
            command = [PROGRAM, 'sets', *then]
            native = plain_run(command).stdout.splitlines()
            self.assertIn(NATIVE.strip(), native)
            self.assertEqual(native.count('signal 11: 1 1'), 2)
            self.followed(*command, output='\n'.join(native).replace(NATIVE.strip(), ROUNDED.strip()) + '\n')

    def test_little_memory(self):
        for limit in '-v 20000', '-d 2048':
            self.followed('sh', '-c', f'ulimit {limit}; exec {PROGRAM} sum')

    def test_scripts(self):
        for line in f'#!{PROGRAM} sum', f'#! {PROGRAM}\tsum ', '#!/usr/bin/env -S -i sh', '#!/bin/sh':
            with open(self.path('script'), 'w', encoding='ascii') as file:
                file.write(f'{line}\n{PROGRAM} sum\n')
            os.chmod(self.path('script'), 0o755)
            self.followed('env', '-i', './script')
        with open(self.path('script'), 'w', encoding='ascii') as file:
            file.write(f'{PROGRAM} sum\n') # no first line at all: a shell's
        self.followed('env', '-i', 'sh', '-c', './script')

    def test_the_loader_runs_it(self):
        shutil.copy(PROGRAM, self.path('program'))
        for arguments in (['./program'], ['--argv0', 'another', './program'], ['--library-path', self.dir, './program'],
                          ['--inhibit-cache', '--preload', 'libm.so.6', './program']):
            for before in [], ['env', '-i'], ['sh', '-c', '"$@"', 'sh']:
                with self.subTest(arguments, before=before):
                    self.followed(*before, LOADER, *arguments, 'sum')
                    self.assertIn(self.path('program'), [p['executable'] for p in self.report()['processes']])
        self.followed(LOADER, './program', 'sum', options=('-q', '-f', 'bf16', '--audit', '--object', '*'))
        for arguments, status in (([], 126), (['--list', './program'], 126), (['./nothing'], 127),
                                  ([STATIC, 'sum'], 126)):
            done = self.run_vprec(LOADER, *arguments)
            self.assertEqual((done.returncode, done.stdout), (status, ''), done.stderr)
            self.assertRegex(done.stderr, r'\Avprec-run: [^\n]+: [^\n]+\n\Z')

    def test_exec_selects_among_them(self):
        static = self.copy(STATIC, 'static')
        for pattern, lost in ('*/static', True), ('*/children', False):
            options = ('-q', '-f', 'bf16', '--audit', '--exec', pattern)
            done = self.run_vprec('sh', '-c', './static sum', options=options)
            self.assertEqual(done.stderr.startswith(f'vprec-run: {static} stays native'), lost, done.stderr)
        options = ('-q', '-f', 'bf16', '--audit', '--skip-object', 'static')
        done = self.run_vprec('sh', '-c', './static sum', options=options)
        self.assertEqual((done.returncode, self.report()['native']), (0, []))
        self.assertIn((static, 'skipped'), [(n['object'], n['reason']) for n in self.report()['left_out']])

    @unittest.skipIf(os.getuid(), 'needs root')
    def test_elsewhere(self):
        drop = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']
        self.followed(*drop, 'env', '-i', PROGRAM, 'sum')
        if works('unshare', '-m', 'true'):
            self.followed('unshare', '-m', 'sh', '-c', f'mount -t tmpfs none /proc; env -i {PROGRAM} sum')
        cage = ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc']
        if works(*cage, 'true'):
            self.followed(*cage, '--clearenv', PROGRAM, 'sum')


class Lost(Case):
    def test_static(self):
        static = self.copy(STATIC, 'static')
        self.lost('child-static', static, 'sh', '-c', './static sum; :')
        self.lost('child-static', static, 'env', '-i', './static', 'sum')
        self.lost('child-static', static, PROGRAM, 'posix_spawn', './static', 'sum')
        with open(self.path('script'), 'w', encoding='ascii') as file:
            file.write(f'#!{static} sum\n')
        os.chmod(self.path('script'), 0o755)
        self.lost('child-static', static, 'sh', '-c', './script')

    @unittest.skipIf(not MUSL, 'no musl-gcc')
    def test_another_c_library(self):
        self.lost('child-libc', self.copy(MUSL, 'musl'), 'sh', '-c', './musl', output=plain_run([MUSL]).stdout)

    def test_another_machine(self):
        for machine in 3, 40: # i386, ARM
            with open(self.path('other'), 'wb') as file:
                file.write(machine_code_32()[:18] + struct.pack('<H', machine) + machine_code_32()[20:])
            os.chmod(self.path('other'), 0o755)
            if works(self.path('other')):
                self.lost('child-machine', self.path('other'), 'sh', '-c', './other', output='')
            else: # what the kernel refuses was not executed
                done = self.run_vprec('sh', '-c', './other 2>/dev/null; :')
                self.assertEqual((done.returncode, self.report()['native']), (0, []), done.stderr)

    @unittest.skipIf(os.getuid(), 'needs root')
    def test_privileges(self):
        owned = self.copy(PROGRAM, 'owned')
        drop = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']
        os.chmod(owned, 0o4755)
        self.followed('sh', '-c', './owned sum; :') # root's for root
        self.followed(*drop, '--no-new-privs', './owned', 'sum')
        self.followed(*drop, LOADER, './owned', 'sum')
        self.lost('child-privileges', owned, *drop, './owned', 'sum')
        os.chmod(owned, 0o2755)
        self.lost('child-privileges', owned, *drop, './owned', 'sum')
        os.chmod(owned, 0o755)
        self.lost('child-privileges', owned, '/usr/bin/python3', '-c',
                  'import os; os.setresuid(65534, 0, 0); os.execv("./owned", ["owned", "sum"])')
        if works('setcap', 'cap_net_raw+ep', owned):
            self.followed('sh', '-c', './owned sum; :')
            self.lost('child-privileges', owned, *drop, './owned', 'sum')

    @unittest.skipIf(os.getuid(), 'needs root')
    def test_no_way_to_the_library_or_the_file(self):
        folder = self.path('private')
        os.mkdir(folder, 0o700)
        library = shutil.copy(self.preload(), folder)
        drop = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups', PROGRAM, 'sum']
        self.lost('child-lost', PROGRAM, *drop, env={**os.environ, 'VPREC_PRELOAD': library})
        root = self.path('root')
        for name in PROGRAM, '/lib/x86_64-linux-gnu/libc.so.6', LOADER:
            os.makedirs(root + os.path.dirname(name), exist_ok=True)
            shutil.copy(os.path.realpath(name), root + name)
        self.lost('child-lost', PROGRAM, 'chroot', root, PROGRAM, 'sum')
        # The descriptor is closed behind everybody's back, and the way by /proc is not another user's.
        close = ('import ctypes, os\nfor fd in range(3, 5000):\n    ctypes.CDLL(None).syscall(3, fd)\n'
                 f'os.setuid({NOBODY})\nos.execv({PROGRAM!r}, ["children", "sum"])')
        self.lost('child-lost', PROGRAM, '/usr/bin/python3', '-c', close)

    def preload(self):
        done = self.run_vprec('cat', '/proc/self/maps')
        return next(line.split()[-1] for line in done.stdout.splitlines() if 'libvprec_preload' in line)

    def test_too_little_memory(self):
        # It would not start with the library.
        for limit in '-v 5000', '-d 400':
            self.assertEqual(plain_run(['sh', '-c', f'ulimit {limit}; exec {PROGRAM} sum']).stdout, NATIVE)
            self.lost('child-lost', PROGRAM, 'sh', '-c', f'ulimit {limit}; exec {PROGRAM} sum')

    def test_another_run_within(self):
        done = self.run_vprec('sh', '-c', f'{RUN} -q -f native -- {PROGRAM} sum')
        self.assertEqual((done.returncode, done.stdout), (124, NATIVE), done.stderr)
        self.assertEqual([(n['object'], n['reason']) for n in self.report()['native']], [(PROGRAM, 'child-nested')])

    def test_what_fails_is_nothing(self):
        for command in (['sh', '-c', './nothing; :'], ['sh', '-c', f'{self.dir}; :'],
                        [PROGRAM, 'vfork', PROGRAM, 'sum']):
            done = self.run_vprec(*command)
            self.assertEqual((done.returncode, self.report()['native']), (0, []), done.stderr)

    def test_too_many_arguments(self):
        # Just as many as there may be: not with two variables more.
        probe = ['/usr/bin/python3', '-c', f'''
import os
for size in range(2000, 0, -8):
    try:
        os.execve({PROGRAM!r}, ["children", "sum"] + ["x" * 131000] * 16 + ["x" * size], {{}})
    except OSError:
        pass
''']
        self.assertEqual(plain_run(probe).stdout, NATIVE)
        self.lost('child-lost', PROGRAM, *probe)


def may_harden():
    return ctypes.CDLL(None).prctl(66, 0, 0, 0, 0) >= 0 # PR_GET_MDWE


@unittest.skipIf(not may_harden(), 'no PR_SET_MDWE')
class Hardened(Case):
    def test_the_program_itself(self):
        for more in [], ['-q'], ['--count']:
            for fmt in 'native', 'bf16':
                done = plain_run([PROGRAM, 'mdwe', RUN, *more, '-f', fmt, '--', PROGRAM, 'sum'])
                self.assertEqual((done.returncode, done.stdout), (126, ''))
                self.assertRegex(done.stderr, r"\Avprec-run: '.*' cannot be instrumented, .*MemoryDeny.*: [^\n]+\n\Z")

    def test_its_children(self):
        self.lost('no-permission', PROGRAM, PROGRAM, 'mdwe', PROGRAM, 'sum')
        done = self.run_vprec(PROGRAM, 'mdwe', PROGRAM, 'execve', PROGRAM, 'show', env={'A': '1'})
        self.assertEqual(done.returncode, 124)
        self.assertIn('environ OWN=1\n', done.stdout)

    def test_what_comes_later(self):
        done = self.run_vprec(PROGRAM, 'mdwe-opens', LIBRARY)
        self.assertEqual((done.returncode, done.stdout), (124, '32 999.903\n'), done.stderr)
        self.assertEqual([n['object'] for n in self.report()['native']], [LIBRARY])


if __name__ == '__main__':
    unittest.main(argv=['children.py'] + sys.argv[6:])
