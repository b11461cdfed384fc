# SPDX-License-Identifier: Apache-2.0
"""jax_ops.py: compiled functions of JAX, once each, and what they give."""
import jax
import jax.numpy as jnp
import numpy

draw = numpy.random.default_rng(1).standard_normal
real = lambda *shape: jnp.asarray(draw(shape).astype(numpy.float32))


@jax.jit
def network(x, a, b):
    hidden = jax.nn.gelu(x @ a / 16)
    return jax.nn.softmax(hidden @ b / 16), jnp.tanh(hidden), jnp.exp(-hidden).mean(1)


@jax.jit
def convolution(x, k):
    return jax.lax.conv_general_dilated(x, k, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


for name, y in zip(('softmax', 'tanh', 'mean'), network(real(64, 256), real(256, 256), real(256, 128))):
    print(name, y.shape, float(numpy.abs(numpy.asarray(y, float)).sum()))
print('conv', float(numpy.abs(numpy.asarray(convolution(real(2, 28, 28, 16), real(3, 3, 16, 32)), float)).sum()))
