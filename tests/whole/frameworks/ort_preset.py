# SPDX-License-Identifier: Apache-2.0
"""ort_preset.py VPREC_RUN: random numbers and ranges of onnxruntime, whose symbols are stripped, stay native to the bit,
and what is computed from them does not; --preset none rounds them, too."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
import environments  # noqa: E402

RUNNER = os.path.abspath(sys.argv[1])
COMMAND = [environments.make('ort'), os.path.join(os.path.dirname(os.path.abspath(__file__)), 'work', 'ort_random.py')]


def run(*options):
    command = [RUNNER, '-q', '-f', 'f32=e8m10,f64=e11m20', *options, '--', *COMMAND] if options else COMMAND
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, check=True).stdout)


def short(words):
    return not any(word & (1 << 13) - 1 for word in words)


native, preset, none = run(), run('--preset', 'onnxruntime'), run('--preset', 'none')
for name in ('normal', 'uniform', 'range'):
    if preset[name] != native[name]:
        raise SystemExit(f'{name} is not as it is natively')
    if none[name] == native[name] or not short(none[name]):
        raise SystemExit(f'{name} is not rounded by --preset none: this test shows nothing')
if preset['sum'] == native['sum'] or not short(preset['sum']):
    raise SystemExit('what is computed from them is not rounded')
if run('--scope', 'ort:sum=e8m10') != preset:
    raise SystemExit('with scopes it is another')
