# SPDX-License-Identifier: Apache-2.0
"""chain.py VPREC_RUN VPREC_STATS CRAMER MODE SAMPLES: samples of an unmodified program, then their digits, as a user
gets them. Expected are the bits that others published and our own independent implementation gave."""
import json
import math
import subprocess
import sys
import tempfile
from fractions import Fraction

RUN, STATS, CRAMER, MODE, SAMPLES = sys.argv[1:]
EXPECTED = {'mca': 28.46, 'pb': 28.64, 'rr': 29.09}[MODE]  # -log2 of the relative standard deviation of x, binary64
samples = int(SAMPLES)
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([RUN, '-q', '-m', MODE, '-t', 'f64=53', '-n', SAMPLES, '-j', '2', '--reference', 'native',
                    '-o', folder + '/runs', '--', CRAMER], check=True)
    told = json.loads(subprocess.check_output([STATS, '-f', 'json', folder + '/runs']))
[document] = told['documents']
[group] = document['groups']
x, y = group['numbers']
bits = -math.log2(x['sd'] / abs(x['mean']))
# Of the standard deviation of n normal samples; four of them are exceeded once in 16,000, and the rest is rounding.
allowed = 4 * math.log2(math.e) / math.sqrt(2 * samples) + .005
print(f'{samples} samples, {MODE}: {bits:.3f} bits, expected {EXPECTED}, allowed {allowed:.3f}; '
      f'CNH {x["cnh_bits"]:.3f}, bias {x["bias"]:.3g}')
assert told['samples'] == samples and not told['warnings']
assert document['name'] == 'stdout' and document['absent'] == 0 and document['reference'].endswith('reference/stdout')
assert [x['name'], y['name']] == ['1:2', '2:2'] and [label['text'] for label in group['labels']] == ['x', 'y']
assert group['label_flips'] == 0
assert abs(bits - EXPECTED) <= allowed
# What is promised: 95 % of runs within 2^-bits, so 1.96 standard deviations and a little for their uncertainty.
loss = bits - math.log2(1.96) - x['cnh_bits']
assert -.001 <= loss <= 2 * allowed, loss
# The mean is off by less than four of its standard errors, from the solution for the coefficients as binary64 has them.
assert x['reference'] == 1.9999999958366637 and y['reference'] == -1.9999999972244424
a, b, e, c, d, f = map(Fraction, (.2161, .1441, .1440, 1.2969, .8648, .8642))
for n, solution in (x, (e * d - b * f) / (a * d - b * c)), (y, (a * f - e * c) / (a * d - b * c)):
    assert abs(Fraction(n['mean']) - solution) <= 4 * n['sd'] / math.sqrt(samples), (n, float(solution))
    assert n['samples'] == samples and not n['biased']
