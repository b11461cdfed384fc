# SPDX-License-Identifier: Apache-2.0
"""test_completion.py SCRIPT VPREC-RUN VPREC-STATS VPREC-SWEEP: what bash completes is what the commands take."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT, RUN, STATS, SWEEP = (os.path.abspath(path) for path in sys.argv[1:5])
NOTHING = '/bin/true'


def complete(*words, cwd='/'):
    """What the last one of the words may become."""
    program = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); function=$(complete -p "${1##*/}"); '
               'function=${function##*-F }; ${function%% *} "$1" "${COMP_WORDS[COMP_CWORD]}" ""; '
               '((${#COMPREPLY[@]} == 0)) || printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '-c', program, SCRIPT, *words], capture_output=True, check=True, cwd=cwd)
    assert not done.stderr, done.stderr
    return done.stdout.decode().split('\n')[:-1]


def options_of(command):
    """The options at the beginnings of lines of --help."""
    text = subprocess.run([command, '--help'], capture_output=True, check=True).stdout.decode()
    found = set()
    for line in re.findall(r'^ {2,6}-.*', text, re.M):
        found |= set(re.findall(r'(?:^ +|, )(-[A-Za-z]\b|--[a-z-]+)', line))
    return found


class Completion(unittest.TestCase):
    def test_options(self):
        for command, few in (RUN, 20), (STATS, 10), (SWEEP, 25):
            offered, want = complete(command, '-'), options_of(command)
            self.assertGreater(len(want), few)
            self.assertFalse(want - set(offered), command)
            for option in offered:  # every one of them is an option: it is not unknown
                done = subprocess.run([command, option], capture_output=True, stdin=subprocess.DEVNULL, cwd='/')
                self.assertNotIn(b'unknown', done.stderr.split(b"'")[0], option)
            self.assertEqual(complete(command, '--vers'), ['--version'])

    def test_values_are_accepted(self):
        accepted = 0
        for option in ('--format', '-f', '--mode', '-m', '--round', '--ops', '--error-mode', '--noise', '--reference'):
            values = complete(RUN, option, '')
            self.assertTrue(values, option)
            for value in values:
                value += '3' if value.endswith(':') else ''
                others = [] if option in ('--format', '-f') else ['-f', 'bf16']
                others += [] if option in ('--mode', '-m') else ['-m', 'rr']
                others += ['-o', 'x'] if option == '--reference' else []
                word = f'{option}={value}' if option[1] == '-' else option + value
                done = subprocess.run([RUN, *others, word, '--', '/no/such'], capture_output=True)
                if option in ('--format', '-f') and done.returncode == 125:  # a double's only
                    self.assertIn(b'f32', done.stderr, value)
                    done = subprocess.run([RUN, '-f', 'f64=' + value, '--', '/no/such'], capture_output=True)
                self.assertEqual(done.returncode, 127, (option, value, done.stderr))
                accepted += 1
        self.assertGreater(accepted, 40)
        for option, cells in (('--formats', ['-m', 'rne']), ('--modes', ['-f', 'bf16'])):
            for value in complete(SWEEP, option, ''):
                value = 'f64=' + value if value in ('fp64',) else value
                subprocess.run([SWEEP, '--dry-run', *cells, option, value, '--', NOTHING], capture_output=True,
                               check=True)
        for option in '--format', '--input', '--method', '--error', '--failed', '-f', '-i', '-m', '-e':
            for value in complete(STATS, option, ''):
                done = subprocess.run([STATS, option, value, '/no/such'], capture_output=True)
                self.assertEqual(done.returncode, 1, (option, value, done.stderr))

    def test_metrics(self):
        metrics = complete(SWEEP, '--metric', '')
        self.assertGreater(len(metrics), 8)
        for metric in metrics:
            subprocess.run([SWEEP, '--dry-run', '--metric', metric, '--', NOTHING], capture_output=True, check=True)

    def test_places(self):
        self.assertEqual(complete(RUN, '--mode', '=', 'm'), ['mca'])
        self.assertEqual(complete(RUN, '--mode', '='), complete(RUN, '--mode', ''))
        self.assertIn('bash', complete(RUN, '-f', 'bf16', '--', 'bas'))
        with tempfile.TemporaryDirectory() as folder:
            for name in 'one', 'other', '--mode':
                with open(os.path.join(folder, name), 'w', encoding='ascii'):
                    pass
            self.assertEqual(sorted(complete(RUN, '--', 'cat', 'o', cwd=folder)), ['one', 'other'])
            self.assertEqual(complete(RUN, '--', 'cat', '--', cwd=folder), ['--mode'])
            self.assertEqual(sorted(complete(STATS, 'o', cwd=folder)), ['one', 'other'])
            self.assertEqual(sorted(complete(SWEEP, '--truth', 'o', cwd=folder)), ['one', 'other'])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
