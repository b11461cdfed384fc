# SPDX-License-Identifier: Apache-2.0
# documents.py: documents as vprec-sweep writes them, made up: a sweep of a network's accuracy, and odd ones.
# As a program: documents.py NAME prints one.
import json
import random
import sys

OBJECTS = [('/usr/bin/python3.11', '5f8a3a6e2bd1c4f09e7b1c2d3e4f5a6b7c8d9e0f'),
           ('/usr/lib/x86_64-linux-gnu/libonnxruntime.so.1.17.1', 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334'),
           ('/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so', None)]


def value(mean, sd=0.0, n=1, low=None, high=None):
    return {'value': mean, 'sd': sd if n > 1 else None, 'min': mean - sd if low is None else low,
            'max': mean + sd if high is None else high, 'n': n}


def cell(exponent, fraction, mode='rne', status='ok', metrics=None, where=None, format=None, samples=1, seconds=0.4,
         **more):
    name = format or f'e{exponent}m{fraction}'
    return {'id': f'{name}-{mode}', 'format': name, 'exponent': exponent, 'fraction': fraction, 'mode': mode,
            'precision': None, 'where': where, 'status': status, 'exit': 0, 'signal': 0, 'samples': samples,
            'failed': 0, 'seconds': seconds, 'cpu_seconds': seconds and seconds * .97,
            'over_native': seconds and seconds / .112,
            'metrics': metrics or {}, 'digits': None, 'directory': f'cells/{name}-{mode}', **more}


def metric(name, better=None, **more):
    return {'name': name, 'kind': 'extract', 'better': better, 'unit': '', 'detail': name + r': ([0-9.]+)', **more}


def document(cells, metrics=(), native=None, threshold=None, **more):
    return {'schema': 1, 'generator': 'vprec-sweep', 'version': '0.1.0', 'title': 'mnist_cnn.py',
            'command': ['python3', 'mnist_cnn.py', '--images', 'test set.npz'], 'directory': '/home/ada/networks',
            'sweep': ['vprec-sweep', '--formats', 'e{4,5,8}m{2..23}', '--extract', 'accuracy=accuracy: ([0-9.]+)',
                      '--threshold', 'accuracy=1%', '--report', 'report', '--', 'python3', 'mnist_cnn.py', '--images',
                      'test set.npz'],
            'started': '2026-11-22T06:00:00Z', 'finished': '2026-11-22T06:04:31Z', 'complete': True, 'seed': '1',
            'samples': 1, 'timeout': 60,
            'machine': {'cpu': 'Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz', 'cores': 2,
                        'system': 'Linux 6.1.0-18-amd64 x86_64', 'glibc': '2.36', 'instructions': 'avx512'},
            'objects': [{'path': path, 'build_id': build_id} for path, build_id in OBJECTS],
            'metrics': list(metrics),
            'native': {'status': 'ok', 'seconds': .112, 'cpu_seconds': .109, 'metrics': native or {}},
            'cells': cells, 'threshold': threshold, **more}


def accuracy(exponent, fraction):
    """What a small network does: chance below some bits, a knee, then flat."""
    lost = {4: .06, 5: .004, 8: 0.0}[exponent]
    knee = 1 / (1 + 2.2 ** (2.2 - fraction + (0.9 if exponent == 4 else 0)) * 2)
    return round(.098 + (.9874 - .098 - lost) * knee ** 1.6, 4)


def network(samples=1, modes=('rne',), fractions=range(2, 24)):
    """Accuracy and the largest relative error of its scores, e{4,5,8} x m{2..23}; some cells fail."""
    dice, cells = random.Random(5), []
    for mode in modes:
        for exponent in 4, 5, 8:
            for fraction in fractions:
                mean = accuracy(exponent, fraction) - (.01 if mode == 'sr' and fraction < 6 else 0)
                error = 0.0 if fraction == 23 and exponent == 8 else \
                    (2 ** -fraction * dice.uniform(2, 6) + {4: .02, 5: 3e-4, 8: 0}[exponent])
                sd = .02 * 2 ** -(fraction - 2) if samples > 1 else 0
                one = cell(exponent, fraction, mode, samples=samples, seconds=dice.uniform(.36, .44),
                           metrics={'accuracy': value(mean, sd, samples),
                                    'max relative error': value(error, error / 8, samples)})
                if samples > 2:
                    middle = fraction * .301 - .4
                    numbers = [min(max(int(dice.gauss(middle, .8)), 0), 8) for _ in range(2000)]
                    one['digits'] = {'from': 0, 'width': 1, 'counts': [numbers.count(i) for i in range(9)],
                                     'median': sorted(numbers)[1000] + .5}
                cells.append(one)
    failed = {'metrics': {'accuracy': None, 'max relative error': None}, 'digits': None}
    cells[0].update(status='signal', signal=8, seconds=.12, over_native=1.07, **failed)
    cells[1].update(status='exit', exit=3, **failed)
    cells[2].update(status='timeout', seconds=60.0, over_native=536.0, error='the loop does not converge', **failed)
    metrics = [metric('accuracy', 'higher'), metric('max relative error', 'lower', kind='max-rel', detail='scores.npy')]
    limit, series = .9775, []
    for mode in modes:
        for exponent in 4, 5, 8:
            line = [one for one in cells if (one['mode'], one['exponent']) == (mode, exponent)]
            keeps = [one for one in line if (one['metrics']['accuracy'] or {'value': 0})['value'] >= limit]
            series.append({'exponent': exponent, 'mode': mode, 'where': None,
                           'smallest': keeps[0]['format'] if keeps else None,
                           'value': keeps[0]['metrics']['accuracy']['value'] if keeps else None, 'monotone': True,
                           'tested': [one['format'] for one in line[::5]],
                           'note': '' if keeps else f'even {line[-1]["format"]} misses it'})
    return document(cells, metrics, {'accuracy': value(.9874), 'max relative error': value(0.0)},
                    {'metric': 'accuracy', 'spec': '1%', 'limit': limit, 'series': series}, samples=samples)


def why(name, text):
    """The reasons of one format, and of the objects."""
    return {'counted': True, 'cut': False, 'objects': [], 'options': [], 'text': [text + ' 1', text + ' 2'],
            'cells': [{'id': name, 'format': name, 'mode': name, 'where': name, 'because': text, 'counted': True,
                       'cut': False, 'types': {}, 'first': {}, 'functions': [], 'text': [text + ' 3', text + ' 4']}]}


HOSTILE = '<script>alert("1")</script>\'"&`touch pwned`$(touch pwned)|_^@{}\\n%s ]]>--><!-- © 数字'


def hostile(bytes_too=False):
    """Every string is hostile; with bytes_too also NUL, and U+E0xx for write --bytes."""
    name = HOSTILE + ('\0a\uE0FFb\uE0C3\uE028c' if bytes_too else '\x1b[31m\x01\r\n\ttail\uFFFE')
    measure = HOSTILE + '\x1b[31m\x01'  # a key of an object, which can hold no such bytes
    cells = [cell(exponent, fraction, name, where=name, format=name + str(exponent), error=name, id=name,
                  directory=name, status=status, metrics={measure: {**value(1.5 * fraction), 'error': name}})
             for exponent in (4, 5) for fraction, status in ((2, 'ok'), (3, 'ok'), (4, 'exit'), (5, name))]
    threshold = {'metric': measure, 'spec': name, 'limit': 2.0, 'series': [
        {'exponent': 4, 'mode': name, 'where': name, 'smallest': name + '4', 'value': 3.0, 'monotone': False,
         'tested': [name, name], 'note': name}]}
    return document(cells, [metric(measure, 'higher', unit=name, detail=name, kind=name)], {measure: value(9.0)},
                    threshold, title=name, why=why(name, name), command=[name, name], directory='/' + name,
                    sweep=['vprec-sweep', name, '', 'a b', "it's", '-x'],
                    objects=[{'path': name, 'build_id': name}],
                    machine={key: name for key in ('cpu', 'system', 'glibc', 'instructions')})


def many():
    """2000 cells: modes, places and all widths."""
    modes, places = ('rne', 'rtz', 'sr', 'ru'), ('function:conv*', 'function:fc*')
    cells = [cell(exponent, fraction, mode, where=place, metrics={'error': value(2.0 ** -fraction)})
             for place in places for mode in modes for exponent in range(2, 12) for fraction in range(1, 26)]
    return document(cells, [metric('error', 'lower')], {'error': value(0.0)})


def odd():
    """NaN, infinities, huge values, values that could not be computed, two formats, virtual precision."""
    values = ['nan', 'inf', '-inf', 1e308, -1e308, 5e-324, 0, -0.0, 0.1, 3]
    cells = [cell(8, 2 + i, metrics={'x':
                                   {'value': v, 'sd': None, 'min': v, 'max': v, 'n': 1}}) for i, v in enumerate(values)]
    cells.append(cell(8, 20, metrics={'x': None}))
    cells.append(cell(8, 21, metrics={'x': {'value': None, 'error': 'no line matches'}}))
    cells.append(cell(None, None, format='f32=bf16,f64=e11m40', metrics={'x': value(2.0)}))
    cells.append({**cell(None, None, 'rr', metrics={'x': value(2.5, .5, 3)}), 'format': None, 'precision': 12,
                  'id': 'rr-t12'})
    return document(cells, [metric('x')], {'x': value('inf', low='inf', high='inf')})


def with_status(*statuses):
    cells = [cell(8, 2 + i, status=status, samples=int(status != 'pending'), seconds=1.0 if status != 'pending' else None,
                  exit=3 if status == 'exit' else 0, signal=11 if status == 'signal' else 0, metrics={'x': None})
             for i, status in enumerate(statuses)]
    return document(cells, [metric('x', 'higher')], {'x': value(1.0)}, complete='pending' not in statuses,
                    threshold={'metric': 'x', 'spec': '0.9', 'limit': .9, 'series': [
                        {'exponent': 8, 'mode': 'rne', 'where': None, 'smallest': None, 'value': None, 'monotone': None,
                         'tested': [], 'note': ''}]})


def layers(kind='within', count=12, formats=((8, 2), (8, 3), (4, 3), (5, 2), (8, 7))):
    """Layers of a network, each in each format, some worse than others; one that crashed, one that was not run."""
    dice, cells = random.Random(7), []
    for i in range(count):
        where = f'{kind}:torch:0.model.encoder.layer.{i // 4}.' + \
            ('attention.self.query', 'attention.output.dense', 'intermediate.dense', 'output')[i % 4]
        for exponent, fraction in formats:
            error = 2 ** -fraction * dice.uniform(.1, 2) * (8 if i == 5 else 1)
            cells.append(cell(exponent, fraction, where=where, metrics={'max-rel': value(error)}))
    cells[7].update(status='signal', signal=8, metrics={'max-rel': None})
    cells[-1].update(status='pending', samples=0, seconds=None, metrics={'max-rel': None})
    recipe = {'keeps': 'max-rel <= 0.2', 'found': True, 'note': None, 'format': 'f32=native', 'value': .19,
              'layers': [{'layer': 'torch:<a&b>', 'narrowest': None, 'value': None, 'recipe': 'native'},
                         {'layer': 'torch:head', 'narrowest': 'e8m2', 'value': .1, 'recipe': 'e8m3'}],
              'runs': [{'status': 'ok', 'value': .31, 'kept': False, 'directory': 'cells/recipe-1'},
                       {'status': 'ok', 'value': .19, 'kept': True, 'directory': 'cells/recipe-2'}],
              'text': '# A recipe of vprec-sweep\ntorch:<a&b> = native\ntorch:head  = e8m3\n'}
    return document(cells, [metric('max-rel', 'lower', kind='max-rel', detail='')], {'max-rel': value(0.0)},
                    {'metric': 'max-rel', 'spec': 'max-rel<=0.2', 'limit': .2, 'series': []}, recipe=recipe)


DOCUMENTS = {
    'layers': layers,
    'upto': lambda: layers('upto', 90, [(8, m) for m in range(2, 24)]),
    'network': network,
    'samples': lambda: network(30, ('rne', 'sr')),
    'coarse': lambda: network(1, ('rne',), (2, 3, 4, 7, 10, 23)),
    'hostile': hostile,
    'bytes': lambda: hostile(True),
    'many': many,
    'reasons': lambda: {**network(), 'why': why('e4m3', 'dot: 224 + 44 = 268 became inf')},
    'odd': odd,
    'empty': lambda: document([]),
    'bare': lambda: {},
    'one': lambda: document([cell(8, 7, metrics={'x': value(.5)})], [metric('x')], {'x': value(.6)}),
    'unmeasured': lambda: document([cell(8, 7), cell(8, 8)]),
    'failed': lambda: with_status('exit', 'signal', 'timeout', 'refused'),
    'pending': lambda: with_status('ok', 'pending', 'pending'),
    'bisected': lambda: {**with_status('ok', 'pending', 'pending'), 'complete': True},
}

if __name__ == '__main__':
    json.dump(DOCUMENTS[sys.argv[1]](), sys.stdout, indent=1)
