# SPDX-License-Identifier: Apache-2.0
"""cc.py VPREC_CC VPREC_CXX VPREC_RUN CLANG [TEST...]: programs that vprec-cc builds against the plain build under
vprec-run, and the wrapper against the compiler itself."""
import json
import os
import re
import struct
import subprocess
import sys
import sysconfig
import tempfile
import unittest

CC, CXX, RUN, CLANG = (os.path.abspath(path) for path in sys.argv[1:5])
HERE = os.path.dirname(os.path.realpath(__file__))
PROGRAM = os.path.join(HERE, 'program.c')
os.environ['VPREC_CC_CLANG'] = CLANG
os.environ.pop('VPREC', None)
FORMATS = ('f32=e8m10,f64=e11m20', 'f32=e5m10,f64=e8m23', 'f32=e4m3,f64=e11m51', 'f32=e8m22,f64=e5m10:sat', 'f32=e8m7:nosub',
           'e8m23')
OPERATIONS = re.compile(r'= (?:(?:tail|musttail|notail) )?(?:call )?.*?'
                        r'(?:\b(fadd|fsub|fmul|fdiv|fptrunc|fpext|sitofp|uitofp)\b|@llvm\.(sqrt|fma|fmuladd)\.)(.*)')


def run(*words, status=0, cwd=None, **environment):
    done = subprocess.run(words, capture_output=True, cwd=cwd, env={**os.environ, **environment}, timeout=300)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done


def sites(path):
    """What the section vprec_sites of a file with relocations or addresses has: (line, operations)."""
    with open(path, 'rb') as file:
        data = file.read()
    offset, = struct.unpack_from('<Q', data, 40)
    size, count, names = struct.unpack_from('<HHH', data, 58)
    headers = [struct.unpack_from('<IIQQQQIIQQ', data, offset + i * size) for i in range(count)]
    text = headers[names][4]
    found = []
    for header in headers:
        name = data[text + header[0]:].split(b'\0', 1)[0]
        if name == b'vprec_sites':
            assert header[5] % 192 == 0, header
            for at in range(header[4], header[4] + header[5], 192):
                found.append(struct.unpack_from('<II', data, at + 128))
    return found


class Here(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='vprec cc ')  # with a blank
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)


class Same(Here):
    """The bits of vprec-run on the plain build, where both see the same operations."""

    def check(self, *options, modes=('rne', 'rna', 'rtz', 'ru', 'rd', 'rto'), plain=None):
        run(CC, *options, PROGRAM, '-o', self.path('rounds'), '-lm')
        run(CLANG, *(plain or options), PROGRAM, '-o', self.path('plain'), '-lm')
        native = run(self.path('plain')).stdout
        self.assertEqual(run(self.path('rounds')).stdout, native)
        self.assertEqual(run(self.path('rounds'), VPREC='-f native').stdout, native)
        for mode in modes:
            for format_ in FORMATS:
                want = run(RUN, '-q', '-f', format_, '-m', mode, self.path('plain')).stdout
                self.assertNotEqual(want, native)
                got = run(self.path('rounds'), VPREC=f'-f {format_} -m {mode}').stdout
                self.assertEqual(got.decode().split('\n'), want.decode().split('\n'), (format_, mode))

    def test_one_by_one(self):
        self.check('-O1', '-fno-vectorize', '-fno-slp-vectorize', '-ffp-contract=off')

    def test_unoptimised(self):
        self.check('-O0', modes=('rne', 'rtz'))

    def test_vectors(self):
        self.check('-O2', modes=('rne', 'ru'))

    def test_this_processor(self):
        self.check('-O3', '-march=native', modes=('rne', 'rtz'))

    def test_contracted(self):
        with open('/proc/cpuinfo', encoding='ascii') as file:
            flags = file.read()
        if ' fma ' not in flags or ' avx2 ' not in flags:
            self.skipTest('no fma')
        self.check('-O3', '-mavx2', '-mfma', '-ffp-contract=fast', modes=('rne',))

    def test_fixed_address(self):
        self.check('-O2', '-fno-pie', '-no-pie', modes=('rne',))

    def test_static(self):
        """vprec-run takes no static program: the other is dynamic."""
        self.check('-O2', '-static', modes=('rne', 'rtz'), plain=('-O2',))

    def test_whole_program(self):
        if subprocess.run([CLANG, '-fuse-ld=lld', '-x', 'c', '-', '-o', '/dev/null'], input=b'int main(){}',
                          capture_output=True).returncode:
            self.skipTest('no lld for it')
        self.check('-O2', '-flto=thin', '-fuse-ld=lld', modes=('rne',))


    def test_complex(self):
        """Products and quotients of complex numbers, which are libgcc's functions: numbers of all sizes, infinite ones,
        NaN; the plain build has libgcc's own code rounded."""
        source = self.write('complex.c', COMPLEX)
        for options in (('-O2',), ('-O0',), ('-O2', '-static')):
            run(CC, *options, source, '-o', self.path('rounds'), '-lm')
            run(CLANG, '-O2', source, '-o', self.path('plain'), '-lm')
            native = run(self.path('plain')).stdout
            self.assertEqual(run(self.path('rounds')).stdout, native)
            for format_ in ('f32=e8m10', 'f64=e11m20', 'f32=e5m10,f64=e8m23', 'f32=e8m10,f64=e11m40'):
                for mode in ('rne', 'rtz', 'ru'):
                    with self.subTest(options=options, format=format_, mode=mode):
                        want = run(RUN, '-q', '-f', format_, '-m', mode, self.path('plain')).stdout.decode()
                        got = run(self.path('rounds'), VPREC=f'-f {format_} -m {mode}').stdout.decode()
                        self.assertNotEqual(want, native.decode())
                        self.assertEqual(got.split('\n'), want.split('\n'))


