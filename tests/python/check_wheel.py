# SPDX-License-Identifier: Apache-2.0
"""check_wheel.py ROOT [PYTHON...]: the wheel as it is passed on: made by tools/package/wheel, its tag is that of
auditwheel, nothing in it needs a newer glibc than its name says, it holds the licences of what is linked in, and it
works in a fresh environment of each PYTHON (this one, where none is named) in a folder with a blank in its name, by
--user and by --target, without the source tree. Exit status 77 where PyPI's packages are missing."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../common'))
import environments  # noqa: E402

SUM = 'BEGIN { for (i = 0; i < 200; i++) s += 0.1; print s }'
IN_PYTHON = ('import vprec, numpy as np, sys; assert vprec.round(0.1, "bf16") == 0.10009765625; '
             'assert vprec.run(["awk", sys.argv[1]], format="f64=e11m7")["stdout"] == "22.5\\n"; '
             'x = np.full(1000, 0.1, np.float32); '
             'assert vprec.run(np.add.accumulate, (x,), format="bf16")[-1] == 32; print(vprec.__file__)')


def check(good, text):
    if not good:
        raise SystemExit(text)


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=900, check=False, **options)
    check(done.returncode == 0, f'{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def version(text):
    return tuple(map(int, text.split('.')))


def check_contents(wheel, folder):
    """Versions of glibc, and what else there has to be."""
    named = re.fullmatch(r'vprec-[\d.]+-py3-none-(manylinux_(\d+)_(\d+)_x86_64\S*)\.whl', os.path.basename(wheel))
    check(named, f'{wheel}: its name')
    allowed = min((2, 28), (int(named[2]), int(named[3])))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    objects = 0
    for path in glob.glob(os.path.join(folder, '**'), recursive=True):
        if not os.path.isfile(path):
            continue
        with open(path, 'rb') as file:
            if file.read(4) != b'\x7fELF':
                continue
        objects += 1
        told = run('readelf', '--version-info', '--wide', path)
        needs = set(re.findall(r'Name: GLIBC_([\d.]+)', told))
        check(needs, f'{path}: no versions were read')
        check(max(map(version, needs)) <= allowed, f'{path} needs {max(needs, key=version)}, not {allowed} at most')
        libraries = set(re.findall(r'NEEDED.*\[(.*)\]', run('readelf', '--dynamic', '--wide', path)))
        check(libraries <= {'libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'librt.so.1',
                            'ld-linux-x86-64.so.2'}, f'{path} needs {libraries}')
        check(not re.search(r'R(UN)?PATH', run('readelf', '--dynamic', '--wide', path)), f'{path} has a search path')
    check(objects == 7, f'{objects} objects')
    names = os.listdir(os.path.join(folder, 'vprec', 'doc'))
    check({'LICENSE.Zydis', 'copyright.libjansson-dev', 'copyright.libpcre2-dev', 'copyright.zlib1g-dev',
           'copyright.libiberty-dev'} <= set(names), names)


def try_out(python, **options):
    """The package of this interpreter's path; where it is."""
    return run(python, '-c', IN_PYTHON, SUM, cwd='/', **options).strip()


def check_places(wheel, python, folder):
    """A virtual environment with a blank in its path, --target, and --user."""
    place = os.path.join(folder, f'an environment of {os.path.basename(python)}')
    run(python, '-m', 'venv', place)
    inside = os.path.join(place, 'bin', 'python')
    pip = [inside, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-warn-script-location']
    run(*pip, wheel)
    check(try_out(inside).startswith(place), 'another package was imported')
    command = os.path.join(place, 'bin', 'vprec-run')
    check(run(command, '-q', '-f', 'f64=e11m7', '--', 'awk', SUM, cwd='/') == '22.5\n', command)
    check(run(inside, '-m', 'vprec', 'run', '-q', '-f', 'f64=e11m7', '--', 'awk', SUM, cwd='/') == '22.5\n', '-m vprec')
    run(os.path.join(place, 'bin', 'vprec-sweep'), '--formats', 'e8m7', '--out', place + '.sweep', '--', 'echo', '1',
        cwd='/')
    run(os.path.join(place, 'bin', 'vprec-stats'), '--version')
    target = os.path.join(place, 'target')
    run(*pip, '--no-deps', '--target', target, wheel)
    check(try_out(inside, env=dict(os.environ, PYTHONPATH=target)).startswith(target), '--target')
    run(inside, '-m', 'pip', 'uninstall', '-q', '-y', 'vprec')
    check(not glob.glob(os.path.join(place, 'lib/*/site-packages/vprec')), 'pip left something behind')
    # --user, of the interpreter itself: an environment has no such thing
    home = os.path.join(folder, 'home of ' + os.path.basename(python))
    environment = dict(os.environ, PYTHONUSERBASE=home, PIP_BREAK_SYSTEM_PACKAGES='1')
    run(python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-warn-script-location', '--user',
        '--ignore-installed', wheel, env=environment)
    check(try_out(python, env=environment).startswith(home), '--user')
    command = os.path.join(home, 'bin', 'vprec-run')
    check(run(command, '-q', '-f', 'f64=e11m7', '--', 'awk', SUM, env=environment, cwd='/') == '22.5\n', '--user')


def main():
    root, *pythons = sys.argv[1:]
    if not environments.find('python'):
        print('no environment: tests/common/environments.py python', file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory(prefix='vprec-wheel-') as folder:
        made = run(os.path.join(root, 'tools/package/wheel'), os.path.join(folder, 'dist')).strip().splitlines()[-1]
        check_contents(made, os.path.join(folder, 'contents'))
        # not beside the source tree
        wheel = shutil.copy(made, folder)
        for python in pythons or ['/usr/bin/python3']:
            check_places(wheel, python, folder)
    return 0


if __name__ == '__main__':
    sys.exit(main())
