# SPDX-License-Identifier: Apache-2.0
"""names.py ROOT BUILD: no two things of one name. Fails on an include guard that is not made of its header's room and
name, on a name that two headers define or one header defines twice as different things, on an external symbol that two
objects of the parts' libraries define, and on a symbol that the preload library exports though the C library has none
of that name: a wrapper is all that it may export."""
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

import trees

PARTS = ('lib', 'interpose', 'tools')
# Included more than once, for lists and for code that is written once for all types.
TEMPLATES = {'interpose/libm/functions.h', 'lib/x86/lanes_avx2.h', 'lib/x86/lanes_avx512.h'}
OURS = r'((?:vprec|page|stats|sweep|search)_\w+|(?:VPREC|PAGE|STATS|SWEEP|SEARCH)_\w+)'
# life/first.S, preload.map, life/sanitizer.c, life/named.c; the C++ runtime's in life/jumps.c
EXPORTED = {'vprec_first', 'vprec_cc_host', 'VPREC', '__asan_default_options', 'vprec_code_named', 'vprec_scope_knows', 'vprec_task_begin',
            'vprec_task_end', 'vprec_task_collector', '__cxa_begin_catch'}


def guard(path):
    """VPREC_ROOM_NAME_H, a word once where it would follow itself: page/page.h is VPREC_PAGE_H."""
    words = [word for word in re.split(r'[/_-]', path[:-2])[1:] if word != 'vprec']
    words = [word for i, word in enumerate(words) if not i or word != words[i - 1]]
    return '_'.join(['VPREC', *words, 'H']).upper()


def headers(root):
    for part in PARTS:
        for folder, _, names in sorted(os.walk(os.path.join(root, part))):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name.endswith('.h') and path not in TEMPLATES:
                    text = open(os.path.join(root, path), encoding='utf-8').read()
                    yield path, re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)


def definitions(text):
    """(name, kind) of what a header defines; a struct and its typedef are one thing."""
    undefined = re.findall(r'#\s*undef\s+(\w+)', text)
    for name in re.findall(rf'^\s*#\s*define\s+{OURS}', text, re.M):
        if name not in undefined:
            yield name, 'macro'
    text = re.sub(r'^\s*#(?:.*\\\n)*.*$', '', text, flags=re.M)
    for name in re.findall(rf'(?:struct|union|enum)\s+{OURS}\s*\{{', text):
        yield name, 'type'
    for pattern in (r'^typedef (?!struct|union)[^;{]*?\b', r'^\}\s*(?:__attribute__\(\(.*\)\)\s*)?'):
        for name in re.findall(pattern + OURS + ';', text, re.M):
            yield name, 'type'
    for body in re.findall(r'\benum\b[^{};()]*\{([^}]*)\}', text):
        for name in re.findall(rf'(?:^|,)\s*{OURS}\s*(?=[=,]|$)', body):
            yield name, 'constant'
    for name in re.findall(rf'^[A-Za-z][\w *]*[ *]{OURS}\(', text, re.M):
        yield name, 'function'


def check_headers(root):
    wrong, guards, things = [], 0, collections.defaultdict(set)
    for path, text in headers(root):
        guards += 1
        found = re.match(r'\s*#ifndef (\w+)\n#define (\w+)\n', text)
        if not found or found[1] != found[2] or found[1] != guard(path):
            wrong.append(f'{path}: its include guard is not {guard(path)}')
        for name, kind in definitions(text):
            things[name].add((kind, path))
    for name, places in sorted(things.items()):
        if len(places) > 1:
            wrong.append(f'{name}: ' + ', '.join(f'{kind} in {path}' for kind, path in sorted(places)))
    return wrong, guards, len(things)


def symbols(*arguments):
    done = subprocess.run(['nm', *arguments], capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def check_objects(build):
    """Of objects in more than one library (a room of a room) the member's name says that they are one."""
    homes = collections.defaultdict(set)
    for archive in (found for part in PARTS for found in glob.glob(f'{build}/{part}/**/*.a', recursive=True)):
        for words in symbols('-A', '--defined-only', '--extern-only', archive):
            if len(words) >= 3 and words[-2] in 'TDBRC':
                homes[words[-1]].add(os.path.basename(words[0].split(':')[-2]))
    return [f'{name}: defined in {" and ".join(sorted(home))}' for name, home in sorted(homes.items())
            if len(home) > 1], len(homes)


def exported(library):
    return {words[-1].split('@')[0] for words in symbols('-D', '--defined-only', library)}


def check_exports(preload):
    libraries = {line.split()[-1] for line in open('/proc/self/maps', encoding='utf-8') if '/libc.so.6' in line}
    libraries |= {os.path.join(os.path.dirname(path), 'libm.so.6') for path in libraries}
    have = set().union(*map(exported, libraries))
    names = exported(preload)
    return [f'{name}: exported, though the C library has none' for name in sorted(names - have - EXPORTED)], len(names)


def demonstrate():
    """This test can fail: each wrong thing once, beside things that are right."""
    right = {'lib/vprec.h': '#ifndef VPREC_H\n#define VPREC_H\ntypedef struct vprec_a {\n int i;\n} vprec_a;\n#endif\n',
             'tools/page/page.h': '#ifndef VPREC_PAGE_H\n#define VPREC_PAGE_H\nvoid page_b(int);\n#endif\n'}
    wrong = {'tools/page/svg.h': '#ifndef VPREC_PAGE_H\n#define VPREC_PAGE_H\n#endif\n', # another's guard: two findings
             'tools/run/run.h': '#ifndef VPREC_RUN_H\n#define VPREC_RUN_H\nint *vprec_a(void);\n'
                                'enum vprec_c { VPREC_D, VPREC_E };\n#define VPREC_E 1\n#endif\n'} # vprec_a, VPREC_E
    with tempfile.TemporaryDirectory() as root:
        trees.demonstrate(lambda root: check_headers(root)[0], root, (right, 0), (wrong, 4))
        for name in ('one', 'two'):
            source = os.path.join(root, name + '.c')
            with open(source, 'w', encoding='utf-8') as file:
                file.write(f'int vprec_twice(void) {{ return 0; }} int vprec_{name}(void) {{ return 1; }}\n')
            subprocess.run(['cc', '-c', source, '-o', source[:-1] + 'o'], check=True)
            subprocess.run(['ar', 'rcs', f'{root}/lib/{name}.a', source[:-1] + 'o'], check=True)
        found = check_objects(root)[0]
        assert len(found) == 1 and 'vprec_twice' in found[0], found
        subprocess.run(['cc', '-shared', '-fPIC', '-o', f'{root}/one.so', f'{root}/one.c'], check=True)
        found = check_exports(f'{root}/one.so')[0]
        assert len(found) == 2, found


def main():
    demonstrate()
    root, build = (os.path.realpath(path) for path in sys.argv[1:])
    wrong, guards, things = check_headers(root)
    doubles, externals = check_objects(build)
    strangers, exports = check_exports(f'{build}/interpose/libvprec_preload.so')
    return trees.verdict(wrong + doubles + strangers, ('headers', guards, 100), ('names', things, 1000),
                         ('symbols', externals, 400), ('exports', exports, 10))


if __name__ == '__main__':
    sys.exit(main())
