# SPDX-License-Identifier: Apache-2.0
"""convolution.py IN OUT CHANNELS KERNELS WIDTH SIDE: PyTorch's conv2d of one image without padding, of operands in the
file IN (image, kernels, bias, as binary32), result to OUT. Its own arithmetic is oneDNN's generated code alone."""
import sys

import numpy
import torch

channels, kernels, width, side = map(int, sys.argv[3:])
shapes = (1, channels, width, width), (kernels, channels, side, side), (kernels,)
values, at, operands = numpy.fromfile(sys.argv[1], numpy.float32), 0, []
for shape in shapes:
    n = int(numpy.prod(shape))
    operands.append(torch.from_numpy(values[at:at + n].reshape(shape)))
    at += n
torch.set_num_threads(2)
with torch.no_grad():
    torch.nn.functional.conv2d(*operands).numpy().tofile(sys.argv[2])
