#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""threads.py: the same seed gives the same bits, in every run at the same number of threads; another seed others; each
thread and process draws from a stream of its own. Usage: threads.py VPREC_RUN PROGRAM RUNS PART..."""

import os
import subprocess
import sys

run, program, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
failures = 0


def bits(part, mode, threads, seed):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    done = subprocess.run([run, "-m", *mode, "-s", str(seed), "--", program, part], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 77:
        print("OpenBLAS is not installed")
        sys.exit(77)
    if done.returncode or not done.stdout:
        sys.exit(f"{part} {mode} {threads}: status {done.returncode}\n{done.stderr}")
    return done.stdout.split()


def check(ok, text):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", text)


for part in sys.argv[4:]:
    for mode in (["rr"], ["mca"], ["sr", "-f", "f32=e8m10,f64=e11m40"]):
        for threads in (1, 2, 4) if part in ("openmp", "sgemm") else (0,):
            name = f"{part}, {mode[0]}, {threads} threads"
            first = bits(part, mode, threads, 7)
            for again in range(1, runs):
                now = bits(part, mode, threads, 7)
                check(now == first, f"{name}: run {again + 1} gives {now}, the first {first}")
            check(bits(part, mode, threads, 8) != first, f"{name}: another seed, the same bits")
            # 1000 noisy additions: streams that are not the same hardly ever give the same sum
            if part in ("nested", "fork") and mode[0] != "sr":
                check(len(set(first)) == len(first), f"{part}, {mode[0]}: two streams are the same: {first}")
print(f"{'not ' if failures else ''}all well")
sys.exit(failures > 0)
