# SPDX-License-Identifier: Apache-2.0
"""check_page.py PAGE HEADER ARCHIVE PROGRAMS PAGE...: a page of section 3 against the library. Its synopsis has every
declaration of the header and no other, its text names every function, its programs, PROGRAMS of them, compile without a
warning and print what it says. Then mandoc finds nothing in any page, or groff where there is no mandoc."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

failures = []


def check(good, message):
    if not good:
        failures.append(message)


def words(text):
    """A declaration without regard to white space."""
    return ' '.join(re.sub(r'([(),;*])', r' \1 ', text).split())


def plain(text):
    """Undoes what verbatim text needs in a page."""
    text = re.sub(r'^\\&', '', text, flags=re.M)
    for escape, character in (('\\(ga', '`'), ('\\(aq', "'"), ('\\-', '-'), ('\\e', '\\')):
        text = text.replace(escape, character)
    return text


def declarations(header):
    # A macro line could hide one: the count is compared with the number of marks.
    marks = len(re.findall(r'^VPREC_API ', header, re.M))
    found = {words(text) for text in re.findall(r'^VPREC_API ([^;{]*;)', header, re.M)}
    check(marks == len(found) and marks > 7, f'{marks} marks, {len(found)} declarations in the header')
    return found


def check_synopsis(page, header):
    declared = declarations(header)
    synopsis = plain(page.split('.SH SYNOPSIS\n')[1].split('\n.SH ')[0])
    shown = {words(text) for text in re.findall(r'^[a-z][^;/]*;', synopsis, re.M)}
    for text in sorted(declared - shown):
        check(False, f'not in the synopsis: {text}')
    for text in sorted(shown - declared):
        check(False, f'not in the header: {text}')
    body = plain(page.split('.SH DESCRIPTION\n')[1])
    body += ''.join(name.replace('_f32', '_f64') for name in re.findall(r'vprec_\w+_f32 ', body))
    for name in sorted(re.search(r'(\w+) \(', text).group(1) for text in declared):
        conversion = name.startswith('vprec_convert_')
        check(conversion or re.search(rf'\b{name}\b', body), f'{name} is not explained')
    function_list = re.search(r'#define VPREC_FUNCTIONS\(X\)(.*?[^\\])\n', header, re.S)
    for name in re.findall(r'X\((\w+), ', function_list[1] if function_list else ''):
        check(f'.B {name}\n' in page, f'the elementary function {name} is not listed')


def check_programs(page, header_path, archive, count):
    blocks = [plain(text) for text in re.findall(r'^\.EX\n(.*?)\n\.EE$', page, re.M | re.S)]
    programs = [i for i, text in enumerate(blocks) if 'int main(' in text]
    check(len(programs) == count, f'{len(programs)} programs, not {count}')
    with tempfile.TemporaryDirectory() as directory:
        for i in programs:
            source, program = os.path.join(directory, f'program{i}.c'), os.path.join(directory, f'program{i}')
            open(source, 'w').write(blocks[i] + '\n')
            command = [os.environ.get('CC', 'cc'), '-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror',
                       '-I', os.path.dirname(header_path), '-o', program, source, archive, '-lm']
            if subprocess.run(command).returncode:
                check(False, f'program {i} does not compile')
                continue
            done = subprocess.run([program], capture_output=True, text=True, timeout=60)
            want = blocks[i + 1] + '\n'
            check(not done.returncode and done.stdout == want,
                  f'program {i}: status {done.returncode}, printed\n{done.stdout}instead of\n{want}')


def check_markup(pages):
    for page in pages:
        if shutil.which('mandoc'):
            done = subprocess.run(['mandoc', '-Tlint', '-Wall', page], capture_output=True, text=True)
            lines = [line for line in done.stdout.splitlines() if 'longer than 80 bytes' not in line]
        elif shutil.which('groff'):
            done = subprocess.run(['groff', '-man', '-t', '-ww', '-z', page], capture_output=True, text=True)
            lines = done.stderr.splitlines()
        else:
            print('neither mandoc nor groff is installed: tools/setup/packages lint', file=sys.stderr)
            return 77
        for line in lines:
            check(False, line)
    return 0


def main():
    page_path, header_path, archive, count, *pages = sys.argv[1:]
    page, header = open(page_path).read(), open(header_path).read()
    check_synopsis(page, header)
    check_programs(page, header_path, archive, int(count))
    skipped = check_markup([page_path, *pages])
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else skipped


sys.exit(main())
