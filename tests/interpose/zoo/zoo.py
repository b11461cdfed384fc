#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# zoo.py VPREC-RUN PROGRAM [TRAPS]: the identity at every VPREC_CPU level, with at
# most so many traps, and another result under e11m10.
import json, os, subprocess, sys, tempfile

vprec_run, program = sys.argv[1:3]
most = int(sys.argv[3]) if len(sys.argv) > 3 else 100
native = subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout
bad = 0
with tempfile.TemporaryDirectory() as folder:
    report = os.path.join(folder, 'report.json')
    for cpu in 'sse2', 'avx2', 'avx512':
        for fmt in 'native', 'f64=e11m10':
            done = subprocess.run([vprec_run, '-q', '-f', fmt, '--report', report, '--', program],
                                  env=dict(os.environ, VPREC_CPU=cpu), stdout=subprocess.PIPE)
            with open(report) as file:
                traps = sum(process['traps'] for process in json.load(file)['processes'])
            right = (done.stdout == native) == (fmt == 'native')
            if done.returncode or not right or traps > most:
                print(f'{program} {cpu} {fmt}: status {done.returncode}, {traps} traps, {done.stdout}, native {native}')
                bad += 1
sys.exit(1 if bad else 0)
