# SPDX-License-Identifier: Apache-2.0
"""far.py VPREC_RUN PROGRAM: where there is no room for clones within reach, what stays native is told: the functions that
the report has are those whose results are numbers of the format, and --audit fails. Nothing changes under native."""
import json
import os
import subprocess
import sys
import tempfile

VPREC_RUN, PROGRAM = sys.argv[1], sys.argv[2]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)


native = run(PROGRAM).stdout
assert run(VPREC_RUN, '-q', '-f', 'native', '--', PROGRAM).stdout == native
with tempfile.TemporaryDirectory() as folder:
    report = os.path.join(folder, 'report')
    done = run(VPREC_RUN, '-q', '-f', 'bf16', '--audit', '--report', report, '--', PROGRAM)
    with open(report, encoding='utf-8') as text:
        report = json.load(text)
results = done.stdout.split()
rounded = sum(int(r, 16) & 0xffff == 0 for r in results)
told = sum(f['name'].startswith('far_') and any(f['sites'].values()) for f in report['functions'])
print(f'{rounded} of {len(results)} functions are rounded, {told} are told')
assert rounded == told, 'what is told is not so'
assert rounded < len(results) and done.returncode == 124, 'this machine has room: the test tells nothing'
assert [n['reason'] for n in report['native']] == ['no-room'], report['native']