class Coverage(Here):
    """Operations of the records against those in the text of the module that the compiler would make code of."""

    def count(self, *options):
        text = run(CLANG, *options, '-S', '-emit-llvm', PROGRAM, '-o', '-').stdout.decode()
        fma = bool(re.search(r'"target-features"="[^"]*\+fma[,"]', text))
        fuses = fma and ('contract' in text or ' fast ' in text)
        total = 0
        for line in text.split('\n'):
            found = OPERATIONS.search(line)
            if found and 'reduce' not in line and re.search(r'\b(float|double)\b', line):
                total += 2 if found[2] == 'fmuladd' and not fma else 1
                total -= bool(re.search('0x[4C]168000000000000', line))  # 1.5 * 2^23: no arithmetic
            found = re.search(r'@llvm\.vector\.reduce\.fadd\.v(\d+)f\d+\((?:float|double) (\S+), ', line)
            if found:
                lanes = int(found[1])
                total += lanes.bit_length() - 1 if 'reassoc' in line or 'fast' in line else lanes
                total += found[2] not in ('-0.000000e+00', '0.000000e+00') and 'fast' in line
        return total, fuses

    def check(self, *options):
        total, fuses = self.count(*options)
        run(CC, *options, '-c', PROGRAM, '-o', self.path('program.o'))
        rows = sites(self.path('program.o'))
        self.assertGreater(total, 50)
        if fuses:  # a product may have become part of a sum
            self.assertLessEqual(sum(n for _, n in rows), total)
            self.assertGreater(sum(n for _, n in rows), total * 0.6)
        else:
            self.assertEqual(sum(n for _, n in rows), total)
        self.assertLess(max(line for line, _ in rows), 200)
        self.assertLess(sum(not line for line, _ in rows), len(rows) / 4)  # one that stands for several lines has none

    def test_levels(self):
        for level in '-O0', '-O1', '-O2', '-O3':
            for contract in 'off', 'on', 'fast':
                self.check(level, '-ffp-contract=' + contract)
                self.check(level, '-ffp-contract=' + contract, '-mavx2', '-mfma')

    def test_fast(self):
        self.check('-O3', '-ffast-math')
        self.check('-O3', '-ffast-math', '-mavx2', '-mfma')

    def test_reproducible(self):
        for level in '-O0', '-O2', '-O3':
            objects = []
            for name in 'a.o', 'b.o':
                run(CC, level, '-g', '-c', PROGRAM, '-o', name, cwd=self.folder)
                with open(self.path(name), 'rb') as file:
                    objects.append(file.read())
            self.assertEqual(*objects)


NATIVE = '''
#include <immintrin.h>
long double sinl(long double);
long double wide(long double x) { return x * x; }
long double sine(long double x) { return sinl(x); }
_Complex long double quotient(_Complex long double x, _Complex long double y) { return x / y; }
float estimate(float x) { return _mm_cvtss_f32(_mm_rcp_ps(_mm_set1_ps(x))); }
float assembly(float x) { __asm__("addss %0, %0" : "+x"(x)); return x; }
#if __clang_major__ > 14
_Float16 half(_Float16 x) { return x * x; }
#endif
float rounded(float x) { return x * x; }
'''


