# SPDX-License-Identifier: Apache-2.0
"""tf_ops.py: operators of TensorFlow and a small Keras model, once each, and what they give."""
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
import numpy
import tensorflow as tf

draw = numpy.random.default_rng(1).standard_normal
real = lambda *shape: draw(shape).astype(numpy.float32)
x = tf.constant(real(64, 256))
for name, y in {
        'matmul': tf.matmul(x, real(256, 256)), 'softmax': tf.nn.softmax(x), 'tanh': tf.tanh(x), 'exp': tf.exp(x / 4),
        'mean': tf.reduce_mean(x, 1), 'conv2d': tf.nn.conv2d(real(2, 28, 28, 16), real(3, 3, 16, 32), 1, 'SAME')}.items():
    print(name, y.shape, float(tf.reduce_sum(tf.abs(tf.cast(y, tf.float64)))))
inputs = tf.keras.Input((64, 16))
hidden = tf.keras.layers.GlobalMaxPool1D()(tf.keras.layers.Conv1D(32, 8, activation='relu')(inputs))
model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation='softmax')(hidden))
model.set_weights([real(*w.shape) / 8 for w in model.get_weights()])
print('keras', float(numpy.abs(model.predict(real(32, 64, 16), verbose=0)[:, 0]).astype(float).sum()))
