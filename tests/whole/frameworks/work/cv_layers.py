# SPDX-License-Identifier: Apache-2.0
"""cv_layers.py trace|bits|threads: a small network in OpenCV's module dnn, of a file in ONNX that is written here. Prints,
as JSON, the names of the layers in the order in which they are run, by OpenCV's own list and only with the argument
"trace", and what came out of each layer as bits. "threads": several threads work for each layer; else one does."""
import json
import sys

import cv2
import numpy

from messages import field

RUNS = 3
FLOAT, INT, INTS = 1, 2, 7  # kinds of ONNX
draw = numpy.random.default_rng(1).standard_normal


def tensor(name, array):
    return (b''.join(field(1, size) for size in array.shape) + field(2, FLOAT) + field(8, name) +
            field(9, array.astype('<f4').tobytes()))


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, INT)
    return field(1, name) + b''.join(field(8, one) for one in value) + field(20, INTS)


def node(name, kind, inputs, output, **attributes):
    return (b''.join(field(1, one) for one in inputs) + field(2, output) + field(3, name) + field(4, kind) +
            b''.join(field(5, attribute(*one)) for one in attributes.items()))


def typed(name, shape):
    sizes = b''.join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, sizes)))


values = {'w1': draw((12, 3, 3, 3)) * 0.2, 'w2': draw((8, 12, 3, 3)) * 0.2, 'w3': draw((1152, 10)) * 0.1}
nodes = [node('first', 'Conv', ['x', 'w1'], 'a', kernel_shape=[3, 3]), node('second', 'Sigmoid', ['a'], 'b'),
         node('third', 'Conv', ['b', 'w2'], 'c', kernel_shape=[3, 3]), node('flat', 'Flatten', ['c'], 'd', axis=1),
         node('head', 'MatMul', ['d', 'w3'], 'e')]
graph = (b''.join(field(1, one) for one in nodes) + field(2, 'small') +
         b''.join(field(5, tensor(name, value)) for name, value in values.items()) +
         field(11, typed('x', (1, 3, 16, 16))) +
         b''.join(field(12, typed(name, shape)) for name, shape in (('a', (1, 12, 14, 14)), ('b', (1, 12, 14, 14)),
                                                                   ('c', (1, 8, 12, 12)), ('e', (1, 10)))))
model = field(1, 8) + field(8, field(2, 13)) + field(7, graph)
cv2.setNumThreads(4 if sys.argv[1] == 'threads' else 1)
network = cv2.dnn.readNetFromONNX(numpy.frombuffer(model, numpy.uint8))
network.setInput(draw((1, 3, 16, 16)).astype(numpy.float32), 'x')
results = [[numpy.array(part) for part in network.forward(['a', 'b', 'c', 'e'])] for _ in range(RUNS)]
bits = [[part.astype(numpy.float32).view(numpy.int32).flatten().tolist() for part in parts] for parts in results]
assert all(other == bits[0] for other in bits)
trace = [name for name in network.getLayerNames() if name != '_input'] * RUNS if sys.argv[1] == 'trace' else []
print(json.dumps({'trace': trace, 'bits': bits[0]}))