class Uninstrumented(Here):
    def test_named(self):
        source = self.write('native.c', NATIVE)
        said = run(CC, '-O2', '-c', source, '-o', self.path('native.o')).stderr.decode()
        for function, what in (('wide', 'operations in long double'), ('sine', 'sinl'), ('quotient', '__divxc3'),
                               ('estimate', 'llvm.x86.sse.rcp.ps'),
                               ('assembly', 'inline assembly'), ('half', 'half precision')):
            if function == 'half' and CLANG.endswith('-14'):
                continue
            self.assertRegex(said, f"warning: .*native.c:\\d+: in '{function}': 1 stay native, .*{what}")
        self.assertNotIn("'rounded'", said)
        self.assertEqual(run(CC, '-O2', '-Wno-uninstrumented', '-c', source, '-o', self.path('native.o')).stderr, b'')
        done = run(CC, '-O2', '-Werror=uninstrumented', '-c', source, '-o', self.path('gone.o'), status=1)
        self.assertIn(b'error: ', done.stderr)
        self.assertFalse(os.path.exists(self.path('gone.o')))
        said = run(CC, '-O2', '-c', PROGRAM, '-o', self.path('program.o')).stderr
        self.assertEqual(said, b'')

    def test_assembly(self):
        source = self.write('add.s', '.globl add\nadd: addss %xmm1, %xmm0\n ret\n.section .note.GNU-stack,"",@progbits\n')
        self.assertIn(b'assembly is not instrumented', run(CC, '-c', source, '-o', self.path('add.o')).stderr)
        run(CC, '-Werror=uninstrumented', '-c', source, '-o', self.path('add.o'), status=1)
        self.assertIn(b'-disable-llvm-passes',
                      run(CC, '-Xclang', '-disable-llvm-passes', '-c', PROGRAM, '-o', self.path('program.o')).stderr)


    def test_another_processor(self):
        source = self.write('twice.c', TWO[0])
        self.assertIn(b'all stays native: vprec-cc rounds code for x86-64',
                      run(CC, '-m32', '-c', source, '-o', self.path('twice.o')).stderr)
        run(CC, '-m32', '-Werror=uninstrumented', '-c', source, '-o', self.path('twice.o'), status=1)


TWO = ('float twice(float x) { return x * 1.1f; }\n',
       '#include <stdio.h>\nfloat twice(float);\nvolatile float one = 1;\n'
       'int main(void) { printf("%a\\n", twice(one)); }\n')


