# SPDX-License-Identifier: Apache-2.0
"""package.py: the Python package as the tests import it: its modules from the tree, with the commands and the library
of a build folder, put together by links as an installed one is."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULES = os.path.join(ROOT, 'tools', 'python', 'vprec')
COMMANDS = ('run', 'stats', 'sweep', 'search')


def make(folder, build):
    """Makes FOLDER/vprec of BUILD; whoever has FOLDER on sys.path imports it."""
    package = os.path.join(folder, 'vprec')
    for name in ('bin', 'lib/vprec'):
        os.makedirs(os.path.join(package, name))
    for name in os.listdir(MODULES):
        if name != '__pycache__':
            os.symlink(os.path.join(MODULES, name), os.path.join(package, name))
    for name in COMMANDS:
        os.symlink(os.path.join(build, 'tools', 'vprec-' + name), os.path.join(package, 'bin', 'vprec-' + name))
    os.symlink(os.path.join(build, 'tools/python/libvprec_python.so'), os.path.join(package, 'lib/libvprec_python.so'))
