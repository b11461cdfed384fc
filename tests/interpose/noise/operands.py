#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""operands.py: element-wise loops under noise. First, rr at full precision changes a result by an ulp at most. Then
--noise operands: the same operation on the same operands gives the same bits, whoever computes it:
any number of threads, any schedule, vectors or scalars; another seed gives others. And what that costs: equal
operations draw the same for ever, which --noise counter does not.
Usage: operands.py VPREC_RUN DIRECTORY_OF_PROGRAMS PROGRAM..., the first of them scalar"""

import math
import os
import subprocess
import sys

RUN, FOLDER, *PROGRAMS = sys.argv[1:]
failures = checks = 0
# Options, and the loops whose results are exact or have no noise.
MODES = {
    "rr": (["-m", "rr"], {"ldexp", "whole64"}),
    "pb": (["-m", "pb"], {"ldexp", "narrow", "whole32", "whole64"}), # ldexp: a noise below half a unit
    "mca": (["-m", "mca"], {"whole64"}),
    "sr": (["-m", "sr", "-f", "f32=e8m10,f64=e11m40"], {"whole64"}),
    "sr:20": (["-m", "sr:20", "-f", "f32=e8m13,f64=e8m13"], set()),
    "few bits": (["-m", "mca", "-t", "f32=12,f64=20"], set()),
    "both errors": (["-m", "mca", "--error-mode", "all:-12"], set()),
    "absolute error": (["-m", "rr", "--error-mode", "abs:-9"], set()),
    "rate": (["-m", "mca", "--noise-rate", "0.4"], {"whole64"}),
    "operands too": (["-m", "sr", "-f", "f32=e8m10,f64=e11m40", "--round", "both"], {"whole64"}),
    "fast": (["-m", "rr", "-t", "20", "--fast"], set()),
}


def run(program, part, options, threads=1, schedule="static", lines=False):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_SCHEDULE=schedule)
    command = [RUN, "-q", *options, "--", os.path.join(FOLDER, program), part]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode or not done.stdout:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return done.stdout.splitlines() if lines else done.stdout.split()


def elements(program, options, threads=1, schedule="static"):
    words = run(program, "elements", options, threads, schedule)
    return dict(zip(words[::2], words[1::2]))


def check(ok, text):
    global failures, checks
    checks += 1
    if not ok:
        failures += 1
        print("FAILED:", text)


def different(one, other):
    return sorted(name for name in one if one[name] != other[name])


def noise(*options, seed=1):
    return [*options, "--noise", "operands", "-s", str(seed)]


scalar, *vectors = PROGRAMS
for program in vectors:
    text = subprocess.run(["objdump", "-d", os.path.join(FOLDER, program)], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    for insn in "mulps", "divpd", "sqrtps", "cvtdq2ps":
        check(insn in text, f"{program} has no {insn}: nothing is tested")
    for function in "expf", "sinf", "powf":
        check(f"v_{function}@" in text or f"vv_{function}@" in text, f"{program} calls no vector {function}")

native = elements(scalar, ["-f", "native"])
for name, (options, exact) in MODES.items():
    first = elements(scalar, noise(*options))
    for program, threads, schedule in [(scalar, 1, "static"), *((program, 1, "static") for program in vectors),
                                       *((scalar, threads, schedule) for threads in (2, 3, 4)
                                         for schedule in ("static", "dynamic,7")), (vectors[-1], 3, "dynamic,7")]:
        other = different(first, elements(program, noise(*options), threads, schedule))
        if name == "fast" and program != scalar: # libmvec's own results are not libm's
            other = [x for x in other if x not in ("exp", "sin", "cos", "pow")]
        check(not other, f"{name}: {program}, {threads} threads, {schedule}: {other} differ")
    seeded = different(first, elements(scalar, noise(*options, seed=2)))
    check(set(seeded) == set(first) - exact, f"{name}: another seed changes {seeded}")
    check(len(different(first, native)) >= len(seeded), f"{name}: {different(first, native)} alone have noise")
    counted = different(first, elements(scalar, options))
    check(set(counted) == set(first) - exact, f"{name}: --noise counter changes {counted}")

# Of single operations: mode rr at t = 24 and 53 against the native results, in order of magnitude (all are positive).
SINGLE = {f"{op}{width}" for op in ("add", "mul", "div", "sqrt", "fma", "whole") for width in (32, 64)} | {"narrow"}


def results(program, options):
    return {row[0]: [int(word, 16) for word in row[1:]]
            for line in run(program, "bits", options, lines=True) if (row := line.split())[0] in SINGLE}


for program in PROGRAMS:
    plain = results(program, ["-f", "native"])
    for keying in "counter", "operands":
        noisy, moved = results(program, ["-m", "rr", "--noise", keying]), 0
        for name, values in noisy.items():
            steps = [abs(x - y) for x, y in zip(values, plain[name])]
            check(len(steps) == 1003 and max(steps) <= 1, f"{program} rr {keying}: {name} is {max(steps)} ulps off")
            moved += sum(steps)
        check(len(noisy) == len(SINGLE) and moved > 1000,
              f"{program} rr {keying}: {moved} results of {sorted(noisy)} moved")

# The limit: a sum that stands still once never moves again, wherever that is. A counter goes on.
SUM = ["-m", "sr", "-f", "e8m7"]
ends = set()
for seed in range(1, 9):
    total, moved = run(scalar, "stuck", noise(*SUM, seed=seed))
    ends.add(float.fromhex(total))
    check(int(moved) == 0 and float.fromhex(total) < 1000, f"seed {seed}: the sum {total} moved {moved} times")
    total, moved = run(scalar, "stuck", [*SUM, "-s", str(seed)])
    # stochastic rounding is unbiased: 2000, its variance ulp * 0.1 - 0.01 a step
    ulps = [2.0 ** (math.floor(math.log2(max(0.1 * i, 0.1))) - 7) for i in range(20000)]
    sd = math.sqrt(sum(max(ulp * 0.1 - 0.01, 0) for ulp in ulps))
    off = float.fromhex(total) - 2000
    check(int(moved) > 0 and abs(off) <= 4 * sd + 16, f"seed {seed}, counter: {off} off, sd {sd}, moved {moved}")
check(len(ends) > 1, f"every seed stands still at {ends}")

for mode in ["-m", "rr"], ["-m", "mca"], ["-m", "sr", "-f", "e8m10"]:
    other, left = map(int, run(scalar, "repeat", noise(*mode)))
    check((other, left) == (0, 0), f"{mode}: one product has {other} other values, xy - yx is not 0 {left} times")
    other, left = map(int, run(scalar, "repeat", mode))
    check(other > 20 and left > 20, f"{mode} counter: only {other} and {left} draw for themselves")

print(f"{checks} checks, {failures} failed")
sys.exit(failures > 0)
