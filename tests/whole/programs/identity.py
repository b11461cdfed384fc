# SPDX-License-Identifier: Apache-2.0
"""identity.py: under `vprec-run --format native`, which instruments both types and rounds nothing, a real program must
give the same bytes and the same exit status as without vprec. One case a call: identity.py VPREC_RUN CASE.

Each case runs natively twice first: a program that differs from itself proves nothing and fails the test.
"""
import os
import re
import sys
import tempfile

import picture
from programs import HERE, OPENBLAS, classify, fail, need, norsnet, profbval, profisis, read_report, run_well

TEXT = ["THE QUICK BROWN FOX", "JUMPS OVER THE LAZY DOG", "ROUNDING 1234567890", "EVERY OPERATION COUNTS"]


class Case:
    """A program: what to run, with which environment and vprec options, and what of its output counts."""

    env = {}
    options = []

    def prepare(self, folder):
        """Makes the inputs that the program needs in folder."""

    def result(self, done, folder):
        """The part of the output that must be the same, as a dictionary of bytes."""
        return {"stdout": done.stdout, "stderr": done.stderr, **{
            name: open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder))}}

    def check(self, result):
        """Fails the test when the native result is not worth comparing."""


class Network(Case):
    def __init__(self, command):
        self.argv = command("scores")

    def check(self, result):
        if len(result["scores"].splitlines()) < 100:
            fail("the network printed hardly anything")


class Numpy(Case):
    options = ["--object", "*"]

    def __init__(self, threads):
        need("python3-numpy", "/usr/lib/python3/dist-packages/numpy")
        need("libopenblas0-pthread", OPENBLAS)
        self.argv = ["/usr/bin/python3", os.path.join(HERE, "numpy_work.py")]
        self.env = {"OPENBLAS_NUM_THREADS": str(threads)}

    def check(self, result):
        if len(result["stdout"].splitlines()) < 80:
            fail("numpy printed hardly anything")


class Tesseract(Case):
    def __init__(self):
        need("tesseract-ocr", "/usr/bin/tesseract")
        need("tesseract-ocr-eng", "/usr/share/tesseract-ocr/*/tessdata/eng.traineddata")
        self.argv = ["tesseract", "picture.pgm", "read", "txt", "tsv", "hocr"]

    def prepare(self, folder):
        picture.draw(os.path.join(folder, "picture.pgm"), TEXT)

    def check(self, result):
        for word in (b"QUICK", b"LAZY", b"OPERATION"):
            if word not in result["read.txt"]:
                fail(f"tesseract does not read {word!r} in the picture", f"it read {result['read.txt']!r}")


class Mnist(Case):
    def __init__(self):
        self.argv = classify("--predictions", "--logits", "logits.npy")

    def check(self, result):
        if b"accuracy 961/1000" not in result["stdout"]:
            fail(f"the network ends with {result['stdout'][-40:]!r}")


class Stockfish(Case):
    """Integer arithmetic in the network, floating point in the search: the same nodes or something was bent."""

    def __init__(self):
        need("stockfish", "/usr/games/stockfish")
        self.argv = ["/usr/games/stockfish", "bench", "16", "1", "9"]

    def result(self, done, folder):
        return {"nodes": b" ".join(re.findall(rb"Nodes searched *: *(\d+)", done.stderr))}

    def check(self, result):
        if not result["nodes"]:
            fail("stockfish printed no node count")


CASES = {
    "profisis": lambda: Network(profisis),
    "norsnet": lambda: Network(norsnet),
    "profbval": lambda: Network(profbval),
    "numpy": lambda: Numpy(1),
    "numpy-threads": lambda: Numpy(2),
    "tesseract": Tesseract,
    "mnist": Mnist,
    "stockfish": Stockfish,
}


def run_case(case, prefix):
    with tempfile.TemporaryDirectory() as folder:
        case.prepare(folder)
        return case.result(run_well(prefix + case.argv, folder, case.env), folder)


def compare(what, native, other):
    """Fails the test with the first difference."""
    if sorted(native) != sorted(other):
        fail(f"{what}: outputs {sorted(other)}, natively {sorted(native)}")
    for name, expected in native.items():
        if other[name] == expected:
            continue
        pairs = list(zip(expected.splitlines(), other[name].splitlines()))
        lines = [i for i, (a, b) in enumerate(pairs) if a != b]
        first = lines[0] if lines else len(pairs)
        fail(f"{what}: {name}: {len(lines)} of {len(pairs)} lines differ; {len(other[name])} bytes, natively "
             f"{len(expected)}",
             f"line {first + 1} natively: {expected.splitlines()[first:first + 1]}",
             f"line {first + 1} now:      {other[name].splitlines()[first:first + 1]}")


def main():
    vprec_run, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    case = CASES[name]()
    native = run_case(case, [])
    case.check(native)
    compare(f"{name}, second native run", native, run_case(case, []))
    with tempfile.TemporaryDirectory() as reports:
        report = os.path.join(reports, "report.json")
        options = ["-q", "--format", "native", *case.options, "--report", report]
        compare(f"{name}, {' '.join(options)}", native, run_case(case, [vprec_run, *options, "--"]))
        entered = read_report(report)["totals"]["sites_entered"]
    size = sum(map(len, native.values()))
    print(f"{name}: {size} bytes of output are the same, instrumented sites that ran: {entered}")


main()
