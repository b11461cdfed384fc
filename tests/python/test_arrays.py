# SPDX-License-Identifier: Apache-2.0
"""test_arrays.py: operations on arrays of every kind and layout. Values against ml_dtypes, which shares no code with
libvprec, and against contiguous arrays; layouts are drawn by hypothesis."""
import concurrent.futures
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

import hypothesis
import ml_dtypes
import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

import vprec

SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'tools', 'python')
SCALE = int(os.environ.get('VPREC_TEST_SCALE', '1'))
hypothesis.settings.register_profile('vprec', max_examples=60 * SCALE, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile('vprec')

# Types of ml_dtypes and NumPy by vprec's name of the format. ml_dtypes rounds from binary32 to nearest even, too.
TYPES = {'bf16': ml_dtypes.bfloat16, 'fp16': np.float16, 'e4m3fn': ml_dtypes.float8_e4m3fn,
         'e5m2': ml_dtypes.float8_e5m2, 'e4m3fnuz': ml_dtypes.float8_e4m3fnuz,
         'e5m2fnuz': ml_dtypes.float8_e5m2fnuz, 'e4m3': ml_dtypes.float8_e4m3,
         'e3m4': ml_dtypes.float8_e3m4, 'e4m3b11fnuz': ml_dtypes.float8_e4m3b11fnuz}


def same(test, a, b):
    """Equal values; NaN is NaN, and -0 is not 0."""
    a, b = np.asarray(a), np.asarray(b)
    test.assertEqual((a.shape, a.dtype), (b.shape, b.dtype))
    nan = np.isnan(a.astype(float))
    np.testing.assert_array_equal(nan, np.isnan(b.astype(float)))
    np.testing.assert_array_equal(a[~nan].view(f'u{a.itemsize}'), b[~nan].view(f'u{b.itemsize}'))


shapes = hn.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)


@st.composite
def views(draw, dtype):
    """An array and a view of it: a part, reversed, every second, transposed."""
    bits = st.integers(0, 2 ** (8 * np.dtype(dtype).itemsize) - 1)
    whole = draw(hn.arrays(f'u{np.dtype(dtype).itemsize}', draw(shapes), elements=bits, fill=st.nothing())).view(dtype)
    index = tuple(slice(draw(st.sampled_from([None, 1, -2])), None, draw(st.sampled_from([1, 2, -1, -3])))
                  for _ in whole.shape)
    view = whole[(*index, ...)]
    return view.transpose(draw(st.permutations(range(view.ndim)))) if view.ndim else view


class Values(unittest.TestCase):
    def test_every_half_by_ml_dtypes(self):
        """All numbers of fp16 and bf16, and all between them that are next to a tie in some format."""
        whole = np.arange(1 << 16, dtype=np.uint16)
        high = whole.astype(np.uint32) << 16
        points = np.concatenate([whole.view(np.float16).astype(np.float32),
                                 *[(high | low).view(np.float32) for low in (0, 1, 0x8000, 0x8001)]])
        for name, dtype in TYPES.items():
            with self.subTest(format=name), np.errstate(all='ignore'):
                same(self, vprec.round(points, name), points.astype(dtype).astype(np.float32))

    @hypothesis.given(views(np.float32), st.sampled_from(sorted(TYPES)))
    def test_layouts(self, x, name):
        with np.errstate(all='ignore'):
            wanted = x.astype(TYPES[name]).astype(np.float32)
        same(self, vprec.round(x, name), wanted)
        same(self, vprec.round(x.astype('>f4'), name), wanted)
        out = np.zeros(x.shape[::-1], np.float32).T
        self.assertIs(vprec.round(x, name, out=out), out)
        same(self, out, wanted)
        self.assertIs(vprec.round(x, name, out=x), x)
        same(self, x, wanted)

    @hypothesis.given(views(np.float64), views(np.float64), st.sampled_from(['rne', 'rtz', 'ru', 'rd', 'rto', 'rna']))
    def test_layouts_of_two(self, a, b, mode):
        """Broadcast as NumPy does, each element as the scalar."""
        try:
            a_whole, b_whole = np.broadcast_arrays(a, b)
        except ValueError:
            with self.assertRaises(ValueError):
                vprec.add(a, b, 'bf16')
            return
        with np.errstate(all='ignore'):
            got = vprec.mul(a, b, 'e5m7', mode=mode)
        wanted = [vprec.mul(float(x), float(y), 'e5m7', mode=mode) for x, y in zip(a_whole.flat, b_whole.flat)]
        same(self, got, np.array(wanted, np.float64).reshape(a_whole.shape))

    @hypothesis.given(views(ml_dtypes.bfloat16))
    def test_narrow_elements(self, x):
        with np.errstate(all='ignore'):
            wanted = x.astype(np.float32).astype(ml_dtypes.float8_e5m2).astype(ml_dtypes.bfloat16)
        same(self, vprec.round(x, 'e5m2'), wanted)
        vprec.round(x, 'e5m2', out=x)
        same(self, x, wanted)

    def test_ml_dtypes(self):
        """A product of a narrow type is the exact one, rounded once: ml_dtypes' own goes by way of binary32, which
        holds the exact product of two such numbers."""
        for name, dtype in TYPES.items():
            size = np.dtype(dtype).itemsize
            x = np.arange(256, dtype=np.uint8).view(dtype) if size == 1 else \
                np.arange(0, 1 << 16, 37, dtype=np.uint16).view(dtype)
            y = x[::-1]
            with self.subTest(type=name), np.errstate(all='ignore'):
                got = vprec.mul(x, y, name)
                self.assertEqual(got.dtype, x.dtype)
                same(self, got.astype(np.float32), (x.astype(np.float32) * y.astype(np.float32)).astype(dtype)
                     .astype(np.float32))


