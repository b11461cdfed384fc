# SPDX-License-Identifier: Apache-2.0
"""counts.py VPREC_RUN FRAMEWORK OPERATION: all of a product's work was seen, not only its last operation: the fused
multiply-adds that vprec-run counts for one call of a framework's product of matrices or convolution are as many as
its shapes say, and for three calls three times as many. What the process counts without a call is taken off.
"""
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'common'))
import environments

# Written here again, not taken from the program: products.py says the shapes.
PRODUCTS = {'linear': 240 * 192 * 64, 'bmm': 4 * 60 * 64 * 64, 'conv2d': 20 * 20 * 64 * 32 * 3 * 3}
# OpenBLAS's kernels add what they summed to C with one more, whose factor is alpha.
MORE = {'numpy': {'linear': 240 * 192}}


def count(vprec_run, python, framework, operation, times):
    """Operations by function and kind, what was printed, and what vprec-run says of native code."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, 'report.json')
        work = [python, os.path.join(HERE, 'work/products.py'), framework, operation, str(times)]
        done = subprocess.run([vprec_run, '-f', 'f32=native', '--count=all', '--report', report, '--', *work],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1', 'OPENBLAS_CORETYPE': 'Haswell'},
                              check=False)
        if done.returncode:
            sys.exit(f'{work}: exit status {done.returncode}\n{done.stderr[-3000:]}')
        with open(report, encoding='utf-8') as file:
            whole = json.load(file)
    counted = Counter()
    for function in whole['functions']:
        for kind, number in function['counts']['f32']['ops'].items():
            counted[kind, f'{os.path.basename(function["object"])}: {function["name"]}'] += number
    return counted, done.stdout, [whole['summary'], whole['summary_left'], *map(str, whole['native'][:5])]


def main():
    vprec_run, framework, operation = sys.argv[1:]
    python = '/usr/bin/python3' if framework == 'numpy' else environments.find(framework)
    if not python:
        print(f'no environment {environments.folder(framework)}: tests/common/environments.py {framework}')
        return 77
    none, one, three = (count(vprec_run, python, framework, operation, times) for times in (0, 1, 3))
    if not one[1] or one[1] != three[1]:
        print(f'one call prints {one[1]!r}, three {three[1]!r}')
        return 1
    wrong = 0
    for calls, (counted, _, left) in ((1, one), (3, three)):
        more = counted - none[0]
        fused = sum(number for (kind, _), number in more.items() if kind == 'fma')
        want = calls * (PRODUCTS[operation] + MORE.get(framework, {}).get(operation, 0))
        print(f'{framework} {operation}, calls: {calls}, FMAs: {fused}, expected: {want}')
        if fused != want:
            wrong = 1
            print(*(f'    {number:10} {kind} {name}' for (kind, name), number in more.most_common(8)), sep='\n')
            print(*(f'    {line}' for line in left if line), sep='\n')
    return wrong


if __name__ == '__main__':
    sys.exit(main())
