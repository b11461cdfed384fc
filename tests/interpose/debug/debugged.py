# SPDX-License-Identifier: Apache-2.0
"""debugged.py VPREC_RUN PROGRAM CASE: a program under a debugger is rounded, and no signal of vprec's stops it."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

VPREC_RUN, PROGRAM, CASE = sys.argv[1], sys.argv[2], sys.argv[3]


def single(x):
    return struct.unpack('f', struct.pack('f', x))[0]


def bf16(x):
    """To nearest, ties to even; the argument is exact in binary64."""
    bits = struct.unpack('q', struct.pack('d', x))[0]
    low = bits & ((1 << 45) - 1)
    bits -= low
    if low > 1 << 44 or (low == 1 << 44 and bits >> 45 & 1):
        bits += 1 << 45
    return struct.unpack('d', struct.pack('q', bits))[0]


def total(rounding):
    s = 0.0
    for _ in range(10000):
        s = rounding(s + single(0.1))
    return s


def area(rounding):
    r = single(1.1)
    return rounding(rounding(rounding(r * r) * 3) + 0.5)


ROUNDED = {'sum': total(bf16), 'area': area(bf16)}
NATIVE = {'sum': total(single), 'area': area(single)}
assert all(ROUNDED[k] != NATIVE[k] for k in ROUNDED)


def values(text):
    """What the program has printed."""
    lines = [line.split() for line in text.splitlines()]
    return {w[0]: float(w[1]) for w in lines if len(w) == 2 and w[0] in ('sum', 'area', 'narrow')}


def near(a, b):
    return abs(a - b) <= abs(b) * 1e-5 # six digits are printed


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL, **options)
    if 'Operation not permitted' in done.stderr + done.stdout:
        print('nobody may be traced here')
        sys.exit(77)
    return done


def check(done, kept=ROUNDED, narrow=None):
    have = values(done.stdout)
    assert set(have) == {'sum', 'area', 'narrow'}, (done.stdout, done.stderr)
    assert 'received signal' not in done.stdout, done.stdout
    assert all(near(have[k], kept[k]) for k in kept), (have, kept)
    assert narrow is None or near(have['narrow'], narrow['sum']), have


def gdb(*commands, options=(), before=()):
    """The program in gdb in vprec-run; the report, too."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, 'report')
        done = run([VPREC_RUN, '-q', '-f', 'bf16', '--exec', '*' + os.path.basename(PROGRAM), '--report', report,
                    *options, '--', 'gdb', '-nx', '-q', '-batch', *before,
                    *(word for c in commands for word in ('-ex', c)), PROGRAM])
        with open(report, encoding='utf-8') as text:
            return done, json.load(text)


def plain():
    """Nothing stops it. What has no room for a jump is left native, by name."""
    done, report = gdb('run')
    check(done, narrow=NATIVE)
    assert 'exited normally' in done.stdout, done.stdout
    native = [(n.get('function'), n['reason']) for n in report['native']]
    assert ('debugged_narrow', 'debugger') in native, native
    assert not [f for f in report['functions'] if f['name'] == 'debugged_narrow' and any(f['sites'].values())], report


def names():
    """gdb is told of the copies: breakpoints there are met."""
    done, _ = gdb('break main', 'run', "break 'debugged_area [vprec]'", 'continue', 'backtrace', *['continue'] * 4)
    check(done)
    assert "Breakpoint 2" in done.stdout, done.stdout
    assert '#0  0x' in done.stdout and 'in debugged_area [vprec]' in done.stdout, done.stdout


def audit():
    done, _ = gdb('run', options=['--audit'])
    assert done.returncode == 124, (done.returncode, done.stderr)
    assert 'debugged_narrow' in done.stderr, done.stderr


def breakpoints():
    """They are met at the start of a function, and behind a call, where the way into the clone leads; elsewhere they
    are passed by. None is taken for code, none takes a jump with it when it goes."""
    text = subprocess.run(['objdump', '-d', '--no-show-raw-insn', PROGRAM], capture_output=True, text=True,
                          check=True).stdout
    body = text[text.index('<debugged_area>:'):].split('\n\n')[0].splitlines()[1:]
    call = next(i for i, line in enumerate(body) if 'debugged_middle' in line)
    start = int(body[0].split(':')[0], 16)
    back = int(body[call + 1].split(':')[0], 16) - start
    points = ['*debugged_area', f'*(debugged_area + {back})']
    done, _ = gdb(*(f'break {p}' for p in points), 'break debugged_middle', 'run', 'continue', 'continue', 'continue')
    check(done)
    for k in range(1, 4):
        assert f'Breakpoint {k}, ' in done.stdout, (k, done.stdout)
    inner = [int(line.split(':')[0], 16) - start for line in body]
    commands = [f'break *(debugged_area + {at})' for at in inner]
    done, _ = gdb('break main', *commands, 'break debugged_sum', 'run', *['continue'] * (2 * len(inner) + 2))
    check(done, kept={'sum': ROUNDED['sum']})


def strace():
    """It passes signals on: all is rounded."""
    done = run([VPREC_RUN, '-q', '-f', 'bf16', '--exec', '*' + os.path.basename(PROGRAM), '--', 'strace', '-f', '-o',
                os.devnull, PROGRAM])
    check(done, narrow=ROUNDED)


def outside():
    """gdb of vprec-run itself; it goes with the child."""
    done = run(['gdb', '-nx', '-q', '-batch', '-ex', 'set follow-fork-mode child', '-ex', 'run', '--args', VPREC_RUN,
                '-q', '-f', 'bf16', '--', PROGRAM])
    check(done, narrow=NATIVE)
    done = run(['gdb', '-nx', '-q', '-batch', '-ex', 'run', '--args', VPREC_RUN, '-q', '-f', 'bf16', '--', PROGRAM])
    check(done, narrow=ROUNDED)


def passing():
    """With --gdb the debugger is told what to pass on, and all is rounded."""
    done, report = gdb('run', options=['--gdb'], before=['-ex', 'handle SIGSEGV nostop noprint pass'])
    check(done, narrow=ROUNDED)
    assert not [n for n in report['native'] if n['reason'] == 'debugger'], report['native']


def attached():
    """A breakpoint that comes while the program runs is neither decoded nor overwritten."""
    with subprocess.Popen([VPREC_RUN, '-q', '-f', 'bf16', '--', PROGRAM, 'waits'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        pid = process.stdout.readline().split()[1]
        commands = ['handle SIGSEGV nostop noprint pass', 'break debugged_sum', 'break debugged_middle',
                    'continue', 'continue', 'continue', 'continue']
        done = None
        with subprocess.Popen(['gdb', '-nx', '-q', '-batch', '-p', pid, *(w for c in commands for w in ('-ex', c))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as debugger:
            seen = ''
            for line in debugger.stdout:
                seen += line
                if 'Operation not permitted' in line:
                    process.kill()
                    print('nobody may be traced here')
                    sys.exit(77)
                if line.startswith('Breakpoint 2 at'):
                    process.stdin.write('\n')
                    process.stdin.flush()
        out = process.communicate(timeout=100)[0]
        done = subprocess.CompletedProcess([], process.returncode, out, seen)
        check(done, narrow=ROUNDED)
        assert 'Breakpoint 1, ' in seen and 'received signal' not in seen, seen


if not shutil.which('strace' if CASE == 'strace' else 'gdb'):
    print('no such debugger here')
    sys.exit(77)
CASES = [plain, names, audit, breakpoints, strace, outside, passing, attached]
{case.__name__: case for case in CASES}[CASE]()
