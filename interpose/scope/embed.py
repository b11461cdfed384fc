# SPDX-License-Identifier: Apache-2.0
"""embed.py NAME OUT IN...: a C file OUT in which NAME is the text of the files IN, one behind the other."""
import sys

name, target, *sources = sys.argv[1:]
text = b''
for source in sources:
    with open(source, 'rb') as file:
        text += file.read()
values = [str(byte) for byte in text + b'\0']
with open(target, 'w', encoding='utf-8') as out:
    out.write(f'extern const char {name}[];\nconst char {name}[] = {{\n')
    for i in range(0, len(values), 24):
        out.write(','.join(values[i:i + 24]) + ',\n')
    out.write('};\n')
