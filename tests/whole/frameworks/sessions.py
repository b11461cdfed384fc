# SPDX-License-Identifier: Apache-2.0
"""sessions.py VPREC_RUN: onnxruntime within larger programs. --within 'ort:*' leaves what RapidOCR makes of an image
before its first network as it is, to the bit. Two sessions in two threads at once, whose nodes have different formats,
give what they give alone, or the run says that nobody knows."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
import environments  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = os.path.abspath(sys.argv[1])
PYTHON = environments.make('ort')
TIMES = 5


def run(options, script, *arguments):
    """Exit status, what was printed, what was said."""
    command = [PYTHON, os.path.join(HERE, 'work', script), *arguments]
    if options is not None:
        command = [RUNNER, '-q', *options, '--'] + command
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    if done.returncode not in (0, 125) or not done.stdout:
        raise SystemExit(f'{command}: exit status {done.returncode}\n{done.stderr}')
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


def check(good, text):
    if not good:
        raise SystemExit(text)


_, (plain_in, plain_out), _ = run(None, 'ocr_inputs.py')
status, (within_in, within_out), said = run(['-f', 'e8m10', '--within', 'ort:*'], 'ocr_inputs.py')
check(not status, said)
check(len(plain_in) > 1000 and within_in == plain_in, "--within 'ort:*' changes what the network is given")
check(within_out != plain_out and not any(word & (1 << 13) - 1 for word in within_out),
      "--within 'ort:*' does not round what the network gives")
_, (rounded_in, _), _ = run(['-f', 'e8m10'], 'ocr_inputs.py')
check(rounded_in != plain_in, 'there is nothing to round before the network: this test shows nothing')

# Nodes of the first network have an @, most of the second's begin with p2o.
TWO = ['-f', 'e8m10', '--scope', 'ort:*@*=e8m6', '--scope', 'ort:p2o.*=e8m12']
status, alone, said = run(TWO, 'ort_two.py', 'alone')
check(not status, said)
_, one_format, _ = run(['-f', 'e8m10'], 'ort_two.py', 'alone')
check(alone[0] != one_format[0] and alone[1] != one_format[1], 'the recipe changes nothing: this test shows nothing')
check(all(result == results[0] for results in alone for result in results), 'a session does not repeat itself')
status, together, said = run(TWO, 'ort_two.py', 'together')
check(not status and together == alone, f'two sessions at once give something else\n{said}')
ended = {0: 0, 125: 0}
for _ in range(TIMES):
    status, pools, said = run(TWO, 'ort_two.py', 'pools')
    ended[status] += 1
    check(status == 125 or pools == alone, 'two sessions with pools at once give something else, and nobody says so')
    check(not status or 'in two threads at once (ort:' in said, said)
print(f'two sessions with pools: {ended[0]} times right, {ended[125]} times refused')
