#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# guest.py: what a program prints and its exit status are the native ones under
# --format native, with --count and --count=all (every operation through the emulator) too, as a
# child of a shell too. LIFE_PRELOAD: a library of the user's to preload.
import argparse, os, subprocess, sys


def run(command):
    library = os.environ.get('LIFE_PRELOAD')
    env = dict(os.environ, LD_PRELOAD=library) if library else None
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120)
    return done.returncode, done.stdout.splitlines(), done.stderr


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--vprec-run', required=True)
    p.add_argument('--child', action='store_true', help='only as a child of a shell')
    p.add_argument('command', nargs=argparse.REMAINDER)
    o = p.parse_args()
    command = o.command[1:] if o.command[:1] == ['--'] else o.command
    status, want, errors = run(command)
    if status or not want:
        print(f'natively: status {status}, {len(want)} lines\n{errors}')
        return 1
    bad = 0
    child = ['--', 'sh', '-c', '"$@"', 'sh']
    for options in [child] if o.child else [[], ['--count'], ['--count=all'], child]:
        run_it = [o.vprec_run, '-q', '-f', 'native'] + options + (['--'] if '--' not in options else []) + command
        status, have, errors = run(run_it)
        different = [f'{k + 1}: {h}\n   want {w}' for k, (w, h) in enumerate(zip(want, have)) if w != h]
        if status or len(have) != len(want) or different:
            print(f'{options}: status {status}, {len(have)} lines of {len(want)}, {len(different)} others', errors[-500:],
                  *different[:5], sep='\n')
            bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
