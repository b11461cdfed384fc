# SPDX-License-Identifier: Apache-2.0
"""ort_random.py: random numbers and a range of a network, and their sums, as words of 32 bits."""
import json
import struct

import numpy
import onnxruntime

from messages import field, number


def node(kind, inputs, output, *attributes):
    return field(1, b''.join(field(1, i) for i in inputs) + field(2, output) + field(3, output) + field(4, kind) +
                 b''.join(field(5, a) for a in attributes))


def scalar(name, value):
    return field(5, field(2, 1) + field(8, name) + field(9, struct.pack('<f', value)))


SHAPE = field(1, 'shape') + field(8, 1000) + field(20, 7)
SEED = field(1, 'seed') + number(2 << 3 | 5) + numpy.float32(7).tobytes() + field(20, 1)
FLOATS = field(2, field(1, field(1, 1)))
NODES = [node('RandomNormal', [], 'normal', SHAPE, SEED), node('RandomUniform', [], 'uniform', SHAPE, SEED),
         node('Range', ['start', 'limit', 'delta'], 'range'), node('Add', ['normal', 'uniform'], 'sum')]
OUTPUTS = ['normal', 'uniform', 'range', 'sum']
GRAPH = b''.join(NODES) + field(2, 'graph') + scalar('start', 0) + scalar('limit', 30) + scalar('delta', 0.1) + b''.join(
    field(12, field(1, name) + FLOATS) for name in OUTPUTS)
MODEL = field(1, 8) + field(7, GRAPH) + field(8, field(1, '') + field(2, 17))

session = onnxruntime.InferenceSession(MODEL, providers=['CPUExecutionProvider'])
print(json.dumps(dict(zip(OUTPUTS, [x.view(numpy.uint32).tolist() for x in session.run(OUTPUTS, {})]))))
