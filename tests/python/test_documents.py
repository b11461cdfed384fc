# SPDX-License-Identifier: Apache-2.0
"""test_documents.py: every example in the package's docstrings runs and prints what it says; each public name has a
docstring; and no module without examples goes unnoticed."""
import doctest
import importlib
import inspect
import os
import pkgutil
import unittest

import vprec

# Entry points, and what needs a notebook around it.
WITHOUT = {'_child', '_library', '_programs'}


class Documents(unittest.TestCase):
    def test_examples(self):
        seen = set()
        for info in pkgutil.iter_modules(vprec.__path__):
            module = importlib.import_module(f'vprec.{info.name}') if info.name != '__main__' else None
            if module is None:
                continue
            seen.add(info.name)
            with self.subTest(module=info.name):
                failed, tried = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
                self.assertFalse(failed)
                self.assertTrue(tried or info.name in WITHOUT, 'has no example')
        self.assertFalse(doctest.testmod(vprec)[0])
        self.assertLessEqual(WITHOUT, seen)

    def test_readme(self):
        """What README shows can be pasted and says what it prints."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../README.md')
        with open(path, encoding='utf-8') as file:
            part = file.read().partition('## Python\n')[2].partition('\n## ')[0].replace('```', '')
        test = doctest.DocTestParser().get_doctest(part, {}, 'README.md', path, 0)
        self.assertGreaterEqual(len(test.examples), 7)
        runner = doctest.DocTestRunner()
        runner.run(test)
        self.assertFalse(runner.failures)

    def test_every_name_is_told(self):
        for name in vprec.__all__:
            found = getattr(vprec, name)
            if name != '__version__':
                self.assertTrue(inspect.getdoc(found), name)

    def test_names_are_listed(self):
        """What a module says is public is what the package has of it."""
        for module, names in vprec._LATER.items():
            self.assertEqual(sorted(importlib.import_module(f'vprec.{module}').__all__), sorted(names), module)


if __name__ == '__main__':
    unittest.main()
