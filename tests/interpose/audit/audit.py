# SPDX-License-Identifier: Apache-2.0
# audit.py: what is selected and runs native is recorded with a reason, is said with -q too, and fails --audit; what was
# not asked for does not.
# Usage: audit.py VPREC-RUN PRELOAD VICTIM LIBRARY LIBRARY-WITH-SINE LIBRARY-RELOCATED
import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

RUN, PRELOAD, VICTIM, LIBRARY, SINE, RELOCATED = (os.path.abspath(path) for path in sys.argv[1:7])
NATIVE, BF16 = '3f8147ae', '3f810000'  # 1 + 0.01f in binary32, and rounded to 8 significant bits
PR_SET_MDWE = 65


class Audit(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vprec-audit.')
        self.addCleanup(shutil.rmtree, self.dir)

    def run_vprec(self, *args, **kwargs):
        """The finished run with -q, and its report."""
        file = os.path.join(self.dir, 'report.json')
        done = subprocess.run([RUN, '-q', '--report', file, *args], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=120, text=True, env={**os.environ, 'VPREC_PRELOAD': PRELOAD}, **kwargs)
        with open(file, encoding='utf-8') as text:
            return done, json.load(text)

    def audit(self, status, *args, output=None, **kwargs):
        done, report = self.run_vprec('--audit', *args, **kwargs)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(bool(done.stderr), status == 124)
        if output:
            self.assertEqual(done.stdout.strip(), output)
        return done, report

    def test_nothing_native(self):
        _, report = self.audit(0, '-f', 'bf16', '--', VICTIM, 'float', output=BF16)
        self.assertEqual(report['native'], [])
        self.assertIn('system', {one['reason'] for one in report['left_out']})

    def damaged(self, cut):
        """A copy of the victim that the loader runs, whose unwind table lies outside of the file; `cut`: whose dynamic
        section, by its own header, does too."""
        path = os.path.join(self.dir, 'damaged')
        with open(VICTIM, 'rb') as file:
            data = bytearray(file.read())
        table, = struct.unpack_from('<Q', data, 32)
        size, count = struct.unpack_from('<HH', data, 54)
        for i in range(count):
            at = table + i * size
            kind, = struct.unpack_from('<I', data, at)
            if kind == 0x6474e550:  # PT_GNU_EH_FRAME
                struct.pack_into('<Q', data, at + 16, 1 << 40)
            if kind == 2 and cut:  # PT_DYNAMIC: the loader reads it up to its end mark
                struct.pack_into('<QQ', data, at + 32, 1 << 40, 1 << 40)
        struct.pack_into('<Q', data, 40, 0)  # no section headers, which would tell where the table is
        with open(path, 'wb') as file:
            file.write(data)
        os.chmod(path, 0o755)
        self.assertEqual(subprocess.run([path], capture_output=True, text=True, check=True).stdout.strip(), NATIVE)
        return path

    def test_unwind_tables_are_no_must(self):
        _, report = self.audit(0, '-f', 'bf16', '--', self.damaged(False), 'float', output=BF16)
        self.assertEqual(report['native'], [])

    def test_unreadable_object(self):
        path = self.damaged(True)
        done, report = self.audit(124, '-f', 'bf16', '--', path, output=NATIVE)
        self.assertRegex(done.stderr, r'\Avprec-run: [^\n]*/damaged stays native: its dynamic section[^\n]+\n\Z')
        self.assertEqual([(one['object'], one['function'], one['reason']) for one in report['native']],
                         [(path, None, 'unreadable')])
        without, _ = self.run_vprec('-f', 'bf16', '--', path)
        self.assertEqual((without.returncode, without.stderr), (0, done.stderr))
        _, report = self.audit(0, '-f', 'bf16', '--skip-object', 'damaged', '--', path, output=NATIVE)
        self.assertIn(('skipped', path), [(one['reason'], one['object']) for one in report['left_out']])

    def test_nothing_may_be_made_executable(self):
        def deny():
            ctypes.CDLL(None).prctl(PR_SET_MDWE, 1, 0, 0, 0)

        probe = [sys.executable, '-c', f'import ctypes; raise SystemExit(ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0) != 0)']
        if subprocess.run(probe, check=False).returncode:
            self.skipTest('this kernel has no PR_SET_MDWE')
        for spec in ('bf16', 'native'):
            done = subprocess.run([RUN, '-q', '-f', spec, '--', VICTIM], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=120, text=True, env={**os.environ, 'VPREC_PRELOAD': PRELOAD}, preexec_fn=deny)
            self.assertEqual((done.returncode, done.stdout), (126, ''))
            self.assertIn('nothing may be made executable', done.stderr)

    def test_long_double(self):
        # By what the program keeps in memory: which audits fail.
        for kind, failing in (('constants', ()), ('widen', ()), ('unsigned', ()), ('numbers', ('f32',)), ('load-f32', ('f32',)), ('load-f64', ('f64',)), ('store-f32', ('f32',)),
                              ('add-f64', ('f64',))):
            for types in ('f32', 'f64'):
                with self.subTest(kind=kind, types=types):
                    status = 124 if types in failing else 0
                    _, report = self.audit(status, '-f', f'{types}=native', '--', VICTIM, kind)
                    self.assertEqual(report['totals']['refused_executed'] > 0, status == 124)
                    self.assertGreater(report['totals']['refused_executed'] +
                                       report['totals']['long_double_executed'], 0)
            self.assertEqual(self.run_vprec('--audit=all', '-f', 'f32=native', '--', VICTIM, kind)[0].returncode, 124)

    def test_code_that_is_none(self):
        # 1.5 doubled twice is exact; what counts is that the second addition is not followed.
        done, report = self.audit(124, '-f', 'f32=native', '--', VICTIM, 'unknown', output='40c00000')
        self.assertRegex(done.stderr, 'unrounded: code that cannot be decoded, .* function audit_behind, executed 1 time\n')
        self.assertEqual([one['executed'] for one in report['refused'] if 'decoded' in one['text']], [1])
        self.audit(0, '-f', 'f32=native', '--', VICTIM, 'float', output=NATIVE)

    def test_code_that_the_loader_writes(self):
        _, report = self.audit(124, '-f', 'bf16', '--', VICTIM, 'opened', RELOCATED, output=NATIVE)
        self.assertEqual([(one['object'], one['reason']) for one in report['native']],
                         [(RELOCATED, 'text-relocations')])
        self.audit(0, '-f', 'bf16', '--', VICTIM, 'opened', LIBRARY, output=BF16)

    def test_names_like_runtimes(self):
        for name, selected in (('perlin', True), ('pythonic', True), ('shell', True), ('ruby_net', True),
                               ('python3.11', False), ('perl5.36', False), ('ruby3.1', False), ('sh', False)):
            path = shutil.copy(VICTIM, os.path.join(self.dir, name))
            _, report = self.audit(0, '-f', 'bf16', '--', path, output=BF16 if selected else NATIVE)
            left = [one['reason'] for one in report['left_out'] if one['object'] == path]
            self.assertEqual(left, [] if selected else ['runtime'], name)

    def test_namespace(self):
        _, report = self.audit(0, '-f', 'bf16', '--', VICTIM, 'namespace', LIBRARY, output=BF16)
        self.assertIn(LIBRARY, [one['path'] for one in report['objects']])
        self.assertEqual(report['native'], [])
        # Its libm is another one than the program's.
        done, report = self.audit(124, '-f', 'bf16', '--', VICTIM, 'namespace', SINE)
        self.assertRegex(done.stderr, r'\Avprec-run: [^\n]*/libm\.so\.6 stays native: it is another namespace')
        self.assertEqual([one['reason'] for one in report['native']], ['libm'])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
