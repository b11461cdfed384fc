# SPDX-License-Identifier: Apache-2.0
# test_whole.py: vprec-run with the real preload library in a small program:
# the report is whole however the program ends.
# Usage: test_whole.py VPREC-RUN PRELOAD VICTIM
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

RUN, PRELOAD, VICTIM = (os.path.abspath(path) for path in sys.argv[1:4])


def rounded_sum():
    """0.1f added 100 times with the sum rounded to bfloat16, ties to even: integers only. Bits of the result."""
    def bf16(numerator):  # value = numerator / 2**27, as 0.1f is
        shift = max(numerator.bit_length() - 8, 0)
        low, half = numerator & ((1 << shift) - 1), (1 << shift) >> 1
        kept = numerator >> shift
        return (kept + (low > half or (low == half and shift > 0 and kept & 1))) << shift

    tenth = 13421773  # 0.1f = 13421773 * 2**-27
    total = 0
    for _ in range(100):
        total = bf16(total + tenth)
    return struct.pack('>f', total / 2**27).hex()


class Whole(unittest.TestCase):
    def run_vprec(self, *args):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, 'report.json')
            done = subprocess.run([RUN, '--report', file, *args], capture_output=True, timeout=60,
                                  stdin=subprocess.DEVNULL, env={**os.environ, 'VPREC_PRELOAD': PRELOAD})
            with open(file, encoding='utf-8') as text:
                return done, json.load(text)

    def victims(self, report):
        return [f for f in report['functions'] if f['name'] == 'cli_victim_sum']

    def test_however_it_ends(self):
        native = subprocess.run([VICTIM], capture_output=True, check=True).stdout
        expected = rounded_sum().encode() + b'\n'
        self.assertNotEqual(native, expected)
        for end, status, runs in (('return', 0, 1), ('_exit', 5, 1), ('crash', 128 + signal.SIGSEGV, 1),
                                  ('kill', 128 + signal.SIGKILL, 1), ('exec', 5, 2)):
            for spec, output in (('bf16', expected), ('native', native)):
                with self.subTest(end=end, spec=spec):
                    done, report = self.run_vprec('-f', spec, '--', VICTIM, end)
                    self.assertEqual(done.returncode, status, done.stderr)
                    self.assertEqual(done.stdout, output * runs)
                    self.assertTrue(report['records']['complete'])
                    self.assertEqual(len(report['processes']), runs)
                    self.assertEqual([f['entered'] for f in self.victims(report)], [True] * runs)
                    self.assertGreater(report['totals']['sites_entered']['f32'], 0)

    def test_small_stack(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_STACK, (24 << 10, 24 << 10))

        done = subprocess.run([RUN, '-q', '-f', 'bf16', '--', VICTIM], capture_output=True, timeout=60, preexec_fn=limit,
                              stdin=subprocess.DEVNULL, env={'PATH': os.environ['PATH'], 'VPREC_PRELOAD': PRELOAD})
        self.assertEqual((done.returncode, done.stdout), (0, rounded_sum().encode() + b'\n'), done.stderr)

    def test_entered_by_pointer(self):
        for end, entered in (('pointer', [True]), ('return', [])):
            done, report = self.run_vprec('-f', 'native', '--', VICTIM, end)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([f['entered'] for f in report['functions'] if f['name'] == 'cli_victim_twice'], entered)

    def test_entered_behind_the_first_byte(self):
        names = {'cli_victim_' + name for name in ('label', 'tail', 'tailed', 'across', 'crossed', 'plainly', 'computed')}
        for end, entered in (('ways', names), ('return', set())):
            done, report = self.run_vprec('-f', 'native', '--', VICTIM, end)
            self.assertEqual(done.returncode, 0, done.stderr)
            functions = {f['name'] for f in report['functions'] if f['entered']}
            self.assertEqual(names & functions, entered)

    def test_names_of_other_languages(self):
        scale, bias = '_ZN3net5scaleEf', 'cli_victim_bias'
        for pattern, selected in (('net::scale', [scale]), ('net::scale(float)', [scale]), (scale, [scale]),
                                  ('net::b*', [bias]), ('__cli_victim_scale', [scale]), ('_RNv*', [bias]), ('net::*', [scale, bias]), ('*(float)', [scale])):
            with self.subTest(pattern=pattern):
                done, report = self.run_vprec('-f', 'f32=native', '--function', pattern, '--', VICTIM, 'names')
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(sorted(f['name'] for f in report['functions'] if f['entered']), selected)
                done, report = self.run_vprec('-f', 'f32=native', '--skip-function', pattern, '--', VICTIM, 'names')
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertFalse(set(selected) & {f['name'] for f in report['functions'] if f['entered']})
        done, report = self.run_vprec('-f', 'f32=native', '--', VICTIM, 'names')
        self.assertEqual({f['name']: f['demangled'] for f in report['functions'] if f['name'] in (scale, bias)},
                         {scale: 'net::scale(float)', bias: bias})
        done, _ = self.run_vprec('--list', '-f', 'f32=native', '--', VICTIM)
        self.assertRegex(done.stdout.decode(), r'net::scale\(float\) +1 ')

    def told(self, *options, end='names', status=0):
        """The first line that a run says of a pattern that selects nothing."""
        done, report = self.run_vprec('-f', 'bf16', *options, '--', VICTIM, end)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr.decode().splitlines()[0], report['configuration']['rules'][0]

    def test_function_that_selects_nothing(self):
        for pattern in ('net::relu', '_ZN3net4reluEf', 'net::relu(float)', 'cli_victim_difference'):
            line, rule = self.told('--function', pattern, status=125 if 'difference' in pattern else 0)
            self.assertEqual(rule['matched'], 0)
            self.assertEqual(rule['exists'], 'difference' not in pattern)
            self.assertIn(f"--function '{pattern}' matche" + (
                'd nothing' if 'difference' in pattern else
                's in cli-victim, but what it names there was not reached, or has no operation to round'), line)
        # not reached; a part of it does not stand for the whole
        for pattern in ('net::scale', '__cli_victim_scale', 'cli_victim_parts.cold', 'cli_victim_parts'):
            line, _ = self.told('--function', pattern, end='return')
            self.assertIn('was not reached, or has no operation', line)
            self.told('--skip-function', pattern, end='return')
        for pattern in ('net::rel', 'cli_victim_parts.part.1', 'cli-victim+0x', 'cli-victim+0xfffffff', 'libm+0x1000'):
            line, _ = self.told('--function', pattern, status=125)
            self.assertIn(f"--function '{pattern}' matched nothing", line)
        done, _ = self.run_vprec('--list', '-f', 'bf16', '--function', 'net::relu', '--', VICTIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("'net::relu' matches in cli-victim, but nothing there has an operation", done.stderr.decode())

    def test_parts_of_functions(self):
        """What a compiler cuts off a function belongs to it."""
        parts = ['cli_victim_parts.cold', 'cli_victim_parts.part.0', 'cli_victim_parts.part.0.constprop.1.cold']
        for option in ('--function', '--skip-function'):
            for pattern, matched in (('cli_victim_parts', parts), ('cli_victim_part?', parts), (parts[0], parts[:1]),
                                     (parts[1], parts[1:]), ('cli_victim_parts.part.0.constprop.1', parts[2:])):
                with self.subTest(option=option, pattern=pattern):
                    done, report = self.run_vprec('-f', 'f32=native', option, pattern, '--', VICTIM, 'parts')
                    self.assertEqual(done.returncode, 0, done.stderr)
                    ran = [f['name'] for f in report['functions'] if f['entered'] and f['name'] in parts]
                    self.assertEqual(sorted(ran), [name for name in parts if
                                                   (name in matched) == (option == '--function')])

    def test_pattern_for_what_is_one_operation(self):
        done, _ = self.run_vprec('-f', 'bf16', '--object', 'libm.so*', '--', sys.executable, '-c', '')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('the selected objects hold nothing to round', done.stderr.decode())
        done, _ = self.run_vprec('-f', 'bf16', '--object', 'libm.so*', '--', VICTIM) # which has no libm
        self.assertEqual(done.returncode, 125, done.stderr)

    def test_operations_that_are_left_out(self):
        """--ops names what it leaves native; where nothing is left of the program it is to blame, not the objects."""
        done, report = self.run_vprec('-f', 'f32=bf16', '--ops', 'div,sqrt', '--', VICTIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('left native: add, sub, mul, fma, cvt, rcp, libm (left out by --ops)', done.stderr.decode())
        self.assertRegex(report['summary_hint'], '^no operation that --ops names ran')
        done, report = self.run_vprec('-f', 'f32=bf16', '--ops', 'add', '--', VICTIM)
        self.assertIn('(left out by --ops)', report['summary_left'])
        self.assertIsNone(report['summary_hint'])
        done, report = self.run_vprec('-f', 'f32=bf16', '--', VICTIM)
        self.assertNotIn('--ops', str(report['summary_left']))

    def test_counts(self):
        done, report = self.run_vprec('-f', 'bf16', '--count=all', '--', VICTIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        (function,) = self.victims(report)
        self.assertEqual(function['counts']['f32']['ops'], {'add': 100})
        self.assertEqual(function['counts']['f32']['overflows'], 0)

    def test_selection(self):
        native = subprocess.run([VICTIM], capture_output=True, check=True).stdout
        done, report = self.run_vprec('-f', 'bf16', '--skip-function', 'cli_victim_*', '--', VICTIM)
        self.assertEqual((done.returncode, done.stdout), (0, native), done.stderr)
        self.assertFalse(any(f['entered'] for f in self.victims(report)))
        done, report = self.run_vprec('-f', 'bf16', '--function', 'cli_victim_sum', '--', VICTIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, rounded_sum().encode() + b'\n')
        self.assertEqual(len(report['functions']), 1)
        done, report = self.run_vprec('-f', 'bf16', '--function', 'cli_victim_difference', '--', VICTIM)
        self.assertEqual((done.returncode, done.stdout), (125, native))
        self.assertEqual(report['exit']['program_status'], 0)
        done, report = self.run_vprec('-f', 'bf16', '--exec', '*/' + os.path.basename(VICTIM), '--', '/bin/sh', '-c',
                                      f'{VICTIM}; {VICTIM}; exit 3')
        self.assertEqual((done.returncode, done.stdout), (3, 2 * (rounded_sum().encode() + b'\n')), done.stderr)
        self.assertEqual([p['selected'] for p in report['processes']], [False, True, True])

    def test_list(self):
        done, _ = self.run_vprec('-q', '--list', '--', VICTIM)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        rows = [line.split() for line in done.stdout.decode().splitlines()]
        (row,) = [row for row in rows if 'cli_victim_sum' in row]
        self.assertEqual(row[0], os.path.basename(VICTIM))
        self.assertGreater(int(row[2]), 0)
        self.assertIn('upper bound', done.stdout.decode())
        self.assertNotIn(subprocess.run([VICTIM], capture_output=True, check=True).stdout, done.stdout)

    def test_list_and_run(self):
        """What ran is in the list: as many sites in each function, and no more."""
        done, listed = self.run_vprec('-q', '--list', '-f', 'f32=bf16,f64=native', '--', VICTIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = {f['name']: f['sites'] for f in listed['functions']}
        for end in ('ways', 'names', 'parts', 'pointer'):
            _, report = self.run_vprec('-f', 'f32=native,f64=native', '--', VICTIM, end)
            ran = {f['name']: f['sites'] for f in report['functions'] if f['entered']}
            self.assertGreater(len(ran), 1)
            self.assertEqual(ran, {name: listed.get(name) for name in ran})


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