class Wrapper(Here):
    """A drop-in for the compiler."""

    def two(self):
        return self.write('a library.c', TWO[0]), self.write('main.c', TWO[1])

    def rounds(self, program, **environment):
        self.assertEqual(run(program, **environment).stdout, b'0x1.19999ap+0\n')
        self.assertEqual(run(program, VPREC='-f e8m4', **environment).stdout, b'0x1.2p+0\n')

    def test_several_inputs(self):
        run(CC, *self.two(), '-o', self.path('p'))
        self.rounds(self.path('p'))

    def test_objects(self):
        for number, source in enumerate(self.two()):
            run(CC, '-O2', '-MMD', '-MF', self.path('deps'), '-c', source, '-o', self.path(f'{number}.o'))
        run(CC, self.path('0.o'), self.path('1.o'), '-o', self.path('p'))
        self.rounds(self.path('p'))

    def test_library(self):
        library, main = self.two()
        run(CC, '-O2', '-fPIC', '-shared', library, '-o', self.path('libtwice.so'))
        run(CC, '-O2', main, '-L' + self.folder, '-ltwice', '-Wl,-rpath,' + self.folder, '-o', self.path('p'))
        self.rounds(self.path('p'))
        run(CLANG, '-O2', main, '-L' + self.folder, '-ltwice', '-Wl,-rpath,' + self.folder, '-o', self.path('q'))
        self.rounds(self.path('q'))

    def test_response_file(self):
        library, main = self.two()
        self.write('words', f'-O2 "{library}"\n{main.replace(" ", chr(92) + " ")} -o "{self.path("p")}"\n')
        run(CC, '@' + self.path('words'))
        self.rounds(self.path('p'))
        # Words that the compiler does not know, also in a file that a file names.
        source = self.write('long.c', 'long double f(long double x) { return x * x; }\n')
        self.write('inner', '-Werror=uninstrumented -O2')
        self.write('outer', f'"@{self.path("inner")}" -c -o "{self.path("long.o")}"')
        done = run(CC, '@' + self.path('outer'), source, status=1)
        self.assertIn(b'error: ', done.stderr)
        self.assertNotIn(b'unknown', done.stderr)
        self.write('inner', '-Wno-uninstrumented -O2')
        self.assertEqual(run(CC, '@' + self.path('outer'), source).stderr, b'')
        self.assertEqual(run(CC, '-c', '@' + self.path('nowhere'), source, status=1).stderr.replace(b'vprec-cc', b'clang'),
                         run(CLANG, '-c', '@' + self.path('nowhere'), source, status=1).stderr)

    def test_standard_input(self):
        done = subprocess.run([CC, '-O2', '-x', 'c', '-', '-c', '-o', self.path('a.o')], input=TWO[0].encode(), check=True,
                              capture_output=True)
        self.assertEqual(done.stderr, b'')
        self.assertEqual(len(sites(self.path('a.o'))), 1)

    def test_stages(self):
        """What makes no code is the compiler's output, byte for byte; text and bitcode are instrumented."""
        library, _ = self.two()
        for options in (['-E'], ['-fsyntax-only'], ['-M'], ['-dM', '-E'], ['-Xclang', '-ast-dump', '-fsyntax-only']):
            got, want = run(CC, *options, library), run(CLANG, *options, library)
            addresses = re.compile(rb'0x[0-9a-f]{6,}')
            self.assertEqual(addresses.sub(b'', got.stdout), addresses.sub(b'', want.stdout), options)
        self.assertIn(b'vprec_cc_slow', run(CC, '-O2', '-S', library, '-o', '-').stdout)
        self.assertIn(b'vprec_cc_slow', run(CC, '-O2', '-S', '-emit-llvm', library, '-o', '-').stdout)

    def test_precompiled_header(self):
        header = self.write('twice.h', 'static inline float twice(float x) { return x * 1.1f; }\n')
        main = self.write('main.c', TWO[1].replace('float twice(float);', ''))
        run(CC, '-O2', '-x', 'c-header', header, '-o', self.path('twice.h.pch'))
        run(CC, '-O2', '-include-pch', self.path('twice.h.pch'), main, '-o', self.path('p'))
        self.rounds(self.path('p'))

    def test_cxx(self):
        source = self.write('p.cc', '#include <cstdio>\n#include <vector>\n#include <numeric>\nint main() { '
                            'volatile float x = 1.1f; std::vector<float> v(1, float(x)); std::printf("%a\\n", std::accumulate(v.begin(), v.end(), 0.f)); }\n')
        run(CXX, '-O2', source, '-o', self.path('p'))
        self.rounds(self.path('p'))

    def test_errors_are_the_compilers(self):
        source = self.write('wrong.c', 'int main(void) { return missing; }\n')
        for options in (['-c', source], ['-c', self.path('nowhere.c')], ['-no-such-option', source], []):
            got = subprocess.run([CC, *options], capture_output=True, cwd=self.folder)
            want = subprocess.run([CLANG, *options], capture_output=True, cwd=self.folder)
            self.assertEqual((got.returncode, got.stderr), (want.returncode, want.stderr), options)

    def test_asked_about_itself(self):
        for options in (['--version'], ['-dumpmachine'], ['-print-file-name=libc.so'], ['-v']):
            got, want = run(CC, *options), run(CLANG, *options)
            self.assertEqual((got.stdout, got.stderr), (want.stdout, want.stderr), options)
        self.assertRegex(run(CC, '--vprec-version').stdout, rb'^vprec-cc \d')
        text = run(CC, '--help').stdout.decode()
        self.assertIn('VPREC=', text)
        self.assertLessEqual(max(map(len, text.split('\n'))), 120)

    def test_options_in_the_environment(self):
        library, main = self.two()
        run(CC, library, main, '-o', self.path('p'), VPREC_CC_OPTIONS='-O3 -Werror=uninstrumented')
        self.rounds(self.path('p'))
        done = run(CC, library, '-c', '-o', self.path('a.o'), status=1, VPREC_CC_CLANG='gcc')
        self.assertIn(b'VPREC_CC_CLANG', done.stderr)

    def test_own_function(self):
        """A function of the program's that has the name of one in libm is none of ours."""
        main = self.write('main.c', '#include <stdio.h>\ndouble gamma(double), exp(double);\n'
                          'int main(void) { printf("%a\\n", gamma(1.0) + exp(1.0)); }\n')
        own = self.write('own.c', 'double gamma(double x) { return x / 3; }\n')
        for options in ([], ['-static'], ['-no-pie', '-fno-pie']):
            run(CC, '-O1', *options, main, own, '-o', self.path('p'), '-lm')
            run(CLANG, '-O1', main, own, '-o', self.path('q'), '-lm')
            want = run(RUN, '-q', '-f', 'f64=e11m10', self.path('q')).stdout
            self.assertEqual(run(self.path('p'), VPREC='-f f64=e11m10').stdout, want, options)