class Kinds(unittest.TestCase):
    def test_result_is_of_the_kind_given(self):
        self.assertIs(type(vprec.round(1.1, 'bf16')), float)
        self.assertIs(type(vprec.round(np.float32(1.1), 'bf16')), np.float32)
        self.assertIs(type(vprec.round(np.float64(1.1), 'bf16')), np.float64)
        self.assertEqual(vprec.round(np.array(1.1), 'bf16').shape, ())
        self.assertEqual(vprec.round([], 'bf16').shape, (0,))
        self.assertEqual(vprec.round([[1, 2], [3, 5]], 'e4m1').tolist(), [[1, 2], [3, 4]])
        self.assertEqual(vprec.add(np.float32([1]), 2, 'bf16').dtype, np.float32)

    def test_tensors_share_memory(self):
        x = torch.linspace(-3, 3, 24, requires_grad=True)
        y = vprec.round(x, 'e4m3fn')
        self.assertIsInstance(y, torch.Tensor)
        self.assertFalse(y.requires_grad)
        same(self, y.numpy(), x.detach().numpy().astype(ml_dtypes.float8_e4m3fn).astype(np.float32))
        out = torch.empty(24)
        where = out.data_ptr()
        self.assertIs(vprec.round(x, 'e4m3fn', out=out), out)
        self.assertEqual(out.data_ptr(), where)
        same(self, out.numpy(), y.numpy())
        t = torch.arange(12, dtype=torch.float32).reshape(3, 4).t()
        vprec.round(t, 'e5m1', out=t)
        same(self, t.numpy(), vprec.round(np.arange(12.0).reshape(3, 4).T, 'e5m1').astype(np.float32))

    def test_narrow_tensors(self):
        for dtype in (torch.bfloat16, torch.float16, torch.float8_e5m2):
            x = torch.linspace(-5, 5, 9).to(dtype)
            y = vprec.round(x, 'e3m1')
            self.assertEqual(y.dtype, dtype)
            same(self, y.float().numpy(), vprec.round(x.float().numpy(), 'e3m1'))
        x = torch.linspace(-5, 5, 9).to(torch.bfloat16)
        where = x.data_ptr()
        vprec.round(x, 'e3m1', out=x)
        self.assertEqual(x.data_ptr(), where)
        self.assertEqual(x[0].item(), -5 if vprec.round(5.0, 'e3m1') == 5 else -vprec.round(5.0, 'e3m1'))

    def test_nothing_is_copied(self):
        """Contiguous and transposed arrays are handed over as they are: the library's counts see one pass, and no array
        is made but the result."""
        import tracemalloc
        x = np.ones((1000, 1000), np.float32)
        for a in (x, x.T):
            out = np.empty_like(a)
            tracemalloc.start()
            vprec.round(a, 'bf16', out=out)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(most, 100000)

    def test_overlap(self):
        for x in (np.arange(10, dtype=np.float32) + 0.3,):
            wanted = vprec.round(x[:-1], 'e5m1')
            vprec.round(x[:-1], 'e5m1', out=x[1:])
            same(self, x[1:], wanted)


