#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# resolver.py: the arithmetic of an IFUNC resolver, which runs before all that
# vprec can do, is named, and fails --audit; that of a program whose resolver
# computes nothing does not. Arguments: vprec-run, the two programs.
import subprocess, sys

bad = 0
for program, status, said in (sys.argv[2], 124, True), (sys.argv[3], 0, False):
    done = subprocess.run([sys.argv[1], '-q', '-f', 'e8m10', '--audit', '--', program], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != status or ('IFUNC resolver' in done.stderr) != said or not done.stdout.startswith('chain '):
        print(f'{program}: status {done.returncode}\n{done.stdout}{done.stderr}')
        bad += 1
sys.exit(bad)
