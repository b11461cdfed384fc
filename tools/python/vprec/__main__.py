# SPDX-License-Identifier: Apache-2.0
"""__main__.py: python -m vprec run|stats|sweep|search|kernel ARG...: the commands, where their folder is not on PATH."""
import sys

from . import __version__, _programs

USAGE = """Usage: python -m vprec run|stats|sweep|search [ARG...]    as vprec-run and the others; --help says more
       python -m vprec kernel --install [ARG...]   a kernel for notebooks that runs under vprec-run
"""


def main(arguments: list[str]) -> int:
    """Exit status 0; 2: wrong usage."""
    name, rest = (arguments or [''])[0], arguments[1:]
    if name in ('run', 'stats', 'sweep', 'search'):
        _programs.become(name, rest)
    if name == 'kernel':
        from . import kernel
        return kernel.main(rest)
    if name in ('-h', '--help'):
        print(USAGE, end='')
        return 0
    if name in ('-V', '--version'):
        print(f'vprec {__version__}')
        return 0
    what = f'no command {name!r}' if name else 'no command'
    print(f'python -m vprec: {what}: there are run, stats, sweep, search and kernel', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