class Environment(Here):
    def test_wrong(self):
        source = self.write('p.c', 'volatile float x = 3; int main(void) { x = x * x; return 0; }\n')
        run(CC, '-O2', source, '-o', self.path('p'))
        for text, said in (('-f e9m10', b'e9m10'), ('-f', b'no value'), ('-m fast', b'fast'), ('--what x', b'--what')):
            done = run(self.path('p'), VPREC=text, status=125)
            self.assertIn(said, done.stderr)
            self.assertIn(b'VPREC=', done.stderr)
            self.assertEqual(done.stdout, b'')


    def test_lines(self):
        source = self.write('p.c', LINES)
        run(CC, '-O2', '-I' + LIBRARY, source, '-o', self.path('p'))
        run(CLANG, '-O2', '-I' + LIBRARY, source, '-o', self.path('q'))
        want = {name: self.results('q', run=f'-f {name}') for name in ('e8m10', 'e8m4', 'e5m2', 'native')}
        self.assertEqual(len(set(map(tuple, want.values()))), 4)

        def check(options, *formats):
            got = self.results('p', VPREC=options)
            self.assertEqual(got, [want[name][i] for i, name in enumerate(formats)], options)
        # Of four results the third is annotated with e8m4, the fourth is off.
        check('-f e8m10', 'e8m10', 'e8m10', 'e8m4', 'native')
        check('-f e8m10 --site p.c:4=e5m2', 'e5m2', 'e8m10', 'e8m4', 'native')
        check('-f e8m10 --site p.c:4-5=e5m2 --site *.c:5=native', 'e5m2', 'native', 'e8m4', 'native')
        check('-f e8m10 --site p.c=e5m2', 'e5m2', 'e5m2', 'e5m2', 'e5m2')
        check('-f native --site other.c=e5m2', *['native'] * 4)
        check('--site p.c:5=f32=e8m4,mode=rne', 'native', 'e8m4', 'native', 'native')
        check('', *['native'] * 4)
        for text, said in (('--site p.c:5', b'FILE:LINES'), ('--site p.c:5-3=e8m4', b'lines'), ('--site p.c=e9m1', b'e9m1')):
            self.assertIn(said, run(self.path('p'), VPREC=text, status=125).stderr)

    def results(self, program, run=None, **environment):
        words = [RUN, '-q', *run.split(), self.path(program)] if run else [self.path(program)]
        return globals()['run'](*words, **environment).stdout.split()

    def test_modes(self):
        """Those of Monte Carlo arithmetic: repeatable, other for another seed, and near."""
        source = self.write('p.c', LINES)
        run(CC, '-O2', '-I' + LIBRARY, source, '-o', self.path('p'))
        run(CC, '-O2', PROGRAM, '-o', self.path('many'), '-lm')
        for mode in 'sr', 'rr', 'pb', 'mca':
            one, again, other = (self.results('many', VPREC=f'-f e8m16 -m {mode} -s {seed}') for seed in (1, 1, 2))
            self.assertEqual(one, again)
            self.assertNotEqual(one, other)
        few = self.results('p', VPREC='-m rr -t 8')
        self.assertNotEqual(few[:2], self.results('p')[:2])
        self.assertAlmostEqual(float.fromhex(few[0].decode()), 1.21, delta=0.05)
        self.assertIn(b'precision', run(self.path('p'), VPREC='-f e8m10 -t 8', status=125).stderr)


class Extension(Here):
    """A Python module in C, built as setuptools builds one, in an interpreter that knows nothing of it."""

    def test_module(self):
        folder, include = self.folder, sysconfig.get_paths()['include']
        self.assertTrue(os.path.exists(os.path.join(include, 'Python.h')), 'no Python.h: tools/setup/packages test')
        flags = '-Wno-unused-result', '-Wsign-compare', '-DNDEBUG', '-g', '-fwrapv', '-O2', '-Wall', '-fPIC', '-I' + include
        source = self.write('summing.c', MODULE)
        for compiler, name in ((CC, 'rounds'), (CLANG, 'plain')):
            os.mkdir(self.path(name))
            run(compiler, *flags, '-c', source, '-o', self.path(name + '/summing.o'))
            run(compiler, '-shared', '-Wl,-O1', '-Wl,-Bsymbolic-functions', self.path(name + '/summing.o'), '-o',
                self.path(name + '/summing.so'))
        code = 'import summing; print(summing.norm([i / 7 for i in range(50)]).hex())'

        def script(name, *command, **environment):
            done = run(*command, sys.executable, '-S', '-c', code, cwd=folder, PYTHONPATH=self.path(name), **environment)
            return done.stdout

        native = script('plain')
        self.assertEqual(script('rounds'), native)
        for format_ in ('e8m10', 'e5m10', 'e8m10 -m rtz'):
            want = script('plain', RUN, '-q', '-f', *format_.split(), '--object', 'summing.so', '--')
            self.assertNotEqual(want, native)
            self.assertEqual(script('rounds', VPREC='-f ' + format_), want)
            self.assertEqual(script('rounds', RUN, '-q', '-f', *format_.split(), '--'), want)


