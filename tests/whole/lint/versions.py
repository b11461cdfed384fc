# SPDX-License-Identifier: Apache-2.0
"""versions.py ROOT VERSION: manual pages, CITATION.cff and the newest entry of CHANGELOG.md are of this version, and
CHANGELOG.md tells the number of the interface that vprec.h has."""
import glob
import os
import re
import sys

root, version = sys.argv[1:]


def text(name):
    with open(os.path.join(root, name), encoding='utf-8') as file:
        return file.read()


told = {'CITATION.cff': re.search(r'^version: (.*)$', text('CITATION.cff'), re.M)[1]}
newest, interface = re.search(r'^## (\S+).*, interface (\d+)$', text('CHANGELOG.md'), re.M).groups()
told['CHANGELOG.md'] = newest
pages = glob.glob('man/*.[1-9]', root_dir=root)
for page in pages:
    told[page] = re.search(r'^\.TH \S+ \d \S+ "vprec (\S+)"', text(page), re.M)[1]
failures = [f'{name}: version {its}, not {version}' for name, its in told.items() if its != version]
number = re.search(r'^#define VPREC_API_VERSION (\d+)$', text('lib/vprec.h'), re.M)[1]
if number != interface:
    failures.append(f'CHANGELOG.md: interface {interface}, not {number}')
if len(pages) < 5:
    failures.append(f'only {pages} were found')
print('\n'.join(failures), end='\n' if failures else '', file=sys.stderr)
sys.exit(bool(failures))
