# SPDX-License-Identifier: Apache-2.0
"""lint.py TOOL ROOT BUILD: clang-tidy or cppcheck over the C files of lib/, tools/ and interpose/ that BUILD
compiles, with its flags. What they check stands in .clang-tidy and in cppcheck.suppressions beside this file.
Exit status 1 if there is a finding, 77 if the tool is not installed."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

PARTS = ('lib', 'tools', 'interpose')
# What cppcheck cannot see, since it reads no system headers. One configuration: x86-64, gcc.
CPPCHECK = ['--enable=warning,performance,portability', '--std=c11', '--quiet', '--inline-suppr', '--error-exitcode=1',
            '--library=posix', '--library=gnu', '-D__x86_64__=1', '-D__GNUC__=12', '-D__AVX2__=1', '-D__AVX512F__=1',
            '-Djson_object_foreach(object, key, value)=while (value)',
            '-Djson_array_foreach(array, index, value)=while (value)',
            '--template={file}:{line}: {severity}: {message} [{id}]']


def sources(root, build):
    """The C files of the project that are compiled, each once."""
    names = set()
    for entry in json.load(open(os.path.join(build, 'compile_commands.json'))):
        name = os.path.relpath(os.path.realpath(os.path.join(entry['directory'], entry['file'])), root)
        if name.split(os.sep)[0] in PARTS and name.endswith('.c'):
            names.add(name)
    return sorted(names)


def clang_tidy(root, build, names):
    def check(name):
        return subprocess.run(['clang-tidy', '--quiet', '-p', build, name], cwd=root, capture_output=True, text=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(check, names):
            if done.returncode:
                failed += 1
                print(done.stdout, done.stderr, sep='\n')
    return failed


def cppcheck(root, _, names):
    suppressions = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'cppcheck.suppressions')
    done = subprocess.run(['cppcheck', f'-j{os.cpu_count()}', *CPPCHECK, f'--suppressions-list={suppressions}',
                           *(f'-I{part}' for part in PARTS), *names], cwd=root)
    return done.returncode


def main():
    tool, root, build = sys.argv[1:]
    root = os.path.realpath(root)
    if not shutil.which(tool):
        print(f'{tool} is not installed: tools/setup/packages lint', file=sys.stderr)
        return 77
    names = sources(root, build)
    if len(names) < 50:
        print(f'only {len(names)} files were found in {build}', file=sys.stderr)
        return 1
    failed = {'clang-tidy': clang_tidy, 'cppcheck': cppcheck}[tool](root, build, names)
    print(f'{tool}: {len(names)} files, {"findings" if failed else "clean"}')
    return 1 if failed else 0


sys.exit(main())
