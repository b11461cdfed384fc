# SPDX-License-Identifier: Apache-2.0
"""audit.py: `vprec-run --audit` finds no unrounded operation in real programs, and names one where there is one.

One case a call: audit.py VPREC_RUN CASE [PROGRAM]; case x87 needs a program that executes `fmulp`.
"""
import os
import re
import sys
import tempfile

from programs import HERE, OPENBLAS, classify, fail, need, norsnet, profisis, read_report, run, run_well

CLEAN = 0
UNROUNDED = 124


def audit(vprec_run, expected, options, program):
    """Audits program at e8m10, which must end with the expected status; returns the report."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        done = run([vprec_run, "--format", "e8m10", "--audit", "--report", path, *options, "--", *program], folder)
        messages = done.stderr.decode(errors="replace")
        if done.returncode != expected:
            fail(f"exit status {done.returncode}, expected {expected}", f"stderr: {messages}")
        print(messages)
        return read_report(path)


def network(command):
    def check(vprec_run):
        audit(vprec_run, CLEAN, [], command("scores"))

    return check


def numpy_sgemm(vprec_run):
    need("python3-numpy", "/usr/lib/python3/dist-packages/numpy")
    need("libopenblas0-pthread", OPENBLAS)
    program = ["/usr/bin/python3", os.path.join(HERE, "numpy_work.py"), "sgemm"]
    audit(vprec_run, CLEAN, ["--object", "*openblas*"], program)
    # Beside the product, `import numpy` measures the limits of long double, which has no format: no finding.
    report = audit(vprec_run, CLEAN, [], program)
    executed = [one for one in report["refused"] if one["executed"]]
    if not executed or any(one["numbers"] != ["long double"] for one in executed):
        fail(f"not long double alone, or nothing: {executed}")


def mnist(vprec_run):
    audit(vprec_run, CLEAN, [], classify())


def x87(vprec_run, program):
    program = os.path.abspath(program)
    done = run([vprec_run, "--format", "e8m10", "--audit", "--", program], "/")
    if done.returncode != CLEAN: # long double has no format here
        fail(f"--audit exits {done.returncode}")
    done = run([vprec_run, "--format", "e8m10", "--audit=all", "--", program], "/")
    messages = done.stderr.decode(errors="replace")
    if done.returncode != UNROUNDED:
        fail(f"exit status {done.returncode}, expected {UNROUNDED}", f"stderr: {messages}")
    if not re.search(r"\bfmulp?\b", messages):
        fail("stderr does not name the instruction fmulp", f"stderr: {messages}")
    if done.stdout != run_well([program], "/").stdout:
        fail(f"the audited program printed {done.stdout!r}")


CASES = {"profisis": network(profisis), "norsnet": network(norsnet), "numpy-sgemm": numpy_sgemm, "mnist": mnist,
         "x87": x87}

vprec, case, *arguments = sys.argv[1:]
CASES[case](os.path.abspath(vprec), *arguments)
