# SPDX-License-Identifier: Apache-2.0
# magic.py: %load_ext vprec, and what a cell that begins with %%vprec does.
"""Cells of a notebook that are run in a child, rounded."""
from __future__ import annotations

import ast
import shlex
from typing import Any

from .commands import call


def parse(line: str) -> tuple[list[str], list[str], list[str]]:
    """Names that go in, names that come out, options of vprec-run.

    >>> parse("-f e8m10 -i x,w -o y --mode sr")
    (['x', 'w'], ['y'], ['-f', 'e8m10', '--mode', 'sr'])
    """
    taken: dict[str, list[str]] = {'-i': [], '-o': []}
    options = []
    words = iter(shlex.split(line))
    for word in words:
        if word in taken:
            names = next(words, '')
            if not names or not all(name.strip().isidentifier() for name in names.split(',')):
                raise ValueError(f'%%vprec {word} takes names of variables, with commas between: {word} x,y')
            taken[word] += [name.strip() for name in names.split(',')]
        else:
            options.append(word)
    return taken['-i'], taken['-o'], options


def cell(text: str, given: dict[str, Any], wanted: list[str]) -> tuple[dict[str, Any], Any]:
    """In the child: what the cell leaves under the wanted names, and the value of its last line if that is an
    expression.

    >>> cell("y = x + 1\\ny * 2", {"x": 1}, ["y"])
    ({'y': 2}, 4)
    """
    space = {'__name__': '__vprec__', **given}
    tree = ast.parse(text, '<cell>')
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value) # type: ignore[attr-defined]
    exec(compile(tree, '<cell>', 'exec'), space)
    value = eval(compile(last, '<cell>', 'eval'), space) if last else None
    missing = [name for name in wanted if name not in space]
    if missing:
        raise NameError(f'the cell sets no {", ".join(missing)}, which -o names')
    return {name: space[name] for name in wanted}, value


def load(shell: Any) -> None:
    """%load_ext vprec"""
    from IPython.core.error import UsageError

    def vprec(line: str, text: str) -> Any:
        """%%vprec -f FORMAT [-i NAMES] [-o NAMES] [options of vprec-run]: runs the cell in a child, every
        floating-point operation rounded. The child is given the variables -i names, and its -o variables come back; the
        cell imports what it uses."""
        try:
            given, wanted, options = parse(line)
        except ValueError as error:
            raise UsageError(str(error)) from None
        missing = [name for name in given if name not in shell.user_ns]
        if missing:
            raise UsageError(f'no variable {", ".join(missing)}, which -i names')
        made, value = call(cell, (text, {name: shell.user_ns[name] for name in given}, wanted), options)
        shell.user_ns.update(made)
        return value

    shell.register_magic_function(vprec, 'cell', 'vprec')
