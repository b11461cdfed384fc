# SPDX-License-Identifier: Apache-2.0
"""jax.py: where XLA's steps come from, "jit(predict)/Dense_0/dot_general". Run in the program's own interpreter, in a
namespace of its own, when JAX's library is loaded and before its compiler is. `origin(module, step, origin)` makes one
known, by the module's number; `say(text)` is a warning of the run.

A compiled module's text tells it (op_name in the metadata of an instruction), its serialised form the number."""
import re
import sys

TARGET, WHO = 'jax._src.compiler', 'JAX\'s origins of XLA\'s steps'
ORIGIN = re.compile(r'^\s*(?:ROOT )?%?([\w.\-]+) = .*\bmetadata=\{[^}]*?op_name="([^"]*)"', re.M)
NUMBER = 5  # the field of HloModuleProto


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def number_of(module):
    data, at = module.as_serialized_hlo_module_proto(), 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:  # bytes
            length, at = varint(data, at)
            at += length
        elif tag & 7 == 0:
            value, at = varint(data, at)
            if tag >> 3 == NUMBER:
                return value
        else:
            raise ValueError('a field of a kind that no module has')
    return 0  # which is not written down


def tell(compiled):
    for executable in compiled if isinstance(compiled, tuple) else (compiled,):
        for module in executable.hlo_modules() if hasattr(executable, 'hlo_modules') else ():
            number = number_of(module)
            for step, name in ORIGIN.findall(module.to_string()):
                origin(number, step, name)


def install(compiler):
    original = compiler.compile_or_get_cached
    said = False

    def compile_or_get_cached(*args, **kwargs):
        nonlocal said
        compiled = original(*args, **kwargs)
        try:
            tell(compiled)
        except Exception as error:  # the program's module works as it is
            if not said:
                say(f'JAX does not tell what XLA\'s steps come from: {error!r}')
            said = True
        return compiled

    compiler.compile_or_get_cached = compile_or_get_cached
