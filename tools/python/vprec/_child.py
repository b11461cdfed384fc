# SPDX-License-Identifier: Apache-2.0
"""_child.py: a call of a function, on its way to a child and there; and its result, on the way back. As multiprocessing
spawns, but by a command of our choice."""
import ast
import os
import pickle
import sys
import traceback
from multiprocessing import spawn
from typing import Any, Callable

# With where the package is, which need not be installed, then the files of the call and of its answer.
PROGRAM = 'import sys; sys.path.insert(0, sys.argv[1]); from vprec import _child; _child.main(*sys.argv[2:])'



def program(text: str) -> str:
    """What a child runs for a function of that source text: vprec-run reads in it what formats its scopes have."""
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    except SyntaxError: # of a notebook's cell, or said where it is run
        calls = []
    lines = [PROGRAM, 'if False: # what vprec-run reads', '    import vprec']
    for call in calls:
        name = getattr(call.func, 'attr', getattr(call.func, 'id', None))
        words = [*call.args, *(word.value for word in call.keywords if word.arg == 'format')]
        if name == 'scope' and len(words) == 2 and all(
                isinstance(word, ast.Constant) and isinstance(word.value, str) for word in words):
            lines.append('    vprec.scope({!r}, {!r})'.format(*(ast.literal_eval(word) for word in words)))
    return '\n'.join(lines)


# Of multiprocessing's preparation: where modules are found; and the main program, if something is defined there.
_PREPARATION = ('sys_path', 'sys_argv', 'dir', 'orig_dir')
_MAIN = ('init_main_from_name', 'init_main_from_path')

#: A child imports the main program, which must not begin all anew.
preparing = False


def _pickled(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    of_notebook = getattr(function, '__module__', None) == '__main__' and \
        not hasattr(sys.modules['__main__'], '__file__')
    if of_notebook:
        try:
            import cloudpickle
        except ImportError:
            raise pickle.PicklingError('a function of a notebook or prompt goes to a child by the package cloudpickle: '
                                       'pip install cloudpickle; or write it to a module') from None
        pickled: bytes = cloudpickle.dumps((function, arguments))
        return pickled
    try:
        return pickle.dumps((function, arguments), protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise pickle.PicklingError(f'{error}: a function for a child is one of a module, by its own name, and its '
                                   'arguments can be pickled') from None


def write(path: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """PicklingError: the function or an argument cannot go to another process."""
    if preparing:
        raise RuntimeError('a program whose function goes to a child is imported there, and must not call vprec.run at '
                           'once: put that behind if __name__ == "__main__":')
    pickled = _pickled(function, arguments)
    data = spawn.get_preparation_data('vprec')
    names = _PREPARATION + _MAIN if b'__main__' in pickled else _PREPARATION
    with open(path, 'wb') as file:
        pickle.dump({name: data[name] for name in names if name in data}, file)
        file.write(pickled)


def main(asked: str, answer: str) -> None:
    """In the child."""
    global preparing
    with open(asked, 'rb') as file:
        preparation = pickle.load(file)
        preparing = True
        spawn.prepare(preparation)
        preparing = False
        try:
            function, arguments = pickle.load(file)
            result = function(*arguments)
            try:
                pickled = pickle.dumps((True, result), protocol=5)
            except Exception as error:
                raise RuntimeError(f'what the function returned cannot be pickled: {error}') from None
        except BaseException as error: # it is the caller's to handle
            note = ''.join(traceback.format_exception(type(error), error, error.__traceback__))
            print(note, file=sys.stderr, end='')
            try:
                pickled = pickle.dumps((False, error), protocol=5)
                pickle.loads(pickled)
            except Exception:
                pickled = pickle.dumps((False, RuntimeError(f'{type(error).__name__}: {error}')), protocol=5)
    with open(answer + '.part', 'wb') as out:
        out.write(pickled)
    os.rename(answer + '.part', answer)
