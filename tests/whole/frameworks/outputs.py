# SPDX-License-Identifier: Apache-2.0
"""outputs.py VPREC_RUN VPREC_STATS ort|tf|cv: what --dump-layers writes of a network is what the framework itself says that its
nodes gave, to the bit, natively and beside a run that is rounded, in which vprec-stats compare finds the layer where the two
part; the program's results stay as they are."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
import environments  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER, STATS, FRAMEWORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
PROGRAM = [environments.make({'cv': 'ort'}.get(FRAMEWORK, FRAMEWORK)), os.path.join(HERE, 'work', FRAMEWORK + '_outputs.py')]
PART = {'ort': 'ort:<Softmax>', 'tf': 'tf:head', 'cv': 'cv:third'}[FRAMEWORK]  # what alone is rounded


def check(good, text):
    if not good:
        raise SystemExit(text)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600, check=False)
    check(done.returncode == 0, f'{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout, done.stderr


def compare(a, b):
    return json.loads(run(STATS, 'compare', '--format', 'json', a, b)[0])['first_different']


with tempfile.TemporaryDirectory() as top:
    plain, _ = run(*PROGRAM, 'run')
    alone, both, scoped = (os.path.join(top, name) for name in ('alone', 'both', 'scoped'))
    printed, said = run(RUNNER, '-f', 'native', '--dump-layers', alone, '--', *PROGRAM, 'run')
    check(printed == plain and 'this version' not in said, f'the output of the program\n{printed}{said}')
    counted = [int(n) for n in run(*PROGRAM, 'check', alone)[0].split()]
    check(counted[0] >= 18, counted)
    if FRAMEWORK == 'ort':  # each run has them all, but for a constant
        check(counted[0] == 2 * (counted[1] - 1), counted)
    else:  # and how many of those that there must be are missing
        check(counted[1] == 0, counted)
    printed, said = run(RUNNER, '-f', 'f32=e8m10', '--within', PART, '--dump-layers', both, '--reference', 'native', '--',
                        *PROGRAM, 'run')
    check(printed != plain, 'nothing is rounded')
    native, rounded = os.path.join(both, 'native'), os.path.join(both, 'rounded')
    with open(os.path.join(both, 'native.stdout'), encoding='utf-8') as file:
        check(file.read() == plain, 'the native run prints something else')
    check(compare(alone, native) is None, 'two native runs differ')
    first = compare(native, rounded)
    check(first and first.split(' ', 1)[1].startswith({'ort': 'ort:Softmax'}.get(FRAMEWORK, PART)), first)
    # with scopes, and formats that change nothing
    printed, _ = run(RUNNER, '-f', 'f32=native', '--layers', '--count=operations', '--dump-layers', scoped, '--', *PROGRAM,
                     'run')
    check(printed == plain and compare(alone, scoped) is None, 'scopes change outputs')
print(counted[0], 'outputs')
