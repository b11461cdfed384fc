# SPDX-License-Identifier: Apache-2.0
"""numpy_work.py: work for numpy: linear algebra, FFT, elementary functions, random numbers in both types, from fixed
seeds.

Prints one line for each result: name, SHA-256 of its bytes, first element in hexadecimal. Compares nothing.
`numpy_work.py sgemm` does one float matrix product only.
"""
import hashlib
import sys

import numpy as np


def show(name, array):
    array = np.ascontiguousarray(array)
    data = array.tobytes()
    print(name, array.dtype, array.shape, hashlib.sha256(data).hexdigest(), data[:array.itemsize].hex())


def linear_algebra(kind, rng):
    a = rng.standard_normal((150, 150)).astype(kind)
    b = rng.standard_normal((150, 40)).astype(kind)
    show("matmul", a @ b)
    show("solve", np.linalg.solve(a, b))
    for name, factor in zip("u s vt".split(), np.linalg.svd(a)):
        show("svd " + name, factor)
    for name, factor in zip("q r".split(), np.linalg.qr(a)):
        show("qr " + name, factor)
    for name, factor in zip("values vectors".split(), np.linalg.eigh(a + a.T)):
        show("eigh " + name, factor)
    show("slogdet", np.array(np.linalg.slogdet(a)))
    show("einsum", np.einsum("ij,kj->ik", a, a))


def elementwise(kind, rng):
    x = rng.uniform(-20, 20, 1000).astype(kind)
    for name in "exp sin cos tan arctan tanh cbrt expm1".split():
        show(name, getattr(np, name)(x))
    for name in "sqrt log log2 log1p".split():
        show(name, getattr(np, name)(np.abs(x)))
    show("power", np.power(np.abs(x), kind(1.7)))
    show("divide", x / x[::-1])
    show("sum", np.sum(x))
    show("mean", x.reshape(20, 50).mean(axis=0))
    show("std", x.std())
    show("cumsum", np.cumsum(x))
    show("to integer", x.astype(np.int32))
    show("from integer", np.arange(-500, 500).astype(kind) / kind(7))
    show("complex", (x + 1j * x[::-1]) * (x - 1j))
    show("histogram", np.histogram(x, bins=13)[1])
    show("interp", np.interp(x, np.sort(x), x))


def transforms(kind, rng):
    x = rng.standard_normal(1000).astype(kind)
    show("fft", np.fft.fft(x))
    show("rfft2", np.fft.rfft2(x.reshape(25, 40)))
    show("ifft", np.fft.ifft(np.fft.fft(x[:997])))


def random_numbers(rng):
    for name, arguments in (("normal", ()), ("gamma", (0.7,)), ("gamma", (3.5,)), ("beta", (0.3, 2)),
                            ("poisson", (30,)), ("exponential", ()), ("vonmises", (0.5, 2)),
                            ("binomial", (50, 0.3)), ("laplace", ())):
        show(name, getattr(rng, name)(*arguments, size=500))
    show("float32", rng.standard_normal(500, dtype=np.float32))
    show("old generator", np.random.RandomState(5).standard_gamma(2.5, 500))


def main():
    if sys.argv[1:] == ["sgemm"]:
        rng = np.random.default_rng(3)
        show("sgemm", rng.random((200, 100), dtype=np.float32) @ rng.random((100, 150), dtype=np.float32))
        return
    for kind in (np.float32, np.float64):
        rng = np.random.default_rng(1)
        linear_algebra(kind, rng)
        elementwise(kind, rng)
        transforms(kind, rng)
    random_numbers(np.random.default_rng(2))


main()
