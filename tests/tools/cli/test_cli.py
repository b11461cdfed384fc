# SPDX-License-Identifier: Apache-2.0
# test_cli.py: vprec-run as its user meets it: refusals, exit statuses, streams,
# signals, reports. The preload library is faked, so that every record is known.
# Usage: test_cli.py VPREC-RUN FAKE-PRELOAD MARKER MARKER-STATIC MAN-PAGE CLASS...
import json
import math
import os
import re
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'common'))
import terminal
import usual_signals

RUN, FAKE, MARKER, STATIC, PAGE = (os.path.abspath(path) for path in sys.argv[1:6])
SH = '/bin/sh'
PYTHON = '/usr/bin/python3'


def strict_json(text):
    def refuse(name):
        raise ValueError('not JSON: ' + name)
    return json.loads(text, parse_constant=refuse)


def resolved(preload):
    """LD_PRELOAD without what hides the library from loaders other than glibc's."""
    return re.sub(r'\A/\$LIB(/\.\.)+', '', preload)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vprec-cli.')
        self.addCleanup(shutil.rmtree, self.dir)
        self.marker = self.path('marker')

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, content, mode=0o755):
        path = self.path(name)
        with open(path, 'wb') as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def environment(self, fake='', **more):
        env = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'VPREC_WIRE')}
        env.update({'VPREC_PRELOAD': FAKE, 'FAKE': fake, 'ASAN_OPTIONS': 'verify_asan_link_order=0', **more})
        return {k: v for k, v in env.items() if v is not None}

    def run_vprec(self, *args, fake='', env=(), **kwargs):
        kwargs.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.run([RUN, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              env=self.environment(fake, **dict(env)), cwd=self.dir, **kwargs)

    def report(self, *args, status=0, **kwargs):
        """Runs with --report FILE; the report."""
        done = self.run_vprec('--report', 'report.json', *args, **kwargs)
        self.assertEqual(done.returncode, status, done.stderr)
        with open(self.path('report.json'), encoding='utf-8') as text:
            return strict_json(text.read())

    def assert_refused(self, done, status, *names):
        """One line on stderr, `vprec-run: wrong: mend`, that names the things; nothing was run."""
        error = done.stderr.decode(errors='replace')
        self.assertEqual(done.returncode, status, error)
        self.assertRegex(error, r'\Avprec-run: [^\n]+: [^\n]+\n\Z')
        for name in names:
            self.assertIn(name, error)
        self.assertEqual(done.stdout, b'')
        self.assertFalse(os.path.exists(self.marker), 'the program ran')


class Usage(Case):
    def refused(self, *names, args, status=125, **kwargs):
        self.assert_refused(self.run_vprec(*args, '--', MARKER, self.marker, **kwargs), status, *names)

    def test_formats_that_are_none(self):
        self.refused('bf17', args=['--format', 'bf17'])
        self.refused('format', args=['--format', ''])
        self.refused('e5', args=['--format', 'e5'])
        self.refused('e5m10:fast', args=['--format', 'e5m10:fast'])
        self.refused('f16', 'f64', args=['--format', 'f16=bf16'])
        self.refused('native', args=['--format', 'native,f64=e11m40'])
        self.refused('native', args=['--format', 'f64=e11m40', '--format', 'native'])
        self.refused('f32', args=['--format', 'bf16,f32=e5m10'])
        self.refused('f32', args=['-f', 'bf16', '-f', 'e5m10'])
        self.refused('format', args=['-f', 'bf16,'])

    def test_impossible_widths(self):
        for spec in ('e1m3', 'e12m3', 'e9m10', 'e8m24', 'e8m0', 'e11m40', 'f64=e11m53', 'f64=e12m4',
                     'e5m10:bias=100000', 'e99999999999m3', 'e8m-3'):
            with self.subTest(spec):
                self.refused(spec.split('=', 1)[-1] if spec.startswith('f64') else spec, args=['--format', spec])

    def test_names_of_other_tools(self):
        for name in ('bfloat16', 'torch.float8_e4m3fn', 'FLOAT8E5M2', 'f32=Half', 'tf32:SAT'):
            with self.subTest(name):
                done = self.run_vprec('-q', '-f', name, '--', MARKER, self.marker)
                self.assertEqual((done.returncode, done.stderr), (0, b''))
        os.unlink(self.marker)
        self.refused('fp8', 'e4m3fn (largest 448)', 'e5m2', args=['-f', 'fp8'])
        self.refused('float8_e8m0fnu', 'without sign', args=['-f', 'float8_e8m0fnu'])
        self.refused('did you mean `bfloat16`?', args=['-f', 'bfloat61'])
        self.refused('f64=double', args=['-f', 'double'])

    def test_a_bare_e4m3_is_explained_once(self):
        line = b'vprec-run: e4m3 is the IEEE-like one, largest 240; that of OCP and torch is e4m3fn, largest 448\n'
        for form in ('e4m3', 'E4M3:sat', 'f32=float8_e4m3,f64=e4m3'):
            done = self.run_vprec('-f', form, '--', MARKER, self.marker)
            self.assertTrue(done.stderr.startswith(line), done.stderr)
            self.assertEqual((done.returncode, done.stderr.count(line)), (0, 1))
        for options in (('-q', '-f', 'e4m3'), ('-f', 'e4m3fn'), ('-f', 'e4m3:bias=8')):
            self.assertNotIn(b'IEEE', self.run_vprec(*options, '--', MARKER, self.marker).stderr)

    def test_other_values(self):
        for mode in ('rne:1', 'rtz:8', 'rr:24', 'mca:'):
            self.refused('takes no number', args=['-f', 'bf16', '--mode', mode])
        for mode in ('sr:0', 'sr:65', 'sr:', 'sr:x', 'sr:-1', 'sr:8x'):
            self.refused('--mode sr:BITS', args=['-f', 'bf16', '--mode', mode])
        for precision in ('0', '54', 'f32=25', 'f64=0', 'f32=', 'f16=3', 'x', ''):
            self.refused('--precision', args=['-m', 'mca', '--precision', precision])
        for error in ('abs', 'abs:', 'abs:x', 'all:5000', 'both', ''):
            self.refused('error mode', args=['-m', 'mca', '--error-mode', error])
        for rate in ('0', '-1', '1.5', 'nan', 'x', ''):
            self.refused('--noise-rate', args=['-m', 'mca', '--noise-rate', rate])
        self.refused('counter', args=['-m', 'mca', '--noise', 'seed'])
        self.refused('--mode', args=['-f', 'bf16', '--noise', 'operands'])
        self.refused('rr, pb and mca', args=['-f', 'bf16', '-m', 'sr', '--precision', '10'])
        self.refused("'nearest'", args=['-f', 'bf16', '--mode', 'nearest'])
        self.refused("'rn'", args=['-f', 'bf16', '--mode', 'rn'])
        self.refused("'inputs'", args=['-f', 'bf16', '--round', 'inputs'])
        self.refused("'tan'", args=['-f', 'bf16', '--ops', 'add,tan'])
        self.refused('--ops', args=['-f', 'bf16', '--ops', ''])
        self.refused('--object', args=['-f', 'bf16', '--object', ''])
        self.refused('xxx', '231', args=['-f', 'bf16', '--function', 'x' * 232])
        self.refused('64', args=['-f', 'bf16'] + ['--exec', 'a'] * 65)
        self.refused('--out', args=['-f', 'bf16', '--samples', '3'])
        self.refused("'-x'", args=['-f', 'bf16', '-x'])
        self.refused("'--fast=1'", args=['-f', 'bf16', '--fast=1'])
        self.refused('--report', args=['-f', 'bf16', '--report', ''])
        self.refused('--count=some', '--count=all', '--count=operations', args=['-f', 'bf16', '--count=some'])
        self.refused('--audit=some', args=['-f', 'bf16', '--audit=some'])

    def test_missing_parts(self):
        self.refused('--format bf16', args=[])
        self.assert_refused(self.run_vprec('-f', 'bf16'), 125, 'PROGRAM')
        self.assert_refused(self.run_vprec('-f', 'bf16', '--'), 125, 'PROGRAM')
        self.assert_refused(self.run_vprec('--format'), 125, '--format')

    def test_places_that_cannot_be_written_or_read(self):
        self.refused('/nonexistent/r.json', args=['-f', 'bf16', '--report', '/nonexistent/r.json'])
        self.refused(self.dir, args=['-f', 'bf16', '--report', self.dir])
        self.refused('/nonexistent.so', args=['-f', 'bf16'], env={'VPREC_PRELOAD': '/nonexistent.so'})

    def test_where_the_preload_library_is_looked_for(self):
        """In the build tree, then where `meson install` puts it, seen from the command, then where it was to be."""
        os.makedirs(self.path('tree/bin'))
        copy = shutil.copy(RUN, self.path('tree/bin/vprec-run'))
        with open(RUN, 'rb') as binary:
            strings = binary.read()
        installed = re.search(rb'\0(/[^\0]+/vprec)\0', strings)[1].decode()
        place = re.search(rb'(\.\./[^\0]+/vprec)\0', strings)[1].decode()  # perhaps the first of all strings
        command = [copy, '-q', '-f', 'bf16', '--', MARKER, self.marker]

        def run():
            return subprocess.run(command, capture_output=True, timeout=60, env=self.environment(VPREC_PRELOAD=None))

        done = run()
        if os.path.exists(installed):
            self.assertEqual(done.returncode, 0)
        else:
            self.assert_refused(done, 125, 'libvprec_preload.so', 'VPREC_PRELOAD', installed, place)
        for folder in place, '../interpose':
            folder = os.path.normpath(self.path('tree/bin/' + folder))
            os.makedirs(folder)
            shutil.copy(FAKE, folder + '/libvprec_preload.so')
            done = run()
            self.assertEqual((done.returncode, done.stderr), (0, b''))
            self.assertTrue(os.path.exists(self.marker))
            shutil.rmtree(folder)
            os.unlink(self.marker)

    def test_paths_that_the_environment_cannot_hold(self):
        long = '/'.join(['a long name ' * 20] * 10)
        temporary = self.path('tmp')
        os.mkdir(temporary)
        for name in 'a b', 'a:b', '$ORIGIN', ' ', ':', 'it\'s "a" b\\', 'gr\u00fcn \u2713', 'new\nline x', '\udcff \udcfe', long:
            with self.subTest(name):
                folder = self.path('tree/' + name)
                os.makedirs(folder)
                spaced = shutil.copy(FAKE, folder + '/libvprec_preload.so')
                done = self.run_vprec('-q', '-f', 'bf16', '--report', 'report.json', SH, '-c',
                                      'echo "$LD_PRELOAD"; /bin/true; exit 0',
                                      env={'VPREC_PRELOAD': spaced, 'TMPDIR': temporary})
                self.assertEqual((done.returncode, done.stderr), (0, b''))
                link = resolved(done.stdout.decode().rstrip('\n'))
                self.assertRegex(link, temporary + r'/vprec-\w{6}/libvprec_preload\.so\Z')
                with open(self.path('report.json'), encoding='utf-8') as text:
                    self.assertEqual(len(strict_json(text.read())['processes']), 2)
                self.assertEqual(os.listdir(temporary), [])
        # a directory for the link that has them too, or is none: another is taken
        for other in self.path('tree/a b'), '/nonexistent', 'relative', '':
            done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', 'echo "$LD_PRELOAD"',
                                  env={'VPREC_PRELOAD': spaced, 'TMPDIR': other})
            link = resolved(done.stdout.decode().strip())
            self.assertRegex(link, r'\A/tmp/vprec-\w{6}/libvprec_preload\.so\Z')
            self.assertFalse(os.path.exists(link))

    def test_what_still_runs_is_said(self):
        folder = self.path('a b')
        os.mkdir(folder)
        spaced = shutil.copy(FAKE, folder)
        script = f'(exec >&- 2>&-; read line < fifo; /bin/true && touch {self.marker}) & echo "$LD_PRELOAD"'
        for library in FAKE, spaced:
            with self.subTest(library):
                os.mkfifo(self.path('fifo'))
                done = self.run_vprec('-f', 'bf16', SH, '-c', script, env={'VPREC_PRELOAD': library})
                self.assertIn(b'some of its processes still run', done.stderr)
                link = resolved(done.stdout.decode().strip())
                self.assertTrue(os.path.exists(link))
                self.assertEqual(link != library, f"'{os.path.dirname(link)}' stays".encode() in done.stderr)
                with open(self.path('fifo'), 'w', encoding='ascii') as fifo:
                    fifo.write('go\n')
                while not os.path.exists(self.marker):
                    time.sleep(0.01)
                os.unlink(self.marker)
                os.unlink(self.path('fifo'))
                if link != library:
                    shutil.rmtree(os.path.dirname(link))
        done = self.run_vprec('-f', 'bf16', SH, '-c', 'exit 0')
        self.assertNotIn(b'still run', done.stderr)

    def test_man_page_has_every_option(self):
        with open(PAGE, encoding='utf-8') as source:
            page = source.read().replace('\\-', '-').replace('\\fI', '').replace('\\fR', '')
        text = self.run_vprec('--help').stdout.decode()
        options = sorted(set(re.findall(r'--[a-z][a-z-]+', text)))
        self.assertGreater(len(options), 15)
        for option in options:
            self.assertRegex(page, r'(?m)^\.(BR?|TP) .*' + option + r'\b')

    def test_man_page_has_every_name(self):
        with open(os.path.join(os.path.dirname(PAGE), 'vprec-formats.7'), encoding='utf-8') as source:
            page = dict(re.findall(r'(?m)^(\w+)\t(?:T\{\n)?(\w+(?:, [\w.]+)*|\w+)$', source.read()))
        _, _, other = self.run_vprec('--formats').stdout.decode().split('\n\n')
        rows = other.splitlines()[1:]
        self.assertGreater(len(rows), 10)
        for row in rows:
            name, *also = row.split()
            for each in also:
                if not each.startswith('numpy.'):
                    self.assertIn(each, page.get(name, '').split(', '))

    def test_help_version_formats(self):
        for option in ('-h', '--help'):
            done = self.run_vprec(option)
            self.assertEqual((done.returncode, done.stderr), (0, b''))
            for name in (b'--format', b'--skip-function', b'--ops', b'--audit', b'Examples', b'Exit status'):
                self.assertIn(name, done.stdout)
        done = self.run_vprec('--version')
        self.assertRegex(done.stdout, rb'\Avprec-run \d+\.\d+\.\d+\n\Z')
        self.assertEqual((done.returncode, done.stderr), (0, b''))

        done = self.run_vprec('--formats')
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        rows = {line.split()[0]: line.split()[1:] for line in done.stdout.decode().split('\n\n')[0].splitlines()}
        # spelling, types, largest, smallest normal, smallest subnormal, epsilon: from the formats' definitions
        self.assertEqual(rows['fp16'], ['e5m10', 'f32,f64', '65504', '6.10351562e-05', '5.96046448e-08',
                                        '0.0009765625'])
        self.assertEqual(rows['bf16'], ['e8m7', 'f32,f64', '3.38953139e+38', '1.17549435e-38', '9.18354962e-41',
                                        '0.0078125'])
        self.assertEqual(rows['fp64'][1:3], ['f64', '1.79769313e+308'])
        self.assertEqual([rows[name][2] for name in ('e4m3fn', 'e4m3', 'e5m2', 'e4m3fnuz', 'e3m2fn', 'e2m1fn')],
                         ['448', '240', '57344', '240', '28', '6'])
        other = done.stdout.decode().split('Other names')[1]
        for name, also in (('fp16', 'half'), ('bf16', 'bfloat16'), ('e4m3fn', 'float8_e4m3fn')):
            self.assertRegex(other, rf'(?m)^{name} .*\b{also}\b')

    def test_full_standard_output_is_an_error(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([RUN, '--formats'], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 125)
        self.assertIn(b'standard output', done.stderr)


class Programs(Case):
    """What cannot be instrumented is named beforehand, and not run."""

    def refused(self, program, status, *names, args=None, **kwargs):
        arguments = [self.marker] if args is None else args
        done = self.run_vprec('-f', 'bf16', '--', program, *arguments, **kwargs)
        self.assert_refused(done, status, program, *names)

    def runs(self, program, *args, **kwargs):
        done = self.run_vprec('-f', 'bf16', '-q', '--', program, *args, **kwargs)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        return done

    def test_the_marker_program_marks(self):
        self.runs(MARKER, self.marker)
        self.assertTrue(os.path.exists(self.marker))
        os.unlink(self.marker)
        self.assertEqual(subprocess.run([STATIC, self.marker], check=False).returncode, 0)
        self.assertTrue(os.path.exists(self.marker))

    def test_not_found(self):
        self.refused('no-such-program', 127, 'PATH')
        self.refused('./no-such-program', 127)
        self.refused(self.file('plain', 'x') + '/below', 127)
        done = self.run_vprec('-f', 'bf16', '--', '')
        self.assert_refused(done, 127)
        self.refused('marker', 127, env={'PATH': '/nonexistent'})

    def test_not_executable(self):
        shutil.copy(MARKER, self.path('program'))
        os.chmod(self.path('program'), 0o644)
        self.refused('./program', 126, 'chmod')
        self.refused('program', 126, 'chmod', env={'PATH': self.dir})
        self.refused(self.dir, 126, 'directory')

    def test_neither_elf_nor_script(self):
        for content in (b'', b'#', b'echo hello\n', b'\x00\x01\x02', b'\x7fEL', b'MZ\x90', b'\n#!/bin/sh\n'):
            with self.subTest(content):
                self.refused(self.file('thing', content), 126, 'neither')

    def test_static(self):
        self.refused(STATIC, 126, 'static')

    def test_setuid_and_setgid(self):
        for bits, word in ((0o4755, 'setuid'), (0o2755, 'setgid'), (0o6755, 'setuid')):
            copy = shutil.copy(MARKER, self.path('privileged'))
            os.chmod(copy, bits)
            self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), bits)
            self.refused(copy, 126, word, 'copy')
        # Without the group's execute bit it means mandatory locking, not setgid.
        os.chmod(copy, 0o2745)
        self.runs(copy, self.marker)

    def test_damaged_and_foreign_elf(self):
        with open(MARKER, 'rb') as source:
            good = source.read()

        def patched(at, fmt, value):
            packed = struct.pack(fmt, value)
            return self.file('patched', good[:at] + packed + good[at + len(packed):])

        self.refused(patched(4, 'B', 1), 126, '32-bit')
        self.refused(patched(18, '<H', 183), 126, 'processor', '183')
        self.refused(patched(5, 'B', 2), 126, 'processor')
        self.refused(patched(16, '<H', 1), 126, 'no program')
        self.refused(patched(16, '<H', 4), 126, 'no program')
        self.refused(patched(54, '<H', 32), 126, 'damaged')
        self.refused(patched(56, '<H', 65535), 126, 'damaged')
        self.refused(patched(32, '<Q', 1 << 62), 126, 'damaged')
        self.refused(patched(32, '<Q', 2**64 - 8), 126, 'damaged')
        for length in (4, 15, 16, 40, 63, 64, 100):
            with self.subTest(length):
                self.refused(self.file('cut', good[:length]), 126)
        # Every program header's size and offset, huge
        headers, count = struct.unpack_from('<Q', good, 32)[0], struct.unpack_from('<H', good, 56)[0]
        interp = [i for i in range(count) if struct.unpack_from('<I', good, headers + 56 * i)[0] == 3]
        self.assertEqual(len(interp), 1)
        at = headers + 56 * interp[0]
        self.refused(patched(at + 8, '<Q', 1 << 63), 126, 'damaged')
        self.refused(patched(at + 32, '<Q', 1 << 63), 126, 'damaged')
        self.refused(patched(at + 32, '<Q', 0), 126, 'damaged')
        other = self.file('musl', good.replace(b'/lib64/ld-linux-x86-64.so.2', b'/lib/ld-musl-x86_64.so.1\0\0\0'))
        self.refused(other, 126, 'ld-musl')

    def test_shared_library_as_program(self):
        self.refused(FAKE, 126, 'static')

    def test_found_along_path(self):
        for name in 'a', 'b', 'c':
            os.mkdir(self.path(name))
        os.mkdir(self.path('a/prog'))
        shutil.copy(MARKER, self.path('b/prog'))
        os.chmod(self.path('b/prog'), 0o644)
        shutil.copy(MARKER, self.path('c/prog'))
        self.runs('prog', self.marker, env={'PATH': ':'.join(map(self.path, 'abc'))})
        self.assertTrue(os.path.exists(self.marker))
        os.unlink(self.marker)
        shutil.copy(MARKER, self.path('here'))
        self.runs('here', self.marker, env={'PATH': '/nonexistent:'})
        self.assertTrue(os.path.exists(self.marker))

    def test_scripts_run(self):
        self.file('plain', '#! /bin/sh -e \necho "$0" "$@"\n')
        self.assertEqual(self.runs('./plain', 'a b', '-f').stdout, b'./plain a b -f\n')
        self.file('env', '#!/usr/bin/env sh\necho "$@"\n')
        self.assertEqual(self.runs('./env', '1').stdout, b'1\n')
        self.file('split', '#!/usr/bin/env -S -u FOO A=b sh -e\necho "$A$FOO"\n')
        self.assertEqual(self.runs('./split', env={'FOO': 'x'}).stdout, b'b\n')
        self.file('nested1', f'#!{self.path("plain")}\n')
        self.assertEqual(self.runs('./nested1').stdout, f'{self.path("plain")} ./nested1\n'.encode())
        setuid = self.file('setuid', '#!/bin/sh\necho fine\n', 0o4755)  # Linux ignores the bit of scripts
        self.assertEqual(self.runs(setuid).stdout, b'fine\n')

    def test_scripts_refused(self):
        def script(first):
            return self.file('script', f'{first}\ntouch {self.marker}\n')

        self.refused(script('#!/nonexistent/interp'), 127, '/nonexistent/interp')
        self.refused(script('#!'), 126)
        self.refused(script(f'#!{STATIC}'), 126, STATIC, 'static')
        self.refused(script(f'#!{self.dir}'), 126, self.dir)
        self.refused(script('#!/usr/bin/env no-such-interp'), 127, 'no-such-interp')
        self.refused(script('#!/usr/bin/env sh -e'), 127, 'sh -e')
        self.refused(script(f'#!/usr/bin/env -S {STATIC} -x'), 126, STATIC, 'static')
        text = self.file('text', 'hello\n')
        self.refused(script(f'#!{text}'), 126, text, 'neither')
        loop = self.path('loop')
        self.file('loop', f'#!{loop}\n')
        self.refused(loop, 126)
        self.refused(script('#!' + '/x' * 200), 127)

    def test_nesting_as_deep_as_allowed(self):
        previous = SH
        for depth in range(1, 6):
            previous = self.file(f'deep{depth}', f'#!{previous}\necho deep\n')
            if depth <= 4:
                self.runs(previous)
        self.refused(previous, 126, 'script')


