# SPDX-License-Identifier: Apache-2.0
"""licences.py ROOT: every file of the project says its licence, in an SPDX line near its beginning or in REUSE.toml,
and the text of every licence is in LICENSES. As `reuse lint` (PyPI) has it, without reuse."""
import os
import re
import subprocess
import sys
import tomllib

# In two pieces, or reuse would take this line for this file's licence.
SPDX = re.compile(rb'SPDX-License-' rb'Identifier: ([A-Za-z0-9.+-]+)')


def files(root):
    """What git keeps; in a tree without git everything but what is built."""
    done = subprocess.run(['git', '-C', root, 'ls-files', '-z'], capture_output=True)
    if done.returncode == 0 and done.stdout:
        return sorted(done.stdout.decode().split('\0')[:-1])
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not re.match(r'build|\.git$|node_modules$|__pycache__$', name)]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def pattern(path):
    """A path of REUSE.toml: '*' is any name, '**' any path."""
    parts = re.split(r'(\*\*|\*)', path)
    return re.compile(''.join({'*': '[^/]*', '**': '.*'}.get(part) or re.escape(part) for part in parts))


def main():
    root, failures, used, told = sys.argv[1], [], set(), 0
    with open(os.path.join(root, 'REUSE.toml'), 'rb') as file:
        annotations = tomllib.load(file)['annotations']
    tables = []
    for table in annotations:
        paths = table['path'] if isinstance(table['path'], list) else [table['path']]
        tables += [(pattern(path), path, table['SPDX-License-Identifier']) for path in paths
                   if 'SPDX-License-Identifier' in table]
    unused = {path for _, path, _ in tables}
    for name in files(root):
        path = os.path.join(root, name)
        if os.path.islink(path) or not os.path.exists(path) or name == 'LICENSE':
            continue
        with open(path, 'rb') as file:
            found = SPDX.search(file.read(1000))
        licence = found and found[1].decode()
        for expression, text, named in tables:
            if expression.fullmatch(name):
                unused.discard(text)
                licence = licence or named
        if licence:
            used.add(licence)
            told += 1
        else:
            failures.append(f'{name}: no licence: an SPDX line at its beginning, or a path in REUSE.toml')
    failures += [f'REUSE.toml: {path} is no file' for path in sorted(unused)]
    failures += [f'LICENSES/{licence}.txt is missing' for licence in sorted(used)
                 if not os.path.isfile(os.path.join(root, 'LICENSES', licence + '.txt'))]
    if told < 500:
        failures.append(f'only {told} files were found')
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


sys.exit(main())
