#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# life.py: runs one victim natively and under vprec-run at every VPREC_CPU
# level. With --format native the output is that of the native run; with e8m10
# and e5m10 every computation is the oracle's and everything else is native's.
import argparse, os, subprocess, sys

COMPUTED = ('chain ', 'trap_')


def run(command, cpu=None):
    env = dict(os.environ, VPREC_CPU=cpu) if cpu else None
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=120)
    return done.returncode, done.stdout.splitlines(), done.stderr


def oracle(reference, fmt, lines):
    """The lines with the results that `fmt` must give."""
    work = [line for line in lines if line.startswith(COMPUTED)]
    done = subprocess.run([reference, fmt], input='\n'.join(work) + '\n', stdout=subprocess.PIPE, text=True, check=True)
    right = iter(done.stdout.splitlines())
    return [next(right) if line.startswith(COMPUTED) else line for line in lines]


def judge(want, have, what):
    """`float` lines without an oracle need only hold no bit below the tenth."""
    if len(want) != len(have):
        print(f'{what}: {len(have)} lines, expected {len(want)}')
    bad = int(len(want) != len(have))
    for k, (w, h) in enumerate(zip(want, have)):
        loose = w.startswith('float ') and h.startswith('float ') and 'native' not in what
        if w != h and not (loose and int(h.split()[1], 16) & 0x1fff == 0):
            print(f'{what}, line {k + 1}:\n  want {w}\n  have {h}')
            bad += 1
            if bad > 5:
                break
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--vprec-run', required=True)
    p.add_argument('--reference', required=True)
    p.add_argument('--options', default='', help='more for vprec-run')
    p.add_argument('--cpus', nargs='*', default=['sse2', 'avx2', 'avx512'])
    p.add_argument('command', nargs=argparse.REMAINDER)
    o = p.parse_args()
    command = o.command[1:] if o.command[:1] == ['--'] else o.command
    status, native, errors = run(command)
    if status == 77:
        print('the processor lacks what the program needs')
        return 77
    if status:
        print(f'{command} natively: exit status {status}\n{errors}')
        return 1
    if not any(line.startswith(COMPUTED) for line in native):
        print(f'{command} computes nothing')
        return 1
    bad = judge(oracle(o.reference, 'native', native), native, 'native, without vprec-run')
    for fmt in 'native', 'e8m10', 'e5m10':
        want = native if fmt == 'native' else oracle(o.reference, fmt, native)
        if fmt != 'native' and want == native:
            print(f'{fmt}: the oracle gives what native arithmetic gives: the test shows nothing')
            bad += 1
        for cpu in o.cpus:
            what = f'{os.path.basename(command[0])} {o.options} format={fmt} VPREC_CPU={cpu}'
            try:
                status, have, errors = run([o.vprec_run, '-q', '-f', fmt] + o.options.split() + ['--'] + command, cpu)
            except subprocess.TimeoutExpired:
                print(f'{what}: still running after 120 s')
                bad += 1
                continue
            if status:
                print(f'{what}: exit status {status}\n{errors[-2000:]}')
            bad += int(status != 0) + judge(want, have, what)
    print(f'{len(native)} lines, {bad} errors')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