class Host(Here):
    """vprec-run on what vprec-cc has built: its code is told how to round, and not translated; others are."""

    def both(self, options):
        done = run(RUN, *options.split(), self.path('rounds'))
        plain = run(RUN, '-q', *options.split(), self.path('plain'))
        self.assertEqual(done.stdout.decode().split('\n'), plain.stdout.decode().split('\n'), options)
        return done.stderr.decode()

    def build(self, source, *options):
        run(CC, *options, source, '-o', self.path('rounds'), '-lm')
        run(CLANG, *options, source, '-o', self.path('plain'), '-lm')

    def test_same(self):
        self.build(PROGRAM, '-O2')
        for options in ('-f native', '-f e8m10', '-f f32=e5m10,f64=e11m20 -m rtz', '-f e8m7 -m ru'):
            said = self.both(options)
            self.assertIn('rounds, as vprec-cc has built it (its own code rounds)', said)
            self.assertNotIn(': no ', said)
        # What vprec-run says holds, not the environment.
        want = run(RUN, '-q', '-f', 'e8m10', self.path('plain')).stdout
        self.assertEqual(run(RUN, '-q', '-f', 'e8m10', self.path('rounds'), VPREC='-f e8m2').stdout, want)
        run(RUN, '-q', '--audit', '-f', 'e8m10', self.path('rounds'))

    def counts(self, program, *options):
        """Of a run each function's counts by type, those of scopes, and what it printed."""
        report = self.path('report')
        run(RUN, '-q', *options, '--report', report, self.path(program))
        with open(report, encoding='utf-8') as file:
            told = json.load(file)
        functions = {}
        for f in told['functions']:
            for type_, counted in f.get('counts', {}).items():
                for first in (counted.get('first') or {}).values():
                    first.pop('stack') # of compiled code it is not told
                    first.pop('order') # other code, libgcc's, may have been before
                if counted.get('ops'):
                    functions[f['name'], type_] = counted
        scopes = [(s['name'], s.get('calls'), s.get('counts')) for s in told.get('scopes', [])]
        return functions, scopes, run(RUN, '-q', *options, self.path(program)).stdout

    def test_counts(self):
        """What vprec-run counts of the plain build, where both see the same operations: by function, and by scope."""
        plain = ('--count=operations -f e8m10', '--count -f f32=e5m10,f64=e11m20', '--count=all -f e8m10 -m rtz',
                 '--count=all -f native')
        layers = ('--layers -f e8m10', '--layers --count=all -f e8m7 --scope head=e5m2')
        for source, ways in ((PROGRAM, plain), (self.write('scopes.c', SCOPES), plain + layers)):
            self.build(source, '-O1', '-fno-vectorize', '-fno-slp-vectorize', '-ffp-contract=off', '-mfma',
                       '-fno-math-errno', '-I' + LIBRARY)
            for how in ways:
                with self.subTest(source=source, how=how):
                    got, want = (self.counts(program, *how.split()) for program in ('rounds', 'plain'))
                    for type_ in ('f32', 'f64'):
                        want[0].pop(('__mulsc3', type_), None) # libgcc's, which is the runtime's here
                        if CLANG.endswith('14'): # it makes unsigned integers numbers by a conversion and a sum
                            got[0].pop(('convert', type_), None), want[0].pop(('convert', type_), None)
                        if 'native' in how: # additions that round to an integer are none of vprec-cc's
                            got[0].pop(('exponential', type_), None), want[0].pop(('exponential', type_), None)
                    self.assertEqual(got, want)
                    self.assertTrue(got[0] or got[1])

    def test_not_selected(self):
        """A program that vprec-run leaves alone rounds nothing."""
        self.build(PROGRAM, '-O2')
        native = run(self.path('plain')).stdout
        command = ('sh', '-c', f"'{self.path('rounds')}'; exit 0")
        self.assertEqual(run(RUN, '-q', '-f', 'e8m10', '--exec', '*sh', *command).stdout, native)
        self.assertNotEqual(run(RUN, '-q', '-f', 'e8m10', *command).stdout, native)

    def test_others_are_rounded(self):
        library, main = self.write('twice.c', TWO[0]), self.write('main.c', TWO[1])
        run(CLANG, '-O2', '-fPIC', '-shared', library, '-o', self.path('libtwice.so'))
        run(CC, '-O2', main, '-L' + self.folder, '-ltwice', '-Wl,-rpath,' + self.folder, '-o', self.path('p'))
        self.assertEqual(run(RUN, '-q', '-f', 'e8m4', self.path('p')).stdout, b'0x1.2p+0\n')
        run(CC, '-O2', '-fPIC', '-shared', library, '-o', self.path('libtwice.so'))
        run(CLANG, '-O2', main, '-L' + self.folder, '-ltwice', '-Wl,-rpath,' + self.folder, '-o', self.path('p'))
        self.assertEqual(run(RUN, '-q', '-f', 'e8m4', self.path('p')).stdout, b'0x1.2p+0\n')

    def test_scopes(self):
        self.build(self.write('scopes.c', SCOPES), '-O2', '-I' + LIBRARY)
        for options in ('-f e8m10 --scope head=e8m4', '-f e8m10 --within head', '-f e8m10 --scope head=native',
                        '-f native --scope head=e8m4', '-f e8m10 --scope head=e8m4,mode=rtz'):
            self.both(options)


    def site(self, *options, status=0):
        done = run(RUN, '-q', *options, self.path('rounds'), status=status)
        return done.stdout.decode().split(), done.stderr.decode()

    def test_lines(self):
        """--site, alone and in a recipe, beside what the environment gives without vprec-run."""
        self.build(self.write('lines.c', LINES), '-O2', '-I' + LIBRARY)
        for spec in ('lines.c:4=e8m4', 'lines.c:4-5=e8m4', '*.c=e5m2', 'lines.c:5=native', 'lines.c:6=e8m4,mode=rtz',
                     'lines.c:7=e8m7'):
            with self.subTest(spec=spec):
                want = run(self.path('rounds'), VPREC=f'-f e8m10 --site {spec}').stdout.decode().split()
                self.assertEqual(self.site('-f', 'e8m10', '--site', spec)[0], want)
                self.assertEqual(self.site('-f', 'e8m10', '--scope', 'site:' + spec)[0], want)
                recipe = self.write('recipe', f'site:lines.c:1-9 = e8m2\nsite:{spec}\n')
                both = run(self.path('rounds'), VPREC=f'-f e8m10 --site lines.c:1-9=e8m2 --site {spec}')
                self.assertEqual(self.site('-f', 'e8m10', '--scope', '@' + recipe)[0], both.stdout.decode().split())
        self.assertEqual(self.site('-f', 'e8m10', '--count', '--site', 'lines.c:4=e8m4')[0],
                         self.site('-f', 'e8m10', '--site', 'lines.c:4=e8m4')[0])
        self.assertIn("'lines.c:40' matched no line", self.site('-f', 'e8m10', '--site', 'lines.c:40=e8m4', status=125)[1])
        for wrong in ('lines.c:x=e8m4', 'lines.c:5-4=e8m4', ':5=e8m4', 'lines.c:4', 'lines.c:4=e8m99'):
            self.site('-f', 'e8m10', '--site', wrong, status=125)

    def test_lines_and_scopes(self):
        """A line's format holds in all scopes, and not outside of --within."""
        self.build(self.write('scopes.c', SCOPES), '-O2', '-I' + LIBRARY)
        fine = self.site('-f', 'e8m10')[0]
        head = self.site('-f', 'e8m4')[0]
        native = self.site('-f', 'native')[0]
        self.assertEqual(self.site('-f', 'e8m10', '--scope', 'head=e8m7', '--site', 'scopes.c:8=e8m4')[0],
                         [fine[0], head[1], head[2], fine[3]])
        self.assertEqual(self.site('-f', 'e8m10', '--within', 'head', '--site', 'scopes.c=e8m4')[0],
                         [native[0], head[1], head[2], native[3]])

    def test_scope_annotation(self):
        """A scope is open to the end of its block: by falling out of it, return, goto, an exception."""
        for compiler, clang, name in ((CC, CLANG, 'open.c'), (CXX, CLANG.replace('clang', 'clang++'), 'open.cc')):
            source = self.write(name, OPEN)
            run(compiler, '-O2', '-I' + LIBRARY, source, '-o', self.path('rounds'))
            run(clang, '-O2', '-I' + LIBRARY, source, '-o', self.path('plain'))
            run('gcc' if name == 'open.c' else 'g++', '-Wall', '-Wextra', '-Werror', '-O1', '-I' + LIBRARY, source,
                '-o', self.path('gcc'))
            fine, coarse = (run(RUN, '-q', '-f', f, self.path('plain')).stdout.decode().split() for f in ('e8m10', 'e8m4'))
            want = [coarse[i] if i % 2 else fine[i] for i in range(len(fine))]
            self.assertNotEqual(want, fine)
            for program in ('rounds', 'plain', 'gcc'):
                with self.subTest(name=name, program=program):
                    done = run(RUN, '-q', '-f', 'e8m10', '--scope', 'head=e8m4', self.path(program))
                    self.assertEqual(done.stdout.decode().split(), want)

    def test_list(self):
        """Each line with operations, of the program and of a library, as the section has them."""
        self.build(self.write('lines.c', LINES), '-O2', '-I' + LIBRARY)
        said = run(RUN, '--list', self.path('rounds')).stdout.decode()
        found = re.findall(r'^(.*lines\.c):(\d+) +(\S+) +(\d+)$', said, re.M)
        self.assertEqual([(int(line), function, int(operations)) for _, line, function, operations in found],
                         [(4, 'first', 1), (5, 'second', 1), (6, 'third', 1), (7, 'fourth', 2)] +
                         [(8, 'main', 4)] * (len(found) - 4))
        self.assertEqual(sum(int(operations) for *_, operations in found),
                         sum(operations for _, operations in sites(self.path('rounds'))))
        run(CC, '-O2', '-fno-pie', '-no-pie', '-I' + LIBRARY, self.path('lines.c'), '-o', self.path('rounds'))
        self.assertEqual(re.findall(r'^(.*lines\.c):(\d+) +(\S+) +(\d+)$',
                                    run(RUN, '--list', self.path('rounds')).stdout.decode(), re.M), found)

    def test_static(self):
        self.write('lines.c', LINES)
        run(CC, '-O2', '-static', '-I' + LIBRARY, self.path('lines.c'), '-o', self.path('rounds'), '-lm')
        self.assertIn("VPREC='-f e8m10'", self.site('-f', 'e8m10', status=126)[1])


