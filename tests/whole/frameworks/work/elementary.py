# SPDX-License-Identifier: Apache-2.0
"""elementary.py FRAMEWORK IN OUT: elementary functions and softmax of the rows in the file IN (binary32, 64 x 256 for
each of NAMES, in order) as the framework computes them, to OUT likewise: what it lacks is NaN."""
import os
import sys
import tempfile

import numpy

from messages import field

NAMES = 'exp', 'log', 'tanh', 'sigmoid', 'erf', 'sin', 'softmax', 'layer_norm'
SHAPE = 64, 256
EPSILON = 1e-5


def of_numpy():
    def softmax(x):
        e = numpy.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def layer_norm(x):
        d = x - x.mean(1, keepdims=True)
        return d / numpy.sqrt((d * d).mean(1, keepdims=True) + numpy.float32(EPSILON))

    one = numpy.float32(1)
    return {'exp': numpy.exp, 'log': numpy.log, 'tanh': numpy.tanh, 'sin': numpy.sin,
            'sigmoid': lambda x: one / (one + numpy.exp(-x)), 'softmax': softmax, 'layer_norm': layer_norm}


def of_torch():
    import torch
    torch.set_num_threads(1)

    def through(f):
        return lambda x: f(torch.from_numpy(x)).numpy()
    functions = {name: through(getattr(torch, name)) for name in NAMES[:6]}
    return {**functions, 'softmax': through(lambda x: torch.softmax(x, 1)),
            'layer_norm': through(lambda x: torch.nn.functional.layer_norm(x, SHAPE[1:], eps=EPSILON))}


def of_tf():
    import tensorflow as tf

    def layer_norm(x):
        mean, variance = tf.nn.moments(x, 1, keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + EPSILON)

    of = {'exp': tf.exp, 'log': tf.math.log, 'tanh': tf.tanh, 'sigmoid': tf.sigmoid, 'erf': tf.math.erf, 'sin': tf.sin,
          'softmax': tf.nn.softmax, 'layer_norm': layer_norm}
    return {name: lambda x, f=f: f(tf.constant(x)).numpy() for name, f in of.items()}


def of_jax():
    import jax
    import jax.numpy as jnp

    def layer_norm(x):
        d = x - x.mean(1, keepdims=True)
        return d * jax.lax.rsqrt((d * d).mean(1, keepdims=True) + EPSILON)

    of = {'exp': jnp.exp, 'log': jnp.log, 'tanh': jnp.tanh, 'sigmoid': jax.nn.sigmoid, 'erf': jax.scipy.special.erf,
          'sin': jnp.sin, 'softmax': jax.nn.softmax, 'layer_norm': layer_norm}
    return {name: lambda x, f=jax.jit(f): numpy.asarray(f(x)) for name, f in of.items()}


def model(operator):
    """An ONNX model of one operator on a matrix; layer_norm has a scale of ones."""
    dims = b''.join(field(1, field(1, n)) for n in SHAPE)
    kind = field(1, field(1, 1) + field(2, dims))

    def value(name):
        return field(1, name) + field(2, kind)
    scale = operator == 'LayerNormalization'
    node = field(1, 'x') + (field(1, 'scale') if scale else b'') + field(2, 'y') + field(4, operator)
    ones = numpy.ones(SHAPE[1], numpy.float32).tobytes()
    tensor = field(1, SHAPE[1]) + field(2, 1) + field(8, 'scale') + field(9, ones)
    graph = field(1, node) + field(2, 'g') + (field(5, tensor) if scale else b'') + field(11, value('x')) + field(12, value('y'))
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


def of_ort():
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    of = {name: name.capitalize() for name in NAMES[:7]} | {'layer_norm': 'LayerNormalization'}

    def run(x, operator):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'model.onnx')
            with open(path, 'wb') as file:
                file.write(model(operator))
            return onnxruntime.InferenceSession(path, options, ['CPUExecutionProvider']).run(None, {'x': x})[0]
    return {name: lambda x, operator=operator: run(x, operator) for name, operator in of.items()}


def main():
    framework, source, target = sys.argv[1:]
    functions = globals()['of_' + framework]()
    rows = numpy.fromfile(source, numpy.float32).reshape(len(NAMES), *SHAPE)
    with open(target, 'wb') as file:
        for name, x in zip(NAMES, rows):
            y = functions[name](x.copy()) if name in functions else numpy.full(SHAPE, numpy.nan)
            file.write(numpy.ascontiguousarray(y, numpy.float32).tobytes())


if __name__ == '__main__':
    main()
