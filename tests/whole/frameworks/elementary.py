# SPDX-License-Identifier: Apache-2.0
"""elementary.py VPREC_RUN [FRAMEWORK...]: elementary functions, softmax and layer norm as frameworks compute them, every
operation rounded, against the exact values. Prints the worst errors in units in the last place of the format; fails on
a result that is not a number of the format, and on one that is much worse than the framework's own error natively in
ulps of binary32: a range reduction whose integer was rounded errs by thousands.

An ulp is that of the exact value, but not below that of 2^-6, of softmax and layer norm that of the largest in the
row: what cancels has lost the digits that its operands have.
"""
import math
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'common'))
import environments

ROWS, COLUMNS = 64, 256
EPSILON = 1e-5
# Fraction bits; least exponent of a normal number; errors may be so many times those of native ones, and so many ulps
# more. Coefficients of some polynomials are below e5m10's least number.
FORMATS = {'e8m10': (10, -126, 1, 4), 'e5m10': (10, -14, 3, 4)}
FRAMEWORKS = {'numpy': 'ort', 'torch': 'torch', 'tf': 'tf', 'jax': 'jax', 'ort': 'ort'} # where to find each
RANGES = {'exp': (-8, 8), 'log': (2 ** -6, 64), 'tanh': (-4, 4), 'sigmoid': (-8, 8), 'erf': (-3, 3), 'sin': (-6, 6),
          'softmax': (-8, 8), 'layer_norm': (-4, 4)}


def inputs(low, high):
    """Numbers of 8 significant bits, which all formats hold, all over the range."""
    out = []
    for i in range(ROWS * COLUMNS):
        x = low + (high - low) * ((i * 7919 + 13) % (ROWS * COLUMNS)) / (ROWS * COLUMNS)
        mantissa, exponent = math.frexp(x)
        out.append(math.ldexp(round(mantissa * 256), exponent - 8))
    return out


def exact(name, x):
    if name == 'softmax':
        most = max(x)
        e = [math.exp(v - most) for v in x]
        total = math.fsum(e)
        return [v / total for v in e]
    if name == 'layer_norm':
        mean = math.fsum(x) / len(x)
        by = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / len(x) + EPSILON)
        return [(v - mean) / by for v in x]
    of = {'sigmoid': lambda v: 1 / (1 + math.exp(-v))}.get(name) or getattr(math, name)
    return [of(v) for v in x]


def worst(name, x, y, fraction, least):
    """The largest error of results `y` in ulps; infinite if one is not in the format."""
    most = 0
    for row in range(ROWS):
        part = slice(row * COLUMNS, (row + 1) * COLUMNS)
        right = exact(name, x[part])
        floor = max(map(abs, right)) if name in ('softmax', 'layer_norm') else 2 ** -6
        for r, got in zip(right, y[part]):
            quantum = 2.0 ** (max(math.frexp(got)[1] - 1, least) - fraction)
            if not math.isfinite(got) or got % quantum:
                return math.inf
            exponent = max(math.frexp(max(abs(r), floor))[1] - 1, least)
            most = max(most, abs(got - r) / 2.0 ** (exponent - fraction))
    return most


def main():
    vprec_run, names = sys.argv[1], sys.argv[2:] or FRAMEWORKS
    operands = {name: inputs(*span) for name, span in RANGES.items()}
    count, failed, ran = ROWS * COLUMNS, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        source, target = (os.path.join(folder, name) for name in ('in', 'out'))
        with open(source, 'wb') as file:
            for x in operands.values():
                file.write(struct.pack(f'{count}f', *x))
        print(f'{"":16}' + ''.join(f'{name:>11}' for name in RANGES))
        for framework in names:
            python = environments.find(FRAMEWORKS[framework])
            if not python:
                print(f'{framework}: no environment: tests/common/environments.py {FRAMEWORKS[framework]}')
                continue
            native = {}
            for spec, (fraction, least, times, more) in {'native': (23, -126, 0, math.inf), **FORMATS}.items():
                prefix = [] if spec == 'native' else [vprec_run, '-q', '-f', 'f32=' + spec, '--']
                subprocess.run([*prefix, python, os.path.join(HERE, 'work/elementary.py'), framework, source, target], check=True,
                               stdin=subprocess.DEVNULL, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
                with open(target, 'rb') as file:
                    results = struct.unpack(f'{len(RANGES) * count}f', file.read())
                line = f'{framework:8}{spec:8}'
                for k, name in enumerate(RANGES):
                    y = results[k * count:(k + 1) * count]
                    error = worst(name, operands[name], y, fraction, least)
                    lacking = all(map(math.isnan, y)) and framework == 'numpy' and name == 'erf'
                    failed |= not lacking and (math.isinf(error) or error > times * native.setdefault(name, error) + more)
                    line += f'{"-" if lacking else f"{error:.2f}":>11}'
                print(line, flush=True)
                ran += 1
    return int(failed) if ran else 77


if __name__ == '__main__':
    sys.exit(main())
