# SPDX-License-Identifier: Apache-2.0
"""run.py BUILD FILE...: runs the unit tests of these files, in the environment of PyPI's packages that
tests/common/environments.py has made, with the package of the build folder BUILD. Exit status 77 where there is no such
environment."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../common')]
import environments  # noqa: E402
import package  # noqa: E402


def main():
    build, *tests = (word for word in sys.argv[1:] if not word.startswith("-"))
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    python = environments.find('python')
    if not python:
        print('no environment: tests/common/environments.py python', file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory(prefix='vprec-python-') as folder:
        package.make(folder, os.path.abspath(build))
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join((folder, HERE)), PYTHONDONTWRITEBYTECODE='1',
                           VPREC_TEST_BUILD=os.path.abspath(build))
        for test in tests:
            done = subprocess.run([python, os.path.abspath(test), *options], env=environment, cwd=folder, check=False)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == '__main__':
    sys.exit(main())
