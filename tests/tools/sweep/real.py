# SPDX-License-Identifier: Apache-2.0
"""real.py VPREC-SWEEP: a sweep over a real network, profisis: the smallest format that keeps its accuracy within one
per cent is the one that runs of vprec-run, one by one, have. Exit 77 where profisis is not installed.
real.py score: the metric: the share of residues on standard input that have native's label."""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', '..', 'whole', 'programs'))
import programs

WIDTHS = range(1, 11)


def labels(text):
    """P or - for each residue."""
    return ''.join(line for line in text.splitlines() if re.fullmatch('[P-]+', line))


def accuracy(text, native):
    is_, want = labels(text), labels(native)
    return sum(a == b for a, b in zip(is_, want)) / len(want)


def read(*names):
    with open(os.path.join(*names), encoding='ascii') as file:
        return file.read()


def main():
    sweep = os.path.abspath(sys.argv[1])
    run = os.path.join(os.path.dirname(sweep), 'vprec-run')
    command = programs.profisis('x.profisis')
    with tempfile.TemporaryDirectory() as folder:
        common = [sweep, '--formats', f'e8m{{{WIDTHS[0]}..{WIDTHS[-1]}}}', '--own-directory', '--output', 'x.profisis',
                  '--metric', f"accuracy={sys.executable} '{os.path.abspath(__file__)}' score", '--higher', 'accuracy',
                  '--threshold', '1%', '--json', 'report.json']
        found = {}
        for way, more in (('bisection', ['--bisect']), ('grid', [])):
            programs.run_well([*common, *more, '--', *command], folder)
            found[way] = json.loads(read(folder, 'report.json'))
        programs.run_well(command, folder)
        native = read(folder, 'x.profisis')
        values = {}
        for width in WIDTHS:
            programs.run_well([run, '-f', f'e8m{width}', '--', *command], folder)
            values[f'e8m{width}'] = accuracy(read(folder, 'x.profisis'), native)
    want = next(name for name in values if values[name] >= .99)
    cells = {cell['format']: cell for cell in found['grid']['cells']}
    for name, value in values.items():
        if cells[name]['metrics']['accuracy']['value'] != value or cells[name]['status'] != 'ok':
            programs.fail(f'{name}: {cells[name]}, alone {value}')
    for way, report in found.items():
        [series] = report['threshold']['series']
        print(way, series)
        if series['smallest'] != want:
            programs.fail(f'{way}: {series["smallest"]}, alone {want}: {values}')
    if not any('profnet_isis' in o['path'] and o['build_id'] for o in found['grid']['objects']):
        programs.fail(f'objects: {found["grid"]["objects"]}')
    if sum(c['status'] != 'pending' for c in found['bisection']['cells']) >= len(WIDTHS):
        programs.fail('the bisection ran all cells')


if sys.argv[1] == 'score':
    print(accuracy(sys.stdin.read(), read(os.environ['VPREC_NATIVE'], 'files', 'x.profisis')))
else:
    main()
