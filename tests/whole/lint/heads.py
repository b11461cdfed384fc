# SPDX-License-Identifier: Apache-2.0
"""heads.py ROOT: what a source file says of itself and of others. Fails on a head comment that does not begin with the
file's name, and on a comment that names a source file which the project does not have."""
import os
import re
import sys
import tempfile

import trees

# Fewer than git knows of, for a tree without git: what is built, fetched or hidden is not the project's.
LEFT_OUT = re.compile(r'^(\..*|build.*|subprojects|__pycache__)$')
SOURCES = ('.c', '.h', '.S', '.inc', '.cpp', '.py')
NAMED = re.compile(r'(?<![\w*./<$"\'-])[\w./-]+\.(?:c|h|S|inc|cpp|py)\b')


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not LEFT_OUT.match(name))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def comments(path, text):
    """The head comment and the others; of Python, whose comments show lines of programs, the head alone."""
    if path.endswith('.py'):
        found = re.match(r'(?:#!.*\n)?# SPDX.*\n((?:#.*\n)*)((?:r?"""(?:[^"]|"(?!""))*""")?)', text)
        return (found[1] + found[2]).lstrip('#" \n') if found else '', []
    if not path.endswith(SOURCES):
        return '', re.findall(r'(?m)(?:^|\s)#(.*)$', text)
    found = re.findall(r'/\*(.*?)\*/', text, re.S)
    return re.sub(r'^\s*(SPDX.*\n[\s*]*)?', '', found[0]) if found else '', found[1:]


def check(root):
    paths, wrong, heads = list(files(root)), [], 0
    known = {'/'.join(path.split(os.sep)[-n:]) for path in paths for n in range(1, path.count(os.sep) + 2)}
    for path in paths:
        if not path.endswith(SOURCES) and os.path.basename(path) != 'meson.build':
            continue
        text = open(os.path.join(root, path), encoding='utf-8').read()
        head, others = comments(path, text)
        if path.endswith(SOURCES):
            heads += 1
            if not re.match(re.escape(os.path.basename(path)) + r'\b', head):
                wrong.append(f'{path}: its head does not begin with its name')
        for comment in (head, *others):
            for name in NAMED.findall(comment):
                if re.sub(r'^(\.\.?/)+', '', name) not in known:
                    wrong.append(f'{path}: {name} is nowhere')
    return wrong, heads


def demonstrate():
    """This test can fail: a head of another file, no head, and two names of files that are nowhere."""
    right = {'lib/a.c': '/* SPDX-License-Identifier: x\n * a.c: see lib/a.h, and <math.h>. */\n',
             'lib/a.h': '/* a.h */',
             't/a.py': '#!/usr/bin/python3\n# SPDX-License-Identifier: x\n"""a.py: judges a.c."""\n'}
    wrong = {'lib/b.c': '/* a.c: gone.h */', 'lib/c.h': 'int c;', 't/meson.build': '# see lib/gone.py\n'}
    with tempfile.TemporaryDirectory() as root:
        trees.demonstrate(lambda root: check(root)[0], root, (right, 0), (wrong, 4))


def main():
    demonstrate()
    wrong, heads = check(os.path.realpath(sys.argv[1]))
    return trees.verdict(wrong, ('heads', heads, 300))


if __name__ == '__main__':
    sys.exit(main())
