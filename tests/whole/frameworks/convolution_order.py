# SPDX-License-Identifier: Apache-2.0
"""convolution_order.py VPREC_RUN|native REFERENCE: oneDNN's generated convolution in PyTorch gives, bit for bit, what
the reference gives that rounds each operation once in the kernel's order: natively, in 24 bits, which shows that the
order is right, and under vprec-run at e8m10 and e8m4. Operands use all 24 bits and are not themselves rounded.
"""
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'common'))
import environments

BLOCK = 16 # channels, of kernels for AVX-512
# Channels, kernels, width of the image, of a kernel: of 2, 4 and 8 blocks; smaller ones are done by other code.
SHAPES = (32, 32, 34, 3), (64, 32, 18, 3), (128, 48, 12, 5)
FORMATS = {'e8m10': 11, 'e8m4': 5}


def floats(path):
    with open(path, 'rb') as file:
        data = file.read()
    return struct.unpack(f'{len(data) // 4}I', data)


def compare(what, expected, got):
    wrong = [i for i, (a, b) in enumerate(zip(expected, got)) if a != b]
    print(f'{what}: {len(got)} results, {len(wrong)} differ', *(
        f'    {i}: {got[i]:08x}, should be {expected[i]:08x}' for i in wrong[:3]), sep='\n')
    return bool(wrong) or len(expected) != len(got)


def main():
    vprec_run, reference = sys.argv[1:]
    python = environments.find('torch')
    with open('/proc/cpuinfo', encoding='utf-8') as cpuinfo:
        if not python or ' avx512bw' not in cpuinfo.read():
            print('no AVX-512, or no environment: tests/common/environments.py torch')
            return 77
    source, failed = random.Random(5), False
    with tempfile.TemporaryDirectory() as folder:
        operands, result, right = (os.path.join(folder, name) for name in ('operands', 'result', 'right'))
        for shape in SHAPES:
            channels, kernels, width, side = shape
            count = channels * width * width + kernels * channels * side * side + kernels
            with open(operands, 'wb') as file:
                file.write(struct.pack(f'{count}f', *(source.uniform(-1, 1) for _ in range(count))))
            work = [python, os.path.join(HERE, 'work/convolution.py'), operands, result, *map(str, shape)]

            def check(what, precision, prefix, **env):
                done = subprocess.run(prefix + work, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1', **env},
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
                subprocess.run([reference, operands, right, *map(str, shape), str(BLOCK), str(precision)], check=True)
                return compare(f'{what}, {shape}', floats(right), floats(result)), done.stdout

            wrong, said = check('native', 24, [], ONEDNN_VERBOSE='1')
            failed |= wrong
            if 'jit:avx512_core,' not in said or 'convolution_direct' not in said:
                print(f'{shape}: not by the kernel that is meant:', said)
                failed = True
            if vprec_run != 'native':
                for spec, precision in FORMATS.items():
                    failed |= check(spec, precision, [vprec_run, '-q', '-f', spec, '--'])[0]
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
