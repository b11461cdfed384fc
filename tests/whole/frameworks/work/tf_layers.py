# SPDX-License-Identifier: Apache-2.0
"""tf_layers.py trace|bits|threads: a small network in TensorFlow. Prints, as JSON, the name of every operation that ran,
by TensorFlow's RunMetadata and only with the argument "trace", how many products and sums the convolution and the
products of matrices have, and what came out of each layer as bits. "threads": several threads work for each operation;
else one does."""
import json
import os
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402

v1 = tf.compat.v1
v1.disable_eager_execution()
tf.random.set_seed(1)
random = numpy.random.default_rng(1)


def weights(*shape):
    return tf.constant(random.standard_normal(shape, dtype=numpy.float32) * 0.2)


x = v1.placeholder(tf.float32, (4, 20, 20, 1), name='x')
first = tf.nn.conv2d(x, weights(3, 3, 1, 16), 1, 'VALID', name='first')
pool = tf.nn.max_pool2d(first, 2, 2, 'VALID', name='pool')
flat = tf.reshape(pool, (4, -1), name='flat')
second = tf.matmul(flat, weights(int(flat.shape[1]), 32), name='second')
third = tf.nn.softplus(second, name='third')
head = tf.matmul(third, weights(32, 16), name='head')
threads = 4 if sys.argv[1] == 'threads' else 1
config = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
config.graph_options.rewrite_options.disable_meta_optimizer = True  # names stay what they are
data = random.random((4, 20, 20, 1), dtype=numpy.float32)
metadata = v1.RunMetadata()
options = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE if sys.argv[1] == 'trace' else v1.RunOptions.NO_TRACE)
with v1.Session(config=config) as session:
    parts = session.run([first, second, third, head], {x: data}, options=options, run_metadata=metadata)
nodes = [node for device in metadata.step_stats.dev_stats for node in device.node_stats]
nodes = [node for node in nodes if node.node_name not in ('_SOURCE', '_SINK')]
trace = [node.node_name for node in sorted(nodes, key=lambda node: node.all_start_nanos or node.all_start_micros)]
products = {'first': 4 * 18 * 18 * 16 * 9, 'second': 4 * int(flat.shape[1]) * 32, 'head': 4 * 32 * 16}
print(json.dumps({'trace': trace, 'products': products,
                  'bits': [part.view(numpy.int32).flatten().tolist() for part in parts]}))
