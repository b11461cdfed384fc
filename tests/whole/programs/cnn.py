# SPDX-License-Identifier: Apache-2.0
"""cnn.py: the convolutional network of mnist/mnist_cnn.onnx in NumPy, every addition, product and fused product rounded
once.

The oracle of mnist.py: reads the weights out of the ONNX file and computes on exact values, a binary64 result
rounded to odd and then once to the format. Shares nothing with vprec or onnxruntime; measures and runs nothing.
"""
import numpy

ROUND = {"rne": numpy.rint, "rtz": numpy.trunc, "ru": numpy.ceil, "rd": numpy.floor}
KERNEL = 5


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """The fields of a Protocol Buffers message: pairs of number and value, the latter an int or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(key & 7) or varint(data, at)
            value = data[at:at + size]
            at += size
        yield key >> 3, value


def read_weights(path):
    """The initializers of an ONNX file by name: ModelProto.graph is field 7, GraphProto.initializer 5, and of a
    TensorProto 1 are the dimensions, 8 is the name, 9 the raw data."""
    with open(path, "rb") as file:
        graph = dict(fields(file.read()))[7]
    weights = {}
    for number, tensor in fields(graph):
        if number == 5:
            parts = list(fields(tensor))
            raw = [value for field, value in parts if field == 9][0]
            name = [value for field, value in parts if field == 8][0].decode()
            shape = [value for field, value in parts if field == 1]
            weights[name] = numpy.frombuffer(raw, "<f4").reshape(shape).astype(float)
    return weights


class Arithmetic:
    """Sums and products of binary32 values held in binary64 arrays, each rounded once to eXmY."""

    def __init__(self, exponent_bits, fraction_bits, mode):
        self.fraction_bits = fraction_bits
        self.smallest_exponent = 2 - 2 ** (exponent_bits - 1)
        self.largest = (2 - 2.0 ** -fraction_bits) * 2.0 ** (2 ** (exponent_bits - 1) - 1)
        self.mode = mode

    def round(self, value, error=0.0):
        """Rounds the exact value + error, where error is what binary64 lost."""
        value = numpy.array(value, dtype=float)
        error = numpy.where(numpy.isfinite(value), error, 0.0)
        bits = value.view(numpy.int64)
        away = numpy.where(numpy.signbit(error) == numpy.signbit(value), 1, -1)
        bits += numpy.where((error != 0) & (bits & 1 == 0), away, 0)  # to odd: ties stay ties, others none
        quantum = numpy.maximum(numpy.frexp(value)[1] - 1, self.smallest_exponent) - self.fraction_bits
        rounded = numpy.ldexp(ROUND[self.mode](numpy.ldexp(value, -quantum)), quantum)
        result = numpy.where(numpy.isfinite(value), rounded, value)
        to_infinity = {"rne": True, "rtz": False, "ru": value > 0, "rd": value < 0}[self.mode] | numpy.isinf(value)
        beyond = numpy.where(to_infinity, numpy.inf, self.largest)
        return numpy.copysign(numpy.where(abs(result) > self.largest, beyond, abs(result)), value)

    def add(self, a, b):
        total = a + b
        part = total - a
        return self.round(total, (a - (total - part)) + (b - part))

    def fma(self, a, b, c):
        """a * b has at most 48 bits: binary64 holds it."""
        return self.add(a * b, c)


def convolve(arithmetic, x, weights, bias, by_channel):
    """From 0, a fused product after the other: over the kernel for each input channel, the channels' sums added up,
    or over the kernel with the channels innermost. Then the bias, then ReLU."""
    size = x.shape[2] - KERNEL + 1
    channels = range(x.shape[1])
    kernel = [(i, j) for i in range(KERNEL) for j in range(KERNEL)]
    chains = [[(i, j, c) for i, j in kernel] for c in channels] if by_channel else \
             [[(i, j, c) for i, j in kernel for c in channels]]
    total = None
    for chain in chains:
        part = numpy.zeros((x.shape[0], weights.shape[0], size, size))
        for i, j, c in chain:
            part = arithmetic.fma(x[:, c:c + 1, i:i + size, j:j + size], weights[:, c, i, j, None, None], part)
        total = part if total is None else arithmetic.add(total, part)
    return numpy.maximum(arithmetic.add(total, bias[:, None, None]), 0)


def pool(x):
    rows = numpy.maximum(x[:, :, ::2], x[:, :, 1::2])
    return numpy.maximum(rows[..., ::2], rows[..., 1::2])


def multiply(arithmetic, x, weights, bias):
    total = numpy.zeros((x.shape[0], weights.shape[0]))
    for k in range(weights.shape[1]):
        total = arithmetic.fma(x[:, k:k + 1], weights[:, k], total)
    return arithmetic.add(total, bias)


def logits(weights, x, arithmetic, by_channel, operands=False):
    """The network's output, float32, for digits x of shape n x 1 x 28 x 28. With `operands`, weights and digits are
    rounded first; what lies between the layers holds the format already."""
    if operands:
        weights = {name: arithmetic.round(value) for name, value in weights.items()}
        x = arithmetic.round(x)
    with numpy.errstate(invalid="ignore", over="ignore"):
        x = pool(convolve(arithmetic, x, weights["0.weight"], weights["0.bias"], by_channel))
        x = pool(convolve(arithmetic, x, weights["3.weight"], weights["3.bias"], by_channel))
        x = x.reshape(len(x), -1)
        x = numpy.maximum(multiply(arithmetic, x, weights["7.weight"], weights["7.bias"]), 0)
        return multiply(arithmetic, x, weights["9.weight"], weights["9.bias"]).astype(numpy.float32)
