# SPDX-License-Identifier: Apache-2.0
"""forked.py VPREC_SWEEP torch|ort: a convolutional network of one thread, swept by layers, in cells that --fork-at
makes of one process and in cells that start by themselves: all print the same."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../common'))
import environments  # noqa: E402

SWEEP, FRAMEWORK = os.path.abspath(sys.argv[1]), sys.argv[2]
ONE_THREAD = {'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1', 'ORT_DISABLE_TELEMETRY': '1'}
PROGRAMS = {'torch': ('torch:<Net>', 'torch:*[12]', '''
import torch
torch.manual_seed(0)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 8, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(8, 16, 5, padding=2)
        self.fc1 = torch.nn.Linear(16 * 7 * 7, 10)
    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.fc1(torch.flatten(x, 1))
net = Net().eval()
print('made')
with torch.no_grad():
    y = net(torch.rand(4, 1, 28, 28))
for v in y.ravel().tolist():
    print(v)
'''), 'ort': ('ort:*', 'ort:batch_norm_?.*', '''
import os
import numpy
import onnxruntime
import rapidocr_onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
path = os.path.join(os.path.dirname(rapidocr_onnxruntime.__file__), 'models/ch_ppocr_mobile_v2.0_cls_infer.onnx')
session = onnxruntime.InferenceSession(path, options)
x = numpy.random.default_rng(1).random((2, 3, 48, 192), dtype=numpy.float32)
print('made')
for v in session.run(None, {session.get_inputs()[0].name: x})[0].ravel():
    print(float(v))
''')}


def sweep(folder, out, *options):
    """What cells printed, by name; what was said."""
    scope, layers, text = PROGRAMS[FRAMEWORK]
    with open(os.path.join(folder, 'network.py'), 'w', encoding='utf-8') as file:
        file.write(text)
    command = [SWEEP, '--why', 'none', '--formats', 'e8m{3,9}', '--layers=' + layers, '--out', out, *options, '--',
               environments.make(FRAMEWORK), 'network.py']
    done = subprocess.run(command, cwd=folder, env={**os.environ, **ONE_THREAD}, stdin=subprocess.DEVNULL, timeout=800,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f'{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    printed = {}
    cells = os.path.join(folder, out, 'cells')
    for cell in os.listdir(cells):
        if not cell.startswith('fork-'):
            with open(os.path.join(cells, cell, '0001/stdout'), encoding='utf-8') as file:
                printed[cell] = file.read()
    return printed, done.stderr


with tempfile.TemporaryDirectory() as directory:
    whole, _ = sweep(directory, 'whole', '--own-directory')
    forked, said = sweep(directory, 'forked', '--fork-at', PROGRAMS[FRAMEWORK][0])
if 'one start is enough' not in said or 'start whole' in said or 'starts whole' in said:
    raise SystemExit(f'cells started whole:\n{said}')
if whole != forked or len(set(whole.values())) < 3:
    raise SystemExit(f'{whole}\ninstead of\n{forked}')
print(f'{len(whole)} cells')