class Noises(unittest.TestCase):
    def test_seed_repeats_in_any_layout(self):
        x = np.random.default_rng(1).normal(size=(40, 30)).astype(np.float32)
        a = vprec.round(x, 'e5m2', mode='sr', seed=5)
        self.assertTrue((a == vprec.round(np.asfortranarray(x), 'e5m2', mode='sr', seed=5)).all())
        self.assertTrue((a[::-1] != vprec.round(x[::-1], 'e5m2', mode='sr', seed=5)).any())
        self.assertTrue((a != vprec.round(x, 'e5m2', mode='sr', seed=6)).any())

    def test_noise_advances(self):
        noise = vprec.Noise(3)
        x = np.full(1000, 1.1)
        results = [vprec.round(x, 'e5m2', mode='sr', seed=noise) for _ in range(20)]
        for i, a in enumerate(results):
            for b in results[:i]:
                self.assertTrue((a != b).any())
        mean = np.mean(results)
        self.assertAlmostEqual(mean, 1.1, delta=5 * 0.125 / np.sqrt(20000))

    def test_monte_carlo(self):
        """Noise of the size that is asked for, on results, operands or both: its moments by NumPy."""
        x, y = np.full(20000, 5 / 3), np.full(20000, 0.25)
        unit = 2.0 ** (1 - 12) # of 5/3, e is 1; of 1/4, -1
        for mode, variance in (('rr', 1), ('pb', 1 + 1 / 16), ('mca', 2 + 1 / 16)):
            found = (vprec.add(x, y, 'fp64', mode=mode, precision=12, seed=4) - (5 / 3 + 0.25)) / unit
            self.assertLess(abs(found.mean()), 5 * np.sqrt(variance / 12 / x.size), mode)
            self.assertAlmostEqual(found.var() * 12, variance, delta=0.05 * variance, msg=mode)
            self.assertLessEqual(abs(found).max(), {'rr': 0.5, 'pb': 0.75, 'mca': 1.25}[mode])
            self.assertLess(abs(np.corrcoef(found[1:], found[:-1])[0, 1]), 0.04)
        whole = np.arange(1.0, 100)
        same(self, vprec.round(whole, 'fp64', mode='rr', precision=7), whole) # exact, of few bits
        self.assertTrue((vprec.round(whole, 'fp64', mode='pb', precision=7) != whole).any())
        same(self, vprec.round(x, 'e5m10', mode='rr', seed=2), vprec.round(x, 'e5m10', mode='rr', precision=11, seed=2))

    def test_monte_carlo_of_all_kinds(self):
        x = np.random.default_rng(5).normal(size=(40, 30)).astype(np.float32)
        noise = vprec.Noise(3)
        first, second = (vprec.mul(x, x, 'e8m10', mode='mca', seed=noise) for _ in range(2))
        self.assertTrue((first != second).any())
        same(self, first, vprec.mul(x, x, 'e8m10', mode='mca', seed=vprec.Noise(3)))
        same(self, first[:1], vprec.mul(x[:1], x[:1], 'e8m10', mode='mca', seed=vprec.Noise(3)))
        tensor = vprec.round(torch.from_numpy(x), 'e8m10', mode='rr', seed=7)
        same(self, tensor.numpy(), vprec.round(np.asfortranarray(x), 'e8m10', mode='rr', seed=7))
        out = x.copy()
        self.assertIs(vprec.round(out, 'e8m10', mode='rr', seed=7, out=out), out)
        same(self, out, tensor.numpy())
        self.assertEqual(vprec.round(1 / 3, 'fp64', mode='rr', precision=20, seed=9),
                         vprec.round(np.array([1 / 3]), 'fp64', mode='rr', precision=20, seed=9)[0])
        half = x.astype(np.float16)
        same(self, vprec.round(half, 'e5m8', mode='pb', seed=8),
             vprec.round(half.astype(np.float32), 'e5m8', mode='pb', seed=8).astype(np.float16))
        same(self, vprec.decode(vprec.encode(x, 'e5m8', mode='rr', seed=8), 'e5m8'),
             vprec.round(x, 'e5m8', mode='rr', seed=8))

    def test_numbers_are_arrays_of_one(self):
        """A number alone goes a way of its own: its random numbers are those of an array with one element, whose way
        is C's of any length; numbers of Python, of NumPy, arrays of no dimension, with out= and without."""
        functions = [(vprec.round, 1), (vprec.add, 2), (vprec.sub, 2), (vprec.mul, 2), (vprec.div, 2), (vprec.sqrt, 1),
                     (vprec.fma, 3), (vprec.exp, 1), (vprec.pow, 2), (vprec.gelu, 1)]
        for kind in (float, np.float64, np.float32):
            operands = [kind(1 / 3), kind(1.7), kind(-0.3711)]
            single = np.float32 if kind is np.float32 else np.float64
            for function, n in functions:
                for how in (dict(mode='sr'), dict(mode='sr', bits=3), dict(mode='rr'), dict(mode='pb', precision=5),
                            dict(mode='mca', precision=9), dict(mode='rtz')):
                    with self.subTest(kind=kind, function=function, **how):
                        given = operands[:n]
                        arrays = [np.array([x], single) for x in given]
                        wanted = [function(*arrays, 'e6m8', seed=seed, **how)[0] for seed in range(20)]
                        self.assertTrue(how['mode'] == 'rtz' or len(set(wanted)) > 1)
                        got = [function(*given, 'e6m8', seed=seed, **how) for seed in range(20)]
                        self.assertEqual({type(x) for x in got}, {kind})
                        self.assertEqual(got, wanted)
                        noises = [vprec.Noise(4), vprec.Noise(4)]
                        self.assertEqual([function(*given, 'e6m8', seed=noises[0], **how) for _ in range(9)],
                                         [function(*arrays, 'e6m8', seed=noises[1], **how)[0] for _ in range(9)])
                        out = np.zeros((), single)
                        points = [np.array(x, single) for x in given]
                        self.assertIs(function(*points, 'e6m8', seed=3, out=out, **how), out)
                        self.assertEqual(out[()], wanted[3])

    def test_processes_repeat(self):
        """Without a seed, too: nothing is drawn from the clock."""
        program = 'import vprec; print(vprec.round([1.1] * 50, "e5m2", mode="sr"))'
        first, second = (subprocess.run([sys.executable, '-c', program], capture_output=True, check=True).stdout
                         for _ in range(2))
        self.assertEqual(first, second)

    def test_threads(self):
        """Calls from many threads at once, each with what it gives alone; the interpreter's lock is free meanwhile."""
        x = np.random.default_rng(2).normal(size=20000)
        names = [f'e{e}m{m}' for e in range(4, 10) for m in range(1, 11)]

        def work(name):
            return vprec.round(x, name).tobytes(), vprec.mul(x, x, name, mode='sr', seed=1).tobytes()

        wanted = [work(name) for name in names]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                self.assertEqual(list(pool.map(work, names)), wanted)


