# SPDX-License-Identifier: Apache-2.0
# commands.py: the commands as functions. What an option means is theirs to say.
"""Programs, and functions of Python, run with their arithmetic rounded."""
from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from typing import Any, Callable, Optional, Union

from . import _programs
from .results import Report, Rows, read

__all__ = ['RunError', 'layers', 'run', 'sweep']

Program = Union[str, list[str], tuple[str, ...]]


class RunError(RuntimeError):
    """A command has failed, or the child that ran a function has ended before it. ``status`` is the exit status,
    ``stderr`` what was said."""

    def __init__(self, message: str, status: int, stderr: str) -> None:
        super().__init__(message)
        self.status = status
        self.stderr = stderr

    def __reduce__(self) -> tuple[Any, ...]:
        return RunError, (str(self), self.status, self.stderr)


def options_of(options: dict[str, Any]) -> list[str]:
    """Keyword arguments as options of a command: `skip_object` is --skip-object; True is the option alone, False and
    None are none, a list gives it several times, and so does a
    dictionary, of pairs.

    >>> options_of({"mode": "sr", "count": True, "object": ["a", "b"], "quiet": False, "scope": {"head": "bf16"}})
    ['--mode=sr', '--count', '--object=a', '--object=b', '--scope=head=bf16']
    """
    made: list[str] = []
    for name, value in options.items():
        option = '--' + name.replace('_', '-')
        if isinstance(value, dict):
            value = [f'{key}={one}' for key, one in value.items()]
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is True:
                made.append(option)
            elif one is not None and one is not False:
                made.append(f'{option}={one}')
    return made


def _words(program: Program) -> list[str]:
    if isinstance(program, str):
        return [program]
    words = [os.fspath(word) for word in program]
    if not words:
        raise ValueError('no program: name one, with its arguments, as ["python3", "model.py"]')
    return words


def _failed(name: str, done: subprocess.CompletedProcess[str]) -> RunError:
    said = [line for line in done.stderr.splitlines() if line.startswith(f'vprec-{name}: ')]
    return RunError('\n'.join(said) or f'vprec-{name} has failed: exit status {done.returncode}', done.returncode,
                    done.stderr)


def _execute(name: str, options: list[str], program: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_programs.path(name), *options, '--', *program], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors='surrogateescape', check=False, **how)


def run(program: Union[Program, Callable[..., Any]], arrays: Any = (), *, format: Optional[str] = None,
        cwd: Any = None, env: Optional[dict[str, str]] = None, input: Optional[str] = None, **options: Any) -> Any:
    """Runs a program, or a function of Python in a child, with every floating-point operation rounded as `format` says:
    ``"bf16"`` for binary32, ``"f32=bf16,f64=e11m40"``, ``"native"`` for none. Further options are those of vprec-run,
    with ``_`` for ``-``: ``mode="sr"``, ``count=True``, ``object=["*blas*", "*conv*"]``, ``scope={"head": "e5m10"}``.

    program: a name, or a list of it and its arguments. `cwd`, `env` and `input` are as of :func:`subprocess.run`. The
    result is a dictionary of ``status`` (124: ``audit=True`` found something), ``stdout``, ``stderr`` and vprec-run's
    ``report``; with ``out=`` (samples) ``samples`` in the report's place.

    Or a function, and `arrays`, a tuple of its arguments: arrays and whatever else can be pickled. The result is what
    the function returns. What it prints is printed, and what it raises is raised here. Modules that it imports, and
    imports of NumPy, are run in the child, too; a function of a notebook needs the package cloudpickle.

    RunError: vprec-run refuses an option, the program cannot be run, or the child ended before the function did.

    >>> run(["awk", "BEGIN { print 0.1 + 0.2 }"], format="f64=e11m3")["stdout"]
    '0.3125\\n'
    >>> import numpy as np
    >>> x = np.full(1000, 0.1, np.float32)
    >>> float(run(np.add.accumulate, (x,), format="bf16")[-1])
    32.0
    """
    if callable(program):
        arguments = tuple(arrays) if isinstance(arrays, (list, tuple)) else (arrays,)
        return call(program, arguments, options_of({'format': format, **options}), cwd=cwd, env=env)
    if arrays != ():
        raise TypeError('arrays are arguments of a function; those of a program stand behind its name: ["prog", "arg"]')
    how = {'cwd': cwd, 'env': env, **({'stdin': subprocess.DEVNULL} if input is None else {'input': input})}
    if options.get('out') is not None:
        done = _execute('run', options_of({'format': format, **options}), _words(program), **how)
        if done.returncode == 125:
            raise _failed('run', done)
        return Report(status=done.returncode, stdout=done.stdout, stderr=done.stderr,
                      samples=read(os.path.join(cwd or '.', options['out']))['samples'])
    with tempfile.TemporaryDirectory(prefix='vprec-') as folder:
        report = os.path.join(folder, 'report.json')
        done = _execute('run', options_of({'format': format, 'report': report, **options}), _words(program), **how)
        if not os.path.exists(report):
            raise _failed('run', done)
        return RunResult(status=done.returncode, stdout=done.stdout, stderr=done.stderr, report=read(report))


