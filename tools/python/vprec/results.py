# SPDX-License-Identifier: Apache-2.0
# results.py: what reports are in Python. Of pandas it knows only when it is asked for a table.
"""Reports as plain dictionaries and lists that can be made a table."""
from __future__ import annotations

import json
import os
from typing import Any, Optional

__all__ = ['Report', 'Rows', 'read']


def _flat(row: dict[str, Any], name: str = '') -> dict[str, Any]:
    """Numbers and texts by their path: counts.f32.ops.add."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        path = f'{name}.{key}' if name else key
        if isinstance(value, dict):
            found.update(_flat(value, path))
        else:
            found[path] = value
    return found


def _table(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError('to_pandas needs the package pandas: pip install pandas') from None
    return pandas.DataFrame([_flat(row) for row in rows])


class Rows(list[dict[str, Any]]):
    """A list of dictionaries, one for each row.

    >>> Rows([{"format": "bf16", "error": {"max": 0.1}}]).to_pandas()
      format  error.max
    0   bf16        0.1
    """

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of them: a column for each value, by its path, as ``counts.f32.ops.add``."""
        return _table(self)


class Picture:
    """A picture that a notebook shows; `svg` is its text."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg


class Report(dict[str, Any]):
    """A report as it is in JSON. ``to_pandas()`` is the table that says most: of a sweep its cells, of a run its
    functions, of samples these."""

    #: The directory of vprec-sweep's option --report that it lies in, if it does.
    folder: Optional[str] = None

    def pictures(self) -> dict[str, Picture]:
        """What vprec-sweep has drawn, which takes gnuplot, by name, as ``"max-rel"``; a notebook shows each. For the
        reports of ``sweep(..., report="directory")`` and ``read("directory")``.

        FileNotFoundError: there are none.
        """
        place = os.path.join(self.folder or '', 'pictures')
        if not self.folder or not os.path.isdir(place):
            raise FileNotFoundError('no pictures: make a sweep with report="directory", where gnuplot is installed')
        found = {}
        for name in sorted(os.listdir(place)):
            if name.endswith('.svg'):
                with open(os.path.join(place, name), encoding='utf-8') as file:
                    found[name[:-len('.svg')].partition('-')[2]] = Picture(file.read())
        return found

    def rows(self) -> Rows:
        """What to_pandas() is made of."""
        if 'cells' in self:
            return Rows(_cell(cell) for cell in (self.get('native'), *self['cells']) if cell)
        for name in ('functions', 'samples', 'documents'):
            if name in self:
                return Rows(self[name])
        return Rows([dict(self)])

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of rows()."""
        return _table(self.rows())

    def _repr_html_(self) -> Optional[str]:
        """In a notebook: the table, without empty columns; where there is no pandas, as other dictionaries."""
        try:
            html: str = self.to_pandas().dropna(axis=1, how='all').to_html()
        except ImportError:
            return None
        return html


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell of a sweep with its metrics' values, under their names."""
    names = ('format', 'mode', 'precision', 'where', 'status', 'seconds', 'over_native')
    row = {name: cell.get(name) for name in names}
    if row['format'] is None:
        row['format'] = 'native'
    for name, metric in cell.get('metrics', {}).items():
        row[name] = number(metric.get('value'))
    return row


def number(value: Any) -> Any:
    """JSON has no infinities and no NaN: reports have them as texts.

    >>> number("-inf"), number("bf16"), number(1.5)
    (-inf, 'bf16', 1.5)
    """
    return float(value) if isinstance(value, str) and value in ('inf', '-inf', 'nan', '-nan') else value


def _load(path: str) -> Any:
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def read(path: Any) -> Any:
    """A report of vprec-run, vprec-sweep or vprec-stats (JSON), as a :class:`Report`; of a directory that vprec-sweep
    --report or --out or vprec-run --out has made, the report in it, or ``run`` (what it was begun with) and ``samples``
    (what is known of each finished one, with its ``path``).

    FileNotFoundError: there is none. ValueError: it is no JSON.
    """
    path = os.fspath(path)
    if not os.path.isdir(path):
        found = _load(path)
        return Report(found) if isinstance(found, dict) else Rows(found)
    report = os.path.join(path, 'report.json')
    if os.path.exists(report):
        loaded = Report(_load(report))
        loaded.folder = path
        return loaded
    try:
        begun = _load(os.path.join(path, 'run.json'))
    except FileNotFoundError:
        raise FileNotFoundError(f"'{path}' holds neither report.json nor run.json: it is no directory of vprec-run "
                                '--out or vprec-sweep') from None
    samples = Rows()
    for folder, _, names in sorted(os.walk(path)):
        if 'status.json' in names:
            samples.append({'path': os.path.relpath(folder, path), **_load(os.path.join(folder, 'status.json'))})
    return Report(run=begun, samples=samples)
