# SPDX-License-Identifier: Apache-2.0
# torch.py: formats inside of a process that runs PyTorch: what modules hold and return is rounded, their own arithmetic
# is not. To round that, too, run the program by vprec-run.
"""Modules of PyTorch with rounded weights and outputs, in process."""
from __future__ import annotations

import fnmatch
import math
import os
from typing import TYPE_CHECKING, Any, Iterable, Union

import torch
from torch.nn.utils import parametrize

from .formats import Format
from .operations import round as rounded
from .results import Rows

if TYPE_CHECKING:
    from .formats import FormatLike

__all__ = ['Quantized', 'quantize', 'sensitivity']


class _Rounded(torch.autograd.Function):
    """The gradient is passed straight through (Y. Bengio, N. Léonard and A. Courville, 2013)."""

    @staticmethod
    def forward(ctx: Any, x: Any, format: Format, mode: str) -> Any:
        return rounded(x, format, mode=mode)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0], None, None


def _tensors(value: Any, change: Any) -> Any:
    """The same structure with its floating-point tensors changed."""
    if isinstance(value, torch.Tensor):
        return change(value) if value.is_floating_point() else value
    if isinstance(value, tuple) and hasattr(value, '_fields'):
        return type(value)(*[_tensors(v, change) for v in value])
    if isinstance(value, (tuple, list)):
        return type(value)(_tensors(v, change) for v in value)
    if isinstance(value, dict):
        return type(value)((k, _tensors(v, change)) for k, v in value.items())
    return value


class _Weight(torch.nn.Module):
    """A parametrization: what is stored stays as it is, and learns; what is used is rounded."""

    def __init__(self, format: Format, mode: str) -> None:
        super().__init__()
        self.format, self.mode = format, mode

    def forward(self, x: Any) -> Any:
        return _Rounded.apply(x, self.format, self.mode)


