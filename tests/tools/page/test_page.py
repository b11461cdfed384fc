# SPDX-License-Identifier: Apache-2.0
"""test_page.py WRITE [Class...]: the files of a report by their content, against the document they were made from."""
import base64
import csv
import hashlib
import html.parser
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import documents

WRITE = os.path.abspath(sys.argv.pop(1))
SVG = '{http://www.w3.org/2000/svg}'
FILES = ('report.html', 'report.csv', 'report.md', 'report.json')


def shown(text):
    """What of a string people see: ends of lines are blanks, what no markup may hold is U+FFFD."""
    text = re.sub('[\t\n\r]', ' ', text)
    return re.sub('[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]', '\ufffd', text)


class Page(html.parser.HTMLParser):
    """The elements of a page, with their text; complains of what is not well-formed."""
    VOID = {'meta', 'br', 'hr', 'img', 'link', 'input'}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.problems, self.foreign = [], [], [], 0
        self.feed(text)
        self.close()
        self.problems += [f'{tag} is not closed' for tag, *_ in self.open]

    def handle_starttag(self, tag, attributes):
        if len({name for name, _ in attributes}) != len(attributes):
            self.problems.append(f'{tag} has an attribute twice')
        element = [tag, dict(attributes), '', [parent[0] for parent in self.open]]
        self.elements.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        if not any(parent[0] == 'svg' for parent in self.open):
            self.problems.append(f'{tag} closes itself')
        self.elements.append([tag, dict(attributes), '', [parent[0] for parent in self.open]])

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.problems.append(f'/{tag} closes {self.open[-1][0] if self.open else "nothing"}')
        else:
            self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, tag, inside=None):
        return [element for element in self.elements if element[0] == tag and (not inside or inside in element[3])]

    def tables(self):
        """Rows of texts of each table."""
        tables = []
        for tag, _, text, _ in self.elements:
            if tag == 'table':
                tables.append([])
            elif tag == 'tr':
                tables[-1].append([])
            elif tag in ('td', 'th'):
                tables[-1][-1].append(text)
        return tables


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name
        self.out = os.path.join(self.directory, 'report')

    def write(self, document, status=0, flags=(), env=None, out=None, **options):
        """Writes the report; returns what was said."""
        path = os.path.join(self.directory, 'document.json')
        with open(path, 'w') as file:
            json.dump(document, file)
        done = subprocess.run([WRITE, *flags, path, out or self.out], capture_output=True, text=True, timeout=120,
                              cwd=self.directory, env={**os.environ, **(env or {})}, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def made(self, name, **options):
        document = documents.DOCUMENTS[name]()
        self.assertEqual(self.write(document, flags=['--bytes'] if name == 'bytes' else [], **options), '')
        return document

    def read(self, name):
        with open(os.path.join(self.out, name), newline='') as file:
            return file.read()

    def page(self):
        page = Page(self.read('report.html'))
        self.assertEqual(page.problems, [])
        return page

    def pictures(self, ending='svg'):
        directory = os.path.join(self.out, 'pictures')
        return sorted(name for name in os.listdir(directory) if name.endswith('.' + ending))

    def rows(self):
        return list(csv.DictReader(self.read('report.csv').splitlines(keepends=True), strict=True))

    def markdown_tables(self):
        tables, last = [], ''
        for line in self.read('report.md').split('\n'):
            if line.startswith('|') and not last.startswith('|'):
                tables.append([])
            if line.startswith('|') and not re.fullmatch(r'[|:-]+', line):
                fields = re.split(r'(?<!\\)(?:\\\\)*\|', line)[1:-1]
                tables[-1].append([re.sub(r'\\(.)', r'\1', field[1:-1]) for field in fields])
            last = line
        return tables


class Csv(Case):
    def number(self, field, value, there=True):
        if value is None or not there:
            self.assertEqual(field, '')
        elif isinstance(value, str) or math.isnan(value):
            self.assertEqual(field, value)
        else:
            self.assertEqual(float(field), value)

    def check(self, name):
        document = self.made(name)
        rows = self.rows()
        self.assertEqual([row['id'] for row in rows], [cell['id'] for cell in document['cells']])
        for row, cell in zip(rows, document['cells']):
            for key in 'format', 'mode', 'where', 'status', 'directory':
                self.assertEqual(row[key], cell[key] or '')
            for key in ('exponent', 'fraction', 'precision', 'seconds', 'cpu_seconds', 'over_native', 'samples',
                        'failed'):
                self.number(row[key], cell[key])
            for key in 'exit', 'signal':
                self.number(row[key], cell[key], cell['status'] != 'pending')
            for metric in (one['name'] for one in document['metrics']):
                value = (cell['metrics'] or {}).get(metric) or {}
                for part in 'value', 'sd', 'min', 'max', 'n':
                    field = row[metric if part == 'value' else f'{metric}_{part}']
                    self.number(field, value.get(part))
            self.number(row['digits_median'], (cell['digits'] or {}).get('median'))

    def test_fields(self):
        for name in 'network', 'samples', 'odd', 'failed', 'pending', 'one', 'hostile':
            with self.subTest(name):
                self.check(name)

    def test_rfc_4180(self):
        self.made('hostile')
        with open(os.path.join(self.out, 'report.csv'), 'rb') as file:
            data = file.read()
        field = rb'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
        record = field + rb'(?:,' + field + rb')*\r\n'
        self.assertTrue(re.fullmatch(rb'(?:' + record + rb')+', data))
        self.assertEqual(len({len(row) for row in csv.reader(data.decode().splitlines(keepends=True))}), 1)

    def test_keeps(self):
        document = self.made('network')
        for row, cell in zip(self.rows(), document['cells']):
            value = cell['metrics']['accuracy']
            self.assertEqual(row['keeps'], 'yes' if value and value['value'] >= .9775 else 'no')

    def test_names_that_columns_have(self):
        names = ['seconds', 'id', 'directory', 'x', 'x_sd', 'a,b', 'a"b', 'x']
        cell = documents.cell(8, 7, metrics={name: documents.value(i) for i, name in enumerate(names)})
        self.write(documents.document([cell], [documents.metric(name) for name in names]))
        header = self.read('report.csv').split('\r\n')[0]
        columns = next(csv.reader([header]))
        self.assertEqual(len(set(columns)), len(columns))
        self.assertEqual(columns[:2] + columns[-3:], ['id', 'format', 'digits_median', 'keeps', 'directory'])
        self.assertIn('seconds_2', columns)


class Json(Case):
    def test_whole(self):
        for name in documents.DOCUMENTS:
            if name != 'bytes':
                document = self.made(name)
                self.assertEqual(json.loads(self.read('report.json')), json.loads(json.dumps(document)), name)

    def test_bytes(self):
        self.made('bytes')
        for name in FILES:
            self.read(name)  # decodes
        title = json.loads(self.read('report.json'))['title']
        self.assertEqual(title, documents.HOSTILE + '\ufffda\ufffdb\ufffd(c')


class Markdown(Case):
    def test_cells(self):
        document = self.made('network')
        cells = self.markdown_tables()[1]
        self.assertEqual(len(cells), 2 + len(document['cells']))
        column = {name: i for i, name in enumerate(cells[0])}
        for row, cell in zip(cells[2:], document['cells']):
            self.assertEqual(row[column['format']], cell['format'])
            for name in 'accuracy', 'max relative error':
                value = cell['metrics'][name]
                self.assertEqual(row[column[name]], f'{value["value"]:.6g}' if value else '–')
        self.assertEqual([row[column['status']] for row in cells[1:6]],
                         ['ok', 'failed: signal 8 (SIGFPE)', 'failed: exit status 3',
                          'failed: timed out after 60 s: the loop does not converge', 'ok'])

    def test_same_tables_as_the_page(self):
        for name in 'network', 'samples', 'odd', 'hostile', 'pending':
            self.made(name)
            want = [table for table in self.page().tables()]
            got = [table for table in self.markdown_tables() if table[0] != ['what', 'value']]
            self.assertEqual(got, want, name)

    def test_pictures_are_there(self):
        self.made('samples')
        links = re.findall(r'\]\((pictures/[^)]*)\)', self.read('report.md'))
        self.assertEqual([os.path.basename(link) for link in links], self.pictures())

    def test_reasons(self):
        self.made('reasons')
        text = re.sub(r'\\(.)', r'\1', self.read('report.md'))
        say = 'dot: 224 + 44 = 268 became inf'
        self.assertIn(f'## Why formats failed\n\n### e4m3 e4m3, e4m3: {say}\n\n- {say} 3\n- {say} 4\n\n'
                      f'## Where it calculates\n\n{say} 1\n\n{say} 2\n\n## Pictures', text)
        page = self.page()
        self.assertEqual([element[2] for element in page.all('li')][-2:], [f'{say} 3', f'{say} 4'])
        self.assertIn(f'e4m3 e4m3, e4m3: {say}', [element[2] for element in page.all('h3')])
        self.assertEqual([element[2] for element in page.all('p') if element[2].startswith('dot')],
                         [f'{say} 1', f'{say} 2'])
        self.assertIn('Why formats failed', [element[2] for element in page.all('a')])
        self.made('network')
        self.assertNotIn('Why', self.read('report.md') + self.read('report.html'))

    def test_command(self):
        document = self.made('hostile')
        lines = self.read('report.md').split('## How to repeat this run\n\n')[1].split('\n\n')[0].split('\n')
        self.assertEqual(len(lines), 2)
        # What bash reads back is what was run.
        script = lines[1].strip().replace('vprec-sweep', "printf '%s\\0' vprec-sweep", 1)
        words = subprocess.run(['bash', '-c', script], capture_output=True, check=True).stdout.decode().split('\0')[:-1]
        self.assertEqual(words, document['sweep'])


class Answer(Case):
    """The sentence that comes first, computed anew from the document."""

    def answer(self):
        page = self.page()
        answer = [text for tag, attributes, text, _ in page.elements if attributes.get('class') == 'answer']
        notes = [element[2] for element in page.all('li')]
        markdown = re.sub(r'\\(.)', r'\1', self.read('report.md')).split('\n')[2].replace('**', '')
        self.assertEqual([markdown], answer)
        return answer[0], notes

    def test_smallest(self):
        document = self.made('network')
        kept = [cell for cell in document['cells']
                if cell['metrics']['accuracy'] and cell['metrics']['accuracy']['value'] >= .9775]
        best = min(kept, key=lambda cell: cell['exponent'] + cell['fraction'])
        value = best['metrics']['accuracy']['value']
        bits = 1 + best['exponent'] + best['fraction']
        answer, notes = self.answer()
        self.assertEqual(answer, f'{best["format"]} ({bits} bits) is the smallest format that keeps accuracy at 0.9775 or '
                                 f'higher: {value:.6g} there, 0.9874 in native arithmetic. It takes {bits} of 32 bits: '
                                 f'{100 * (32 - bits) / 32:.0f} % are saved.')
        self.assertEqual(notes, ['3 of 66 cells failed; their rows say how.'])

    def test_other_sentences(self):
        sentences = {
            'samples': 'e5m11 (17 bits) with rne and e5m11 (17 bits) with sr: these are the smallest formats that keep '
                       'accuracy at 0.9775 or higher.',
            'empty': 'Nothing was measured: the sweep has no cells.',
            'bare': 'Nothing was measured: the sweep has no cells.',
            'one': 'x is 0.5 wherever it has a value, and 0.6 in native arithmetic.',
            'unmeasured': '2 of 2 cells ran to their end; no metric was asked for.',
            'failed': 'No format of this sweep keeps x at 0.9 or higher (1 in native arithmetic).',
            'many': 'error runs from 2.98023e-08 (e2m25) to 0.5 (e2m1) and is 0 in native arithmetic.'}
        for name, sentence in sentences.items():
            self.made(name)
            self.assertEqual(self.answer()[0], sentence)

    def test_notes(self):
        self.made('failed')
        self.assertEqual(self.answer()[1], ['4 of 4 cells failed; their rows say how.'])
        self.made('pending')
        self.assertEqual(self.answer()[1], ['The sweep is not complete: 2 of 3 cells have not run yet. The same '
                                            'command goes on with them.'])
        self.assertRegex(self.answer()[0], '^No format that has run so far keeps x')
        self.made('bisected')
        self.assertEqual(self.answer()[1], ['Bisection ran 1 of 3 cells; the others are not needed to find the '
                                            'smallest formats.'])
        self.assertRegex(self.answer()[0], '^No format of this sweep keeps x')
        document = documents.with_status('exit')
        document['native'] = {'status': 'exit', 'exit': 127, 'seconds': None, 'metrics': {'x': None}}
        self.write(document)
        self.assertIn('The native run has no result (failed: exit status 127), so there is nothing to compare with.',
                      self.answer()[1])

    def test_not_monotone(self):
        document = documents.network()
        document['threshold']['series'][1]['monotone'] = False
        self.write(document)
        self.assertIn('1 of 3 series', self.answer()[1][0])

    def test_lower_is_better(self):
        cells = [documents.cell(8, m, metrics={'error': documents.value(2.0 ** -m)}) for m in range(2, 8)]
        series = {'exponent': 8, 'mode': 'rne', 'where': None, 'smallest': 'e8m4', 'value': 2.0 ** -4, 'monotone': None,
                  'tested': [], 'note': ''}
        threshold = {'metric': 'error', 'spec': '0.1', 'limit': .1, 'series': [series]}
        self.write(documents.document(cells, [documents.metric('error', 'lower', unit='%')],
                                      {'error': documents.value(0)}, threshold))
        self.assertEqual(self.answer()[0], 'e8m4 (13 bits) is the smallest format that keeps error at 0.1 % or lower: '
                                           '0.0625 % there, 0 % in native arithmetic. It takes 13 of 32 bits: 59 % are '
                                           'saved.')
        self.assertEqual([row['keeps'] for row in self.rows()], ['no', 'no', 'yes', 'yes', 'yes', 'yes'])


class Html(Case):
    def test_well_formed(self):
        for name in documents.DOCUMENTS:
            self.made(name)
            page = self.page()
            ids = [attributes['id'] for _, attributes, *_ in page.elements if 'id' in attributes]
            self.assertEqual(len(ids), len(set(ids)), name)
            self.assertEqual(page.all('iframe') + page.all('img') + page.all('link'), [])
            [script] = re.findall('<script>(.*?)</script>', self.read('report.html'), re.S)
            allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            self.assertIn(f"script-src 'sha256-{allowed}'\">", self.read('report.html'))
            self.assertEqual(len(page.all('h1')), 1)
            headings = [int(tag[1]) for tag, *_ in page.elements if re.fullmatch('h[1-6]', tag)]
            self.assertTrue(all(b <= a + 1 for a, b in zip(headings, headings[1:])), headings)
            for tag, attributes, text, _ in page.elements:
                self.assertFalse([key for key in attributes if key.startswith('on')])
                for key in 'href', 'src', 'xlink:href':
                    self.assertTrue(re.match('#|pictures/|report|recipe', attributes.get(key, '#')), attributes)
                for key in 'aria-labelledby', 'aria-describedby':
                    self.assertTrue(set(attributes.get(key, '').split()) <= set(ids))
                if tag == 'a' and attributes['href'][0] == '#':
                    self.assertIn(attributes['href'][1:], ids)
                if tag == 'th':
                    self.assertIn(attributes.get('scope'), ('row', 'col'))
                if tag == 'style':
                    self.assertNotRegex(text, r'url\(|@import|http')

    def test_pictures_have_names(self):
        self.made('samples')
        page = self.page()
        pictures = page.all('svg')
        self.assertEqual(len(pictures), len(self.pictures()))
        self.assertEqual([picture[1]['role'] for picture in pictures], ['img'] * len(pictures))
        self.assertEqual(page.all('title')[1][2], 'accuracy over fraction bits')
        self.assertTrue(all(text for *_, text, _ in page.all('title') + page.all('desc')))

    def test_repeat(self):
        document = self.made('network')
        text = self.page().all('section')[-1][2]
        for fact in ('vprec-sweep --formats', "'test set.npz'", 'cd /home/ada/networks', document['machine']['cpu'],
                     '2.36', 'avx512', '0.1.0', document['started'], documents.OBJECTS[0][1], documents.OBJECTS[2][0],
                     'accuracy: ([0-9.]+)', document['machine']['system'], '60 s'):
            self.assertIn(fact, text)

    def test_rows(self):
        document = self.made('many')
        tables = self.page().tables()
        self.assertEqual(len(tables[0]), 2 + len(document['cells']))
        self.assertEqual(len(document['cells']), 2000)

    def test_numbers_that_are_none(self):
        self.made('odd')
        column = [row[-3] for row in self.page().tables()[0]]
        self.assertEqual(column, ['x', 'inf', 'nan', 'inf', '-inf', '1e+308', '-1e+308', '4.94066e-324', '0', '-0',
                                  '0.1', '3', '–', 'not computed: no line matches', '2', '2.5 ± 0.5'])

    def test_metrics_that_no_cell_has(self):
        """They are no column of the cells; why is said once, beside what the metric is."""
        metrics = [documents.metric('accuracy'), documents.metric('labels')]
        missing = {'value': None, 'error': 'no labels in the output'}
        cells = [documents.cell(8, m, metrics={'accuracy': documents.value(.5), 'labels': missing}) for m in (3, 4)]
        self.write(documents.document(cells, metrics, {'accuracy': documents.value(.6), 'labels': missing}))
        tables = self.page().tables()
        self.assertIn('accuracy', tables[0][0])
        self.assertNotIn('labels', tables[0][0])
        self.assertEqual({len(row) for row in tables[0]}, {len(tables[0][0])})
        self.assertEqual([row[-1] for table in tables for row in table if row[0] == 'labels'],
                         ['not computed: no labels in the output'])

    def test_status(self):
        self.made('failed')
        rows = {row[0]: row for row in self.page().tables()[1]}
        self.assertEqual([rows[f'e8m{m}'][5] for m in range(2, 6)],
                         ['failed: exit status 3', 'failed: signal 11 (SIGSEGV)', 'failed: timed out after 60 s',
                          'failed: refused by vprec-run'])
        self.made('pending')
        self.assertEqual([row[5] for row in self.page().tables()[1]],
                         ['status', 'ok', 'ok', 'not run yet', 'not run yet'])
        self.made('bisected')
        self.assertEqual([row[5] for row in self.page().tables()[1]],
                         ['status', 'ok', 'ok', *2 * ['not run: bisection does not need it']])


class Layers(Case):
    def test_recipe(self):
        document = self.made('layers')
        page = self.page()
        [table] = [table for table in page.tables() if table[0][0] == 'layer']
        self.assertEqual(table, [['layer', 'narrowest format alone', 'max-rel', 'in the recipe'],
                                 ['torch:<a&b>', 'none of them', '–', 'native'], ['torch:head', 'e8m2', '0.1', 'e8m3']])
        text = page.all('main')[0][2]
        self.assertIn('keeps max-rel <= 0.2: 0.19, measured; 2 runs of all together led to it. With each layer in the '
                      'narrowest format that it bears alone it is 0.31.', text)
        self.assertEqual(page.all('pre')[0][2].strip(), document['recipe']['text'].strip())
        self.assertEqual(self.read('recipe.txt'), document['recipe']['text'])
        self.assertIn('    torch:head  = e8m3\n', self.read('report.md'))
        # Without one the file of a former report goes.
        document['recipe'].update(found=False, text=None, value=None, note='no layer bears it')
        self.write(document)
        self.assertFalse(os.path.exists(os.path.join(self.out, 'recipe.txt')))
        self.assertIn('No recipe of all layers together keeps max-rel <= 0.2: no layer bears it.',
                      self.page().all('main')[0][2])

    def test_of_others(self):
        os.makedirs(self.out)
        with open(os.path.join(self.out, 'recipe.txt'), 'w', encoding='ascii') as file:
            file.write('flour')
        self.write(documents.layers(), status=1)
        self.assertEqual(self.read('recipe.txt'), 'flour')


class Hostile(Case):
    def test_strings(self):
        for name in 'hostile', 'bytes':
            document = self.made(name)
            whole = json.loads(self.read('report.json'))
            page = self.page()
            title = shown(whole['title'])
            self.assertEqual(page.all('h1')[0][2], title)
            cells = page.tables()[1]
            for row, cell in zip(cells[2:], whole['cells']):
                self.assertEqual(row[0], shown(cell['format']))
                self.assertEqual(row[4:6], [title, title])
            self.assertEqual(len(cells), 2 + len(document['cells']))
            self.assertFalse(os.path.exists(os.path.join(self.directory, 'pwned')))
            self.assertEqual(len(self.pictures()), 3)

    def test_pictures(self):
        self.made('hostile')
        for name in self.pictures():
            tree = xml.etree.ElementTree.parse(os.path.join(self.out, 'pictures', name))
            self.assertEqual({element.tag for element in tree.iter()} - {
                SVG + tag for tag in ('svg', 'title', 'desc', 'style', 'g', 'defs', 'circle', 'path', 'rect', 'use',
                                      'text', 'polygon', 'filter', 'feFlood', 'feComposite')}, set())
        tree = xml.etree.ElementTree.parse(os.path.join(self.out, 'pictures', self.pictures()[0]))
        texts = [element.text for element in tree.iter(SVG + 'text')]
        self.assertIn(documents.HOSTILE[:52] + '…', texts)  # the title, to the letter

    def test_fields_of_other_types(self):
        def twist(value, other):
            if isinstance(value, dict):
                return {key: twist(one, other) for key, one in value.items()}
            return [twist(one, other) for one in value] if isinstance(value, list) else other
        for other in None, 'x', -1, 10 ** 18, 1e300, True, [], {}, [[]], '\n':
            document = twist(documents.network(3), other)
            self.write(document)
            self.page()
            json.loads(self.read('report.json'))
            self.rows()
        for document in [], {'cells': 3, 'metrics': {}}, {'cells': [1, None, 'x', []], 'metrics': [1, None]}:
            self.write(document)
            self.page()


class Pictures(Case):
    def tree(self, name):
        return xml.etree.ElementTree.parse(os.path.join(self.out, 'pictures', name)).getroot()

    def axes(self, tree):
        """Functions from pixels to values, read off the labels of the axes."""
        tics = {'middle': {}, 'end': {}}
        for group in tree.iter(SVG + 'g'):
            texts = [element.text.strip() for element in group.findall(SVG + 'text') if element.text]
            place = re.match(r'translate\(([\d.]+),([\d.]+)\)$', group.get('transform', ''))
            if place and texts and re.fullmatch(r'-?\d+(\.\d+)?', texts[0]) and group.get('text-anchor') in tics:
                anchor = group.get('text-anchor')
                tics[anchor][float(texts[0])] = float(place[1 if anchor == 'middle' else 2])
        functions = []
        for anchor in 'middle', 'end':
            low, high = min(tics[anchor]), max(tics[anchor])
            first, last = tics[anchor][low], tics[anchor][high]
            functions.append(lambda p, l=low, h=high, a=first, b=last: l + (p - a) * (h - l) / (b - a))
        return functions

    def test_points(self):
        """What stands in the picture is what was measured, read back from the drawing."""
        document = self.made('coarse')
        tree = self.tree('01-accuracy.svg')
        x_of, y_of = self.axes(tree)
        seen = []
        for use in tree.iter(SVG + 'use'):
            place = re.match(r'translate\(([\d.]+),([\d.]+)\)', use.get('transform', ''))
            if place and use.get('color') in ('#0072b2', '#c94f00', '#00805c'):
                seen.append((use.get('color'), x_of(float(place[1])), float(place[2])))
        for color, exponent in ('#0072b2', 4), ('#c94f00', 5), ('#00805c', 8):
            want = [(cell['fraction'], cell['metrics']['accuracy']['value']) for cell in document['cells']
                    if cell['exponent'] == exponent and cell['metrics']['accuracy']]
            points = sorted([(x, y) for one, x, y in seen if one == color], key=lambda p: p[1])
            sample = points.pop(0)  # in the key, above all others
            self.assertLess(sample[1], min(y for _, y in points))
            points.sort()
            self.assertEqual(len(points), len(want))
            for (x, y), (fraction, value) in zip(points, want):
                self.assertAlmostEqual(x, fraction, delta=.02)
                # Labels stand a little lower than their tics, so heights are compared.
                self.assertAlmostEqual(y_of(y) - y_of(points[0][1]), value - want[0][1], delta=2e-3)

    def test_map(self):
        document = self.made('coarse')
        tree = self.tree([name for name in self.pictures() if 'accuracy-map' in name][0])
        boxes = [element.get('fill') for element in tree.iter(SVG + 'polygon')]
        values = [cell['metrics']['accuracy']['value'] for cell in document['cells'] if cell['metrics']['accuracy']]
        boxes = boxes[:len(values)]
        self.assertEqual(boxes[values.index(max(values))], '#fde725')
        self.assertEqual(boxes[values.index(min(values))], '#440154')
        texts = [element.text for element in tree.iter(SVG + 'text')]
        for value in values:
            self.assertIn(f'{value:.3g}', [text.strip() for text in texts])

    def test_layers(self):
        """Layers from the top in their order, formats from the left by their width, and every value in its place."""
        document = self.made('layers')
        tree = self.tree('01-max-rel-layers.svg')
        texts = {}
        for group in tree.iter(SVG + 'g'):
            place = re.match(r'translate\(([\d.]+),([\d.]+)\)', group.get('transform', ''))
            for element in group.findall(SVG + 'text') if place else []:
                texts.setdefault(element.text.strip(), []).append((float(place[1]), float(place[2])))
        begin = len('within:torch:0.model.encoder.layer.')
        layers = list(dict.fromkeys(cell['where'] for cell in document['cells']))
        heights = [texts[layer[begin:]][0][1] for layer in layers]
        self.assertEqual(heights, sorted(heights))
        formats = ['e4m3', 'e5m2', 'e8m2', 'e8m3', 'e8m7']  # 8, 8, 11, 12, 16 bits, e4m3 before e5m2 in the document
        columns = [texts[format_][0][0] for format_ in formats]
        self.assertEqual(columns, sorted(columns))
        for cell in document['cells']:
            if cell['metrics']['max-rel']:
                value = cell['metrics']['max-rel']['value']
                shown = next(text for text in (f'{value:.{digits}g}' for digits in (3, 2, 1)) if len(text) <= 5)
                near = [(x, y) for x, y in texts[shown] if abs(x - columns[formats.index(cell['format'])]) < 20 and
                        abs(y - heights[layers.index(cell['where'])]) < 12]
                self.assertEqual(len(near), 1, (cell['where'], cell['format'], shown))
        boxes = [element.get('fill') for element in tree.iter(SVG + 'polygon')]
        values = [cell['metrics']['max-rel']['value'] for cell in document['cells'] if cell['metrics']['max-rel']]
        self.assertEqual(boxes[values.index(min(values))], '#fde725')
        self.assertEqual(boxes[values.index(max(values))], '#440154')
        # The colours are the same in all parts of a long one.
        self.made('upto')
        self.assertEqual(len([name for name in self.pictures() if 'layers' in name]), 3)
        self.assertIn('All layers up to each one', self.page().all('main')[0][2])

    def test_which(self):
        self.made('samples')
        names = ['01-accuracy', '02-max-relative-error', '03-time', '04-accuracy-map', '05-accuracy-map',
                 '06-max-relative-error-map', '07-max-relative-error-map', '08-digits']
        self.assertEqual(self.pictures(), [name + '.svg' for name in names])
        self.assertEqual(self.pictures('png'), [name + '.png' for name in names])
        for name in self.pictures('png'):
            with open(os.path.join(self.out, 'pictures', name), 'rb') as file:
                data = file.read()
            self.assertEqual((data[:8], data[-8:-4]), (b'\x89PNG\r\n\x1a\n', b'IEND'))
            self.assertEqual(int.from_bytes(data[16:20], 'big'), 960)
        self.made('one')
        self.assertEqual(self.pictures(), ['01-x.svg', '02-time.svg'])

    def test_left_out(self):
        cells = [documents.cell(8, m, metrics={f'm{i}': documents.value(i) for i in range(70)}) for m in (3, 4)]
        self.write(documents.document(cells, [documents.metric(f'm{i}') for i in range(70)]))
        self.assertEqual(len(self.pictures()), 60)
        self.assertIn('11 more pictures were left out.', self.page().all('main')[0][2])

    def test_same_again(self):
        def content():
            files = {}
            for path, _, names in os.walk(self.out):
                for name in names:
                    with open(os.path.join(path, name), 'rb') as file:
                        files[name] = file.read()
            return files
        self.made('network')
        first = content()
        self.made('network')
        self.assertEqual(content(), first)

    def test_old_ones_go(self):
        self.made('samples')
        own = [os.path.join(self.out, 'pictures', name) for name in ('mine.svg', '01-notes.txt', '1-x.svg')]
        for path in own:
            open(path, 'w').close()
        self.made('one')
        self.assertEqual(self.pictures(), ['01-x.svg', '02-time.svg', '1-x.svg', 'mine.svg'])
        self.assertTrue(all(map(os.path.exists, own)))


class Gnuplot(Case):
    def fake(self, text):
        directory = os.path.join(self.directory, 'bin')
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, 'gnuplot')
        with open(path, 'w') as file:
            file.write('#!/bin/sh\n' + text)
        os.chmod(path, 0o755)
        return {'PATH': directory + ':/usr/bin:/bin'}

    def test_missing(self):
        said = self.write(documents.network(), env={'PATH': self.directory})
        self.assertIn('gnuplot is not installed: apt-get install gnuplot-nox', said)
        self.assertEqual(said.count('\n'), 1)
        text = self.page().all('main')[0][2]
        self.assertIn('There are no pictures, since gnuplot is not installed.', text)
        self.assertIn('apt-get install gnuplot-nox', self.read('report.md'))
        self.assertEqual(self.pictures() + self.pictures('png'), [])
        self.assertEqual(len(self.rows()), 66)

    def test_failing(self):
        for script, why in (('echo "line 3: undefined function" >&2; exit 1', 'gnuplot: line 3: undefined function'),
                            ('kill -9 $$', 'gnuplot died of signal 9'), ('exit 0', 'gnuplot drew no whole picture'),
                            ('echo "<svg viewBox=" >/dev/fd/3; exit 0', 'gnuplot drew no whole picture')):
            said = self.write(documents.document([documents.cell(8, 7)]), env=self.fake(script))
            self.assertIn(why, said)
            self.assertIn(why, self.page().all('main')[0][2])
            self.assertIn(why, self.read('report.md'))
            self.assertEqual(self.pictures() + self.pictures('png'), [])

    def test_user_settings(self):
        """A user's own ~/.gnuplot and locale change nothing."""
        self.made('one')
        plain = self.read('report.html')
        home = os.path.join(self.directory, 'home')
        os.mkdir(home)
        with open(os.path.join(home, '.gnuplot'), 'w') as file:
            file.write("set title 'mine'\nset xrange [0:1]\n")
        self.made('one', env={'HOME': home, 'LC_ALL': 'de_DE.UTF-8', 'GNUTERM': 'dumb'})
        self.assertEqual(self.read('report.html'), plain)