SCOPES = '''#include <stdio.h>
#include "vprec_scope.h"
volatile float one = 1.1f, two = 1.3f;
int main(void)
{
    printf("%a\\n", one * two);
    vprec_scope_begin("head");
    printf("%a %a\\n", one * two, one / two);
    vprec_scope_end();
    printf("%a\\n", one / two);
}
'''
COMPLEX = '''#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#undef CMPLX
#undef CMPLXF
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#define CMPLXF(x, y) __builtin_complex((float)(x), (float)(y))
static uint64_t state = 12345;
static double number(int wide)
{
    static const double special[] = {0, -0.0, INFINITY, -INFINITY, NAN, 1, DBL_MIN, DBL_MAX, FLT_MIN, FLT_MAX, -1e-310};
    state = state * 6364136223846793005u + 1442695040888963407u;
    const unsigned kind = state >> 60, which = (state >> 50) % 11;
    const double x = (double)(int64_t)state / 9.2e18;
    return kind < 3 ? special[which] : kind < 10 ? x : ldexp(x, (int)((state >> 20) % (2u * wide)) - wide);
}
static void print(double re, double im)
{
    if (isnan(re)) printf("nan "); else printf("%a ", re);
    if (isnan(im)) printf("nan\\n"); else printf("%a\\n", im);
}
int main(void)
{
    for (int i = 0; i < 400; i++) {
        volatile float complex a = CMPLXF(number(140), number(140)), b = CMPLXF(number(140), number(140)), p = a * b, q = a / b;
        print(crealf(p), cimagf(p)), print(crealf(q), cimagf(q));
        volatile double complex c = CMPLX(number(1070), number(1070)), d = CMPLX(number(1070), number(1070)), r = c * d, s = c / d;
        print(creal(r), cimag(r)), print(creal(s), cimag(s));
    }
}
'''
MODULE = '''#include <Python.h>
static PyObject *norm(PyObject *self, PyObject *list)
{
    float sum = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        const float x = (float)PyFloat_AsDouble(PyList_GET_ITEM(list, i));
        sum += x * x;
    }
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(sum);
}
static PyMethodDef methods[] = {{"norm", norm, METH_O, ""}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "summing", "", -1, methods};
PyMODINIT_FUNC PyInit_summing(void)
{
    return PyModule_Create(&module);
}
'''
# Every second number is computed in the scope.
OPEN = '''#include <stdio.h>
#include "vprec_cc.h"
volatile float one = 1.1f, two = 1.3f;
static float __attribute__((noinline)) product(void) { return one * two; }
static float __attribute__((noinline)) returned(int early)
{
    VPREC_SCOPE("head");
    if (early)
        return product();
    return product() * one;
}
static float __attribute__((noinline)) left(void)
{
    float inside;
    {
        VPREC_SCOPE("head");
        inside = product();
        if (inside > 1)
            goto out;
    }
out:
    return inside;
}
#ifdef __cplusplus
static void __attribute__((noinline)) thrown(float *to)
{
    VPREC_SCOPE("head");
    *to = product();
    throw 1;
}
#endif
int main(void)
{
    float a = product(), b = returned(1), c = product(), d = returned(0), e = product(), f = left(), g = product();
    printf("%a %a %a %a %a %a %a\\n", a, b, c, d, e, f, g);
#ifdef __cplusplus
    try { thrown(&f); } catch (int) { }
    g = product();
    printf("%a %a %a %a\\n", f, g, f, g);
#endif
}
'''
LINES = '''#include <stdio.h>
#include "vprec_cc.h"
volatile float one = 1.1f, two = 1.3f;
__attribute__((noinline)) float first(void) { return one * one; }
__attribute__((noinline)) float second(void) { return two * two; }
VPREC_FORMAT("e8m4") float third(void) { return one * two; }
VPREC_OFF float fourth(void) { return two * two * two; }
int main(void) { printf("%a %a %a %a\\n", first(), second(), third(), fourth()); }
'''
LIBRARY = os.path.join(HERE, '../../../lib')

if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
