#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# compare.py: the exactness test: victim under vprec-run against the reference,
# bit for bit, for every format, seed and VPREC_CPU level. Judges; computes nothing.
import argparse, os, subprocess, sys

FORMATS = ['native', 'e8m10', 'e5m10', 'e8m7', 'e4m3fn', 'e8m20', 'e8m22', 'f64=e11m40', 'f32=e8m10,f64=e11m40']
CONTRACTED = {'avx2c', 'avx512c'}


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument('--victim', required=True)
    p.add_argument('--reference', required=True)
    p.add_argument('--vprec-run', help='without it: the victim runs natively, against the reference for native')
    p.add_argument('--select', default='libexact_*', help="vprec-run's --object")
    p.add_argument('--formats', nargs='*', default=FORMATS)
    p.add_argument('--cpus', nargs='*', default=['sse2', 'avx2', 'avx512'])
    p.add_argument('--seeds', nargs='*', default=['4', '7', '13', '19'])
    p.add_argument('--variant', default='all')
    p.add_argument('--kernel', default='all')
    p.add_argument('--n', default='67')
    return p.parse_args()


def run(command, env=None):
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if done.returncode:
        print(f'{" ".join(command)}: exit status {done.returncode}\n{done.stderr[-2000:]}')
        return None
    return [line.split() for line in done.stdout.splitlines()]


def is_nan(word):
    value = int(word, 16)
    return (value & 0x7fffffff) > 0x7f800000 if len(word) == 8 else (value & (1 << 63) - 1) > 0x7ff << 52


def is_quiet(word):
    return int(word, 16) >> (22 if len(word) == 8 else 51) & 1


def same(have, want, bits):
    if bits or not is_nan(want):
        return have == want
    return is_nan(have) and is_quiet(have)


def check(have, want, bits, what):
    """Compares the victim's lines with `want`, a map from (variant, kernel, type) to words."""
    bad = values = 0
    for variant, kernel, kind, *words in have:
        expected = want(variant, kernel, kind)
        values += len(words)
        if len(words) != len(expected):
            print(f'{what} {variant} {kernel} {kind}: {len(words)} results, expected {len(expected)}')
            bad += 1
            continue
        wrong = [k for k in range(len(words)) if not same(words[k], expected[k], bits)]
        if wrong:
            k = wrong[0]
            print(f'{what} {variant} {kernel} {kind}: {len(wrong)} of {len(words)} differ, first at {k}: '
                  f'have {words[k]} want {expected[k]}')
            bad += 1
    return bad, values


def main():
    o = arguments()
    bad = total = 0
    for seed in o.seeds:
        victim = [o.victim, o.variant, o.kernel, seed, o.n]
        native = run(victim)
        if not native:
            return 1
        table = {(v, k, t): words for v, k, t, *words in native}
        for fmt in o.formats if o.vprec_run else ['native']:
            lines = run([o.reference, seed, fmt, o.n])
            if lines is None:
                return 1
            reference = {(c, k, t): words for c, k, t, *words in lines}
            by_oracle = lambda v, k, t: reference['contracted' if v in CONTRACTED else 'plain', k, t]
            if not o.vprec_run or fmt == 'native':
                n, values = check(native, by_oracle, False, f'unwrapped seed={seed}')
                bad, total = bad + n, total + values
                if not o.vprec_run:
                    continue
            if fmt != 'native' and all(by_oracle(*key) == words for key, words in table.items()):
                print(f'{fmt}: the oracle gives what native arithmetic gives: the test shows nothing')
                bad += 1
            for cpu in o.cpus:
                have = run([o.vprec_run, '-q', '-f', fmt, '--object', o.select, '--'] + victim,
                           dict(os.environ, VPREC_CPU=cpu))
                what = f'format={fmt} VPREC_CPU={cpu} seed={seed}'
                if have is None:
                    bad += 1
                    continue
                if len(have) != len(native):
                    print(f'{what}: {len(have)} lines, expected {len(native)}')
                    bad += 1
                if fmt == 'native':
                    n, values = check(have, lambda v, k, t: table[v, k, t], True, what)
                else:
                    n, values = check(have, by_oracle, False, what)
                bad, total = bad + n, total + values
    print(f'{total} values compared, {bad} kernels with differences')
    return 1 if bad or not total else 0


if __name__ == '__main__':
    sys.exit(main())