class RunResult(Report):
    """What run() returns of a program; its table is the report's."""

    def rows(self) -> Rows:
        found: Rows = self['report'].rows()
        return found


def _text_of(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    """The source text of the function's file, or of what it is made of; "": it is not known."""
    import inspect
    from . import magic
    if function is magic.cell:
        return str(arguments[0])
    try:
        found = inspect.getsourcefile(inspect.unwrap(function))
        with open(found or '', encoding='utf-8') as file:
            return file.read()
    except (OSError, TypeError, UnicodeDecodeError):
        return ''


def call(function: Callable[..., Any], arguments: tuple[Any, ...], options: list[str], cwd: Any = None,
         env: Optional[dict[str, str]] = None) -> Any:
    """What function(*arguments) returns in a child under vprec-run with these options."""
    from . import _child
    with tempfile.TemporaryDirectory(prefix='vprec-') as folder:
        asked, answer = os.path.join(folder, 'call'), os.path.join(folder, 'answer')
        _child.write(asked, function, arguments)
        command = [_programs.path('run'), '-q', *options, '--', sys.executable, '-c',
                   _child.program(_text_of(function, arguments)),
                   os.path.dirname(os.path.dirname(os.path.abspath(__file__))), asked, answer]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors='replace', check=False, cwd=cwd, env=env)
        sys.stdout.write(done.stdout)
        if not os.path.exists(answer):
            said = done.stderr.strip() or f'exit status {done.returncode}'
            raise RunError(f'the child ended before the function did: {said}', done.returncode, done.stderr)
        sys.stderr.write(done.stderr)
        with open(answer, 'rb') as file:
            returned, result = pickle.load(file)
    if returned:
        return result
    raise result


UNMET = 3  # the status of a command that did all, where a requirement is not met


def sweep(program: Program, formats: Union[str, list[str], tuple[str, ...]], *, cwd: Any = None,
          env: Optional[dict[str, str]] = None, **options: Any) -> Report:
    """Runs a program in a grid of formats and tells how its results change: the report of vprec-sweep, whose table has
    a row for each cell. `formats` are texts as vprec-sweep takes them: ``"e8m{2..10}"``, ``["bf16", "fp16"]``. Further
    options are its options, with ``_`` for ``-``: ``threshold="max-rel<=0.01"``, ``extract="acc=accuracy ([0-9.]+)"``,
    ``jobs=2``. With ``report="directory"`` there is a page in there, too, and :meth:`Report.pictures` are in a notebook
    what it shows. What the runs gave is kept in the directory `out` if that is named, and a sweep that was interrupted
    goes on there; else it is removed.

    ``report["answer"]["text"]`` says what the smallest format is that keeps what was asked; with ``require="..."`` or
    ``baseline="report.json"``, ``report["checks"]`` what is met and what is not.

    RunError: the sweep has failed, as where the native run does.

    >>> report = sweep(["awk", "BEGIN { print 1 / 3 }"], "f64=e11m{3,20}", metric="max-rel")
    >>> [(row["format"], float("%.1g" % row["max-rel"])) for row in report.rows()]
    [('native', 0.0), ('f64=e11m3', 0.03), ('f64=e11m20', 0.0)]
    >>> report["answer"]["text"].split(" keeps")[0]
    'f64=e11m20 (32 bits) is the smallest format that'
    >>> checked = sweep(["awk", "BEGIN { print 1 / 3 }"], "f64=e11m3", require="max-rel<=0.01")
    >>> [check["ok"] for check in checked["checks"]]
    [False]
    """
    words = [formats] if isinstance(formats, str) else [str(word) for word in formats]
    with tempfile.TemporaryDirectory(prefix='vprec-') as folder:
        told = os.path.join(folder, 'report.json')
        chosen = {'out': os.path.join(folder, 'sweep'), 'json': told, **options}
        done = _execute('sweep', [*options_of(chosen), '--formats', *words], _words(program), cwd=cwd, env=env,
                        stdin=subprocess.DEVNULL)
        if done.returncode not in (0, UNMET) or not os.path.exists(chosen['json']):
            raise _failed('sweep', done)
        found: Report = read(chosen['json'])
        if options.get('report') is not None:
            found.folder = os.path.join(cwd or '.', options['report'])
        return found


def layers(program: Program, *, format: str = 'native', layers: Union[bool, str] = True, **options: Any) -> Rows:
    """The layers of a program's run in the order in which they came, with the operations, exponents, overflows and NaN
    of
    each: modules of PyTorch, nodes of onnxruntime, what :class:`vprec.scope` names. `layers` is a pattern of their
    names, other arguments are those of :func:`run`. Nothing is rounded unless `format` says so.

    RunError: as of run(); or the program has failed.

    >>> [row["name"] for row in layers([sys.executable, "-c", "pass"])]
    []
    """
    done = run(program, format=format, layers=layers, **options)
    if done['status']:
        raise RunError(f'the program has failed: exit status {done["status"]}\n{done["stderr"]}', done['status'],
                       done['stderr'])
    return Rows(row for row in done['report']['scopes'] if row['calls'] or any(
        count['ops'] for count in row.get('counts', {}).values()))
