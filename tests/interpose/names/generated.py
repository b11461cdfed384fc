# SPDX-License-Identifier: Apache-2.0
"""generated.py VPREC_RUN PROGRAM: generated code goes by the names that the program would tell a profiler, in the report,
in perf's map and in --function; nothing of that is in its environment, and a profiler of its own comes first."""
import json
import os
import subprocess
import sys
import tempfile

VPREC_RUN, PROGRAM = sys.argv[1], sys.argv[2]
NAMES = ['jit_first_kernel_t', 'jit_second_kernel_t']


def run(*options, **environment):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, 'report')
        done = subprocess.run([VPREC_RUN, '-q', '-f', 'bf16', '--report', report, *options, '--', PROGRAM],
                              capture_output=True, text=True, timeout=100, check=True,
                              env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
        with open(report, encoding='utf-8') as text:
            report = json.load(text)
    generated = [f['name'] for f in report['functions'] if '(generated code)' in f['object']]
    return done.stdout, generated, report['processes'][0]['pid']


native = subprocess.run([PROGRAM], capture_output=True, text=True, check=True).stdout
assert native == 'environment 0, product 2.4167, library -\n', native
out, names, pid = run('--perf-map')
assert out == 'environment 0, product 2.42188, library -\n', out
assert len(names) == 3 and [n for n in names if n.startswith('jit_')] == NAMES, names
with open(f'/tmp/perf-{pid}.map', encoding='utf-8') as text:
    lines = text.read()
os.remove(f'/tmp/perf-{pid}.map')
assert all(f'{n} [vprec]' in lines for n in NAMES) and 'outdated' not in lines, lines
out, names, _ = run('--function', 'jit_second*', '--jit', '*')
assert names == NAMES[1:], names
out, names, _ = run(INTEL_JIT_PROFILER64='/nowhere/libown.so')
assert 'environment 1,' in out and 'library /nowhere/libown.so' in out, out
assert not [n for n in names if n.startswith('jit_')], names
