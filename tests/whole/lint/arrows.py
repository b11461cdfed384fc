# SPDX-License-Identifier: Apache-2.0
"""arrows.py ROOT: the #include lines of lib/, interpose/ and tools/ against the rooms' order. Fails on an arrow that
goes up, on a cycle between folders, on a folder that has no place in the order, and on an include whose file is
nowhere: what this test cannot follow it cannot check."""
import os
import re
import sys
import tempfile

import trees

# From the bottom up: a folder may include from itself and from those before it, of the parts that PARTS names.
ORDER = {
    'lib': ['lib', 'lib/x86', 'lib/mpfr'],
    'interpose': ['runtime', 'x86', 'x86/round', 'x86/emulate', 'find', 'clone', 'libm', 'cc', 'cc/plugin', 'scope', 'life', 'profiler'],
    'tools': ['common', 'cc', 'sample', 'run', 'stats/read', 'stats', 'page', 'sweep', 'search', 'package', 'python'],
}
# Which parts' folders stand on the search path of each part; of interpose the commands see what processes, files that
# vprec-cc has built, and patterns for lines of their source have in common with them.
PARTS = {'lib': ['lib'], 'interpose': ['interpose', 'lib'], 'tools': ['tools', 'interpose', 'lib']}
SHARED_WITH_TOOLS = ('interpose/runtime/wire.h', 'interpose/cc/site.h', 'interpose/runtime/source_lines.h')
SUFFIXES = ('.c', '.h', '.S', '.inc')


def sources(root, part):
    for folder, folders, names in os.walk(os.path.join(root, part)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield os.path.relpath(os.path.join(folder, name), root)


def target(root, part, path, name):
    """The file that #include "name" in `path` means, as the compiler looks for it; None if it is not the project's."""
    for folder in [os.path.dirname(path), *PARTS[part]]:
        found = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(os.path.join(root, found)):
            return found
    return None


def rank(path):
    """Part and place in its order of the folder that `path` lies in; the place is None where it has none."""
    part, _, _ = path.partition('/')
    folder = os.path.dirname(path)
    room = folder if part == 'lib' else folder[len(part) + 1:]
    return part, ORDER[part].index(room) if room in ORDER[part] else None


def check(root):
    wrong, edges, lines = [], {}, 0
    for part in ORDER:
        for path in sources(root, part):
            here = rank(path)
            if here[1] is None:
                wrong.append(f'{path}: its folder has no place in the order of {part}/')
                continue
            text = open(os.path.join(root, path), encoding='utf-8').read()
            for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
                lines += 1
                to = target(root, part, path, name)
                if to is None:
                    wrong.append(f'{path}: "{name}" is nowhere')
                    continue
                there = rank(to)
                if part == 'tools' and there[0] == 'interpose' and to not in SHARED_WITH_TOOLS:
                    wrong.append(f'{path}: includes {to}: of interpose/ the commands see {SHARED_WITH_TOOLS[0]} and few others')
                elif there[0] == part and part != 'lib' and there[1] > here[1]:
                    wrong.append(f'{path}: includes {to}, which stands above it')
                if part != 'lib' and os.path.dirname(to) != os.path.dirname(path):
                    edges.setdefault(os.path.dirname(path), set()).add(os.path.dirname(to))
    return wrong + cycles(edges), lines


def cycles(edges):
    found, done = [], set()

    def visit(folder, trail):
        if folder in trail:
            found.append('a cycle: ' + ' -> '.join(trail[trail.index(folder):] + [folder]))
            return
        if folder not in done:
            for following in sorted(edges.get(folder, ())):
                visit(following, trail + [folder])
            done.add(folder)

    for folder in sorted(edges):
        visit(folder, [])
    return found


def demonstrate():
    """This test can fail: a tree with one wrong line of each kind has that many findings, without them none."""
    right = {'lib/vprec.h': '', 'interpose/runtime/wire.h': '#include "vprec.h"', 'interpose/life/start.c':
             '#include "x86/site.h"', 'interpose/x86/site.h': '#include "runtime/wire.h"', 'tools/common/say.h': '',
             'tools/run/main.c': '#include "common/say.h"\n#include "runtime/wire.h"'}
    wrong = {'interpose/x86/emit.h': '#include "clone/where.h"', 'interpose/clone/where.h': '#include "x86/emit.h"',
             'tools/run/list.c': '#include "x86/site.h"', 'tools/common/json.h': '#include "nowhere.h"',
             'tools/new/file.c': ''}
    with tempfile.TemporaryDirectory() as root: # up and a cycle, not for commands, nowhere, no place
        trees.demonstrate(lambda root: check(root)[0], root, (right, 0), (wrong, 5))


def main():
    demonstrate()
    wrong, lines = check(os.path.realpath(sys.argv[1]))
    return trees.verdict(wrong, ('include lines', lines, 300))


if __name__ == '__main__':
    sys.exit(main())
