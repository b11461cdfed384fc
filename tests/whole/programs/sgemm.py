# SPDX-License-Identifier: Apache-2.0
"""sgemm.py: OpenBLAS at e8m10: one of its kernels, on matrices that fit the format, leaves no output with a bit below
the tenth fraction bit, differs from the native result, and stays within the error bound of a rounded dot product.

sgemm.py VPREC_RUN PROGRAM CORE [CPUFLAG], with PROGRAM from sgemm.c.
"""
import array
import os
import sys
import tempfile

from programs import OPENBLAS, cpu_has, fail, need, run_well, skip

FRACTION = 10
# Whole tiles, and sizes that leave every kind of edge; both storage orders, with and without threads.
SHAPES = [(64, 64, 64), (129, 67, 255), (33, 190, 70), (7, 5, 3)]
PRODUCTS = [(*shape, *variant) for shape in SHAPES
            for variant in (("N", "N", 1), ("T", "N", 1), ("N", "T", 2), ("T", "T", 2))]


def products(prefix, program, core, folder):
    """Results of all products: floats, and the sums and magnitudes that bound them."""
    argv = [*prefix, program, OPENBLAS, core, "products", *(",".join(map(str, p)) for p in PRODUCTS)]
    run_well(argv, folder, {"OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": "2"})
    results = []
    with open(os.path.join(folder, "products"), "rb") as file:
        for m, n, *_ in PRODUCTS:
            parts = array.array("f"), array.array("d"), array.array("d")
            for part in parts:
                part.fromfile(file, m * n)
            results.append(parts)
        if file.read(1):
            fail("the program wrote more results than asked for")
    return results


def check(core, what, native, rounded):
    """Fails the test with the first wrong element; returns how many differ from the native ones."""
    values, sums, magnitudes = rounded
    where = f"{core} M,N,K,TRANSA,TRANSB,THREADS = {what}"
    if native[1:] != rounded[1:]:
        fail(f"{where}: binary64 was not left native")
    # gamma_n = n u / (1 - n u) with u = 2^-11 (Higham 2002, section 3.1), one more for the product by alpha
    bound = (what[2] + 1) * 2.0**-(FRACTION + 1)
    bound /= 1 - bound
    for i, word in enumerate(array.array("I", values.tobytes())):
        if word & ((1 << (23 - FRACTION)) - 1):
            fail(f"{where}: element {i} is {values[i].hex()}: bits below fraction bit {FRACTION} (word {word:#010x})")
        if not abs(values[i] - sums[i]) <= bound * magnitudes[i]:
            fail(f"{where}: element {i} is {values[i].hex()}, expected {sums[i].hex()} within {bound} times "
                 f"{magnitudes[i].hex()}")
    return sum(a != b for a, b in zip(native[0], values))


def main():
    vprec_run, program = map(os.path.abspath, sys.argv[1:3])
    core, *flags = sys.argv[3:]
    need("libopenblas0-pthread", OPENBLAS)
    for flag in flags:
        if not cpu_has(flag):
            skip(f"this processor has no {flag}")
    with tempfile.TemporaryDirectory() as folder:
        native = products([], program, core, folder)
        rounded = products([vprec_run, "-q", "-f", f"e8m{FRACTION}", "--"], program, core, folder)
    changed = sum(check(core, *one) for one in zip(PRODUCTS, native, rounded))
    total = sum(m * n for m, n, *_ in PRODUCTS)
    if changed < total // 2:
        fail(f"{changed} of {total} elements differ from the native ones: rounding hardly happened")
    print(f"{core}: {total} elements, none with a bit below fraction bit {FRACTION}, {changed} unlike the native ones")


main()