class Errors(Case):
    def test_no_parent(self):
        said = self.write(documents.document([]), status=1, out=os.path.join(self.directory, 'a', 'b'))
        self.assertRegex(said, "cannot make the directory '.*/a/b' \\(No such file or directory\\): check that its")

    def test_file_in_the_way(self):
        open(self.out, 'w').close()
        self.assertIn('cannot make the directory', self.write(documents.document([]), status=1))
        for name in FILES:
            out = os.path.join(self.directory, 'for ' + name)
            os.makedirs(os.path.join(out, name))
            said = self.write(documents.network(3), status=1, out=out)
            self.assertRegex(said, f"cannot write '.*{name}' \\(Is a directory\\): free room there, or check")

    def tree(self):
        found = {}
        for folder, _, names in os.walk(self.out):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as file:
                    found[os.path.relpath(os.path.join(folder, name), self.out)] = file.read()
        return found

    def test_files_of_others(self):
        """What no report wrote, or what was changed since, is left alone, and nothing is written then."""
        for name in (*FILES, 'report.files.json', 'pictures/01-x.svg', 'pictures/02-time.png'):
            for content in b'mine', b'{}', b'{"generator": "vprec-sweep", "schema": 1}':
                shutil.rmtree(self.out, True)
                os.makedirs(os.path.join(self.out, 'pictures'))
                with open(os.path.join(self.out, name), 'wb') as file:
                    file.write(content)
                before = self.tree()
                self.assertIn(name, self.write(documents.DOCUMENTS['one'](), status=1))
                self.assertEqual(self.tree(), before)

    def test_files_that_were_changed(self):
        for name in ('report.md', 'pictures/01-x.svg'):
            shutil.rmtree(self.out, True)
            self.made('one')
            with open(os.path.join(self.out, name), 'a') as file:
                file.write('a remark of mine')
            before = self.tree()
            self.assertIn('has been changed since', self.write(documents.DOCUMENTS['one'](), status=1))
            self.assertEqual(self.tree(), before)
        # One that was changed and is not needed any more stays.
        shutil.rmtree(self.out)
        self.made('samples')
        changed = os.path.join(self.out, 'pictures', sorted(os.listdir(os.path.join(self.out, 'pictures')))[-1])
        with open(changed, 'a') as file:
            file.write('mine')
        self.made('one')
        self.assertTrue(os.path.exists(changed))

    def test_links(self):
        """Neither is what a link leads to written to, nor a file that has another name too."""
        with open(os.path.join(self.directory, 'thesis'), 'w') as file:
            file.write('mine')
        os.mkdir(self.out)
        os.symlink('../thesis', os.path.join(self.out, 'report.html'))
        self.assertIn('in the way', self.write(documents.network(3), status=1))
        os.unlink(os.path.join(self.out, 'report.html'))
        self.made('one')
        os.link(os.path.join(self.out, 'report.md'), os.path.join(self.directory, 'copy.md'))
        first = self.read('report.md')
        self.made('network')
        with open(os.path.join(self.directory, 'copy.md'), newline='') as file:
            self.assertEqual(file.read(), first)

    def test_file_systems_without_nameless_files(self):
        """As NFS. What is written is the same, and nothing else is left; a name that is taken is so there, too."""
        self.made('one')
        want = self.tree()
        for how in '1', '2':
            env = {'LD_PRELOAD': os.environ['PLAIN_FILES_LIBRARY'], 'PLAIN_FILES': how,
                   'ASAN_OPTIONS': 'verify_asan_link_order=0'}
            shutil.rmtree(self.out)
            for _ in range(2):
                self.write(documents.DOCUMENTS['one'](), env=env)
                self.assertEqual(self.tree(), want)
            os.unlink(os.path.join(self.out, 'report.files.json'))
            self.assertIn('in the way', self.write(documents.DOCUMENTS['one'](), status=1, env=env))

    def test_killed_at_any_moment(self):
        """Then the next one goes on, since each file is known to be ours."""
        draw = random.Random(3)
        kills = 0
        for turn in range(12):
            document = documents.network(3 + turn % 2)
            path = os.path.join(self.directory, 'document.json')
            with open(path, 'w') as file:
                json.dump(document, file)
            child = subprocess.Popen([WRITE, path, self.out], stderr=subprocess.PIPE, env={**os.environ, 'PATH': ''})
            time.sleep(draw.random() * .01)
            child.kill()
            said = child.communicate()[1]
            self.assertIn(child.returncode, (0, -signal.SIGKILL), said)
            self.assertRegex(said, rb'\A(write: no pictures, since gnuplot [^\n]*\n)?\Z')
            kills += child.returncode != 0
        self.write(documents.network(3), env={'PATH': ''})
        self.assertTrue(kills)

    def test_not_permitted(self):
        os.mkdir(self.out, 0o555)
        if os.geteuid() == 0:  # may write everywhere but where the file system itself is read-only
            self.assertIn('cannot make the directory', self.write(documents.document([]), status=1, out='/proc/self/x'))
        else:
            self.assertIn('Permission denied', self.write(documents.document([]), status=1))

    def test_full(self):
        """As on a full disk: files cannot grow beyond a few bytes. What was there stays whole."""
        def small(limit):
            def prepare():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            return prepare
        self.made('one')
        before = {name: self.read(name) for name in FILES}
        for limit in 0, 100, 4096:
            said = self.write(documents.network(), status=1, preexec_fn=small(limit))
            self.assertIn('File too large', said)
            left = [name for _, _, names in os.walk(self.out) for name in names if not re.match('report|[0-9]', name)]
            self.assertEqual(left, [])
            self.assertEqual({name: self.read(name) for name in FILES}, before)

    def test_modes(self):
        """Files are as the user's umask has them, not as a temporary file."""
        old = os.umask(0o027)
        self.addCleanup(os.umask, old)
        self.made('one')
        for name in FILES:
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.out, name)).st_mode), 0o640)


if __name__ == '__main__':
    if not shutil.which('gnuplot'):
        print('gnuplot is not installed: tools/setup/packages report', file=sys.stderr)
        sys.exit(77)
    unittest.main()