class Refusals(unittest.TestCase):
    def refuses(self, error, says, function, *arguments, **options):
        with self.assertRaisesRegex(error, says):
            function(*arguments, **options)

    def test_each_says_how_to_mend(self):
        f32 = np.ones(4, np.float32)
        self.refuses(vprec.FormatError, '1\\.\\.52', vprec.round, f32, 'e5m60')
        self.refuses(vprec.FormatError, 'float64', vprec.round, f32, 'e11m40')
        self.refuses(vprec.FormatError, 'float32', vprec.round, f32.astype(np.float16), 'bf16')
        self.refuses(TypeError, 'x.real', vprec.round, f32.astype(complex), 'bf16')
        self.refuses(TypeError, 'astype', vprec.round, np.array(['a']), 'bf16')
        self.refuses(TypeError, 'astype', vprec.round, np.ones(3, np.longdouble), 'bf16')
        self.refuses(TypeError, 'twice', vprec.round, np.array([2 ** 53 + 1]), 'bf16')
        self.refuses(ValueError, 'rne, rna', vprec.round, f32, 'bf16', mode='up')
        self.refuses(ValueError, '1 to 64', vprec.round, f32, 'bf16', mode='sr', bits=65)
        self.refuses(ValueError, '1 to 53', vprec.round, f32, 'bf16', mode='mca', precision=54)
        self.refuses(TypeError, 'whole number', vprec.round, f32, 'bf16', mode='mca', precision=1.5)
        self.refuses(ValueError, 'outcomes', vprec.round, f32, 'bf16', mode='rr', outcomes=vprec.Outcomes())
        self.refuses(ValueError, '2\\*\\*64', vprec.round, f32, 'bf16', mode='sr', seed=-1)
        self.refuses(TypeError, 'vprec.Noise', vprec.round, f32, 'bf16', mode='sr', seed=1.5)
        self.refuses(ValueError, 'shape', vprec.round, f32, 'bf16', out=np.ones(5, np.float32))
        self.refuses(TypeError, 'float64', vprec.round, f32, 'bf16', out=np.ones(4))
        self.refuses(TypeError, 'list', vprec.round, f32, 'bf16', out=[1.0] * 4)
        self.refuses(TypeError, 'vprec.Format', vprec.round, f32, 5)
        self.refuses(TypeError, 'Outcomes', vprec.round, f32, 'bf16', outcomes={})
        readonly = np.ones(4, np.float32)
        readonly.flags.writeable = False
        self.refuses(ValueError, 'read-only', vprec.round, f32, 'bf16', out=readonly)
        self.refuses(TypeError, 'to_dense', vprec.round, torch.eye(3).to_sparse(), 'bf16')

    def test_read_only_arrays_are_read(self):
        x = np.full(4, 1.1)
        x.flags.writeable = False
        self.assertEqual(vprec.round(x, 'e5m2')[0], 1.0)


