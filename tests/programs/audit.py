# SPDX-License-Identifier: Apache-2.0
"""Audit: `vprec-run --audit` finds no unrounded operation in real programs, and names one where there is one.

One case a call: audit.py VPREC_RUN CASE [PROGRAM]; case x87 needs a program that executes `fmulp`.
"""
import os
import re
import sys
import tempfile

from programs import HERE, OPENBLAS, fail, need, norsnet, profisis, run, run_well, sites_entered

UNROUNDED = 124


def numpy_sgemm(_):
    need("python3-numpy", "/usr/lib/python3/dist-packages/numpy")
    need("libopenblas0-pthread", OPENBLAS)
    return ["/usr/bin/python3", os.path.join(HERE, "numpy_work.py"), "sgemm"]


CLEAN = {"profisis": profisis, "norsnet": norsnet, "numpy-sgemm": numpy_sgemm}


def main():
    vprec_run, name, *program = sys.argv[1:]
    vprec_run, program = os.path.abspath(vprec_run), [os.path.abspath(p) for p in program]
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        audit = [vprec_run, "--format", "e8m10", "--audit", "--report", report, "--"]
        if name in CLEAN:
            run_well(audit + CLEAN[name]("scores"), folder)
            print(f"{name}: no unrounded operation, {sites_entered(report)} instrumented sites ran")
            return
        done = run(audit + program, folder)
        run_well(program, folder)
    messages = done.stderr.decode(errors="replace")
    if done.returncode != UNROUNDED:
        fail(f"exit status {done.returncode}, expected {UNROUNDED}", f"stderr: {messages}")
    if not re.search(r"\bfmulp?\b", messages):
        fail("stderr does not name the instruction fmulp", f"stderr: {messages}")
    print(messages)


main()
