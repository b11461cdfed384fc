# SPDX-License-Identifier: Apache-2.0
"""_programs.py: where the commands lie inside the package, and the entry points, which become them."""
import os
import sys
from typing import NoReturn

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def path(name: str) -> str:
    """The file of a command, "run" for vprec-run. FileNotFoundError: the package is not whole."""
    found = os.path.join(_FOLDER, 'bin', f'vprec-{name}')
    if not os.access(found, os.X_OK):
        raise FileNotFoundError(f"the command '{found}' is missing or cannot be executed: install vprec again by pip")
    return found


def become(name: str, arguments: list[str]) -> NoReturn:
    """This process goes on as the command."""
    file = path(name)
    os.execv(file, [file, *arguments])


def run() -> NoReturn:
    become('run', sys.argv[1:])


def stats() -> NoReturn:
    become('stats', sys.argv[1:])


def sweep() -> NoReturn:
    become('sweep', sys.argv[1:])


def search() -> NoReturn:
    become('search', sys.argv[1:])
