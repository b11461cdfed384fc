# SPDX-License-Identifier: Apache-2.0
"""check_refused.py ROOT: where the package cannot run, building it ends with the reason: on another processor, on
another system, which a file for meson says it is, and with musl's compiler: exit status 77 where there is none."""
import os
import shutil
import subprocess
import sys
import tempfile

MACHINE = '''[binaries]
c = 'cc'
[host_machine]
system = '{}'
cpu_family = '{}'
cpu = '{}'
endian = 'little'
'''


def refused(root, folder, *options, **environment):
    done = subprocess.run(['meson', 'setup', folder, root, '-Dpython=true', '-Dtests=disabled', '-Dmpfr=disabled',
                           *options], env=dict(os.environ, **environment), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False)
    if not done.returncode or 'vprec needs Linux with glibc on x86-64' not in done.stdout:
        raise SystemExit(f'{options} {environment}: exit status {done.returncode}\n{done.stdout}')


def main():
    root = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix='vprec-refused-') as folder:
        for system, family in (('linux', 'aarch64'), ('darwin', 'x86_64'), ('darwin', 'aarch64')):
            machine = os.path.join(folder, f'{system}-{family}.ini')
            with open(machine, 'w', encoding='utf-8') as file:
                file.write(MACHINE.format(system, family, family))
            refused(root, os.path.join(folder, f'{system}-{family}'), '--cross-file', machine)
        if not shutil.which('musl-gcc'):
            print('no musl-gcc', file=sys.stderr)
            return 77
        refused(root, os.path.join(folder, 'musl'), CC='musl-gcc')
    return 0


if __name__ == '__main__':
    sys.exit(main())