class Capabilities(Case):
    def test_refused(self):
        copy = shutil.copy(MARKER, self.path('capable'))
        try:
            # struct vfs_cap_data, revision 2: CAP_NET_BIND_SERVICE permitted and effective
            os.setxattr(copy, 'security.capability', struct.pack('<5I', 0x02000001, 1 << 10, 0, 0, 0))
        except OSError as error:
            print('file capabilities cannot be set here:', error, file=sys.stderr)
            os._exit(77)
        self.assert_refused(self.run_vprec('-f', 'bf16', '--', copy, self.marker), 126, copy, 'capabilities')


class Running(Case):
    def test_status_passes_through(self):
        for status in (0, 1, 7, 77, 124, 125, 126, 127, 128, 255):
            done = self.run_vprec('-f', 'bf16', '-q', SH, '-c', f'exit {status}')
            self.assertEqual((done.returncode, done.stdout, done.stderr), (status, b'', b''))

    def test_signal_status(self):
        for name in ('SEGV', 'ABRT', 'KILL', 'TERM', 'INT', 'FPE', 'ILL'):
            number = getattr(signal, 'SIG' + name)
            report = self.report('-f', 'bf16', '-q', SH, '-c', f'ulimit -c 0; kill -{name} $$', status=128 + number)
            self.assertEqual(report['exit']['program_signal'], number)
            self.assertEqual(report['exit']['program_signal_name'], 'SIG' + name)
            self.assertIsNone(report['exit']['program_status'])
            self.assertEqual(report['exit']['status'], 128 + number)
            self.assertEqual([f['name'] for f in report['functions']], ['forward', 'idle'])

    def test_arguments_belong_to_the_program(self):
        show = self.file('show', '#!/bin/sh\nprintf "%s|" "$0" "$@"\n')
        expected = f'{show}|-f|native|--help|--|a b||'.encode()
        for separator in ([], ['--']):
            done = self.run_vprec('-qf', 'bf16', *separator, show, '-f', 'native', '--help', '--', 'a b', '')
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, expected, b''))

    def test_argument_zero_is_what_was_typed(self):
        done = self.run_vprec('-q', '-f', 'bf16', 'sh', '-c', 'echo $0')
        self.assertEqual(done.stdout, b'sh\n')

    def test_streams_are_untouched(self):
        data = os.urandom(1 << 20)
        done = subprocess.run([RUN, '-f', 'bf16', 'cat'], input=data, capture_output=True, timeout=60,
                              env=self.environment())
        self.assertEqual(done.stdout, data)
        self.assertRegex(done.stderr, rb'\A(vprec-run: [^\n]+\n)+\Z')
        done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', 'echo to stderr >&2')
        self.assertEqual((done.stdout, done.stderr), (b'', b'to stderr\n'))

    def test_process_state_is_as_without_vprec(self):
        # The program sees the same open files but for the shared one, signal dispositions and mask, also unusual ones.
        def unusual():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGWINCH})

        look = [PYTHON, '-S', '-c', 'import os\n'
                'ours = os.environ.get("VPREC_WIRE", "").split(":")[0]\n'
                'print(sorted(fd for fd in os.listdir("/proc/self/fd") if fd != ours))\n'
                'print([l for l in open("/proc/self/status") if l[:6] in ("SigBlk", "SigIgn", "SigCgt", "ShdPnd")])\n'
                'print(os.getpgrp() == os.getpid(), os.getsid(0), os.umask(0), os.getcwd())']
        for before in (None, unusual):
            native = subprocess.run(look, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, cwd=self.dir,
                                    preexec_fn=before, restore_signals=before is None, env=self.environment())
            done = self.run_vprec('-q', '-f', 'bf16', *look, preexec_fn=before, restore_signals=before is None)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stdout, native.stdout)

    def test_preload_of_the_user_is_kept(self):
        own = shutil.copy('/lib/x86_64-linux-gnu/libm.so.6', self.path('own.so'))
        done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', 'echo "$LD_PRELOAD"; cat /proc/self/maps',
                              env={'LD_PRELOAD': own})
        first, maps = done.stdout.decode().split('\n', 1)
        self.assertEqual(resolved(first), f'{FAKE}:{own}')
        self.assertIn(own, maps)
        self.assertIn(FAKE, maps)
        done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', 'echo "$LD_PRELOAD"')
        self.assertEqual(resolved(done.stdout.decode()), FAKE + '\n')

    def test_shared_file_is_private(self):
        done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', 'echo $VPREC_WIRE; '
                              'stat -Lc "%a %d:%i" /proc/self/fd/${VPREC_WIRE%%:*}; readlink /proc/self/fd/${VPREC_WIRE%%:*}')
        place, stat, name = done.stdout.decode().splitlines()
        self.assertEqual(stat, '600 ' + ':'.join(place.split(':')[3:5]))
        self.assertTrue(name.startswith('/memfd:vprec'), name)

    def test_limits_make_the_file_smaller(self):
        def file_size(soft, hard):
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        look = [SH, '-c', 'stat -Lc %s /proc/self/fd/${VPREC_WIRE%%:*}; ulimit -f']
        for soft, most in (8 << 20, 8 << 20), (4096, 8 << 20):
            done = self.run_vprec('-q', '-f', 'bf16', *look, preexec_fn=file_size(soft, 8 << 20))
            self.assertEqual((done.returncode, done.stderr), (0, b''))
            size, limit = done.stdout.split()
            self.assertEqual((int(size), int(limit)), (most, soft // 512))
        done = self.run_vprec('-f', 'bf16', MARKER, self.marker, preexec_fn=file_size(4096, 4096))
        self.assert_refused(done, 125, 'ulimit -f')

    def test_configuration_reaches_the_processes(self):
        def config(*args):
            done = self.run_vprec('-q', *args, '/bin/true', fake='config')
            return done.stdout.decode().rstrip('\n')

        self.assertEqual(config('-f', 'bf16'),
                         'use 2 0 bits e8m7 e0m0 mode 0 round 1 ops 511 fast 0 count 0 audit 0 rules 0::')
        self.assertEqual(config('-f', 'native'),
                         'use 1 1 bits e0m0 e0m0 mode 0 round 1 ops 511 fast 0 count 0 audit 0 rules 0::')
        self.assertEqual(config('-f', 'f32=native,f64=e11m40', '--round', 'both', '--fast', '--count=all', '--audit', '-m',
                                'rne', '--ops', 'add,libm', '--object', 'hit*', '--skip-function', 'hit me'),
                         'use 1 2 bits e0m0 e11m40 mode 0 round 3 ops 257 fast 1 count 3 audit 1 rules 2:hit*:hit me')
        for number, option in enumerate(('--count=operations', '--count=quick', '--count=all'), 1):
            self.assertIn(f' count {number} ', config('-f', 'bf16', option))
        self.assertIn(' count 2 ', config('-f', 'bf16', '--count'))
        self.assertEqual(config('-f', 'e5m10,f64=e8m7', '--round', 'operands', '--exec', 'hit'),
                         'use 2 2 bits e5m10 e8m7 mode 0 round 2 ops 511 fast 0 count 0 audit 0 rules 1:hit:')
        self.assertEqual(config('-f', 'f64=e5m2:bias=16', '-f', 'e5m2:bias=16').split(' mode')[0],
                         'use 2 2 bits e5m2 e5m2')

    def test_modes_reach_the_processes(self):
        def config(*args):
            done = self.run_vprec('-q', *args, '/bin/true', fake='noise')
            return done.stdout.decode().splitlines()

        for number, mode in enumerate(('rne', 'rna', 'rtz', 'ru', 'rd', 'rto')):
            self.assertEqual(config('-f', 'bf16', '-m', mode)[0], f'mode {number} bits 0 0 silent 0')
        # without a number: the bits that the format lacks of its type's, from 9 on
        self.assertEqual(config('-f', 'f32=e8m14,f64=e11m40', '-m', 'sr')[0], 'mode 6 bits 9 12 silent 0')
        self.assertEqual(config('-f', 'f32=e8m15,f64=e11m52', '-m', 'sr')[0], 'mode 6 bits 32 32 silent 0')
        self.assertEqual(config('-f', 'bf16', '-m', 'sr:7')[0], 'mode 6 bits 7 7 silent 0')
        self.assertEqual(config('-m', 'rr'), ['mode 0 bits 0 0 silent 0',
                                              'use 2 m23 what 1 precision 24 error 1 exponent 0',
                                              'use 2 m52 what 1 precision 53 error 1 exponent 0'])
        self.assertEqual(config('-m', 'pb', '-t', '30', '--error-mode', 'abs:-20', '-f', 'bf16'),
                         ['mode 0 bits 0 0 silent 0', 'use 2 m7 what 2 precision 24 error 2 exponent -20',
                          'use 0 m0 what 2 precision 30 error 2 exponent -20'])
        self.assertEqual(config('-m', 'mca', '-t', 'f64=40,f32=10', '--error-mode', 'all:3', '--noise-rate', '0.5'),
                         ['mode 0 bits 0 0 silent 0x7fffffff', 'use 2 m23 what 3 precision 10 error 3 exponent 3',
                          'use 2 m52 what 3 precision 40 error 3 exponent 3'])

        self.assertEqual(config('-m', 'sr:7', '-f', 'bf16', '--noise', 'operands')[0],
                         'mode 6 bits 7 7 silent 0 keyed')
        self.assertEqual(config('-m', 'sr:7', '-f', 'bf16', '--noise', 'operands', '--noise', 'counter')[0],
                         'mode 6 bits 7 7 silent 0')
        for keying, args in (('operands', ['--noise', 'operands']), ('counter', [])):
            done = self.run_vprec('-q', '-m', 'rr', *args, '--report', '-', '/bin/true', fake='silent')
            self.assertEqual(json.loads(done.stdout)['configuration']['noise'], keying)

    def test_execution_that_fails_at_the_last_moment(self):
        # The loader named in the program is gone: the kernel refuses, after all checks.
        with open(MARKER, 'rb') as source:
            good = source.read()
        broken = self.file('broken', good.replace(b'/lib64/ld-linux-x86-64.so.2', b'/libXX/ld-linux-x86-64.so.2'))
        done = self.run_vprec('-f', 'bf16', broken, self.marker)
        self.assert_refused(done, 127, broken)


class Signals(Case):
    def test_termination_is_passed_on_and_reported(self):
        for name in ('TERM', 'HUP', 'INT', 'USR1'):
            report = ['--report', 'report.json'] if name != 'USR1' else []  # which is for vprec-run itself then
            child = subprocess.Popen([RUN, '-f', 'bf16', *report, SH, '-c',
                                      f'trap "exit 9" {name}; echo ready; while :; do sleep 0.05; done'],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(),
                                     cwd=self.dir)
            self.assertEqual(child.stdout.readline(), b'ready\n')
            child.send_signal(getattr(signal, 'SIG' + name))
            _, errors = child.communicate(timeout=60)
            self.assertEqual(child.returncode, 9, errors)
            self.assertRegex(errors, rb'\A(vprec-run: [^\n]+\n)+\Z')
            if not report:
                continue
            with open(self.path('report.json'), encoding='utf-8') as text:
                self.assertEqual(strict_json(text.read())['exit']['program_status'], 9)

    def test_snapshots_are_asked_for_by_usr1(self):
        """Also where it was ignored; the program is not told."""
        program = 'trap "exit 9" USR1; echo ready; read line; exit 3'
        for options in (['--report', 'report.json'], ['--count'], ['--layers'], ['--report', '-', '-q']):
            for ignored in False, True:
                child = subprocess.Popen([RUN, '-f', 'bf16', *options, SH, '-c', program], cwd=self.dir,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env=self.environment(),
                                         preexec_fn=lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN)
                                         if ignored else None)
                self.assertEqual(child.stdout.readline(), b'ready\n')
                child.send_signal(signal.SIGUSR1)
                told = b''
                while '-q' not in options and b'snapshot' not in told:
                    told += child.stderr.readline()
                if '-q' in options:
                    while not told.endswith(b'\n}\n'):
                        told += child.stdout.readline()
                    self.assertTrue(strict_json(told.decode())['snapshot'])
                output, errors = child.communicate(b'go on\n', timeout=60)
                self.assertEqual(child.returncode, 3, errors)
                if '-q' in options:
                    self.assertFalse(strict_json(output.decode())['snapshot'])
        child = subprocess.Popen([RUN, '-q', '-f', 'bf16', '--count', SH, '-c', program], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, env=self.environment())
        self.assertEqual(child.stdout.readline(), b'ready\n')
        child.send_signal(signal.SIGUSR1)  # there is nothing to tell
        self.assertEqual(child.wait(timeout=60), 9)  # of the signal: its input goes on
        child.communicate()

    def test_a_snapshot_where_no_file_can_be_made(self):
        """It is said, the program goes on, and the last report comes."""
        place = self.path('place')
        os.mkdir(place)
        child = subprocess.Popen([RUN, '-q', '-f', 'bf16', '--report', 'place/report.json', SH, '-c',
                                  'echo ready; read line; exit 3'], cwd=self.dir, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())
        self.assertEqual(child.stdout.readline(), b'ready\n')
        os.rename(place, place + '.away')
        child.send_signal(signal.SIGUSR1)
        self.assertRegex(child.stderr.readline(), rb'\Avprec-run: cannot write the report to .place/report.json')
        child.communicate(b'go on\n', timeout=60)
        self.assertEqual(child.returncode, 3)
        with open(self.path('place.away/report.json'), encoding='utf-8') as text:
            self.assertEqual(strict_json(text.read())['exit']['status'], 3)

    def test_program_ended_by_a_forwarded_signal(self):
        child = subprocess.Popen([RUN, '-q', '-f', 'bf16', SH, '-c', 'echo ready; exec sleep 100'],
                                 stdout=subprocess.PIPE, env=self.environment())
        self.assertEqual(child.stdout.readline(), b'ready\n')
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 128 + signal.SIGTERM)

    def test_interrupt_from_the_terminal_arrives_once(self):
        program = ('import signal, time\n'
                   'seen = []\n'
                   'signal.signal(signal.SIGINT, lambda *a: seen.append(1))\n'
                   'print("ready", flush=True)\n'
                   'while not seen: time.sleep(0.02)\n'
                   'time.sleep(0.3)\n'
                   'print("interrupts", len(seen), flush=True)\n')
        status, output = terminal.talk([RUN, '-f', 'bf16', PYTHON, '-S', '-c', program], self.environment(),
                                       [(b'ready', b'\x03')])
        self.assertEqual(status, 0)
        self.assertIn(b'interrupts 1\r\n', output)
        self.assertIn(b'vprec-run: rounded', output)


