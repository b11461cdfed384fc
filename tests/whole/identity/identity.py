#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""identity.py: programs of Debian do under `vprec-run --format native`, with and without `--object '*'`, what they do
alone: the same standard output, standard error, exit status and files. The programs stand in identity.list.

    identity.py --vprec-run FILE [NAME...]   runs all of the list, or those that are named; says what differs
    identity.py --show [NAME...]             prints what they give alone, to see that it is what was meant
    identity.py --packages                   prints the packages that the list needs
    identity.py --install                    installs those that are missing, with apt-get, as root

A program runs alone twice first: one that differs from itself proves nothing, and fails. One whose packages are not
installed is left out, and named; the exit status is 77 if nothing else is wrong.
"""
import argparse
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIP = 77
LIMIT = 600
OPTIONS = [], ['--object', '*']
# Nothing of the machine's user, place, time or network.
ENVIRONMENT = {'PATH': '/usr/bin:/bin:/usr/sbin:/sbin:/usr/games', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'TERM': 'dumb',
               'SOURCE_DATE_EPOCH': '1000000000', 'PYTHONHASHSEED': '0', 'OMP_NUM_THREADS': '2',
               'OPENBLAS_NUM_THREADS': '1', 'NO_COLOR': '1', 'no_proxy': '*'}


class Program:
    def __init__(self, line):
        head, packages, self.command = line.rstrip('\n').split(' | ', 2)
        self.name, *self.flags = head.split()
        self.packages = packages.split(', ')


def read_list():
    with open(os.path.join(HERE, 'identity.list'), encoding='utf-8') as file:
        return [Program(line) for line in file if line.strip() and not line.startswith('#')]


def missing(packages, known={}):
    """Those that are not installed."""
    if not known:
        done = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status} ${Package} ${Provides}\n'],
                              stdout=subprocess.PIPE, text=True, check=True)
        for line in done.stdout.splitlines():
            if line.startswith('installed '):
                known.update(dict.fromkeys(re.sub(r'\([^)]*\)|,', '', line).split()[1:]))
    return [package for package in packages if package not in known]


def files(folder):
    """What is in a folder, by name, but for its folder home: contents, targets of links, modes of files."""
    found = {}
    for top, folders, names in os.walk(folder):
        if top == folder and 'home' in folders:
            folders.remove('home')
        for name in (*folders, *names):
            path = os.path.join(top, name)
            short = os.path.relpath(path, folder)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                found[short] = os.readlink(path).encode()
            elif stat.S_ISREG(mode):
                with open(path, 'rb') as file:
                    found[short] = f'{stat.S_IMODE(mode):o} '.encode() + file.read()
            else:
                found[short] = b'' if stat.S_ISDIR(mode) else b'special'
    return found


def notes(text):
    """Standard error without what vprec-run says, and that."""
    lines = text.splitlines(True)
    own = [line for line in lines if line.startswith(b'vprec-run: ')]
    return b''.join(line for line in lines if line not in own), b''.join(own)


class Runner:
    def __init__(self, vprec_run, folder, user):
        self.vprec_run, self.folder, self.keep = vprec_run, os.path.join(folder, 'work'), {}
        if user and os.geteuid() == 0: # who may not look into the folder of the build
            nobody = pwd.getpwnam('nobody')
            self.keep = {'user': nobody.pw_uid, 'group': nobody.pw_gid, 'extra_groups': []}
            os.chmod(folder, 0o755)
            if vprec_run:
                self.vprec_run = self.copies(vprec_run, os.path.join(folder, 'build'))

    @staticmethod
    def copies(vprec_run, folder):
        """The command and its library beside it, as an installation has them."""
        build = os.path.dirname(os.path.dirname(vprec_run))
        for part in ('tools/vprec-run', 'interpose/libvprec_preload.so'):
            os.makedirs(os.path.dirname(os.path.join(folder, part)), exist_ok=True)
            shutil.copy(os.path.join(build, part), os.path.join(folder, part))
        return os.path.join(folder, 'tools/vprec-run')

    def run(self, program, options):
        """What the program gave, by kind; with options, under vprec-run. And what that said."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(os.path.join(HERE, 'inputs'), self.folder)
        os.mkdir(os.path.join(self.folder, 'home'))
        if self.keep:
            for name in ('.', *os.listdir(self.folder)):
                os.chown(os.path.join(self.folder, name), self.keep['user'], self.keep['group'])
        prefix = [] if options is None else [self.vprec_run, '-q', '-f', 'native', *options, '--']
        process = subprocess.Popen([*prefix, '/bin/sh', '-c', program.command], cwd=self.folder, text=False,
                                   env={**ENVIRONMENT, 'HOME': os.path.join(self.folder, 'home')}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **self.keep)
        try:
            out, errors = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, errors = process.communicate()
            status = f'still running after {LIMIT} s'
        try: # what it left behind
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        errors, own = notes(errors)
        return {'exit status': str(status).encode(), 'standard output': out, 'standard error': errors,
                **files(self.folder)}, own