class Quantized:
    """What quantize() has done to a module; `remove()`, or the end of a ``with`` block, takes it off again.
    ``matched``: the format of each module that has one, by name."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.matched: dict[str, str] = {}
        self._hooks: list[Any] = []
        self._weights: list[tuple[Any, str]] = []

    def add(self, name: str, part: Any, format: Format, mode: str, weights: bool, outputs: bool) -> None:
        """One module in one format."""
        self.matched[name] = str(format)
        if outputs:
            self._hooks.append(part.register_forward_hook(
                lambda _, __, output: _tensors(output, lambda x: _Rounded.apply(x, format, mode))))
        if weights:
            for parameter, value in list(part.named_parameters(recurse=False)):
                if value.is_floating_point():
                    parametrize.register_parametrization(part, parameter, _Weight(format, mode), unsafe=True)
                    self._weights.append((part, parameter))

    def remove(self) -> None:
        """The module is as it was, but for what its parameters have learned."""
        for hook in self._hooks:
            hook.remove()
        for part, parameter in self._weights:
            parametrize.remove_parametrizations(part, parameter, leave_parametrized=False)
        self._hooks, self._weights = [], []

    def __enter__(self) -> Quantized:
        return self

    def __exit__(self, *_: Any) -> None:
        self.remove()


def _lines(recipe: Any) -> list[tuple[str, str]]:
    """GLOB and SPEC, of a dictionary, a format for all, or a file as vprec-sweep --recipe writes it."""
    if isinstance(recipe, dict):
        return [(glob, str(spec)) for glob, spec in recipe.items()]
    if isinstance(recipe, Format):
        return [('*', str(recipe))]
    if isinstance(recipe, str) and not os.path.exists(recipe) and '=' not in recipe:
        return [('*', recipe)]
    with open(recipe, encoding='utf-8') as file:
        lines = [line.partition('#')[0].strip() for line in file]
    pairs = [line.partition('=') for line in lines if line]
    if not all(between for _, between, _ in pairs):
        raise ValueError(f"'{recipe}' has a line that is no GLOB=SPEC")
    return [(glob.strip(), spec.strip()) for glob, _, spec in pairs]


def quantize(module: Any, recipe: Union[FormatLike, dict[str, Any], Any], *, weights: bool = True,
             outputs: bool = True) -> Quantized:
    """Rounds the weights and the outputs of a module's parts, in place, to the formats of a recipe. Gradients are
    passed straight through, so it can be trained so; what is stored stays in full.

    recipe: a format for all parts without parts of their own; or a dictionary of patterns of names (as
    ``named_modules()`` has them, with or without ``torch:`` in front) to formats, of which the last that matches
    counts, ``native`` for none, ``e5m2,mode=sr`` with a mode; or a file of such lines, which vprec-sweep --recipe
    writes. The result takes it off again: a :class:`Quantized`.

    ValueError: a pattern matches nothing.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> with quantize(net, {"0": "e4m3fn", "2": "bf16"}) as done:
    ...     net(torch.randn(5, 4)).sum().backward()
    >>> done.matched, net[0].weight.grad is not None
    ({'0': 'e4m3fn', '2': 'bf16'}, True)
    """
    done = Quantized(module)
    lines = _lines(recipe)
    every = len(lines) == 1 and lines[0][0] == '*'
    unused = {glob for glob, _ in lines}
    chosen: list[tuple[str, Any, Format, str]] = []
    for name, part in module.named_modules():
        spec = ''
        for glob, text in lines:
            if fnmatch.fnmatchcase(name, glob) or fnmatch.fnmatchcase('torch:' + name, glob):
                spec = text
                unused.discard(glob)
        words = [word.strip() for word in spec.split(',')]
        if words[0] in ('', 'native', 'f32=native') or every and any(True for _ in part.children()):
            continue
        mode = 'rne'
        for word in words[1:]:
            key, _, mode = word.partition('=')
            if key != 'mode':
                raise ValueError(f"'{spec}': a format here has no option but mode")
        chosen.append((name, part, Format(words[0].removeprefix('f32=')), mode))
    if unused:
        raise ValueError(f'no module is called {", ".join(sorted(unused))}: there are '
                         f'{", ".join(name for name, _ in module.named_modules() if name)}')
    for one in chosen:
        done.add(*one, weights, outputs)
    return done


def _outputs(value: Any) -> Any:
    found: list[Any] = []
    _tensors(value, lambda x: found.append(x.detach().double().flatten()))
    if not found:
        raise ValueError('the model returns no floating-point tensor')
    return torch.cat(found)


def sensitivity(model: Any, inputs: Any, formats: Iterable[FormatLike], *, modules: str = '*', weights: bool = True,
                outputs: bool = True) -> Rows:
    """How much the model's result changes where one module alone has rounded weights and outputs: a row for each module
    without parts of its own whose name matches the pattern `modules`, and each format.

    inputs: a tensor, a tuple of arguments, or a dictionary of them by name. Columns: ``module``, ``type``, ``format``,
    ``sqnr`` (signal to noise of all outputs, in dB; infinite: no change), ``max_relative`` (the largest change,
    relative to the largest output) and ``cosine``. It runs the model once for each row, in evaluation mode and without
    gradients.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> rows = sensitivity(net, torch.randn(5, 4), ["fp32", "e5m2"])
    >>> [(row["module"], row["format"]) for row in rows][:2], rows[0]["sqnr"]
    ([('0', 'fp32'), ('0', 'e5m2')], inf)
    """
    tried = [Format(format) for format in formats]

    def run() -> Any:
        if isinstance(inputs, dict):
            return _outputs(model(**inputs))
        return _outputs(model(*inputs) if isinstance(inputs, tuple) else model(inputs))

    rows = Rows()
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            y = run()
            for name, part in list(model.named_modules()):
                if not fnmatch.fnmatchcase(name, modules) or any(True for _ in part.children()):
                    continue
                for format in tried:
                    done = Quantized(model)
                    try:
                        done.add(name, part, format, 'rne', weights, outputs)
                        x = run()
                    finally:
                        done.remove()
                    rows.append({'module': name, 'type': type(part).__name__, 'format': str(format), **_measure(x, y)})
    finally:
        model.train(training)
    return rows


def _measure(x: Any, y: Any) -> dict[str, float]:
    noise, signal = float(((x - y) ** 2).sum()), float((y ** 2).sum())
    largest = float(y.abs().max())
    norms = math.sqrt(float((x ** 2).sum()) * signal)
    sqnr = math.nan
    if noise == 0:
        sqnr = math.inf
    elif noise > 0: # else NaN
        sqnr = 10 * math.log10(signal / noise) if signal and noise < math.inf else -math.inf
    return {'sqnr': sqnr,
            'max_relative': float((x - y).abs().max()) / largest if largest else math.nan,
            'cosine': 1.0 if noise == 0 else float((x * y).sum()) / norms if norms else math.nan}
