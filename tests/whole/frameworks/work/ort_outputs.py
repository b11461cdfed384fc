# SPDX-License-Identifier: Apache-2.0
"""ort_outputs.py run|check FOLDER [MODEL]: a network of onnxruntime's as it stands, without its optimizer. "run" runs it
twice. "check" has every node's outputs returned, by a model to which they were added as outputs of the graph, and holds
what is in FOLDER (by --dump-layers) against them, to the bit, as NumPy reads it; prints how many there were."""
import os
import sys

import numpy
import onnxruntime

from messages import field

MODEL, NODE, OUTPUT, NAME, GRAPH, GRAPH_OUTPUT = 'ch_ppocr_mobile_v2.0_cls_infer.onnx', 1, 2, 3, 7, 12


def fields(data):
    """Of a protobuf message: numbers and values of its fields, as far as they are bytes."""
    at = 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return value
    while at < len(data):
        key = number()
        if key & 7 == 2:
            length = number()
            yield key >> 3, data[at:at + length]
            at += length
        elif key & 7 == 0:
            number()
        else:
            at += {1: 8, 5: 4}[key & 7]


def outputs_of(model):
    """Names of each node's outputs by its own."""
    found = {}
    for number, graph in fields(model):
        for kind, node in fields(graph) if number == GRAPH else []:
            if kind == NODE:
                parts = list(fields(node))
                name = b''.join(value for key, value in parts if key == NAME).decode()
                found[name] = [value.decode() for key, value in parts if key == OUTPUT]
    return found


path = sys.argv[3] if len(sys.argv) > 3 else None
if path is None:
    import rapidocr_onnxruntime
    path = os.path.join(os.path.dirname(rapidocr_onnxruntime.__file__), 'models', MODEL)
with open(path, 'rb') as file:
    model = file.read()
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
options.intra_op_num_threads = 1
x = numpy.random.default_rng(1).random((2, 3, 48, 192), dtype=numpy.float32)
if sys.argv[1] == 'run':
    session = onnxruntime.InferenceSession(model, options)
    for _ in range(2):
        print(session.run(None, {session.get_inputs()[0].name: x})[0].tolist())
    sys.exit()
nodes = outputs_of(model)
session = onnxruntime.InferenceSession(model, options)
there = {output.name for output in session.get_outputs()}
more = b''.join(field(GRAPH_OUTPUT, field(1, name.encode())) for names in nodes.values() for name in names
                if name and name not in there)
session = onnxruntime.InferenceSession(model + field(GRAPH, more), options)  # messages are joined
names = [output.name for output in session.get_outputs()]
values = dict(zip(names, session.run(names, {session.get_inputs()[0].name: x})))
count = 0
for file in sorted(os.listdir(sys.argv[2])):
    number, name = file.removesuffix('.npy').split(' ', 1)
    name, which = name.removeprefix('ort:'), 0
    if name not in {n.replace('/', '_') for n in nodes}:
        name, _, which = name.rpartition('.')
    (node,) = [n for n in nodes if n.replace('/', '_') == name]
    dumped, expected = numpy.load(os.path.join(sys.argv[2], file)), values[nodes[node][int(which)]]
    assert dumped.dtype == expected.dtype and dumped.shape == expected.shape, (file, dumped.shape, expected.shape)
    assert dumped.tobytes() == expected.tobytes(), file
    count += 1
    assert int(number) == count, file
print(count, len([n for n in nodes if nodes[n]]))
