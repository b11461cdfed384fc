# SPDX-License-Identifier: Apache-2.0
"""test_types.py: mypy, strict, finds nothing in the package; and does find what is wrong."""
import os
import subprocess
import sys
import tempfile
import unittest

import vprec

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = tempfile.TemporaryDirectory(prefix='vprec-mypy-')


class Types(unittest.TestCase):
    def mypy(self, *arguments):
        done = subprocess.run([sys.executable, '-m', 'mypy', '--cache-dir', CACHE.name, '--config-file',
                               os.path.join(ROOT, 'pyproject.toml'), *arguments], cwd=ROOT, capture_output=True,
                              text=True, check=False, timeout=250)
        return done.returncode, done.stdout + done.stderr

    def test_package(self):
        status, said = self.mypy()
        self.assertEqual(status, 0, said)

    def test_users(self):
        """A user's program is checked against the package; each public name is known."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'user.py')
            with open(path, 'w') as file:
                file.write('import vprec\n' + ''.join(f'vprec.{name}\n' for name in vprec.__all__))
            status, said = self.mypy(path)
            self.assertEqual(status, 0, said)
            with open(path, 'w') as file:
                file.write('import vprec\nvprec.round([1.0], 3)\n')
            status, said = self.mypy(path)
            self.assertEqual((status, 'arg-type' in said), (1, True), said)


if __name__ == '__main__':
    unittest.main()
