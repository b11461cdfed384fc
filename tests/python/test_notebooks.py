# SPDX-License-Identifier: Apache-2.0
"""test_notebooks.py: %%vprec in a notebook, and a kernel that runs under vprec-run, both executed by nbclient."""
import json
import os
import tempfile
import unittest

from notebook import install, install_plain, outputs


class Notebooks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='vprec-notebook-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        install_plain(self.folder)

    def test_magic(self):
        shown = outputs([
            '%load_ext vprec\nimport numpy as np\nx = np.full(1000, 0.1, np.float32)',
            '%%vprec -f bf16 -i x -o y\nimport numpy as np\ny = np.add.accumulate(x)\nprint("in the child")\n'
            'float(y[-1])',
            'float(y[-1]), float(np.add.accumulate(x)[-1]) > 99',
            '%%vprec -f bf16 -i nothing\n1',
            '%%vprec -f bf16 -o z\n1',
            '%%vprec -f e5m60\n1',
            '%%vprec -f bf16 -i "x y"\n1',
            '%%vprec -f e8m10\nimport numpy as np, vprec\nwith vprec.scope("narrow", "e8m3"):\n'
            '    y = float(np.ones(100, np.float32).cumsum()[-1])\ny',
        ], 'plain')
        self.assertEqual(shown[0], [])
        self.assertEqual(shown[1], ['stdout: in the child', '32.0'])
        self.assertEqual(shown[2], ['(32.0, True)'])
        self.assertIn('no variable nothing', shown[3][0])
        self.assertIn('the cell sets no z', shown[4][-1])
        self.assertIn('e5m60', shown[5][0])
        self.assertIn('with commas between', shown[6][0])
        self.assertEqual(shown[7], ['16.0'])

    def test_kernel(self):
        """Its cells are rounded."""
        status, said = install(self.folder, '-f', 'bf16')
        self.assertEqual((status, 'vprec-bf16' in said), (0, True), said)
        self.assertEqual(install(self.folder, '-f', 'bf16')[0], 0)
        shown = outputs(['import numpy as np\nx = np.full(1000, 0.1, np.float32)\nfloat(np.add.accumulate(x)[-1])'],
                        'vprec-bf16')
        self.assertEqual(shown, [['32.0']])

    def test_another_kernel_stays(self):
        folder = os.path.join(self.folder, 'share/jupyter/kernels/mine')
        os.makedirs(folder)
        path = os.path.join(folder, 'kernel.json')
        with open(path, 'w') as file:
            json.dump({'argv': ['python3']}, file)
        status, said = install(self.folder, '--name', 'mine')
        self.assertEqual((status, "is not vprec's" in said), (1, True), said)
        with open(path) as file:
            self.assertEqual(json.load(file), {'argv': ['python3']})


if __name__ == '__main__':
    unittest.main()
