#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""jit.py: runs a program that makes code while it runs natively and under vprec-run --format native, many times, each
time with other operands and one of vprec's instruction sets, with and without libc between the program and the kernel.

Every operation that the program says it did is computed again here, exactly, in integers, and rounded once to the
format: so a stale copy of code that has changed is seen by its wrong operation, and code that was not rounded by its
bits. Everything else that the program prints is what it prints natively. Under e8m10 and f64=e11m20, too.
"""
import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
from once import NATIVE, decode, rounded, rounded_root

LEVELS = 'avx512', 'avx2', 'sse2'
FORMATS = {'native': NATIVE, 'f32=e8m10,f64=e11m20': {'f32': (11, -126, 127), 'f64': (21, -1022, 1023)}}


def exact(operation, a, b, c):
    return {'add': lambda: a + b, 'sub': lambda: a - b, 'mul': lambda: a * b, 'div': lambda: a / b,
            'fma': lambda: a * b + c}[operation]()


def judge(words, forms):
    """Nothing if the line's result is the right one, else what it should be; and whether native rounding differs."""
    type_name, operation = words[1], words[2]
    (a, _), (b, _), (c, _), (result, negative) = (decode(type_name, int(word, 16)) for word in words[3:])
    form = forms[type_name]
    if operation == 'sqrt':
        want, plain, below = rounded_root(a, form), rounded_root(a, NATIVE[type_name]), False
    else:
        value = exact(operation, a, b, c)
        below = value < 0
        if not value:
            return None if result == 0 else '0', False
        want, plain = rounded(abs(value), form), rounded(abs(value), NATIVE[type_name])
    right = result is None if want is None else result is not None and abs(result) == want
    if right and (negative != 0) == below:
        return None, want != plain
    return f'{"-" if below else ""}{float(want) if want is not None else "inf"}', want != plain


def demonstrate():
    """The judge can say no: 1/3, sqrt(2), a tie, a product beyond the format, each right and one bit off."""
    for line, form in (('f32 div 3f800000 40400000 0 3eaaaaab', 'native'), ('f32 sqrt 40000000 0 0 3fb504f3', 'native'),
                       ('f32 div 3f800000 40400000 0 3eaaa000', 'f32=e8m10,f64=e11m20'),
                       ('f32 add 3f800000 3a000000 0 3f800000', 'f32=e8m10,f64=e11m20'),
                       ('f32 fma 40000000 bf800000 3f800000 bf800000', 'native'),
                       ('f64 mul 7fe0000000000000 4000000000000000 0 7ff0000000000000', 'native'),
                       ('f64 sqrt 4000000000000000 0 0 3ff6a09e00000000', 'f32=e8m10,f64=e11m20')):
        words = ['op', *line.split()]
        assert judge(words, FORMATS[form])[0] is None, line
        for off in (1, 1 << 31 if words[1] == 'f32' else 1 << 63):
            wrong = [*words[:-1], f'{int(words[-1], 16) ^ off:x}']
            assert judge(wrong, FORMATS[form])[0] is not None, wrong


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


class Judge:
    def __init__(self):
        self.failures = self.operations = self.differing = 0

    def fail(self, what, *lines):
        self.failures += 1
        if self.failures <= 10:
            print(what, *lines, sep='\n    ', flush=True)

    def computed(self, what, lines, forms):
        """The operations of one run. One message a run."""
        wrong = []
        for number, line in enumerate(lines, 1):
            words = line.split()
            if words[:1] != ['op']:
                continue
            want, differs = judge(words, forms)
            self.operations += 1
            self.differing += differs
            if want is not None:
                wrong.append(f'line {number}: {line}: should be {want}')
        if wrong:
            self.fail(f'{what}: {len(wrong)} wrong results', *wrong[:3])

    def same(self, what, native, other, keep):
        """The lines of which keep() makes something."""
        pairs = [(number, a, b) for number, (a, b) in enumerate(zip(native, other), 1) if keep(a) != keep(b)]
        if len(native) != len(other) or pairs:
            self.fail(f'{what}: {len(other)} lines, natively {len(native)}; {len(pairs)} differ',
                      *(f'line {number}: {b}, natively {a}' for number, a, b in pairs[:3]))


def kept(line):
    """Of an operation what and in which type: its operands may be results, its result is checked by itself."""
    return line.split()[:3] if line.startswith('op ') else line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--vprec-run', required=True)
    parser.add_argument('--runs', type=int, default=50)
    parser.add_argument('--first', type=int, default=0, help='the first seed')
    parser.add_argument('--options', default='', help='more for vprec-run')
    parser.add_argument('program')
    options = parser.parse_args()
    demonstrate()
    judge_all = Judge()
    for seed in range(options.first, options.first + options.runs):
        command = [options.program, str(seed), *(['raw'] if seed % 2 else [])]
        status, native, errors = run(command)
        if status == 77:
            print(errors)
            return 77
        if status or not any(line.startswith('op ') for line in native):
            print(f'{command} natively: status {status}, {len(native)} lines\n{errors}')
            return 1
        judge_all.computed(f'seed {seed} natively', native, NATIVE)
        level = LEVELS[seed // 2 % len(LEVELS)]
        count = ['--count'] if seed % 10 == 9 else ['--count=all'] if seed % 10 == 4 else []
        for spec in FORMATS:
            prefix = [options.vprec_run, '-q', '-f', spec, *count, *options.options.split(), '--']
            what = f'VPREC_CPU={level} {" ".join(prefix + command)}'
            os.environ['VPREC_CPU'] = level
            try:
                status, lines, errors = run(prefix + command)
            except subprocess.TimeoutExpired:
                judge_all.fail(f'{what}: still running after 120 s')
                continue
            finally:
                del os.environ['VPREC_CPU']
            if status:
                judge_all.fail(f'{what}: exit status {status}', errors[-1000:])
            elif spec == 'native':
                judge_all.same(what, native, lines, lambda line: line)
            else:
                judge_all.same(what, native, lines, kept)
                judge_all.computed(what, lines, FORMATS[spec])
    if judge_all.differing * 4 < judge_all.operations:
        judge_all.fail(f'{judge_all.differing} of {judge_all.operations} results tell rounding from none')
    print(f'{options.runs} runs, {judge_all.operations} operations computed again, {judge_all.failures} failures')
    return int(judge_all.failures > 0)


if __name__ == '__main__':
    sys.exit(main())
