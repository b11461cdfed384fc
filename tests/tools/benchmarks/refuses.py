#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# refuses.py: benchmarks/run prints no row for a run that left native what it measures, or that rounded nothing; and one
# for a run that left other types native. Usage: refuses.py BENCHMARKS-RUN VPREC-RUN CHAIN
import os
import subprocess
import sys
import tempfile

RUN, VPREC_RUN, CHAIN = (os.path.abspath(path) for path in sys.argv[1:4])
ROW = "scalar chain, SSE"


def rows(folder, body):
    """The table's lines for the scalar chain, under a vprec-run with this shell code; the exit status."""
    command = os.path.join(folder, "vprec-run")
    with open(command, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + body)
    os.chmod(command, 0o755)
    done = subprocess.run([sys.executable, RUN, "--vprec-run", command, "--programs", os.path.dirname(CHAIN), "--repeats",
                           "1", ROW], capture_output=True, text=True, timeout=120, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith(ROW)], done.returncode


def main():
    told = "vprec-run: /usr/lib/libx.so stays native: its copy does not fit within reach of its code and data"
    work = 'while [ "$1" != -- ]; do shift; done; shift; "$@"'
    with tempfile.TemporaryDirectory() as folder:
        native, status = rows(folder, f"echo '{told}' >&2\n{work}\n")
        assert len(native) == 1 and "stays native" in native[0] and status, (native, status)
        none = "vprec-run: rounded f32 to e8m10 (results): 0 sites in 0 functions that ran"
        nothing, status = rows(folder, f"echo '{none}' >&2\n{work}\n")
        assert len(nothing) == 1 and "no operation was rounded" in nothing[0] and status, (nothing, status)
        real, status = rows(folder, f'exec {VPREC_RUN} "$@"\n')
        assert len(real) == 4 and not status, (real, status)
    print("two refused, four rows of a real run")


main()