def difference(alone, other):
    """What is not the same, one line a kind."""
    lines = []
    for name in sorted(alone.keys() | other.keys()):
        a, b = alone.get(name), other.get(name)
        if a == b:
            continue
        if a is None or b is None:
            lines.append(f'{name}: {"only alone" if b is None else "not alone"}')
            continue
        pairs = zip(a.splitlines() + [b''], b.splitlines() + [b''])
        number, (left, right) = next(((n, p) for n, p in enumerate(pairs, 1) if p[0] != p[1]), (0, (b'', b'')))
        lines.append(f'{name}, line {number}: alone {left[:150]!r}, then {right[:150]!r}')
    return lines


def judge(program, vprec_run):
    """Exit status and lines to print."""
    lacking = missing(program.packages)
    if lacking:
        return SKIP, [f'apt-get install {" ".join(lacking)}']
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(vprec_run, folder, 'user' in program.flags)
        alone, _ = runner.run(program, None)
        again, _ = runner.run(program, None)
        if alone != again:
            return 1, ['differs from itself:', *difference(alone, again)]
        inputs = set(os.listdir(os.path.join(HERE, 'inputs')))
        if not alone['standard output'] and not set(alone) - inputs - {'exit status', 'standard error',
                                                                       'standard output'}:
            return 1, [f'gives nothing: {alone["exit status"]!r} {alone["standard error"][-300:]!r}']
        if vprec_run is None:
            new = sorted(set(alone) - inputs - {'exit status', 'standard error', 'standard output'})
            return 0, [f'{alone[kind][-400:]!r}' for kind in ('exit status', 'standard error', 'standard output')] + new
        lines = []
        for options in OPTIONS:
            got, own = runner.run(program, options)
            found = difference(alone, got)
            if found:
                lines += [' '.join(['under -f native', *options]) + ':', *(f'  {line}' for line in found[:5]),
                          *(f'  {line}' for line in own.decode(errors='replace').splitlines()[:3])]
        return int(bool(lines)), lines


def main():
    parser = argparse.ArgumentParser(description='Compare programs of Debian alone and under vprec-run.')
    parser.add_argument('--vprec-run', metavar='FILE')
    parser.add_argument('--show', action='store_true')
    parser.add_argument('--packages', action='store_true')
    parser.add_argument('--install', action='store_true')
    parser.add_argument('name', nargs='*')
    options = parser.parse_args()
    programs = read_list()
    if not (options.vprec_run or options.show or options.packages or options.install):
        parser.error('--vprec-run is missing')
    unknown = set(options.name) - {program.name for program in programs}
    if unknown:
        sys.exit(f'identity.py: not in the list: {", ".join(sorted(unknown))}')
    programs = [program for program in programs if not options.name or program.name in options.name]
    packages = sorted({package for program in programs for package in program.packages})
    if options.packages:
        print('\n'.join(packages))
        return 0
    if options.install:
        wanted = missing(packages)
        return subprocess.run(['apt-get', '-q', '-y', '--no-install-recommends', 'install', *wanted], check=False,
                              env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}).returncode if wanted else 0
    vprec_run = None if options.show else os.path.abspath(options.vprec_run)
    counts = {0: 0, 1: 0, SKIP: 0}
    for program in programs:
        status, lines = judge(program, vprec_run)
        counts[status] += 1
        print(f'{program.name}: {"same" if status == 0 else "skipped" if status == SKIP else "FAILED"}',
              *lines, sep='\n    ', flush=True)
    print(f'{counts[0]} the same, {counts[1]} failed, {counts[SKIP]} not installed')
    return 1 if counts[1] else SKIP if counts[SKIP] else 0


if __name__ == '__main__':
    sys.exit(main())
