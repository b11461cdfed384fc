#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lines.py: lines of the source beside what vprec-run tells, against those that the program itself knows by __LINE__;
by debugging information in the file, and in a file of its own. Usage: lines.py VPREC-RUN LINED yes|no
(no: vprec-run was built without libdw: exit 77)"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

RUN, LINED, BUILT = sys.argv[1:4]
RUN, LINED = os.path.abspath(RUN), os.path.abspath(LINED)


class Lines(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='vprec-lines.')
        self.addCleanup(directory.cleanup)
        self.dir = directory.name
        self.program = os.path.join(self.dir, 'lined')
        shutil.copy(LINED, self.program)

    def run_vprec(self, *options, command=None, **environment):
        report = os.path.join(self.dir, 'report.json')
        done = subprocess.run([RUN, '-f', 'e8m10', *options, '--report', report, '--', *(command or [self.program])],
                              capture_output=True, timeout=60, cwd=self.dir, env={**os.environ, **environment},
                              check=False)
        with open(report, encoding='utf-8') as file:
            told = json.load(file)
        lines = {name: int(line) for name, line in re.findall(r'^(\w+) (\d+)$', done.stdout.decode(), re.M)}
        return told, done.stderr.decode(), lines

    def places(self, told):
        """By function: its line, that of the first that is left exact in it, that of what is refused."""
        def by_function(entries, key):
            first_last = sorted(entries, key=lambda e: -int(e['address'], 16))
            return {e[key]: (e['file'] and os.path.basename(e['file']), e['line']) for e in first_last
                    if e['object'] == self.program}
        return (by_function(told['functions'], 'name'), by_function(told['integer_rounding'], 'function'),
                by_function(told['refused'], 'function'))

    def check_all(self, told, lines, file='lined.c'):
        functions, exact, refused = self.places(told)
        self.assertEqual(functions['product'], (file, lines['product'] if file else None))
        self.assertEqual(exact['rounded'], (file, lines['rounded'] if file else None))
        self.assertEqual(refused['product_long'], (file, lines['product_long'] if file else None))

    def test_in_the_file(self):
        told, errors, lines = self.run_vprec('--count', '--audit=all')
        self.check_all(told, lines)
        self.assertRegex(errors, r'unrounded: [^\n]*, in lined\+0x[0-9a-f]+, function product_long, lined\.c:'
                                 f'{lines["product_long"]}, executed 1 time\n')
        self.assertRegex(errors, r'FUNCTION +OBJECT +TYPE +OPS +EXPONENTS +LINE\n')
        self.assertRegex(errors, rf' product +lined +f32 +1 +\S+ +lined\.c:{lines["product"]}\n')

    def test_in_a_table_of_all_counts(self):
        _, errors, lines = self.run_vprec('--count=all')
        self.assertRegex(errors, r' OVER  UNDER    NAN  LINE\n')
        self.assertRegex(errors, rf' product +lined +f32 .* lined\.c:{lines["product"]}\n')

    def test_in_a_list(self):
        listed = subprocess.run([RUN, '--list', '-f', 'e8m10', '--', self.program], capture_output=True, timeout=60,
                                check=True).stdout.decode()
        lines = self.run_vprec()[2]
        self.assertRegex(listed, rf'product_long  [^\n]*  lined\.c:{lines["product_long"]}\n')

    def test_nothing_where_there_is_no_debugging_information(self):
        subprocess.run(['strip', '-g', self.program], check=True)
        told, errors, lines = self.run_vprec('--count', '--audit=all')
        self.check_all(told, lines, None)
        self.assertRegex(errors, r'FUNCTION +OBJECT +TYPE +OPS +EXPONENTS\n')
        self.assertNotIn('LINE', errors)
        self.assertRegex(errors, r', function product_long, executed 1 time\n')

    def test_in_a_file_of_its_own_that_the_file_names(self):
        other = os.path.join(self.dir, '.debug', 'lined.debug')
        os.mkdir(os.path.dirname(other))
        subprocess.run(['objcopy', '--remove-section', '.note.gnu.build-id', self.program], check=True)
        subprocess.run(['objcopy', '--only-keep-debug', self.program, other], check=True)
        subprocess.run(['strip', '-g', self.program], check=True)
        subprocess.run(['objcopy', f'--add-gnu-debuglink={other}', self.program], check=True)
        told, _, lines = self.run_vprec('--count', '--audit=all')
        self.check_all(told, lines)
        with open(other, 'r+b') as file:  # it is another one: its sum is not the one that the link tells
            file.seek(0, os.SEEK_END)
            file.write(b'?')
        told, _, lines = self.run_vprec('--count', '--audit=all')
        self.check_all(told, lines, None)

    def test_nothing_of_a_file_that_was_replaced(self):
        other = os.path.join(self.dir, 'other')
        subprocess.run(['objcopy', '--update-section', f'.note.gnu.build-id={self.note(b"?" * 20)}', self.program, other],
                       check=True)
        told, _, lines = self.run_vprec('--count', '--audit=all', command=['/bin/sh', '-c', f'{self.program} && mv {other} {self.program}'])
        self.assertFalse(os.path.exists(other))
        self.check_all(told, lines, None)

    def note(self, build_id):
        """A file with that note."""
        path = os.path.join(self.dir, 'note')
        with open(path, 'wb') as file:
            file.write(b'\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0' + build_id)
        return path

    def test_nobody_is_asked_elsewhere(self):
        subprocess.run(['strip', '-g', self.program], check=True)
        with socket.socket() as server:
            server.bind(('127.0.0.1', 0))
            server.listen()
            server.settimeout(0)
            address = f'http://127.0.0.1:{server.getsockname()[1]}/'
            told, _, lines = self.run_vprec('--count', '--audit=all', DEBUGINFOD_URLS=address,
                                            command=['/bin/sh', '-c', f'{self.program}; echo "$DEBUGINFOD_URLS" >&2'])
            self.check_all(told, lines, None)
            with self.assertRaises(BlockingIOError):
                server.accept()

    def test_the_programs_environment_is_as_it_was(self):
        _, errors, _ = self.run_vprec(DEBUGINFOD_URLS='some', command=['/bin/sh', '-c', 'echo "is $DEBUGINFOD_URLS" >&2'])
        self.assertIn('is some\n', errors)


if __name__ == '__main__':
    if BUILT != 'yes':
        print('vprec-run was built without libdw')
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
