# SPDX-License-Identifier: Apache-2.0
"""drawn.py VPREC_CC VPREC_CXX VPREC_RUN CLANG FIRST COUNT: programs that csmith draws, floating-point numbers among their
variables, compiled without optimisation and with, contraction off: natively the bits of clang's build, in a format those
of vprec-run on it. Exit status 77 without csmith."""
import os
import shutil
import subprocess
import sys
import tempfile

CC, _, RUN, CLANG = (os.path.abspath(path) for path in sys.argv[1:5])
FIRST, COUNT = int(sys.argv[5]), int(sys.argv[6])
HEADERS = '/usr/include/csmith'
OPTIONS = '-w', '-Wno-uninstrumented', '-ffp-contract=off', '-I' + HEADERS
FORMAT = 'f32=e8m10,f64=e11m20'


def output(*words, **environment):
    """What it prints; None: it takes too long, or fails."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=60, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode else done.stdout


def compare(source, folder, seed, level):
    """False: the program is none to compare by."""
    plain, rounds = os.path.join(folder, 'plain'), os.path.join(folder, 'rounds')
    options = [word for word in OPTIONS if word != '-Wno-uninstrumented']
    subprocess.run([CLANG, level, *options, source, '-o', plain, '-lm'], check=True)
    native = output('timeout', '3', plain)
    if native is None:
        return False
    subprocess.run([CC, level, *OPTIONS, source, '-o', rounds, '-lm'], check=True)
    assert output(rounds) == native, f'seed {seed} {level}: native'
    want = output(RUN, '-q', '-f', FORMAT, plain)
    if want is None:
        return False
    for words, environment in (((rounds,), {'VPREC': '-f ' + FORMAT}), ((RUN, '-q', '-f', FORMAT, rounds), {})):
        assert output(*words, **environment) == want, f'seed {seed} {level}: {words}'
    return True


def main():
    if not shutil.which('csmith') or not os.path.exists(HEADERS):
        print('csmith is not installed: tools/setup/packages nightly', file=sys.stderr)
        sys.exit(77)
    os.environ['VPREC_CC_CLANG'] = CLANG
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'drawn.c')
        for seed in range(FIRST, FIRST + COUNT):
            drawn = subprocess.run(['csmith', '--float', '--seed', str(seed), '--max-funcs', '4', '--no-longlong'],
                                   capture_output=True, check=True, cwd=folder)
            with open(source, 'wb') as file:
                file.write(drawn.stdout)
            compared += all([compare(source, folder, seed, level) for level in ('-O0', '-O2')])
    print(f'{compared} of {COUNT} programs compared')
    sys.exit(0 if compared > COUNT / 2 else 1)


if __name__ == '__main__':
    main()
