# SPDX-License-Identifier: Apache-2.0
"""check_examples.py FOLDER HEADERS ARCHIVE VPREC-RUN PART: every program (PART c) or script (PART sh) in FOLDER
that says what it prints, prints that. In what it says '*' is any text; train.c, which the scripts compile, says nothing."""
import fnmatch
import glob
import os
import re
import subprocess
import sys
import tempfile

folder, headers, archive, runner, part = sys.argv[1:]
LEAST = {'c': 2, 'sh': 3}
environment = {**os.environ, 'PATH': os.path.dirname(os.path.abspath(runner)) + ':' + os.environ['PATH']}
environment.pop('VPREC_PRELOAD', None)


def expected(path):
    """The lines of the head comment behind "prints:"; None if there are none."""
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    start = next((i for i, line in enumerate(lines) if re.fullmatch(r'( \*|#) prints:', line)), None)
    if start is None:
        return None
    found = []
    for line in lines[start + 1:]:
        match = re.fullmatch(r'(?: \*|#) (.*?)( \*/)?', line)
        if not match:
            break
        found.append(match[1])
        if match[2]:
            break
    return '\n'.join(found) + '\n'


checked = failed = 0
for path in sorted(glob.glob(os.path.join(folder, '*.' + part))):
    want = expected(path)
    if want is None:
        continue
    checked += 1
    with tempfile.TemporaryDirectory() as directory:
        command = [os.path.abspath(path)]
        if part == 'c':
            command = [os.path.join(directory, 'program')]
            subprocess.run([os.environ.get('CC', 'cc'), '-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-I',
                            headers, '-o', *command, path, archive, '-lm'], check=True)
        done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)
        if done.returncode or done.stderr or not fnmatch.fnmatchcase(done.stdout, want) or os.listdir(directory)[1:]:
            failed += 1
            print(f'{path}: status {done.returncode}, printed\n{done.stdout}{done.stderr}instead of\n{want}',
                  file=sys.stderr)
if checked < LEAST[part]:
    print(f'only {checked} examples were found in {folder}', file=sys.stderr)
sys.exit(failed > 0 or checked < LEAST[part])
