# SPDX-License-Identifier: Apache-2.0
"""test_completion.py FOLDER SHELL VPREC-RUN VPREC-STATS VPREC-SWEEP VPREC-SEARCH: what bash, zsh or fish completes is what the
commands take. FOLDER holds the completions; exit status 77 if the shell is not installed."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../../common'))
import terminal

FOLDER, SHELL = os.path.abspath(sys.argv[1]), sys.argv[2]
RUN, STATS, SWEEP, SEARCH = (os.path.abspath(path) for path in sys.argv[3:7])
NOTHING = '/bin/true'
# zsh sends SIGCONT to what it waits for; that takes away the SIGSTOP by which the sanitizer's search for leaks attaches
# to the process, and both wait for ever.
WITHOUT_LEAKS = {'ASAN_OPTIONS': f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0".strip(':')}

BASH = """
. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); function=$(complete -p "${1##*/}"); function=${function##*-F }
${function%% *} "$1" "${COMP_WORDS[COMP_CWORD]}" ""
((${#COMPREPLY[@]} == 0)) || printf "%s\\n" "${COMPREPLY[@]}"
"""
# What the function calls to show its words prints them; test_on_a_terminal has zsh's own.
ZSH = """
show() { print -rl -- ${(M)@:#${current}*} }
compdef() { }
compset() { current=${current#*=} }
compadd() { show ${(P)2} }
_describe() { show ${${(P)3}%%:*} }
_files() { show *(N) }
_normal() { current=${words[CURRENT]}; if ((CURRENT == 1)) show ${(k)commands}; ((CURRENT == 1)) || _files }
source "$0"; words=("$@"); CURRENT=$#; _vprec
"""
FISH = """
complete -C (string join ' ' -- (string escape -- $argv[2..-2]) $argv[-1]) | string replace -r '\\t.*' ''; or true
"""


def complete(command, *words, cwd='/'):
    """What the last one of the words may become."""
    name = os.path.basename(command)
    environment = {**os.environ, **WITHOUT_LEAKS, 'PATH': os.path.dirname(command) + ':' + os.environ['PATH']}
    if SHELL == 'bash':
        argv = ['bash', '-c', BASH, os.path.join(FOLDER, 'vprec.bash'), command, *words]
    elif SHELL == 'zsh':
        argv = ['zsh', '-f', '-c', ZSH, os.path.join(FOLDER, '_vprec'), command, *words]
    else:
        with tempfile.TemporaryDirectory() as home:
            installed = shutil.copy(os.path.join(FOLDER, 'vprec.fish'), os.path.join(home, name + '.fish'))
            environment['HOME'] = environment['XDG_CONFIG_HOME'] = environment['XDG_DATA_HOME'] = home
            argv = ['fish', '-c', f'source {installed}' + FISH, installed, name, *words]
            return run(argv, environment, cwd)
    return run(argv, environment, cwd)


def run(argv, environment, cwd):
    done = subprocess.run(argv, capture_output=True, check=True, cwd=cwd, env=environment)
    assert not done.stderr, done.stderr
    return [word for word in done.stdout.decode().split('\n') if word]


def options_of(command):
    """The options at the beginnings of lines of --help."""
    text = subprocess.run([command, '--help'], capture_output=True, check=True).stdout.decode()
    found = set()
    for line in re.findall(r'^ {2,6}-.*', text, re.M):
        found |= set(re.findall(r'(?:^ +|, )(-[A-Za-z]\b|--[a-z-]+)', line))
    return found


class Completion(unittest.TestCase):
    def test_options(self):
        for command, few in (RUN, 20), (STATS, 10), (SWEEP, 25), (SEARCH, 15):
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
        self.assertEqual(sorted(complete(SWEEP, '--why', '')), ['all', 'native', 'none'])
        for value in complete(SWEEP, '--why', ''):
            subprocess.run([SWEEP, '--dry-run', '--why', value, '--', NOTHING], capture_output=True, check=True)
        self.assertEqual(sorted(complete(SEARCH, '--strategy', '')), ['ddmax', 'ddmin', 'greedy', 'uniform'])
        for option, values in (('--strategy', complete(SEARCH, '--strategy', '')), ('--mode', complete(SEARCH, '--mode', '')),
                               ('-f', complete(SEARCH, '--formats', ''))):
            self.assertTrue(values)
            for value in values:
                value = 'f64=' + value if value == 'fp64' else value
                done = subprocess.run([SEARCH, option, value, '--', '/no/such'], capture_output=True)
                self.assertIn(b"'/no/such'", done.stderr, (option, value, done.stderr))
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
        if SHELL == 'bash':  # which takes --mode=mca apart
            self.assertEqual(complete(RUN, '--mode', '=', 'm'), ['mca'])
            self.assertEqual(complete(RUN, '--mode', '='), complete(RUN, '--mode', ''))
        elif SHELL == 'zsh':
            self.assertEqual(complete(RUN, '--mode=m'), ['mca'])
        else:
            self.assertEqual(complete(RUN, '--mode=m'), ['--mode=mca'])
        self.assertIn('bash', complete(RUN, '-f', 'bf16', '--', 'bas'))
        with tempfile.TemporaryDirectory() as folder:
            for name in 'one', 'other', '--mode':
                with open(os.path.join(folder, name), 'w', encoding='ascii'):
                    pass
            self.assertEqual(sorted(complete(RUN, '--', 'cat', 'o', cwd=folder)), ['one', 'other'])
            self.assertIn('--mode', complete(RUN, '--', 'cat', '--', cwd=folder))
            self.assertEqual(sorted(complete(STATS, 'o', cwd=folder)), ['one', 'other'])
            self.assertEqual(sorted(complete(SWEEP, '--truth', 'o', cwd=folder)), ['one', 'other'])

    @unittest.skipUnless(SHELL == 'zsh', 'fish and bash complete without a terminal')
    def test_on_a_terminal(self):
        with tempfile.TemporaryDirectory() as home:
            with open(os.path.join(home, '.zshrc'), 'w', encoding='ascii') as file:
                file.write(f"PS1='ready: '\nfpath=({FOLDER} $fpath)\nautoload -U compinit\ncompinit -u -D\n")
            environment = {**os.environ, 'ZDOTDIR': home, 'HOME': home, 'TERM': 'dumb', **WITHOUT_LEAKS,
                           'PATH': os.path.dirname(RUN) + ':' + os.environ['PATH']}
            for typed, want in ((b'vprec-run --mode mc\t', b'--mode mca'), (b'vprec-sweep --vers\t', b'--version'),
                                (b'vprec-run -f tf\t', b'-f tf32'), (b'vprec-run -f bf16 -- unam\t', b'-- uname')):
                status, output = terminal.talk(['zsh', '-i'], environment,
                                               [(b'ready: ', typed), (want, b'\x15exit 7\r')])
                self.assertEqual(status, 7, output)


if __name__ == '__main__':
    if not shutil.which(SHELL):
        print(f'{SHELL} is not installed: tools/setup/packages test', file=sys.stderr)
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
