#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""glibc.py VERSION FOLDER: makes in FOLDER what a linker needs to link against an older glibc than this machine's: for
libc, libm and the libraries that were their own until 2.34, one that has of each symbol this machine's newest version
up to VERSION (as 2.28), and no code. What is linked with -LFOLDER then needs no newer one, and runs with newer ones,
too, since glibc keeps its old versions. A function that VERSION had not at all is not found by the linker: since.c has
those.

Of meson's option glibc. Needs gcc and readelf."""
import os
import re
import subprocess
import sys

# libc, libm and, until 2.34, these; a symbol that has moved to libc since is told by having a version of 2.34 there.
MOVED = (('libpthread.so.0', re.compile(r'(__)?(pthread|sem|thrd|mtx|cnd|tss|call_once)')),
         ('libdl.so.2', re.compile('dl')), ('librt.so.1', re.compile(r'(aio|clock|lio|mq|shm|timer)_')))


def number(version):
    """2.2.5 -> (2, 2, 5); GLIBC_PRIVATE and others are no versions."""
    found = re.fullmatch(r'(?:GLIBC_)?(\d+(?:\.\d+)+)', version)
    return tuple(map(int, found[1].split('.'))) if found else None


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def symbols(library):
    """Name, version, kind and size of each dynamic symbol of a library that gcc finds."""
    listed = output('readelf', '--dyn-syms', '--wide', output('gcc', f'-print-file-name={library}'))
    for line in listed.splitlines():
        words = line.split()
        if len(words) >= 8 and '@' in words[7] and words[6] != 'UND':
            name, _, version = words[7].partition('@')
            if number(version.lstrip('@')):
                yield name, version.lstrip('@'), words[3], int(words[2], 0)


def choose(library, newest):
    """Of each name the newest version that is old enough, by the library that had it then."""
    found, moved = {}, set()
    for name, version, kind, size in symbols(library):
        if number(version) == (2, 34):
            moved.add(name)
        if number(version) <= newest and (name not in found or number(version) > number(found[name][0])):
            found[name] = (version, kind, size)
    homes = {}
    for name, symbol in found.items():
        other = library == 'libc.so.6' and name in moved
        home = next((home for home, names in MOVED if other and names.match(name)), library)
        homes.setdefault(home, {})[name] = symbol
    return homes


def make(folder, library, chosen):
    """A shared library of that name with the symbols."""
    versions = sorted({version for version, _, _ in chosen.values()}, key=number)
    base = os.path.join(folder, library)
    with open(base + '.s', 'w', encoding='utf-8') as file:
        file.write('.section .note.GNU-stack,"",@progbits\n')
        for i, (name, (version, kind, size)) in enumerate(sorted(chosen.items())):
            section = {'OBJECT': '.bss', 'TLS': '.section .tbss,"awT",@nobits'}.get(kind, '.text')
            type_name = {'OBJECT': 'object', 'TLS': 'tls_object'}.get(kind, 'function')
            file.write(f'{section}\n.balign 32\n.globl s{i}\n.type s{i}, @{type_name}\n.size s{i}, {max(size, 1)}\n'
                       f's{i}: .zero {max(size, 1) if type_name != "function" else 1}\n'
                       f'.symver s{i}, {name}@@{version}, remove\n')
    with open(base + '.map', 'w', encoding='utf-8') as file:
        before = ''
        for version in versions:
            file.write(f'{version} {{ }} {before};\n')
            before = version
    output('gcc', '-shared', '-nostdlib', f'-Wl,-soname,{library}', f'-Wl,--version-script,{base}.map', '-o', base,
           base + '.s')


def main():
    newest, folder = number(sys.argv[1]), os.path.abspath(sys.argv[2])
    os.makedirs(folder, exist_ok=True)
    made = []
    for library in ('libc.so.6', 'libm.so.6'):
        for home, chosen in choose(library, newest).items():
            make(folder, home, chosen)
            made.append(home)
    rest, loader = (output('gcc', f'-print-file-name={name}') for name in ('libc_nonshared.a', 'ld-linux-x86-64.so.2'))
    needed = ' '.join(os.path.join(folder, home) for home in made if home not in ('libc.so.6', 'libm.so.6'))
    with open(os.path.join(folder, 'libc.so'), 'w', encoding='utf-8') as file:
        file.write(f'GROUP ( {os.path.join(folder, "libc.so.6")} {rest} '
                   f'AS_NEEDED ( {needed} {loader} ) )\n')
    for name in (name for name in made if name != 'libc.so.6'):
        with open(os.path.join(folder, name[:name.index('.so') + 3]), 'w', encoding='utf-8') as file:
            file.write(f'GROUP ( AS_NEEDED ( {os.path.join(folder, name)} ) )\n')


if __name__ == '__main__':
    main()
