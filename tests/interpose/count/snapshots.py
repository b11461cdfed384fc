#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""snapshots.py: SIGUSR1 has vprec-run tell of a run that goes on: what is counted lies between what the program knows to
be done before it asks and begun after, by inline code and by C, by function and by scope; and is exact where it stands
still. Usage: snapshots.py VPREC-RUN SERVER"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

RUN, SERVER = sys.argv[1:3]
NAME = 'block'


class Server:
    def __init__(self, *options, **kwargs):
        self.process = subprocess.Popen([RUN, '-f', 'e5m10', *options, '--', SERVER], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, **kwargs)

    def ask(self, what):
        self.process.stdin.write(what.encode() + b'\n')
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def poke(self):
        self.process.send_signal(signal.SIGUSR1)

    def end(self):
        """What it has done, in all."""
        self.process.stdin.close()
        total = int(self.process.stdout.read())
        assert self.process.wait(timeout=60) == 0
        return total


def operations(report):
    counts = [f['counts']['f32'] for f in report['functions'] if f['name'] == NAME and 'counts' in f]
    counts += [s['counts']['f32'] for s in report['scopes'] if 'counts' in s]
    for c in counts:
        for first in (c['first'] or {}).values():
            assert first['operation'] == 'mul' and len(first['operands']) == 2 and first['result'] == 'inf', first
    return sum(c['ops'].get('mul', 0) for c in counts)


class Snapshots(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix='vprec-snapshots.')
        self.addCleanup(self.directory.cleanup)
        self.file = os.path.join(self.directory.name, 'report.json')

    def read(self):
        with open(self.file, encoding='utf-8') as file:
            return json.load(file)

    def snapshot(self, server):
        """The next one; the file is another one then."""
        before = os.stat(self.file)
        server.poke()
        for _ in range(30000):
            now = os.stat(self.file)
            if (now.st_ino, now.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
                return self.read()
            self.assertIsNone(server.process.poll())
            time.sleep(0.002)
        self.fail('no snapshot came')

    def check(self, *options):
        server, over, read = Server('-q', '--report', self.file, *options), threading.Event(), [0]
        last = 0
        self.addCleanup(server.process.kill)
        server.ask('ended')
        first = self.snapshot(server)
        self.assertTrue(first['snapshot'])

        def reader():  # there is a whole one at any time
            while not over.wait(0.001):
                self.read()
                read[0] += 1
        readers = threading.Thread(target=reader)
        readers.start()
        try:
            for _ in range(10):
                least = server.ask('ended')
                report = self.snapshot(server)
                most = server.ask('begun')
                counted = operations(report)
                self.assertLessEqual(max(least, last), counted)
                self.assertLessEqual(counted, most)
                self.assertEqual(report['exit'], {'status': None, 'program_status': None, 'program_signal': None,
                                                  'program_signal_name': None, 'attached': True})
                self.assertIsNone(report['resources']['user_seconds'])
                self.assertTrue(report['records']['complete'])
                last = counted
            for _ in range(2):
                exact = server.ask('stop')
                self.assertEqual(operations(self.snapshot(server)), exact)
                self.assertGreaterEqual(server.ask('go'), exact)
            total = server.end()
        finally:
            over.set()
            readers.join()
        report = self.read()
        self.assertFalse(report['snapshot'])
        self.assertEqual(report['exit']['status'], 0)
        self.assertGreater(report['resources']['user_seconds'], 0)
        self.assertEqual(operations(report), total)
        self.assertGreater(read[0], 0)
        self.assertEqual(os.listdir(self.directory.name), ['report.json'])

    def test_by_inline_code(self):
        self.check('--count=operations')

    def test_with_exponents(self):
        self.check('--count')

    def test_by_c_code(self):
        self.check('--count=all')

    def test_by_scope(self):
        self.check('--layers')

    def test_by_scope_in_inline_code(self):
        self.check('--layers', '--count')

    def test_the_table(self):
        server = Server('--layers', '--count', stderr=subprocess.PIPE)
        exact = server.ask('stop')
        server.poke()
        lines = []
        while not lines or 'rounded f32' not in lines[-1]:
            lines.append(server.process.stderr.readline().decode())
        self.assertRegex(lines[0], r'\Avprec-run: snapshot after \d+\.\d{3} s, the program goes on\n\Z')
        self.assertIn('LAYER', lines[1])
        self.assertEqual(sorted(re.findall(r'api:(\w+) ', ''.join(lines))), ['even', 'odd'])
        self.assertIn(f' {exact} operations ', ''.join(lines))
        total = server.end()
        with server.process.stderr as errors:
            told = errors.read().decode()
        self.assertNotIn('snapshot', told)
        self.assertIn(f' {total} operations ', told)

    def test_a_pipe_takes_one_behind_the_other(self):
        end, start = os.pipe()
        server = Server('-q', '--report', f'/dev/fd/{start}', pass_fds=[start])
        os.close(start)
        server.ask('stop')
        server.poke()
        text = ''
        with open(end, encoding='utf-8') as pipe:
            while not text.endswith('\n}\n'):
                text += os.read(pipe.fileno(), 1 << 16).decode()
            self.assertTrue(json.loads(text)['snapshot'])
            server.process.stdin.close()
            self.assertFalse(json.load(pipe)['snapshot'])
        self.assertEqual(server.process.wait(timeout=60), 0)
        server.process.stdout.close()


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
