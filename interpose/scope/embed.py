# SPDX-License-Identifier: Apache-2.0
"""embed.py IN OUT NAME: a C file OUT in which NAME is the text of the file IN."""
import sys

source, target, name = sys.argv[1:]
with open(source, 'rb') as file:
    values = [str(byte) for byte in file.read() + b'\0']
with open(target, 'w', encoding='utf-8') as out:
    out.write(f'extern const char {name}[];\nconst char {name}[] = {{\n')
    for i in range(0, len(values), 24):
        out.write(','.join(values[i:i + 24]) + ',\n')
    out.write('};\n')
