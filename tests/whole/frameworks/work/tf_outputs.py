# SPDX-License-Identifier: Apache-2.0
"""tf_outputs.py run|check FOLDER: a small network in TensorFlow. "run" runs it twice, and once more an operation that
fails. "check" has TensorFlow return every operation's outputs, and holds what is in FOLDER (by --dump-layers) against
them, to the bit, as NumPy reads it; prints how many there were."""
import os
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402

v1 = tf.compat.v1
v1.disable_eager_execution()
random = numpy.random.default_rng(1)


def weights(*shape):
    return tf.constant(random.standard_normal(shape, dtype=numpy.float32) * 0.2)


x = v1.placeholder(tf.float32, (4, 20, 20, 1), name='x')
n = v1.placeholder(tf.int32, (2,), name='n')
first = tf.nn.conv2d(x, weights(3, 3, 1, 16), 1, 'VALID', name='first')
parts = tf.split(tf.nn.max_pool2d(first, 2, 2, 'VALID', name='pool'), 2, axis=3, name='parts')
flat = tf.reshape(tf.concat(parts, 3, name='whole'), (4, -1), name='flat')
second = tf.cast(tf.matmul(flat, weights(int(flat.shape[1]), 32), name='second'), tf.bfloat16, name='narrow')
branch = v1.cond(tf.reduce_max(flat, name='most') > 100, lambda: tf.negative(flat), lambda: tf.abs(flat, name='taken'))
many = tf.split(flat, 6, axis=1, name='many')
head = tf.matmul(tf.cast(second, tf.float32, name='wide'), weights(32, 16), name='head')
bad = tf.reshape(x, n, name='bad')
config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
config.graph_options.rewrite_options.disable_meta_optimizer = True  # names stay what they are
data = random.random((4, 20, 20, 1), dtype=numpy.float32)
with v1.Session(config=config) as session:
    if sys.argv[1] == 'run':
        for _ in range(2):
            print(session.run([head, branch, *many], {x: data})[0].tolist())
        try:
            session.run(bad, {x: data, n: [7, 7]})
        except tf.errors.InvalidArgumentError:
            print('failed')
        sys.exit()
    skipped = {'x', 'n', 'bad'}
    operations = {op.name: op for op in session.graph.get_operations() if op.name not in skipped and
                  not op.name.startswith('cond') and all(t.dtype.name not in ('resource', 'variant') for t in op.outputs)}
    tensors = [t for op in operations.values() for t in op.outputs]
    values = dict(zip([t.name for t in tensors], session.run(tensors, {x: data})))
seen = set()
for i, file in enumerate(sorted(os.listdir(sys.argv[2]))):
    number, name = file.removesuffix('.npy').split(' ', 1)
    name, which = name.removeprefix('tf:'), '0'
    if name.rpartition('.')[2].isdigit():
        name, _, which = name.rpartition('.')
    assert int(number) == i + 1 and name != 'bad', file
    if f'{name}:{which}' not in values:  # what feeds it, branches, and what oneDNN keeps for the way back
        continue
    dumped, expected = numpy.load(os.path.join(sys.argv[2], file)), values[f'{name}:{which}']
    if expected.dtype.name == 'bfloat16':
        expected = expected.astype(numpy.float32)
    assert dumped.dtype == expected.dtype and dumped.shape == expected.shape, (file, dumped, expected)
    assert dumped.tobytes() == expected.tobytes(), file
    seen.add(f'{name}:{which}')
print(len(seen), len({'first:0', 'pool:0', 'parts:0', 'parts:1', 'whole:0', 'flat:0', 'second:0', 'narrow:0', 'wide:0',
                      'head:0', *(f'many:{k}' for k in range(6))} - seen))
