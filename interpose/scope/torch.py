# SPDX-License-Identifier: Apache-2.0
"""torch.py: scopes "torch:encoder.layer.3.attention" for PyTorch's modules. Run in the program's own interpreter, in a namespace
of its own, when PyTorch is loaded and before torch.nn is. `named(address, name, kind)` makes a scope known by the address
of a module, `forget(address)` takes it back, `begin(module)` opens it, or returns False: its name is not known yet; `end()`
closes the one that was opened last; `operators()` has operators tell, too, if anybody asks for them, or returns False;
`say(text)` is a warning of the run; `scoped()` is False where nobody asks for scopes, and `folder()` where outputs are
written by dump.py, or None.

Modules do not know their names: what registers them does. A module's name is what named_modules() of the topmost
module that holds it says, or the class of that itself."""
import sys
import weakref

TARGET, WHO = 'torch.nn.modules.module', 'PyTorch\'s modules'
MOST = 100  # modules one within another


class Names:
    def __init__(self):
        self.parents = weakref.WeakKeyDictionary()  # of a module: what registered it, and as what
        self.known = {}  # by address: a reference that tells when it is gone
        self.names = {}  # likewise

    def registered(self, parent, name, module):
        if module is None:
            return
        try:
            self.parents[module] = (weakref.ref(parent), name)
        except TypeError:  # it cannot be referred to weakly, or has no hash
            return
        self.drop(id(module))

    def drop(self, address):
        if self.known.pop(address, None) is not None:
            del self.names[address]
            forget(address)

    def put(self, module, name):
        address = id(module)
        self.names[address] = name
        self.known[address] = weakref.ref(module, lambda _: self.drop(address))
        named(address, name, type(module).__name__)

    def topmost(self, module):
        for _ in range(MOST):
            try:
                reference, name = self.parents[module]
            except (KeyError, TypeError):
                return module
            parent = reference()
            if parent is None or parent._modules.get(name) is not module:
                return module
            module = parent
        return module

    def find(self, module):
        top = self.topmost(module)
        kind = '<' + type(top).__name__ + '>'
        for name, part in top.named_modules():
            if id(part) not in self.known:
                self.put(part, name or kind)
        if id(module) not in self.known:
            self.put(module, '<' + type(module).__name__ + '>')


def install(module):
    version = getattr(sys.modules.get('torch.version'), '__version__', '')
    if not version.startswith('2.') or operators() is False:
        say(f'PyTorch\'s operators (aten:) do not tell their names: version {version!r} of it is not known')
    names = Names()
    original = module.Module.__call__
    compiler = None

    def __call__(self, *args, **kwargs):
        nonlocal compiler
        if compiler is None:
            compiler = getattr(sys.modules.get('torch'), 'compiler', None)
        if compiler is not None and compiler.is_dynamo_compiling():  # it is traced, not called
            return original(self, *args, **kwargs)
        if begin(self) is False:
            names.find(self)
            if begin(self) is False:
                return original(self, *args, **kwargs)
        try:
            return original(self, *args, **kwargs)
        finally:
            end()

    module.register_module_module_registration_hook(names.registered)
    inner = original if scoped() is False else __call__
    dump = Dump(folder()) if folder() else None

    def dumped(self, *args, **kwargs):
        result = inner(self, *args, **kwargs)
        tracer = getattr(sys.modules.get('torch'), 'compiler', None)
        if tracer is None or not tracer.is_dynamo_compiling():
            if id(self) not in names.names:
                names.find(self)
            dump.put('torch:' + names.names.get(id(self), '<' + type(self).__name__ + '>'), result)
        return result

    module.Module.__call__ = dumped if dump else inner
