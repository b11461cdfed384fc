# SPDX-License-Identifier: Apache-2.0
"""imported.py: the end of torch.py and of jax.py: calls install(module) once the module TARGET is there. WHO does not tell
otherwise."""
import sys


class Finder:
    """Waits for the module, and lets the others find it."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != TARGET:
            return None
        sys.meta_path.remove(Finder)
        for finder in sys.meta_path:
            find = getattr(finder, 'find_spec', None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                break
        else:
            return None
        loader = spec.loader
        execute = loader.exec_module

        def exec_module(module):
            execute(module)
            try:
                install(module)
            except Exception as error:  # the program's modules work as they are
                say(f'{WHO} do not tell their names: {error!r}')

        loader.exec_module = exec_module
        return spec


if TARGET in sys.modules:
    install(sys.modules[TARGET])
else:
    sys.meta_path.insert(0, Finder)
