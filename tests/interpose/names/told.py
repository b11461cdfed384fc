# SPDX-License-Identifier: Apache-2.0
"""told.py: what perf and gdb are told of clones.

told.py VPREC_RUN DIRECTORY perf|gdb: DIRECTORY has names_spins and names_program.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

VPREC_RUN, DIRECTORY = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def maps_of(processes):
    """The lines of each process' map, which goes away."""
    found = {}
    for pid in processes:
        path = f'/tmp/perf-{pid}.map'
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                found[pid] = file.read().splitlines()
            os.remove(path)
    return found


def perf():
    """Every function of the report is in the map, with code of its own, and nothing else is; in a child, too."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, 'report')
        command = [VPREC_RUN, '-f', 'bf16', '--perf-map', '--report', report, '--', '/bin/sh', '-c',
                   './names_program && ./names_program']
        subprocess.run(command, cwd=DIRECTORY, check=True, stdout=subprocess.DEVNULL, timeout=120)
        with open(report, encoding='utf-8') as text:
            report = json.load(text)
    maps = maps_of(p['pid'] for p in report['processes'])
    programs = 0
    for index, process in enumerate(report['processes']):
        want = {f['demangled'] for f in report['functions']
                if report['objects'][f['object_index']]['process_index'] == index}
        lines = [re.fullmatch(r'([0-9a-f]+) ([0-9a-f]+) (.+) \[vprec\]', line) for line in maps.get(process['pid'], [])]
        assert all(lines), maps
        have = {line[3] for line in lines}
        # what has nothing to round, and runs in clones all the same, is in no report
        assert want <= have and all('+0x' in name for name in have - want), (want, have)
        pieces = sorted((int(line[1], 16), int(line[2], 16)) for line in lines)
        assert all(a + n <= b for (a, n), (b, _) in zip(pieces, pieces[1:])), pieces
        assert all(n for _, n in pieces)
        programs += bool(want)
    assert programs == 2, report['processes']


def gdb():
    if not shutil.which('gdb'):
        print('no gdb here')
        sys.exit(77)
    for options, told in (['--gdb'], True), ([], False):
        with subprocess.Popen([VPREC_RUN, '-q', '-f', 'bf16', *options, '--', './names_spins'], cwd=DIRECTORY,
                              stdout=subprocess.PIPE, text=True) as run:
            pid = run.stdout.readline().strip()
            try:
                for _ in range(20): # until it is between two instructions of a clone, as far as gdb is concerned
                    time.sleep(0.1)
                    done = subprocess.run(['gdb', '-nx', '-q', '-batch', '-p', pid, '-ex', 'bt'], capture_output=True,
                                          text=True, timeout=120, stdin=subprocess.DEVNULL)
                    frames = [line for line in done.stdout.splitlines() if line.startswith('#')]
                    if len(frames) > 2 and told and 'names_layer' in frames[1]:
                        break
                    if frames and not told and '??' in frames[0]:
                        break
            finally:
                os.kill(int(pid), signal.SIGKILL)
        if 'ptrace: Operation not permitted' in done.stderr:
            print('nobody may be traced here')
            sys.exit(77)
        assert frames, (done.stdout, done.stderr)
        assert ('names_gelu [vprec]' in frames[0]) == told, frames
        if told:
            assert 'names_layer' in frames[1] and 'main' in frames[2], frames


{'perf': perf, 'gdb': gdb}[sys.argv[3]]()