class Formats(unittest.TestCase):
    def test_limits_by_ml_dtypes(self):
        for name, dtype in TYPES.items():
            info, format = ml_dtypes.finfo(dtype), vprec.Format(name)
            with self.subTest(format=name):
                self.assertEqual((float(info.max), float(info.smallest_normal), float(info.smallest_subnormal),
                                  float(info.eps), info.bits, info.nmant),
                                 (format.max, format.smallest_normal, format.smallest_subnormal, format.eps,
                                  format.bits, format.nmant))
                self.assertEqual(vprec.Format(np.dtype(dtype).name), format)

    def test_fits(self):
        """Against all values of one being among the other's."""
        codes = np.arange(256, dtype=np.uint8)
        names = [name for name, dtype in TYPES.items() if np.dtype(dtype).itemsize == 1]
        values = {name: codes.view(TYPES[name]).astype(np.float64) for name in names}
        for a in names:
            for b in names:
                bits = {x.tobytes() for x in values[b]}
                held = all((np.isnan(x) and np.isnan(values[b]).any()) or x.tobytes() in bits for x in values[a])
                self.assertEqual(vprec.Format(a).fits(b), held, (a, b))

    def test_as_values(self):
        a, b = vprec.Format('e5m10'), vprec.Format('torch.float16')
        self.assertEqual((a, hash(a)), (b, hash(b)))
        self.assertEqual(pickle.loads(pickle.dumps(a)), a)
        self.assertNotEqual(a, 'fp16')
        self.assertIn('bf16', vprec.presets())


class Importing(unittest.TestCase):
    def test_numpy_comes_later(self):
        """Nothing slow is imported with the package: neither NumPy nor typing."""
        program = ('import sys; before = set(sys.modules); import vprec; '
                   'print(*sorted(set(sys.modules) - before)); vprec.round(1.0, "bf16"); assert "numpy" in sys.modules')
        done = subprocess.run([sys.executable, '-S', '-c', program], capture_output=True, text=True, check=False,
                              env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)))
        self.assertEqual(done.returncode, 0, done.stderr)
        loaded = {name.partition('.')[0] for name in done.stdout.split()}
        self.assertLessEqual(loaded, {'vprec', 'ctypes', '_ctypes', 'struct', '_struct', 'math', '__future__', 'types',
                                      'os', 'stat', 'posixpath', 'genericpath', '_collections_abc', '_stat'})

    def test_refusals(self):
        """On another processor or system, and of a folder that holds the modules alone."""
        where = os.path.dirname(vprec.__file__)
        for before, says in (('import os; os.uname = lambda: type("Uname", (), {"machine": "aarch64"})', 'aarch64'),
                             ('import sys; sys.platform = "darwin"', 'darwin'),
                             (f'import sys; sys.path[:0] = [{SOURCES!r}]', 'install it by pip')):
            done = subprocess.run([sys.executable, '-c', f'{before}\nimport vprec'], capture_output=True, text=True,
                                  check=False, cwd=os.path.dirname(where))
            self.assertEqual((done.returncode, 'ImportError' in done.stderr, says in done.stderr), (1, True, True),
                             done.stderr)

    def test_library_that_cannot_be_loaded(self):
        """As with another C library, or an older one."""
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, 'vprec/lib'))
            for name in os.listdir(SOURCES + '/vprec'):
                os.symlink(os.path.join(SOURCES, 'vprec', name), os.path.join(folder, 'vprec', name))
            with open(os.path.join(folder, 'vprec/lib/libvprec_python.so'), 'w', encoding='utf-8') as file:
                file.write('none')
            for before, says in (('import os; os.confstr_names = {}', 'as on Alpine'), ('', 'the loader says')):
                done = subprocess.run([sys.executable, '-c', f'{before}\nimport vprec'], capture_output=True, text=True,
                                      check=False, cwd=folder, env=dict(os.environ, PYTHONPATH=folder))
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, f'ImportError: .*{says}')


if __name__ == '__main__':
    unittest.main()
