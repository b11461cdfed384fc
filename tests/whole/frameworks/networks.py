# SPDX-License-Identifier: Apache-2.0
"""networks.py VPREC_SWEEP cnn|minilm|ocr: a network swept over fraction bits, in each runtime that is there. Where one
runtime keeps the network's metric, no other may lose it, there or in any wider format; and with ten bits and more each
keeps it: a softmax whose exp rounds to an integer by an addition that is itself rounded does not.

cnn: digits of MNIST, right answers within 2 % of native's. minilm: how near sentences are, within 5 %. ocr: characters
read from a page, one in ten may be wrong.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.join(ROOT, 'tests/common'), os.path.join(ROOT, 'tests/whole/programs')]
import environments
import programs

FRACTIONS = 22, 16, 10, 7
SURE = 10 # fraction bits
DIGITS = 200
PYTHON = '/usr/bin/python3'


def work(name, *arguments):
    return [os.path.join(HERE, 'work', name), *arguments]


def runtimes(network):
    """Names and command lines; the metric's options."""
    found = {}
    if network == 'cnn':
        programs.need('python3-numpy', '/usr/lib/python3/dist-packages/numpy')
        found['onnxruntime-node'] = programs.classify('-n', str(DIGITS))
        found['numpy'] = [PYTHON, *work('digits.py', 'numpy', str(DIGITS))]
        for name, environment in ('torch', 'lm'), ('ort', 'ort'):
            if environments.find(environment):
                found[name] = [environments.find(environment), *work('digits.py', name, str(DIGITS))]
        return found, ['--extract', r'accuracy=accuracy (\d+)', '--higher', 'accuracy', '--threshold', 'accuracy:2%']
    environment = {'minilm': 'lm', 'ocr': 'ort'}[network]
    if not environments.find(environment):
        programs.skip(f'no environment: tests/common/environments.py {environment}')
    script = [os.path.join(ROOT, 'man/examples/sentences.py')] if network == 'minilm' else work('ocr.py')
    found[{'minilm': 'torch', 'ocr': 'onnxruntime'}[network]] = [environments.find(environment), *script]
    return found, ['--threshold', 'max-rel<=0.05'] if network == 'minilm' else \
        ['--metric', 'cer', '--threshold', 'cer<=0.1']


def main():
    vprec_sweep, network = os.path.abspath(sys.argv[1]), sys.argv[2]
    found, options = runtimes(network)
    kept = {}
    for name, command in found.items():
        with tempfile.TemporaryDirectory() as folder:
            # Not why a format failed: that counting costs more time than all the rest.
            subprocess.run([vprec_sweep, '-q', '--why', 'none', '--formats', *(f'e8m{m}' for m in FRACTIONS), *options,
                            '--json', 'report.json', '--', *command], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL,
                           env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
            with open(os.path.join(folder, 'report.json'), encoding='utf-8') as file:
                report = json.load(file)
        threshold = report['threshold']
        low, high = (threshold[key] if threshold[key] is not None else default
                     for key, default in (('low', -float('inf')), ('high', float('inf'))))
        values = {cell['fraction']: cell['metrics'][threshold['metric']]['value'] if cell['status'] == 'ok' else None
                  for cell in report['cells']}
        rounded = all(cell['rounded'] for cell in report['cells'] if cell['status'] == 'ok')
        kept[name] = {m for m, value in values.items() if value is not None and low <= float(value) <= high}
        print(f"{name}: native {report['native']['metrics'][threshold['metric']]['value']}, " +
              ', '.join(f'm = {m}: {value}' for m, value in values.items()), flush=True)
        if not rounded:
            programs.fail(f'{name}: no operation was rounded')
    somewhere = min((m for names in kept.values() for m in names), default=SURE)
    for name, widths in kept.items():
        lost = [m for m in FRACTIONS if m >= min(somewhere, SURE) and m not in widths]
        if lost:
            programs.fail(f'{name} loses {network} at m = {lost}, of {kept}')


if __name__ == '__main__':
    main()
