# SPDX-License-Identifier: Apache-2.0
"""check_packages.py ROOT [SUITE]: the tarball and the .deb that tools/package makes. They need no newer glibc than 2.28
and no library of another package; the tarball runs where it is unpacked, the .deb's files where they are put. With
SUITE (bookworm, trixie, sid) both, and the wheel, in a fresh Debian of that name, where they are installed and removed
again: exit status 77 where none can be made, which takes root, debootstrap and Debian's packages. With "lintian" the
.deb has no fault that this finds: 77 where there is none."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SUM = 'BEGIN { for (i = 0; i < 200; i++) s += 0.1; print s }'
NARROW = ['-q', '-f', 'f64=e11m7', '--', 'awk', SUM]
LIBRARIES = {'libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'librt.so.1', 'ld-linux-x86-64.so.2'}


def check(good, text):
    if not good:
        raise SystemExit(text)


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=1800, check=False, **options)
    check(done.returncode == 0, f'{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def made(root, kind, folder):
    return run(os.path.join(root, 'tools/package', kind), folder).strip().splitlines()[-1]


def check_tree(tree):
    """Versions of glibc and libraries of all objects in it, and that its commands find each other."""
    objects = 0
    for path in glob.glob(os.path.join(tree, '**'), recursive=True):
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        with open(path, 'rb') as file:
            if file.read(4) != b'\x7fELF':
                continue
        objects += 1
        told = run('readelf', '--version-info', '--dynamic', '--wide', path)
        needs = [tuple(map(int, found.split('.'))) for found in re.findall(r'Name: GLIBC_([\d.]+)', told)]
        check(needs and max(needs) <= (2, 28), f'{path} needs glibc {max(needs, default=None)}')
        libraries = set(re.findall(r'NEEDED.*\[(.*)\]', told))
        check(libraries <= LIBRARIES, f'{path} needs {libraries - LIBRARIES}')
    check(objects == 7, f'{objects} objects in {tree}')
    environment = {'PATH': '/usr/bin:/bin'}
    check(run(os.path.join(tree, 'bin/vprec-run'), *NARROW, env=environment) == '22.5\n', 'vprec-run')
    with tempfile.TemporaryDirectory() as out:
        run(os.path.join(tree, 'bin/vprec-sweep'), '--formats', 'e8m7', '--out', os.path.join(out, 'sweep'), '--',
            'echo', '1', env=environment)


def check_here(tarball, deb, folder):
    place = os.path.join(folder, 'a place')
    os.makedirs(place)
    run('tar', '-C', place, '-xf', tarball)
    tree, = glob.glob(os.path.join(place, 'vprec-*'))
    check_tree(tree)
    unpacked = os.path.join(folder, 'deb')
    run('dpkg-deb', '-x', deb, unpacked)
    check_tree(os.path.join(unpacked, 'usr'))
    fields = run('dpkg-deb', '-f', deb)
    version = run(os.path.join(tree, 'bin/vprec-run'), '--version').split()[1]
    for line in (f'Version: {version}-1', 'Depends: libc6 (>= 2.28)', 'Architecture: amd64'):
        check(line in fields.splitlines(), f'{line}: not in\n{fields}')
    check(os.path.exists(os.path.join(unpacked, 'usr/share/doc/vprec/copyright')), 'no copyright')


def check_chroot(packages, suite, folder):
    """In a Debian of its own."""
    chroot = os.path.join(folder, 'chroot')
    if os.geteuid() or not shutil.which('debootstrap', path='/usr/sbin:/usr/bin'):
        print('no debootstrap, or not root', file=sys.stderr)
        return 77
    run('/usr/sbin/debootstrap', '--variant=minbase', '--include=python3-venv,python3-numpy', suite, chroot)
    try:
        run('mount', '-t', 'proc', 'proc', os.path.join(chroot, 'proc'))
        for package in packages:
            shutil.copy(package, os.path.join(chroot, 'root'))
        tarball, deb, wheel = (os.path.join('/root', os.path.basename(package)) for package in packages)
        inside = ['chroot', chroot, '/usr/bin/env', '-i', 'PATH=/usr/bin:/bin:/usr/sbin:/sbin']
        run(*inside, 'tar', '-C', '/opt', '-xf', tarball)
        command = '/opt/' + os.path.basename(tarball)[:-len('.tar.gz')] + '/bin/vprec-run'
        check(run(*inside, command, *NARROW) == '22.5\n', 'the tarball')
        run(*inside, 'dpkg', '-i', deb)
        check(run(*inside, 'vprec-run', *NARROW) == '22.5\n', 'the .deb')
        check('libvprec.so.0' in run(*inside, 'ldconfig', '-p'), 'the loader does not know libvprec')
        run(*inside, 'dpkg', '-r', 'vprec')
        check(not glob.glob(os.path.join(chroot, 'usr/**/*vprec*'), recursive=True), 'dpkg -r left something')
        run(*inside, 'python3', '-m', 'venv', '--system-site-packages', '/opt/venv')
        run(*inside, '/opt/venv/bin/pip', 'install', '-q', '--no-index', wheel)
        check(run(*inside, '/opt/venv/bin/vprec-run', *NARROW) == '22.5\n', 'the wheel')
        check(run(*inside, '/opt/venv/bin/python', '-c', 'import vprec; print(vprec.round([0.1], "bf16")[0])') ==
              '0.10009765625\n', 'the wheel in Python')
    finally:
        subprocess.run(['umount', os.path.join(chroot, 'proc')], stderr=subprocess.DEVNULL, check=False)
    return 0


def check_lintian(deb):
    if not shutil.which('lintian'):
        print('no lintian', file=sys.stderr)
        return 77
    done = subprocess.run(['lintian', deb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.findall('^[EW]: .*', done.stdout, re.M)
    # Who makes a package for himself closes no request of Debian's.
    check(all('initial-upload-closes-no-bugs' in line for line in found) and found, done.stdout)
    return 0


def main():
    root, *suite = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='vprec-packages-') as folder:
        dist = os.path.join(folder, 'dist')
        if suite == ['lintian']:
            os.environ.update(DEBEMAIL='maker@debian.org', DEBFULLNAME='Who makes it')
            return check_lintian(made(root, 'deb', dist))
        tarball, deb = (made(root, kind, dist) for kind in ('tarball', 'deb'))
        if not suite:
            check_here(tarball, deb, folder)
            return 0
        return check_chroot((tarball, deb, made(root, 'wheel', dist)), suite[0], folder)


if __name__ == '__main__':
    sys.exit(main())
