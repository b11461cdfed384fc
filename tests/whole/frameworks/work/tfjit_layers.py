# SPDX-License-Identifier: Apache-2.0
"""tfjit_layers.py trace|bits|threads: a small network in TensorFlow that XLA compiles. Prints, as JSON, the names of the
steps in the order in which they are run, by the compiled module's own text and only with the argument "trace", and what
came out of each layer as bits. "threads": a pool's threads work for each step; else none do."""
import json
import os
import re
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(4 if sys.argv[1] == 'threads' else 1)
RUNS = 3
NO_STEP = ('parameter', 'constant', 'bitcast', 'tuple', 'get-tuple-element')
draw = numpy.random.default_rng(1).standard_normal
x, a, b, c = [tf.constant(draw(shape, dtype=numpy.float32) * 0.2)
              for shape in ((96, 160), (160, 160), (160, 96), (96, 24))]


@tf.function(jit_compile=True)
def network(x):
    first = tf.matmul(x, a, name='first')
    second = tf.sqrt(first * first + 1, name='second')
    third = tf.matmul(second, b, name='third')
    head = tf.matmul(third, c, name='head')
    return first, second, third, head


results = [network(x) for _ in range(RUNS)]
bits = [[part.numpy().view(numpy.int32).flatten().tolist() for part in parts] for parts in results]
assert all(other == bits[0] for other in bits)
trace = []
if sys.argv[1] == 'trace':
    text = network.experimental_get_compiler_ir(x)(stage='optimized_hlo')
    entry = text[text.index('\nENTRY '):]
    steps = re.findall(r'^ +(?:ROOT )?%([\w.\-]+) = (?:\([^=]*\)|\S+) ([\w\-]+)\(', entry, re.M)
    trace = [step for step, kind in steps if kind not in NO_STEP] * RUNS
print(json.dumps({'trace': trace, 'bits': bits[0]}))
