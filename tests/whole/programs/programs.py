# SPDX-License-Identifier: Apache-2.0
"""programs.py: what the tests on real programs share: the programs' command lines, running them, and the exits 0, 1 and
77.

Knows which Debian package each program comes from. Checks nothing itself.
"""
import glob
import json
import os
import shlex
import subprocess
import sys

SKIP = 77
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0"
HERE = os.path.dirname(os.path.abspath(__file__))
MNIST = os.path.join(HERE, "mnist")


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def fail(*lines):
    for line in lines:
        print(f"FAIL: {line}")
    sys.exit(1)


def need(package, *paths):
    """Skips the test when a file of a Debian package is missing."""
    for path in paths:
        if not glob.glob(path):
            skip(f"{path} is missing: apt-get install {package}")


def example(package, pattern):
    return f"/usr/share/doc/{package}/examples/{pattern}"


def profisis(out):
    e = example("profisis", "3A1P_A")
    need("profisis", "/usr/bin/profisis", "/usr/bin/profnet_isis", e + ".hssp")
    return ["profisis", "--fastafile", e + ".fasta", "--hsspfile", e + ".hssp", "--rdbproffile", e + ".rdbProf",
            "--outfile", out]


def norsnet(out):
    e = example("norsnet", "cad23")
    need("norsnet", "/usr/bin/norsnet", "/usr/bin/profnet_norsnet", e + "-fil.hssp")
    return ["norsnet", e + ".f", e + "-fil.rdbProf", e + "-fil.hssp", out, "cad23", e + ".profbval", "1"]


def profbval(out):
    e = example("profbval", "cad23")
    need("profbval", "/usr/bin/profbval", "/usr/bin/profnet_bval", e + "-fil.hssp")
    return ["profbval", e + ".f", e + "-fil.rdbProf", e + "-fil.hssp", out, "9", "6"]


def classify(*options):
    """The neural network of mnist/ in onnxruntime, from npm."""
    need("nodejs", "/usr/bin/node")
    check = subprocess.run([os.path.join(MNIST, "fetch"), "--check"], stderr=subprocess.PIPE, text=True, check=False)
    if check.returncode:
        skip(check.stderr.strip())
    return ["/usr/bin/node", os.path.join(MNIST, "classify.js"), *options]


def run(argv, cwd, env=None):
    """Runs argv in folder cwd without stdin; returns the finished process with stdout and stderr as bytes."""
    full = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS_", "OMP_"))}
    full.update(env or {})
    print("+", shlex.join(argv), *(f"{k}={v}" for k, v in (env or {}).items()), flush=True)
    return subprocess.run(argv, cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def run_well(argv, cwd, env=None):
    """As run, but any exit status other than 0 fails the test."""
    done = run(argv, cwd, env)
    if done.returncode:
        fail(f"{shlex.join(argv)}: exit status {done.returncode}", f"stdout: {done.stdout[-2000:]!r}",
             f"stderr: {done.stderr[-4000:]!r}")
    return done


def read_report(path):
    """A report of vprec-run. No instrumented instruction whose function ran, of either type, fails the test: nothing
    was instrumented, so whatever it compares proves nothing."""
    with open(path) as file:
        report = json.load(file)
    if not sum(report["totals"]["sites_entered"].values()) or not report["records"]["complete"]:
        fail(f"sites that ran: {report['totals']['sites_entered']}, records: {report['records']}", report["summary"])
    return report


def cpu_has(flag):
    with open("/proc/cpuinfo") as cpuinfo:
        return f" {flag}" in cpuinfo.read()
