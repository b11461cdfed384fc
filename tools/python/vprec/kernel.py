# SPDX-License-Identifier: Apache-2.0
# kernel.py: a kernel for notebooks whose cells are rounded: ipykernel under vprec-run.
"""Kernels for Jupyter that run under vprec-run."""
from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import Any

from . import _programs


def specification(options: list[str], title: str) -> dict[str, Any]:
    """What kernel.json says.

    >>> specification(["-f", "bf16"], "Python in bf16")["argv"][1:5]
    ['-q', '-f', 'bf16', '--']
    """
    return {'argv': [_programs.path('run'), '-q', *options, '--', sys.executable, '-m', 'ipykernel_launcher', '-f',
                     '{connection_file}'],
            'display_name': title, 'language': 'python', 'metadata': {'debugger': False}}


def main(arguments: list[str]) -> int:
    """python -m vprec kernel; exit status 2: wrong usage, 1: it cannot be written."""
    parser = argparse.ArgumentParser(prog='python -m vprec kernel', description='Make a kernel for notebooks, whose '
                                     'cells are rounded, of this Python. It needs the package ipykernel.',
                                     epilog='Further options are those of vprec-run, as --mode sr --count.')
    parser.add_argument('--install', action='store_true', required=True, help='write it')
    parser.add_argument('-f', '--format', default='bf16', help='what is rounded, as of vprec-run; default bf16')
    parser.add_argument('--name', help="the kernel's name; default vprec and the format")
    parser.add_argument('--prefix', help='write to PREFIX/share/jupyter/kernels; default: this environment, sys.prefix')
    parser.add_argument('--user', action='store_true', help="write to the user's folder of data instead")
    chosen, further = parser.parse_known_args(arguments)
    name = chosen.name or 'vprec-' + re.sub(r'[^A-Za-z0-9._-]+', '-', chosen.format)
    if chosen.user:
        data = os.environ.get('JUPYTER_DATA_DIR') or os.path.join(
            os.environ.get('XDG_DATA_HOME') or os.path.expanduser('~/.local/share'), 'jupyter')
    else:
        data = os.path.join(chosen.prefix or sys.prefix, 'share', 'jupyter')
    folder = os.path.join(data, 'kernels', name)
    made = specification(['--format', chosen.format, *further], f'Python in {chosen.format} (vprec)')
    path = os.path.join(folder, 'kernel.json')
    try:
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                if not os.path.basename(json.load(file)['argv'][0]).startswith('vprec-run'):
                    raise OSError(f"'{path}' is not vprec's: choose another --name")
        os.makedirs(folder, exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(made, file, indent=1)
    except (OSError, ValueError, KeyError, IndexError) as error:
        print(f'python -m vprec kernel: {error}', file=sys.stderr)
        return 1
    print(f'kernel {name}: {path}')
    return 0
