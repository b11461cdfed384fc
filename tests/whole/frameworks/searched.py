# SPDX-License-Identifier: Apache-2.0
"""searched.py VPREC_SEARCH VPREC_RUN THOUSANDS: formats for the layers of the network of tests/whole/programs/mnist in
onnxruntime, found on so many disjoint thousands of MNIST's 10,000 test digits, each alone, so that at most five labels
change. Of each recipe vprec-run is asked what it does to all digits, and labels are counted here: on its own thousand
at most five change; of ten recipes nine keep their printed bound on the other digits. (These are in no random order:
their first half is harder than their second, and a bound is for data like those of the search.) Mixed formats save a
tenth of the bits of the best single format, in the median, in at most 80 runs."""
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.join(ROOT, 'tests/common'), os.path.join(ROOT, 'tests/whole/programs')]
import environments
import programs

DIGITS, PART, MOST, BUDGET = 10000, 1000, 5, 80


def labels(prefix, python):
    """What the network makes of all digits."""
    done = subprocess.run([*prefix, python, os.path.join(HERE, 'work/digits.py'), 'ort', str(DIGITS), '0'], check=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=600)
    found = done.stdout.split()
    assert len(found) == DIGITS
    return found


def search(vprec_search, python, first, folder):
    out = os.path.join(folder, str(first))
    subprocess.run([vprec_search, '-q', '-o', out, '--json', out + '.json', '--recipe', out + '.txt', '--units',
                    'ort:*', '--require', f'changed<={MOST}', '--budget', str(BUDGET), '--', python,
                    os.path.join(HERE, 'work/digits.py'), 'ort', str(PART), str(first)], check=True, timeout=900,
                   stdin=subprocess.DEVNULL)
    with open(out + '.json', encoding='utf-8') as file:
        return json.load(file), out + '.txt'


def main():
    vprec_search, vprec_run = (os.path.abspath(path) for path in sys.argv[1:3])
    thousands = int(sys.argv[3])
    programs.classify()  # the digits are there
    python = environments.find('ort')
    if not python:
        programs.skip('no environment: tests/common/environments.py ort')
    native, savings, kept = labels([], python), [], 0
    for part in range(thousands):
        first = part * PART
        with tempfile.TemporaryDirectory() as folder:
            report, recipe = search(vprec_search, python, first, folder)
            given = labels([vprec_run, '-q', '--format', 'f32=native', '--scope', '@' + recipe, '--'], python)
        changed = [a != b for a, b in zip(given, native)]
        own, others = sum(changed[first:first + PART]), sum(changed) - sum(changed[first:first + PART])
        bound = report['changed_at_most']
        print(f"digits {first} on: {len(report['runs'])} runs, {report['best']['cost']:.4g} bits an operation, "
              f"{100 * report['saving']:.1f} % less than {report['uniform']['cost']:.4g} of one format; {own} of its "
              f'own changed, {others} of {DIGITS - PART} others ({100 * others / (DIGITS - PART):.2f} %, printed '
              f'at most {100 * bound:.2f} %)', flush=True)
        assert own == report['best']['metrics']['changed'] <= MOST
        assert len(report['runs']) <= BUDGET and report['confirmed']
        widths = {format_['format']: format_['bits']['f32'] for format_ in report['formats']}
        bits = sum(widths[report['best']['formats'][unit['pattern']]] * unit['operations']['f32']
                   for unit in report['units'])
        cost = bits / sum(unit['operations']['f32'] for unit in report['units'])
        assert abs(cost - report['best']['cost']) < 1e-9
        savings.append(1 - cost / widths[next(iter(report['uniform']['formats'].values()))])
        kept += others <= bound * (DIGITS - PART)
    print(f'{kept} of {thousands} keep their bound, the median saving is {100 * statistics.median(savings):.1f} %')
    assert kept >= thousands * .9 and statistics.median(savings) >= .1


main()