class Replay(Case):
    """The run of a report once more."""
    SCRIPT = 'pwd; echo "$0" "$@"; env | sort; cat'

    def tell(self, words):
        """What the program of a run sees, and its configuration."""
        done, report = words
        lines = done.stdout.decode().splitlines()
        own = '(LD_PRELOAD|VPREC_WIRE|SECRET_TOKEN|_|PWD|OLDPWD|SHLVL)='
        return [line for line in lines if not re.match(own, line)], report['configuration']

    def run_with(self, *words, name='new.json', **kwargs):
        done = self.run_vprec('--report', self.path(name), *words, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path(name), encoding='utf-8') as text:
            return done, strict_json(text.read())

    def setUp(self):
        super().setUp()
        os.mkdir(self.path('work'))
        self.file('input', 'what it reads\n')
        env = {'OMP_NUM_THREADS': '3', 'SECRET_TOKEN': 'abc123', 'LC_ALL': 'C', 'OPENBLAS_CORETYPE': None}
        options = ['-f', 'e5m9', '-m', 'sr', '-s', '77', '--object', 'hit*', '--round', 'both', '--count=all']
        with open(self.path('input'), 'rb') as text:
            done = subprocess.run([RUN, '--report', self.path('report.json'), *options, '--', SH, '-c', self.SCRIPT, 'a b',
                                   "c'd"], stdin=text, capture_output=True, check=True, cwd=self.path('work'),
                                  env=self.environment(**env))
        with open(self.path('report.json'), encoding='utf-8') as text:
            self.text = text.read()
        self.first = done, strict_json(self.text)

    def test_the_same_run(self):
        env = {'OMP_NUM_THREADS': '5', 'OPENBLAS_CORETYPE': 'Haswell', 'LC_ALL': None, 'SECRET_TOKEN': 'abc123'}
        with open(self.path('input'), 'rb') as text:
            again = self.run_with('--replay', 'report.json', env=env, stdin=text)
        self.assertEqual(self.tell(again), self.tell(self.first))
        lines = self.tell(again)[0]
        self.assertEqual(lines[:2], [os.path.realpath(self.path('work')), "a b c'd"])
        self.assertIn('OMP_NUM_THREADS=3', lines)
        self.assertEqual(lines[-1], 'what it reads')
        self.assertEqual((again[1]['configuration']['seed'], again[1]['configuration']['round']), ('77', 'both'))

    def test_no_secrets(self):
        self.assertNotIn('abc123', self.text)
        self.assertNotIn('SECRET', self.text)
        self.assertIn('OMP_NUM_THREADS', self.text)

    def test_its_input_where_there_is_a_terminal(self):
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        done = self.run_vprec('-q', '--replay', 'report.json', stdin=slave)
        self.assertEqual((done.returncode, done.stdout.decode().splitlines()[-1]), (0, 'what it reads'), done.stderr)

    def test_options_on_top(self):
        done, report = self.run_with('--replay', 'report.json', '-s', '78', '--format=e5m3', '--count=operations')
        configuration = report['configuration']
        self.assertEqual((configuration['seed'], configuration['formats']['f32']['name'], configuration['round']),
                         ('78', 'e5m3', 'both'))
        self.assertEqual(configuration['counted'], 'operations')

    def test_what_has_changed_is_said(self):
        script = self.file('script.sh', '#!/bin/sh\necho one\n')
        self.run_with('-f', 'e5m9', script, name='script.json')
        self.assertNotIn(b'is not what it was', self.run_vprec('--replay', 'script.json').stderr)
        self.file('script.sh', '#!/bin/sh\necho another\n')
        done = self.run_vprec('--replay', 'script.json')
        self.assertEqual(done.stdout, b'another\n')
        self.assertIn(b"script.sh' is not what it was in that run", done.stderr)

    def test_refused(self):
        self.assert_refused(self.run_vprec('--replay', 'report.json', SH), 125, 'leave out', SH)
        self.assert_refused(self.run_vprec('--replay', 'no.json'), 125, 'no.json')
        self.assert_refused(self.run_vprec('--replay', self.file('x.json', '{"tool": "vprec-run"}')), 125, 'older')
        shutil.rmtree(self.path('work'))
        self.assert_refused(self.run_vprec('--replay', 'report.json'), 125, 'work')


