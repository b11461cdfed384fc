#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# coverage.py: single-steps a program under vprec-run: no floating-point
# instruction may execute in a selected object. The control steps the same
# program without vprec-run, where some must.
import argparse, os, shutil, subprocess, sys, tempfile

FORMAT = 'f32=e8m10,f64=e11m40'
# Their functions are run, not stepped: they are not selected objects.
LIBRARIES = ['libvprec_preload.so*', 'libc.so*', 'libm.so*', 'libgfortran.so*', 'libquadmath.so*']
EXAMPLES = '/usr/share/doc/profnet-isis/examples'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--step', required=True)
    p.add_argument('--vprec-run', required=True)
    p.add_argument('--cpus', nargs='*', default=['sse2', 'avx2', 'avx512'])
    p.add_argument('--max', default='300000', help='steps')
    p.add_argument('--object', required=True)
    p.add_argument('command', nargs=argparse.REMAINDER)
    o = p.parse_args()
    command = o.command[1:] if o.command[:1] == ['--'] else o.command
    absolute = lambda path: os.path.abspath(path) if '/' in path else path
    command = [absolute(word) for word in command]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        if command[0] == 'profnet_isis':
            if not shutil.which(command[0]) or not os.path.isdir(EXAMPLES):
                print('profnet-isis is not installed: skipped')
                return 77
            for name in os.listdir(EXAMPLES):
                shutil.copy(os.path.join(EXAMPLES, name), folder)
            command += 'switch 385 55 10 46 100 PROFin.dat PROFacc_tst.jct none'.split()
        program = os.path.basename(command[0])
        if subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL).returncode == 3:
            print('this processor lacks the instruction set: skipped')
            return 77
        step = [absolute(o.step), '-m', o.max, '-o', o.object, '-e', program]
        step += [word for name in LIBRARIES for word in ('-k', name)]
        wrapped = [absolute(o.vprec_run), '-q', '-f', FORMAT, '--object', o.object, '--']
        runs = [('without vprec-run', step + ['-x', '--'] + command, None)]
        runs += [(f'VPREC_CPU={cpu}', step + ['--'] + wrapped + command, cpu) for cpu in o.cpus]
        for what, line, cpu in runs:
            done = subprocess.run(line, cwd=folder, env=dict(os.environ, VPREC_CPU=cpu) if cpu else None,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                                  timeout=500)
            lines = [l for l in done.stdout.splitlines() if 'steps' in l or 'times' in l or l.startswith('step:')]
            print(f'{program} {what}: exit status {done.returncode}')
            print('\n'.join(lines[-1:] if done.returncode == 0 else lines[-30:]), flush=True)
            if done.returncode == 77:
                return 77
            bad += done.returncode != 0
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
