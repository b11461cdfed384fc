#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""problems.py: problems with known answers, under vprec-run in programs that link nothing of ours (scalar without and
with optimisation, vectors), and by the library's functions. Usage: problems.py VPREC_RUN DIRECTORY_OF_PROGRAMS

Intervals: a probability within 4 standard errors of n samples; a standard deviation within 4 standard errors, of which
one is sd * sqrt((kurtosis - 1) / 4n) (for normal samples the chi-square interval, sd / sqrt(2n)), plus half a unit in
the last digit of the expected figure, which others measured; a mean within 4 standard errors."""

import math
import os
import struct
import subprocess
import sys

RUN, PROGRAMS = sys.argv[1:3]
N = 4000
failures = checks = 0


def samples(program, mode, problem, n=N, parameter=0, options=()):
    single = program.endswith("f32")
    command = [os.path.join(PROGRAMS, "noise-" + program), problem, str(n), str(parameter)]
    if program.startswith("library"):
        command += [mode]
    else:
        command = [RUN, "-m", mode, *options, "--", *command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command}: status {done.returncode}\n{done.stderr}")
    if not program.startswith("library") and " 0 sites in 0 functions" in done.stderr.split(";")[0 if single else 1]:
        sys.exit(f"{command}: nothing was rounded\n{done.stderr}")
    return [struct.unpack("<f" if single else "<d", int(x, 16).to_bytes(4 if single else 8, "little"))[0]
            for x in done.stdout.split()]


def moments(x):
    mean = sum(x) / len(x)
    second = sum((v - mean) ** 2 for v in x) / (len(x) - 1)
    fourth = sum((v - mean) ** 4 for v in x) / len(x)
    sd = math.sqrt(second)
    return mean, sd, sd * math.sqrt(max(fourth / second ** 2 - 1, 1e-3) / (4 * len(x))) if sd else 0


def check(ok, text):
    global failures, checks
    checks += 1
    if not ok:
        failures += 1
        print("FAILED:", text)


def digits(name, x, expected, base, resolution=0.005):
    """-log(sd / |mean|) in `base`; how well sd is known, in the same unit."""
    mean, sd, error = moments(x)
    figure = -math.log(sd / abs(mean), base)
    margin = 4 * (error / sd + sd / abs(mean) / math.sqrt(len(x))) / math.log(base) + resolution
    check(abs(figure - expected) <= margin, f"{name}: {figure:.3f} digits, expected {expected} +- {margin:.3f}")


def same(name, x, y):
    """Mean and standard deviation of two sets."""
    (m, s, e), (n, t, f) = moments(x), moments(y)
    check(abs(m - n) <= 4 * math.hypot(s, t) / math.sqrt(len(x)), f"{name}: mean {m!r}, library {n!r}, sd {s:.4g}")
    check(abs(s - t) <= 4 * math.hypot(e, f), f"{name}: sd {s!r}, library {t!r}, standard error {math.hypot(e, f):.3g}")


def constant(name, x, value):
    check(set(x) == {value}, f"{name}: {sorted(set(x))[:4]}, expected {value!r} always")


for single in ("f32", "f64"):
    library = "library-" + single
    kinds = ["O0", "O2"] + ["vector"] * ("avx512f" in open("/proc/cpuinfo").read())
    programs = [f"{kind}-{single}" for kind in kinds]
    for program in [library, *programs]:
        n = 10000
        for k, p in (23, 1), (24, .5), (25, .75), (26, .875):
            ways = [("rr", "rr", ("-t", "24"))] if single == "f32" else [("sr", "sr", ("-f", "f64=e8m23"))]
            if program == library and single == "f64":
                continue
            for name, mode, options in ways:
                x = samples(program, mode, "boundary", n, k, options)
                if p == 1:
                    constant(f"{program} {name} 1.25+2^-23", x, 1.25 + 2 ** -23)
                    continue
                check(set(x) == {1.25, 1.25 + 2 ** -23}, f"{program} {name} 1.25+2^-{k}: values {sorted(set(x))[:4]}")
                share = x.count(1.25) / len(x)
                check(abs(share - p) <= 4 * math.sqrt(p * (1 - p) / len(x)),
                      f"{program} {name} 1.25+2^-{k}: P(1.25) = {share}")
    for mode in ("rr", "mca", "pb"):
        expected = {
            ("kahan", 0, "f32"): {"mca": .68, "rr": .86}, ("kahan", 0, "f64"): {"mca": 9.41, "rr": 9.59},
            ("cramer", 0, "f64"): {"mca": 28.46, "pb": 28.64, "rr": 29.09},
            ("chebyshev", 5, single): {"rr": None}, ("chebyshev", 10, single): {"rr": None},
            ("chebyshev", 9, single): {},
            ("absorption", 0, "f32"): {"rr": None}, ("absorption", 1, "f32"): {},
        }
        for (problem, parameter, only), figures in expected.items():
            if only != single:
                continue
            reference = samples(library, mode, problem, N, parameter)
            for program in [library, *programs]:
                x = reference if program == library else samples(program, mode, problem, N, parameter)
                name = f"{program} {mode} {problem} {parameter or ''}"
                if mode in figures and figures[mode] is None:
                    value = {("chebyshev", 5): -.5, ("chebyshev", 10): 1.0}.get((problem, parameter), 9.511111259460449)
                    constant(name, x, value)
                    continue
                if mode in figures:
                    digits(name, x, figures[mode], 2 if problem == "cramer" else 10, .02)
                if (problem, parameter, mode) == ("absorption", 1, "rr"):
                    mean, sd, error = moments(x)
                    # 10 with probability 0.511111, else 9: to the float nearest to 7.5111111
                    check(abs(sd - .5) <= .002 and abs(mean - 9.5111111) <= 4 * .5 / math.sqrt(len(x)),
                          f"{name}: mean {mean}, sd {sd}")
                if program != library:
                    same(name, x, reference)

# Muller's sequence: 1.24 digits a step are lost, then all agree on a limit that is wrong.
for program in ("library-f64", "O2-f64"):
    lost = {}
    for step in (4, 6, 8, 10, 12, 16, 30):
        mean, sd, _ = moments(samples(program, "rr", "muller", 1000, step))
        lost[step] = -math.log10(sd / abs(mean)) if sd else 16
    slope = (lost[4] - lost[12]) / 8
    check(abs(slope - 1.24) < .03, f"{program} muller: {slope:.3f} digits a step")
    check(lost[16] < 0 and lost[30] > 14 and abs(mean - 100) < 1e-9, f"{program} muller: {lost}, limit {mean}")

# The harmonic sum stalls where a term is below half a unit of the sum, in every format: no noise, known sums. (The
# library's sums are in the unit tests.) float itself stalls after two million terms.
for program in ["O0-f32", "O2-f32"] + ["vector-f32"] * ("avx512f" in open("/proc/cpuinfo").read()):
    for form, terms, total in (("fp16", 513, 7.0859375), ("bf16", 65, 5.0625), ("e4m3", 9, 3), ("e5m2", 5, 2)):
        for n in terms, 40 * terms:
            if form == "fp16" or n < 200: # i itself must be a number of the format: it is an operand, not a result
                sums = samples(program, "rne", "harmonic", 1, n, ("-f", form))
                constant(f"{program} {form} harmonic {n}", sums, total)
constant("O2-f32 harmonic", samples("O2-f32", "rne", "harmonic", 1, 2097152 + 1000, ("-f", "fp32")), 15.403682708740234)

# A difference that keeps no digit: 2 where the exact value is 1; noise shows it.
for program in ("library-f64", "O2-f64"):
    if program != "library-f64":
        constant(f"{program} rump", samples(program, "rne", "rump", 1, 0, ("-f", "f64=fp64")), 2.0)
    mean, sd, _ = moments(samples(program, "mca", "rump", 1000))
    check(sd > abs(mean) / 4, f"{program} rump: mean {mean}, sd {sd}: digits that are none")

print(f"{checks} checks, {failures} failed")
sys.exit(failures > 0)
