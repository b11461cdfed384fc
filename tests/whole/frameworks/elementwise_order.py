# SPDX-License-Identifier: Apache-2.0
"""elementwise_order.py VPREC_RUN|native: a loop that JAX's compiler generates gives, bit for bit, what fractions give
that are rounded once an operation, products and sums in one where the compiler fuses them: natively, in 24 bits, which
shows that the order is right, and under vprec-run at e8m10 and e8m4. Operands use all 24 bits, are not themselves
rounded, and nothing overflows or is subnormal.
"""
import os
import random
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'common'))
import environments
from once import rounded

COUNT = 4096
FORMATS = {'e8m10': 11, 'e8m4': 5}


def expected(x, y, z, precision):
    """The compiler's fma(fma(x, y, z), x, -(y / fma(z, z, 1.5)))."""
    def once(value):
        return rounded(abs(value), (precision, -126, 127)) * (1 if value > 0 else -1) if value else value

    return once(once(x * y + z) * x - once(y / once(z * z + Fraction(3, 2))))


def main():
    vprec_run, python = sys.argv[1], environments.find('jax')
    with open('/proc/cpuinfo', encoding='utf-8') as cpuinfo:
        if not python or ' fma' not in cpuinfo.read():
            print('no FMA, or no environment: tests/common/environments.py jax')
            return 77
    source, failed = random.Random(7), 0
    values = struct.unpack(f'{3 * COUNT}f', struct.pack(f'{3 * COUNT}f', *(
        source.uniform(-4, 4) for _ in range(3 * COUNT))))
    runs = [('native', 24, [])]
    if vprec_run != 'native':
        runs += [(spec, precision, [vprec_run, '-q', '-f', spec, '--']) for spec, precision in FORMATS.items()]
    with tempfile.TemporaryDirectory() as folder:
        operands, result = os.path.join(folder, 'operands'), os.path.join(folder, 'result')
        with open(operands, 'wb') as file:
            file.write(struct.pack(f'{3 * COUNT}f', *values))
        for what, precision, prefix in runs:
            subprocess.run([*prefix, python, os.path.join(HERE, 'work/elementwise.py'), operands, result], check=True,
                           stdin=subprocess.DEVNULL, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
            with open(result, 'rb') as file:
                got = struct.unpack(f'{COUNT}f', file.read())
            wrong = []
            for i in range(COUNT):
                right = expected(*map(Fraction, values[i::COUNT]), precision)
                if Fraction(got[i]) != right:
                    wrong.append(f'{i}: {got[i]!r}, should be {float(right)!r}')
            print(f'{what}: {COUNT} results, {len(wrong)} differ', *wrong[:3], sep='\n    ')
            failed |= bool(wrong)
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
