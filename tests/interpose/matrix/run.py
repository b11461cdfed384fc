#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# run.py: runs the matrix under vprec-run for every format at one VPREC_CPU
# level, and without it once per format, where it must fail.
import argparse, os, subprocess, sys

FLUSH, UP = '8040', '4000' # bits of MXCSR: FTZ and DAZ; rounding toward +infinity

# format, --round, rounds of data, bits of MXCSR that the program has set
RUNS = [
    ('native', 'results', 4, '0'),
    ('f32=e8m10,f64=e11m40', 'results', 6, '0'),
    ('f32=e5m10,f64=e8m23', 'results', 4, '0'),
    ('f32=e8m7,f64=e5m10', 'results', 4, '0'),
    ('f32=e4m3fn,f64=e8m7', 'results', 4, '0'),
    ('f32=e8m20,f64=e11m51', 'results', 4, '0'),
    ('f32=e8m22,f64=e11m20', 'results', 4, '0'),
    ('f32=e5m20,f64=e9m50', 'results', 4, '0'),
    ('f64=e11m40', 'results', 3, '0'),
    ('e8m10', 'results', 3, '0'),
    ('f32=e8m10,f64=e11m40', 'both', 3, '0'),
    ('f32=e5m10,f64=e8m23', 'operands', 3, '0'),
    ('f32=e5m10,f64=e8m23', 'both', 3, '0'),
    ('e4m3fn', 'both', 3, '0'),
    ('f64=e11m51', 'both', 3, '0'),
    ('f32=e8m7,f64=e5m10', 'both', 3, FLUSH),
    ('native', 'results', 3, FLUSH),
    ('f32=e8m10,f64=e11m40', 'results', 3, FLUSH),
    ('f32=e5m10,f64=e8m23', 'results', 3, FLUSH),
    ('native', 'results', 3, UP),
    ('f32=e8m10,f64=e11m40', 'results', 3, UP),
    ('f32=e5m10,f64=e8m23', 'results', 3, UP),
]


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--matrix', required=True)
    p.add_argument('--vprec-run', required=True)
    p.add_argument('--cpu', default='avx512')
    p.add_argument('--only', default='', help='instructions that contain this')
    p.add_argument('--format', help='this format alone')
    o = p.parse_args()
    bad = 0
    for seed, (fmt, round_, rounds, mxcsr) in enumerate(RUNS, 1):
        if o.format and o.format != fmt:
            continue
        command = [o.matrix, '-f', fmt, '-r', round_, '-n', str(rounds), '-s', str(seed), '-o', o.only, '-x', mxcsr]
        if round_ == 'operands':
            command.append('-u') # results keep the container's rounding, embedded directions included
        wrap = [o.vprec_run, '-q', '-f', fmt, '--round', round_, '--object', 'libmatrix_*_victim.so', '--']
        done = subprocess.run(wrap + command, env=dict(os.environ, VPREC_CPU=o.cpu), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        last = done.stdout.splitlines()[-1:] or ['']
        print(f'VPREC_CPU={o.cpu} -f {fmt} --round {round_} MXCSR={mxcsr}: exit status {done.returncode}: {last[0]}',
              flush=True)
        if done.returncode:
            print(done.stdout[-20000:])
            bad += 1
        if fmt != 'native' and subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 1:
            print('the same without vprec-run does not fail: the test shows nothing')
            bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
