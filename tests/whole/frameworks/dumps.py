# SPDX-License-Identifier: Apache-2.0
"""dumps.py VPREC_RUN VPREC_STATS: what --dump-layers writes of a network in PyTorch is what the network itself says that
its modules returned, to the bit and in the order in which they returned; the program's results stay as they are; and
vprec-stats compare names the layer where two runs part."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
import environments  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER, STATS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PROGRAM = [environments.make('torch'), os.path.join(HERE, 'work', 'torch_layers.py')]
BLOCKS = [f'blocks.{i}{part}' for i in range(3) for part in ('.first', '.second', '')]
# The first call ends by an exception in the outermost module, behind the blocks.
ORDER = ['stem', 'flat', *BLOCKS] + ['stem', 'flat', *BLOCKS, 'norm', 'head', '<Network>']


def check(good, text):
    if not good:
        raise SystemExit(text)


def run(folder, *options, mode='bits', status=0):
    command = [RUNNER, '-q', *options, '--dump-layers', folder, '--', *PROGRAM, mode] if folder else [*PROGRAM, mode]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600, check=False)
    check(done.returncode == status, f'{command}: exit status {done.returncode}\n{done.stderr}')
    return (json.loads(done.stdout.splitlines()[-1])['bits'] if not status else None), done.stderr


def members(folder):
    """Names of layers in their order, and the bits of each member."""
    names, outputs = [], []
    for name in sorted(os.listdir(folder)):
        number, layer = name[:-len('.npz')].split(' ', 1)
        check(name.endswith('.npz') and int(number) == len(names) + 1, f'{name} is number {len(names) + 1}')
        names.append(layer.removeprefix('torch:'))
        with zipfile.ZipFile(os.path.join(folder, name)) as archive:
            output = {}
            for member in archive.namelist():
                data = archive.read(member)
                length, = struct.unpack('<H', data[8:10])
                check(data[:8] == b'\x93NUMPY\1\0' and (10 + length) % 64 == 0, f'{name}: {member}')
                head = eval(data[10:10 + length])  # pylint: disable=eval-used
                check(head['descr'] == '<f4' and not head['fortran_order'], head)
                body = data[10 + length:]
                values = struct.unpack(f'<{len(body) // 4}i', body)
                size = 1
                for n in head['shape']:
                    size *= n
                check(size == len(values), f'{name}: {head["shape"]} of {len(values)}')
                output[member] = list(values)
            outputs.append(output)
    return names, outputs


with tempfile.TemporaryDirectory() as top:
    plain, _ = run(None)
    folders = {name: os.path.join(top, name) for name in ('native', 'scoped', 'narrow', 'other')}
    for name, options in (('native', ['-f', 'native']), ('scoped', ['-f', 'f32=native', '--scope', 'torch:*=native']),
                          ('narrow', ['-f', 'e8m10']), ('other', ['-f', 'e8m10', '--within', 'torch:blocks.1'])):
        bits, _ = run(folders[name], *options)
        check((bits == plain) == (name in ('native', 'scoped')), f'{name}: the output of the program')
        names, outputs = members(folders[name])
        check(names == ORDER, f'{name}: {names}')
        last = outputs[len(ORDER) // 2 - 2:]
        for k, layer in enumerate(('blocks.0', 'blocks.1', 'blocks.2', 'norm', 'head')):
            check(outputs[len(ORDER) - ORDER[::-1].index(layer) - 1] == {'output.npy': bits[k + 1]}, f'{name}: {layer}')
        check(outputs[-1] == {f'output.{i}.npy': part for i, part in enumerate(bits)}, f'{name}: a list of outputs')
    told = json.loads(subprocess.run([STATS, 'compare', '--format', 'json', folders['native'], folders['other']],
                                     stdout=subprocess.PIPE, check=True, timeout=60).stdout)
    check(told['first_different'] == '000006 torch:blocks.1.first', told['first_different'])
    told = json.loads(subprocess.run([STATS, 'compare', '--format', 'json', folders['native'], folders['scoped']],
                                     stdout=subprocess.PIPE, check=True, timeout=60).stdout)
    check(told['first_different'] is None, told['first_different'])
    # Nothing is written over.
    before = sorted(os.listdir(folders['native']))
    _, said = run(folders['native'], '-f', 'native', status=125)
    check('holds files' in said and sorted(os.listdir(folders['native'])) == before, said)
    # Many threads at once.
    run(os.path.join(top, 'threads'), '-f', 'native', mode='threads')
    names, _ = members(os.path.join(top, 'threads'))
    check(sorted(names) == sorted(ORDER + 80 * ORDER[11:]), 'threads')
print(f'{len(ORDER)} outputs')
