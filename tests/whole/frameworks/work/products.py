# SPDX-License-Identifier: Apache-2.0
"""products.py FRAMEWORK OPERATION TIMES: a product of matrices or a convolution in float32, TIMES times, and nothing
else that multiplies and adds: operands are made of integers. Shapes divide by the tiles of the kernels, of 4, 5, 6, 8
or 16 rows and up to 64 columns, so that nothing is padded.

    numpy   linear                240 x 64 by 64 x 192
    torch   linear bmm conv2d     likewise; 4 of 60 x 64 by 64 x 64; 32 channels of 22 x 22, 64 kernels of 3 x 3
    tf, jax likewise
"""
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
import numpy

framework, operation, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
M, N, K, BATCH, ROWS, SIDE, WIDTH, IN, OUT = 240, 192, 64, 4, 60, 64, 22, 32, 64


def operand(*shape):
    """Numbers from -1 to 1 in steps of 1/64: exact in seven fraction bits."""
    n = int(numpy.prod(shape))
    steps = (numpy.arange(n, dtype=numpy.int64) * 2654435761 % 2**32 >> 25) - 64
    return (steps.astype(numpy.float32) * numpy.float32(1 / 64)).reshape(shape)


last = framework in ('tf', 'jax') # channels
image = operand(1, WIDTH, WIDTH, IN) if last else operand(1, IN, WIDTH, WIDTH)
kernels = operand(3, 3, IN, OUT) if last else operand(OUT, IN, 3, 3)
arguments = {'linear': (operand(M, K), operand(K, N)), 'bmm': (operand(BATCH, ROWS, SIDE), operand(BATCH, SIDE, SIDE)),
             'conv2d': (image, kernels)}[operation]

if framework == 'numpy':
    run = {'linear': numpy.matmul}[operation]
elif framework == 'torch':
    import torch

    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    arguments = [torch.from_numpy(a) for a in arguments]
    if operation == 'linear':
        arguments[1] = arguments[1].t().contiguous()
    run = {'linear': torch.nn.functional.linear, 'bmm': torch.bmm, 'conv2d': torch.nn.functional.conv2d}[operation]
elif framework == 'tf':
    import tensorflow as tf

    arguments = [tf.constant(a) for a in arguments]
    run = {'linear': tf.matmul, 'bmm': tf.matmul, 'conv2d': lambda x, k: tf.nn.conv2d(x, k, 1, 'VALID')}[operation]
else:
    import jax

    run = jax.jit({'linear': lambda a, b: a @ b, 'bmm': lambda a, b: a @ b,
                   'conv2d': lambda x, k: jax.lax.conv_general_dilated(
                       x, k, (1, 1), 'VALID', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))}[operation])

for _ in range(times):
    result = numpy.asarray(run(*arguments))
if times:
    print(result.shape, result.view(numpy.int32).sum(dtype=numpy.int64))