class Reports(Case):
    def test_everything_is_in_it(self):
        report = self.report('-f', 'bf16', '--object', 'hit*', '--', SH, '-c', 'exit 3', status=3)
        self.assertEqual(report['schema'], 1)
        self.assertEqual(report['tool'], 'vprec-run')
        self.assertEqual(report['command'], [SH, '-c', 'exit 3'])
        configuration = report['configuration']
        self.assertEqual(configuration['formats']['f32']['name'], 'bf16')
        self.assertEqual(configuration['formats']['f32']['exponent_bits'], 8)
        self.assertEqual(configuration['formats']['f32']['fraction_bits'], 7)
        self.assertEqual(configuration['formats']['f32']['largest'], 255 * 2.0**120)
        self.assertIsNone(configuration['formats']['f64'])
        self.assertEqual((configuration['mode'], configuration['round'], configuration['fast']),
                         ('rne', 'results', False))
        self.assertEqual(configuration['ops'], ['add', 'sub', 'mul', 'div', 'sqrt', 'fma', 'cvt', 'rcp', 'libm'])
        self.assertEqual(configuration['rules'], [{'option': '--object', 'pattern': 'hit*', 'matched': 1,
                                                   'exists': True}])
        self.assertEqual(report['exit'], {'status': 3, 'program_status': 3, 'program_signal': None,
                                          'program_signal_name': None, 'attached': True})
        (process,) = report['processes']
        self.assertEqual(process['executable'], os.path.realpath(SH))
        self.assertEqual((process['isa'], process['startup_seconds'], process['traps'], process['libm_functions']),
                         ('avx512', 1.5, 7, 3))
        self.assertEqual(process['libm_functions_called'], {'f32': 2, 'f64': 0})
        self.assertTrue(process['selected'])
        (obj,) = report['objects']
        self.assertEqual(obj, {
            'path': '/opt/net/libnet.so.1', 'process_index': 0, 'build_id': '01abff', 'base': '0x7f0000001000',
            'functions': 2, 'sites': {'f32': 5, 'f64': 0}, 'sites_native': {'f32': 0, 'f64': 9}, 'refused': 1,
            'inlined': 0, 'clone_bytes': 8192, 'undecoded_bytes': 0,
            'by_jump': 4, 'by_short': 0, 'by_trap': 1})
        self.assertEqual(report['functions'][0], {
            'name': 'forward', 'demangled': 'forward', 'object': '/opt/net/libnet.so.1', 'object_index': 0, 'address': '0x1000', 'length': 64,
            'file': None, 'line': None,
            'sites': {'f32': 4, 'f64': 0}, 'refused': 0, 'entered': True})
        self.assertFalse(report['functions'][1]['entered'])
        self.assertEqual(report['refused'], [{
            'text': 'fadd st0, st1: x87 arithmetic is not supported', 'object': '/opt/net/libnet.so.1',
            'object_index': 0, 'function': 'forward', 'address': '0x1010', 'file': None, 'line': None, 'numbers': ['long double'],
            'executed': None}])
        self.assertEqual((report['native'], report['left_out']), ([], []))
        self.assertEqual(report['messages'], [{'text': "fesetround: replaced by the run's mode", 'process_index': 0}])
        self.assertEqual(report['records'], {'complete': True, 'dropped': 0, 'skipped': 0})
        self.assertEqual(report['totals']['sites'], {'f32': 5, 'f64': 0})
        self.assertEqual(report['totals']['sites_entered'], {'f32': 4, 'f64': 0})

    def test_counts(self):
        report = self.report('-f', 'bf16', '--count=all', '/bin/true')
        self.assertEqual(report['functions'][0]['counts'], {'f32': {
            'ops': {'add': 1000, 'fma': 24}, 'rounded': 900, 'overflows': 2, 'underflows': 0, 'subnormals': 3,
            'flushed': 0, 'nans': 0, 'exponent_min': -12, 'exponent_max': 5, 'operand_exponent_min': -20,
            'operand_exponent_max': 0, 'exponents': {'-12': 1, '5': 1020}, 'cancellation': {
                'additions': 1023, 'bits': {'0': 1000, '4': 12, '5': 8}, 'total': 3, 'max_bits': 5,
                'max_digits': 5 * math.log10(2), 'precision_bits': 8, 'more_than_half': 11}, 'first': {}}})
        idle = report['functions'][1]['counts']['f32']
        for name in ('exponent_min', 'exponent_max', 'operand_exponent_min', 'operand_exponent_max'):
            self.assertIsNone(idle[name])
        self.assertEqual(idle['cancellation'], {'additions': 0, 'bits': {}, 'total': 0, 'max_bits': None,
                                                'max_digits': None, 'precision_bits': 8, 'more_than_half': 0})
        self.assertEqual(report['totals']['subnormals'], {'f32': 3, 'f64': 0})
        self.assertEqual(report['totals']['operations'], {'f32': 1024, 'f64': 0})
        self.assertEqual(report['processes'][0]['libm_calls'], {'f32': 11, 'f64': 0})

    def test_counts_that_are_quick_tell_nothing_else(self):
        for option, exponents in ('--count', (-12, 5)), ('--count=quick', (-12, 5)), ('--count=operations', (-12, 5)):
            with self.subTest(option=option):
                report = self.report('-f', 'bf16', option, '/bin/true')
                counts = report['functions'][0]['counts']['f32']
                self.assertEqual(counts['ops'], {'add': 1000, 'fma': 24})
                self.assertEqual((counts['exponent_min'], counts['exponent_max']), exponents)
                for name in ('rounded', 'overflows', 'underflows', 'subnormals', 'flushed', 'nans', 'exponents',
                             'cancellation', 'first'):
                    self.assertIsNone(counts[name], name)
                    self.assertNotIn(name, report['totals'])
                self.assertEqual(report['totals']['operations'], {'f32': 1024, 'f64': 0})
                self.assertIs(report['configuration']['count'], True)
                self.assertEqual(report['configuration']['counted'],
                                 {'--count': 'quick'}.get(option, option.removeprefix('--count=')))
                self.assertNotIn('overflow', report['summary'])
        self.assertIsNone(self.report('-f', 'bf16', '/bin/true')['configuration']['counted'])

    def test_native_and_fast(self):
        report = self.report('-f', 'native', '--fast', '/bin/true')
        self.assertEqual(report['configuration']['formats'], {'f32': {'name': 'native'}, 'f64': {'name': 'native'}})
        self.assertTrue(report['configuration']['fast'])

    def test_several_processes_count_a_place_once(self):
        report = self.report('-f', 'bf16', '--count', SH, '-c', '/bin/true; /bin/true; exit 0')
        self.assertEqual([p['executable'] for p in report['processes']],
                         [os.path.realpath(SH), os.path.realpath('/bin/true'), os.path.realpath('/bin/true')])
        self.assertEqual(report['processes'][1]['parent'], report['processes'][0]['pid'])
        self.assertEqual([o['process_index'] for o in report['objects']], [0, 1, 2])
        self.assertEqual(report['totals']['processes'], 3)
        self.assertEqual(report['totals']['objects'], 1)
        self.assertEqual(report['totals']['sites'], {'f32': 5, 'f64': 0})
        self.assertEqual(report['totals']['sites_native'], {'f32': 0, 'f64': 9})
        self.assertEqual(report['totals']['operations'], {'f32': 3072, 'f64': 0})

    def test_standard_output(self):
        done = self.run_vprec('-q', '-f', 'bf16', '--report', '-', '/bin/true')
        self.assertEqual(strict_json(done.stdout)['schema'], 1)
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([RUN, '-q', '-f', 'bf16', '--report', '-', '/bin/true'], stdout=full,
                                  stderr=subprocess.PIPE, env=self.environment(), timeout=60)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, rb"\Avprec-run: cannot write the report to '-' [^\n]+\n\Z")

    def test_reader_that_went_away(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([RUN, '-q', '-f', 'bf16', '--report', '-', '/bin/true'], stdout=write,
                              stderr=subprocess.PIPE, env=self.environment(), timeout=60)
        os.close(write)
        self.assertEqual(done.returncode, 125)
        self.assertIn(b'Broken pipe', done.stderr)

    def test_longer_report_is_replaced(self):
        self.file('report.json', '{\n "schema": 12,\n "tool": "vprec-run",\n' + 'x' * 1000000, 0o644)
        self.report('-f', 'bf16', '/bin/true')

    def test_names_that_are_not_utf8(self):
        report = self.report('-f', 'bf16', SH, '-c', 'exit 0', b'\xff\xfe', fake='bytes')
        self.assertEqual(report['command'][3], '\\xff\\xfe')
        self.assertEqual(report['objects'][0]['path'], '/opt/\\xff\n/libnet.so.1')

    def test_unfinished_and_unknown_records(self):
        report = self.report('-f', 'bf16', '/bin/true', fake='unfinished')
        self.assertFalse(report['records']['complete'])
        self.assertEqual(len(report['functions']), 2)
        report = self.report('-f', 'bf16', '/bin/true', fake='unknown')
        self.assertEqual(report['records'], {'complete': True, 'dropped': 0, 'skipped': 2})
        self.assertEqual(len(report['functions']), 4)

    def test_garbage_never_harms(self):
        complete = 0
        for seed in range(200):
            with self.subTest(seed=seed):
                done = self.run_vprec('-f', 'bf16', ('--count', '--count=all')[seed % 2], '--audit', '--object', 'hit', '--report', 'report.json',
                                      '/bin/true', fake=f'garbage:{seed}')
                self.assertIn(done.returncode, (0, 124, 125), done.stderr)
                for line in done.stderr.splitlines():
                    self.assertRegex(line, rb'\Avprec-run: ')
                with open(self.path('report.json'), encoding='utf-8') as text:
                    complete += strict_json(text.read())['records']['complete']
        self.assertTrue(20 < complete < 180, f'{complete} of 200 walks came to the end: the garbage tests too little')


class Conclusions(Case):
    def summary(self, *args, **kwargs):
        """The lines of the summary, without vprec-run's name; the last two are None where they are not said."""
        lines = self.run_vprec(*args, **kwargs).stderr.decode().splitlines()
        lines = [line.removeprefix('vprec-run: ') for line in lines]
        first = next(i for i, line in enumerate(lines) if line.startswith(('rounded', 'f32 instrumented')))
        rest = lines[first + 1:]
        left = rest.pop(0).removeprefix('left native: ') if rest and rest[0].startswith('left native: ') else None
        hint = rest.pop(0).removeprefix('hint: ') if rest and rest[0].startswith('hint: ') else None
        self.assertEqual(rest, [])
        return lines[first], left, hint

    def test_summary_lines(self):
        done = self.run_vprec('-f', 'bf16', '/bin/true')
        line, left, hint = self.summary('-f', 'bf16', '/bin/true')
        self.assertEqual(line, 'rounded f32 to bf16 (results): 4 sites in 1 function that ran (of 5 in 2) and '
                               'calls of 2 libm functions; 1 object, 1 process')
        self.assertEqual(left, 'f64 (9 sites, no format given); long double (1 x87 instruction)')
        self.assertIsNone(hint)
        self.assertIn("vprec-run: warning: fesetround: replaced by the run's mode\n", done.stderr.decode())
        report = self.report('-f', 'bf16', '/bin/true')
        self.assertEqual((report['summary'], report['summary_left'], report['summary_hint']), (line, left, hint))
        self.assertEqual((report['totals']['refused'], report['totals']['long_double']), (0, 1))
        line = self.summary('-f', 'e8m10', '--count=all', '--fast', '/bin/true')[0]
        for part in ('1024 operations in 1 function', '11 libm calls', '2 overflows', 'rounded twice (--fast)'):
            self.assertIn(part, line)
        lines = self.run_vprec('-f', 'bf16', '--count=all', '/bin/true').stderr.decode().splitlines()
        row = lines.index(next(line for line in lines if 'FUNCTION' in line))
        self.assertEqual(lines[row + 1].split()[1:], ['forward', 'libnet.so.1', 'f32', '1024', '1.5', '1.1%', '0.3%',
                                                      '-12..5', '2', '0', '0'])
        self.assertIn('worst in forward (libnet.so.1): 11 of 1023 additions (1.1%)', lines[row + 2])
        self.assertIn('exponents -20..5, and 2 overflows: more exponent bits are needed, how many this run cannot', lines[row + 3])
        self.assertIn('--format native --count=all', lines[row + 3])
        self.assertIn('f32 instrumented, not rounded (native)', self.summary('-f', 'native', '/bin/true')[0])

    def test_hint(self):
        self.assertIn('try --format f64=', self.summary('-f', 'bf16', '/bin/true', fake='doubles')[2])
        _, left, hint = self.summary('-f', 'bf16', '/bin/true', fake='runtime')
        for line, what in ((left, 'interpreters are left out by default'), (hint, "--object '*' takes it in")):
            self.assertIn(what, line)
            self.assertIn('libpython3.11.so.1.0, python3.11', line)
        self.assertNotIn('libc', left)
        report = self.report('-f', 'bf16', '/bin/true', fake='runtime')
        self.assertEqual([(o['object'], o['reason']) for o in report['left_out']],
                         [('/opt/libc.so.6', 'system'), ('/opt/libpython3.11.so.1.0', 'runtime'),
                          ('/opt/python3.11', 'runtime')])

    def test_signal_is_named(self):
        for number, words in ((signal.SIGSEGV, 'Segmentation fault'), (signal.SIGKILL, 'Killed')):
            done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', f'kill -{int(number)} $$')
            self.assertEqual(done.returncode, 128 + number)
            self.assertEqual(done.stderr.decode(), f"vprec-run: '{SH}': {words}: signal {int(number)} ended it\n")
        done = self.run_vprec('-q', '-f', 'bf16', SH, '-c', 'kill -PIPE $$')
        self.assertEqual((done.returncode, done.stderr), (128 + signal.SIGPIPE, b''))

    def test_selected_and_native(self):
        # Said with -q too, each fact once; only --audit fails.
        for audit, status in ((['--audit'], 124), ([], 0)):
            done = self.run_vprec('-f', 'bf16', '-q', *audit, '/bin/true', fake='native')
            self.assertEqual(done.returncode, status)
            self.assertEqual(done.stderr.decode(),
                             'vprec-run: /opt/libm.so.6, function sinf stays native: the function\'s first bytes cannot '
                             'be moved\n'
                             'vprec-run: /opt/net/libcut.so stays native: a segment lies outside of the file: is it cut '
                             'short?\n')
        report = self.report('-f', 'bf16', '/bin/true', fake='native')
        self.assertEqual([(n['object'], n['function'], n['reason'], n['process_index']) for n in report['native']],
                         [('/opt/libm.so.6', 'sinf', 'libm', 0), ('/opt/net/libcut.so', None, 'unreadable', 0)])

    def test_audit_of_what_is_lost(self):
        # What the records cannot tell is not audited.
        done = self.run_vprec('-f', 'bf16', '-q', '--audit', '/bin/true', fake='unfinished')
        self.assertEqual(done.returncode, 124)
        self.assertIn(b'what followed is missing', done.stderr)

    def test_long_double_is_a_type_of_its_own(self):
        for audit, status in (('--audit', 0), ('--audit=all', 124)):
            done = self.run_vprec('-f', 'bf16', '-q', audit, '/bin/true', fake='x87')
            self.assertEqual(done.returncode, status)
            self.assertEqual(b'fprem' in done.stderr, status == 124)
        self.assertEqual(self.summary('-f', 'bf16', '--audit', '/bin/true', fake='x87')[1],
                         'f64 (9 sites, no format given); long double (2 x87 instructions, 1 of them ran)')

    def test_warnings_of_several_processes_are_said_once(self):
        done = self.run_vprec('-f', 'bf16', SH, '-c', '/bin/true; /bin/true; exit 0')
        self.assertEqual(done.stderr.count(b'warning'), 1)

    def test_audit(self):
        done = self.run_vprec('-f', 'bf16', '-q', '--audit', '/bin/true', fake='executed')
        self.assertEqual(done.returncode, 124)
        self.assertEqual(done.stderr.decode(),
                         'vprec-run: unrounded: vaddph xmm0, xmm1, xmm2: FP16 arithmetic is not supported, in '
                         'libnet.so.1+0x2010, function idle, executed 12 times\n')
        report = self.report('-f', 'bf16', '--audit', SH, '-c', 'exit 3', fake='executed', status=124)
        self.assertEqual((report['exit']['status'], report['exit']['program_status']), (124, 3))
        self.assertEqual([r['executed'] for r in report['refused']], [0, 12])
        done = self.run_vprec('-f', 'bf16', '-q', '--audit', '/bin/true', fake='many')
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 21)
        self.assertIn('and 5 more', lines[20])
        done = self.run_vprec('-f', 'bf16', '-q', '--audit', '/bin/true')
        self.assertEqual((done.returncode, done.stderr), (0, b''))

    def test_pattern_that_matched_nothing(self):
        done = self.run_vprec('-f', 'bf16', '-q', '--object', 'hit', '--function', 'sgemm*', '/bin/true')
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r"\Avprec-run: --function 'sgemm\*' matched nothing: [^\n]+\n\Z")
        report = self.report('-f', 'bf16', '--exec', 'nobody', SH, '-c', 'exit 3', status=125)
        self.assertEqual((report['exit']['status'], report['exit']['program_status']), (125, 3))
        self.assertEqual(report['configuration']['rules'][0]['matched'], 0)

    def test_pattern_with_nothing_to_round(self):
        done = self.run_vprec('-f', 'bf16', '--function', 'idle*', '/bin/true')
        self.assertEqual(done.returncode, 0)
        self.assertIn("--function 'idle*' matches in libnet.so.1, but what it names there was not reached, or has no "
                      "operation to round", done.stderr.decode())
        report = self.report('-f', 'bf16', '--function', 'idle*', '/bin/true')
        self.assertEqual((report['configuration']['rules'][0]['matched'],
                          report['configuration']['rules'][0]['exists']), (0, True))

    def test_program_without_vprec_in_it(self):
        done = self.run_vprec('-f', 'bf16', '-q', SH, '-c', 'exit 0', fake='silent')
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), rf"\Avprec-run: '{SH}' ended \(status 0\) without vprec in it[^\n]+\n\Z")
        report = self.report('-f', 'bf16', SH, '-c', 'exit 0', fake='silent', status=125)
        self.assertFalse(report['exit']['attached'])
        # What it starts does attach, but the program itself did not.
        report = self.report('-f', 'bf16', SH, '-c', 'FAKE= /bin/true; exit 0', fake='silent', status=125)
        self.assertEqual(len(report['processes']), 1)

    def test_list(self):
        done = self.run_vprec('--list', MARKER, self.marker)
        self.assertEqual((done.returncode, done.stderr.count(b'\n')), (0, 1), done.stderr)
        self.assertFalse(os.path.exists(self.marker), 'the program ran')
        rows = [line.split() for line in done.stdout.decode().splitlines()]
        self.assertEqual(rows[0], ['OBJECT', 'FUNCTION', 'F32', 'F64', 'REFUSED'])
        self.assertEqual(rows[1], ['libnet.so.1', 'forward', '4', '0', '0'])
        self.assertEqual(rows[2], ['libnet.so.1', 'idle', '1', '0', '0'])
        self.assertIn('libnet.so.1+0x1010  forward  fadd st0, st1: x87 arithmetic is not supported',
                      done.stdout.decode())
        done = self.run_vprec('-q', '--list', '--function', 'sgemm', '-f', 'bf16', MARKER, self.marker)
        self.assertEqual(done.returncode, 125)
        self.assertIn(b'sgemm', done.stderr)
        done = self.run_vprec('--list', MARKER, self.marker, fake='silent')
        self.assertEqual(done.returncode, 125)

    def test_list_of_a_script_lists_its_interpreter(self):
        script = self.file('script', f'#!/usr/bin/env sh\ntouch {self.marker}\n')
        report = self.report('--list', script)
        self.assertFalse(os.path.exists(self.marker), 'the program ran')
        self.assertEqual(report['processes'][0]['executable'], os.path.realpath(SH))


if __name__ == '__main__':
    usual_signals.restore()
    unittest.main(argv=[sys.argv[0], *sys.argv[6:]])
