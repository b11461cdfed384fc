# SPDX-License-Identifier: Apache-2.0
"""layers.py VPREC_RUN FRAMEWORK: the layers of networks have the names, and come in the order, that the framework
itself gives them, and as many products as their shapes say; a format for one of them leaves what comes before it as it is, to the bit, and rounds what comes out
of it."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
import environments  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER, FRAMEWORK = os.path.abspath(sys.argv[1]), sys.argv[2]
FRACTION_BITS = 10  # of e8m10: the rest of 23 are zero
SOURCE = {'jax': 'xla', 'tfjit': 'xla'}.get(FRAMEWORK, FRAMEWORK)
ENVIRONMENT = {'tfjit': 'tf', 'cv': 'ort'}.get(FRAMEWORK, FRAMEWORK)


def run(options, mode, status=0):
    """What the network printed, and the scopes of the report."""
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        command = [environments.make(ENVIRONMENT), os.path.join(HERE, 'work', FRAMEWORK + '_layers.py'), mode]
        if options is not None:
            command = [RUNNER, '-q', '--report', file.name, *options, '--'] + command
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
        if done.returncode != status:
            raise SystemExit(f'{command}: exit status {done.returncode}\n{done.stderr}')
        printed = json.loads(done.stdout.splitlines()[-1])
        scopes = json.load(file)['scopes'] if options is not None else []
    if FRAMEWORK == 'tfjit':  # its own operations are around; modules have other names in TensorFlow's text
        scopes = [{**s, 'name': 'xla:' + s['name'].split('/')[-1]} for s in scopes if s['name'].startswith('xla:')]
    return printed, scopes


def named(scopes):
    return [(s['name'], s['calls']) for s in scopes]


def check(good, text):
    if not good:
        raise SystemExit(text)


def in_order(trace):
    """Each name once, in the order of their first calls, with their numbers."""
    return [(f'{SOURCE}:{name}', trace.count(name)) for name in dict.fromkeys(trace)]


def is_rounded(bits):
    return all(not word & (1 << 23 - FRACTION_BITS) - 1 for word in bits)


# Of what is printed: which layer's output it is, and which layers have gone before.
OUTPUTS = {'torch': ['stem', 'blocks.0', 'blocks.1', 'blocks.2', 'norm', 'head'], 'ort': ['Softmax@0'],
           'tf': ['first', 'second', 'third', 'head'], 'jax': [f'<*/{x}/*>' for x in ('first', 'second', 'third', 'head')],
           'cv': ['first', 'second', 'third', 'head'],
           'tfjit': ['*/first.*', '*/add_sqrt_fusion', '*/third.*', '*/head.*']}[FRAMEWORK]
# Two layers whose formats differ, where the framework's own threads work for them.
TWO = {'torch': ('blocks.1', 'norm'), 'ort': ('*batch_norm*', '*relu*'), 'tf': ('first', 'third'),
       'jax': ('<*/first/*>', '<*/third/*>'), 'tfjit': ('*/first.*', '*/third.*'), 'cv': ('first', 'third')}[FRAMEWORK]

plain, _ = run(None, 'bits')
told, scopes = run(['-f', 'f32=native', '--scope', f'{SOURCE}:*=native'], 'trace')
scopes = named(scopes)
check(told['bits'] == plain['bits'], 'native scopes change results')
check(len(scopes) > 3 and scopes == in_order(told['trace']), f'{scopes}\ninstead of\n{in_order(told["trace"])}')
for i, layer in enumerate(OUTPUTS):
    narrow, _ = run(['-f', 'e8m10', '--within', layer], 'bits')
    for k in range(i):
        check(narrow['bits'][k] == plain['bits'][k], f'--within {layer} changes {OUTPUTS[k]}, which comes before')
    check(narrow['bits'][i] != plain['bits'][i] and is_rounded(narrow['bits'][i]), f'--within {layer} does not round it')
    later = narrow['bits'][i + 1:]
    check(not any(is_rounded(bits) for bits in later), f'--within {layer} rounds what comes after')
if FRAMEWORK == 'torch':  # operators, where they are asked for: the convolution is none of these
    narrow, scopes = run(['-f', 'e8m10', '--within', 'aten:addmm'], 'bits')
    check(narrow['bits'][0] == plain['bits'][0] and is_rounded(narrow['bits'][-1]), '--within aten:addmm')
    check(dict(named(scopes))['aten:addmm'] == 6 + 7, scopes)  # 6 of 7 in the call that fails, 7 in the other
# All layers of a kind: which are none of it and come before, and one that is.
KINDS = {'torch': ('<Linear>', [0], -1), 'ort': ('ort:<Softmax>', [], -1), 'tf': ('<*Conv2D>', [], 0),
         'jax': ('<*/dot_general>', [], 0), 'cv': ('cv:<Conv*>', [], 0)}
if FRAMEWORK in KINDS:
    KIND, PLAIN, OF_KIND = KINDS[FRAMEWORK]
    narrow, _ = run(['-f', 'e8m10', '--within', KIND], 'bits')
    check(all(narrow['bits'][i] == plain['bits'][i] for i in PLAIN), f'--within {KIND} changes what is not of that kind')
    check(is_rounded(narrow['bits'][OF_KIND]), f'--within {KIND} does not round it')
# Where the processor's vectors are filled, each of them is one fma, and there is no other: of all threads (but those of
# PyTorch's "threads", several of which have layers open at once).
for mode in {'torch': ['bits'], 'ort': ['bits', 'threads'], 'tf': ['bits', 'threads'], 'jax': ['bits', 'threads']}.get(
        FRAMEWORK, []):
    counted, scopes = run(['-f', 'e8m10', '--layers', '--count=operations'], mode)
    fmas = {s['name']: (s['counts']['f32']['ops'].get('fma', 0), s['calls']) for s in scopes}
    calls = {name: told['trace'].count(name) for name in told['products']}
    check(len(calls) > 1, 'there is nothing to count')
    for name, products in told['products'].items():
        fma, times = fmas[f'{SOURCE}:{name}']
        check(fma * calls[name] == products * times, f'{mode}: {name} has {fma} fma in {times} calls, not {products} in '
              f'{calls[name]}')
FORMATS = ['-f', 'e8m10', '--scope', TWO[0] + '=e5m10', '--scope', TWO[1] + '=native']
several, _ = run(FORMATS, 'threads')
one, _ = run(FORMATS, 'bits')
check(several['bits'] == one['bits'], 'the number of threads changes results')
print(f'{FRAMEWORK}: {len(scopes)} layers')
