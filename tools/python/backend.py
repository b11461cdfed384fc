# SPDX-License-Identifier: Apache-2.0
"""backend.py: builds the package for pip: meson-python's work, with the name that the wheel then deserves. Nothing in
it is compiled against Python, so one wheel is for all versions; meson-python takes whatever is compiled for an
extension."""
import os
import subprocess
import sys
from typing import Any, Optional

import mesonpy
from mesonpy import build_sdist, get_requires_for_build_sdist, get_requires_for_build_wheel

__all__ = ['build_sdist', 'build_wheel', 'get_requires_for_build_sdist', 'get_requires_for_build_wheel']


def build_wheel(wheel_directory: str, config_settings: Optional[dict[Any, Any]] = None,
                metadata_directory: Optional[str] = None) -> str:
    """The wheel's name, vprec-VERSION-py3-none-PLATFORM.whl."""
    made = mesonpy.build_wheel(wheel_directory, config_settings, metadata_directory)
    tags = ['--python-tag', 'py3', '--abi-tag', 'none', '--remove']
    done = subprocess.run([sys.executable, '-m', 'wheel', 'tags', *tags, os.path.join(wheel_directory, made)],
                          check=True, stdout=subprocess.PIPE, text=True)
    return os.path.basename(done.stdout.split('\n')[0].strip())
