# SPDX-License-Identifier: Apache-2.0
"""test_browser.py WRITE [--shots DIR] [Class...]: the page of a report in headless Chromium, on a desk and on a phone,
light and dark. --shots keeps screenshots. Exit status 77 where there is no Chromium or no gnuplot."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import browser
import documents

WRITE = os.path.abspath(sys.argv.pop(1))
SHOTS = None
if sys.argv[1:2] == ['--shots']:
    SHOTS = os.path.abspath(sys.argv[2])
    os.makedirs(SHOTS, exist_ok=True)
    del sys.argv[1:3]

WIDE, NARROW = 1200, 375
VIEWS = [(width, scheme) for width in (WIDE, NARROW) for scheme in ('light', 'dark')]
NAMES = ['network', 'samples', 'many', 'layers', 'odd', 'hostile', 'bytes', 'bare', 'failed', 'pending']

# What the page looks like, measured in it. Contrast is that of WCAG 2.1, 1.4.3: text to what is behind it.
LOOK = r'''(() => {
  const parse = text => { const m = text.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = colour => { const [r, g, b] = colour.slice(0, 3).map(v => { v /= 255;
    return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = element => { for (; element; element = element.parentElement) {
    const colour = parse(getComputedStyle(element).backgroundColor);
    if (colour[3]) return colour; } return [255, 255, 255, 1]; };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + .05) / (y + .05); };
  const dim = [], own = '#fefefe #010101';  // the latter stand on the boxes of a map
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    if (['TITLE', 'DESC', 'STYLE'].includes(element.tagName.toUpperCase())) continue;
    const svg = element.closest('svg'), style = getComputedStyle(element);
    if (svg && own.includes(element.closest('[fill]').getAttribute('fill'))) continue;
    const ratio = contrast(parse(svg ? style.fill : style.color), behind(svg || element));
    if (ratio < 4.5) dim.push([element.tagName, element.textContent.slice(0, 40), ratio]);
  }
  const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; };
  const wide = [...document.querySelectorAll('body *')].filter(e => !e.closest('.box') && !e.closest('svg') &&
      e.getBoundingClientRect().right > innerWidth + .5).map(e => e.tagName);
  return {
    width: document.documentElement.scrollWidth, inner: innerWidth, wide, dim,
    background: parse(getComputedStyle(document.body).backgroundColor),
    pictures: [...document.querySelectorAll('svg')].map(box),
    outside: [...document.querySelectorAll('svg')].flatMap(svg => { const s = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
        return r.width && (r.left < s.left - 1 || r.right > s.right + 1 || r.top < s.top - 1 ||
                           r.bottom > s.bottom + 1); })
        .map(t => t.textContent); }),
    lines: [...document.querySelectorAll('svg path')].map(e => getComputedStyle(e).stroke),
    tables: [...document.querySelectorAll('table')].map(t => [t.rows.length, ...box(t)]),
    boxes: [...document.querySelectorAll('.box')].map(b => [b.clientWidth, b.scrollWidth]),
    heading: document.querySelector('h1').textContent, ids: document.querySelectorAll('[id]').length,
    distinct: new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size,
    scripts: document.scripts.length, mode: document.compatMode, text: document.body.innerText.length,
  };
})()'''


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix='vprec-page-')
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.browser = cls.enterClassContext(browser.Browser())

    def page(self, name):
        """The page of a document, alone in a directory: it needs no file beside it."""
        path = os.path.join(self.directory, f'{name}.html')
        if not os.path.exists(path):
            out = os.path.join(self.directory, 'report')
            with open(out + '.json', 'w') as file:
                json.dump(documents.DOCUMENTS[name](), file)
            flags = ['--bytes'] if name == 'bytes' else []
            subprocess.run([WRITE, *flags, out + '.json', out], check=True, timeout=120)
            shutil.move(os.path.join(out, 'report.html'), path)
            shutil.rmtree(out)
        return path

    def look(self, name, width, scheme):
        self.browser.view(width, scheme=scheme, mobile=width == NARROW, scale=2 if width == NARROW else 1)
        path = self.page(name)
        self.browser.open(path)
        self.assertEqual(self.browser.requests(), ['file://' + path])
        look = self.browser.ask(LOOK)
        self.assertEqual(self.browser.complaints(), [])
        if SHOTS:
            self.browser.shoot(os.path.join(SHOTS, f'{name}-{"wide" if width == WIDE else "narrow"}-{scheme}.png'))
        return look


class Pages(Case):
    """Every kind of page in every view: no request, no complaint, no overflow, pictures and tables there, readable."""

    def test_views(self):
        for name in NAMES:
            for width, scheme in VIEWS:
                with self.subTest(name=name, width=width, scheme=scheme):
                    look = self.look(name, width, scheme)
                    self.assertEqual((look['width'], look['inner'], look['wide']), (width, width, []))
                    self.assertEqual(look['dim'], [])
                    self.assertEqual(look['ids'], look['distinct'])
                    self.assertEqual((look['scripts'], look['mode']), (1, 'CSS1Compat'))
                    self.assertEqual(sum(look['background'][:3]) < 200, scheme == 'dark')
                    for left, _, across, height in look['pictures']:
                        self.assertTrue(0 <= left and 300 < across <= width - left and height > 100)
                    for rows, _, _, across, height in look['tables']:
                        self.assertTrue(rows >= 1 and across > 0 and height > 0)
                    for inner, _ in look['boxes']:
                        self.assertLess(inner, width)

    def test_counts(self):
        """Rows: headings and native run with the cells; the smallest formats first, metrics and objects last."""
        for name, pictures, rows in (('network', 5, [4, 68, 3, 4]), ('samples', 8, [7, 134, 3, 4]),
                                     ('many', 10, [2002, 2, 4]), ('layers', 9, [3, 62, 2, 4]), ('bare', 0, [2])):
            look = self.look(name, WIDE, 'light')
            self.assertEqual(len(look['pictures']), pictures, name)
            self.assertEqual([table[0] for table in look['tables']], rows, name)

    def test_texts_stay_in_pictures(self):
        for name in 'network', 'samples', 'odd', 'failed', 'layers':
            self.assertEqual(self.look(name, WIDE, 'light')['outside'], [], name)

    def test_pictures_follow_the_scheme(self):
        light, dark = (set(self.look('samples', WIDE, scheme)['lines']) for scheme in ('light', 'dark'))
        for colour in 'rgb(0, 114, 178)', 'rgb(201, 79, 0)', 'rgb(27, 33, 39)', 'rgb(89, 99, 110)':
            self.assertNotIn(colour, dark)
        self.assertIn('rgb(0, 114, 178)', light)
        self.assertIn('rgb(86, 180, 233)', dark)

    def test_hostile(self):
        look = self.look('hostile', WIDE, 'light')
        self.assertTrue(look['heading'].startswith(documents.HOSTILE))


class Table(Case):
    """The table of cells, sorted and filtered; and as it is without its script."""

    def rows(self, column=0):
        return self.browser.ask("""[...document.querySelectorAll('[aria-label="Cells"] tbody tr')]
            .filter(row => row.getBoundingClientRect().height).map(row => row.cells[%d].textContent)""" % column)

    def press(self, head):
        self.browser.ask("""[...document.querySelectorAll('[aria-label="Cells"] thead button')]
            .find(button => button.textContent === %s).click()""" % json.dumps(head))

    def sorts(self):
        return self.browser.ask("""[...document.querySelectorAll('th[aria-sort]')]
            .map(head => [head.textContent, head.getAttribute('aria-sort')])""")

    def filter(self, text):
        self.browser.ask("""(() => { const input = document.querySelector('.tools input'); input.value = %s;
            input.dispatchEvent(new Event('input')); })()""" % json.dumps(text))
        return self.browser.ask("document.querySelector('.tools output').textContent")

    def test_sorting(self):
        self.look('network', WIDE, 'light')
        cells = documents.network()['cells']
        accuracy = {c['format']: c['metrics']['accuracy']['value'] for c in cells if c['metrics']['accuracy']}
        before = self.rows()
        self.press('accuracy')
        self.assertEqual(self.sorts(), [['accuracy', 'ascending']])
        rows = self.rows()
        known = [accuracy[name] for name in rows[1:] if name in accuracy]
        self.assertEqual((rows[0], known), ('native', sorted(known)))
        self.assertEqual(len(known), len(accuracy))
        self.assertTrue(all(name not in accuracy for name in rows[1 + len(known):]), 'what has no value comes last')
        self.press('accuracy')
        self.assertEqual([accuracy[name] for name in self.rows()[1:] if name in accuracy], known[::-1])
        self.press('format')
        names = self.rows()[1:]
        natural = sorted(names, key=lambda n: [int(x) if x.isdigit() else x for x in re.split(r'(\d+)', n)])
        self.assertEqual(names, natural)
        self.assertEqual((self.sorts(), sorted(names)), ([['format', 'ascending']], sorted(before[1:])))

    def test_filtering(self):
        self.look('many', WIDE, 'light')
        self.assertEqual(self.filter(''), '2000 of 2000 cells')
        self.assertEqual(self.filter('e8m RTZ conv'), '25 of 2000 cells')
        self.assertEqual(len(self.rows()), 26)
        self.press('fraction bits')
        self.assertEqual(self.rows()[1:], [f'e8m{m}' for m in range(1, 26)])
        self.assertEqual((self.filter('no such'), self.rows()), ('0 of 2000 cells', ['native']))
        self.assertEqual((self.filter(' '), len(self.rows())), ('2000 of 2000 cells', 2001))

    def test_without_its_script(self):
        self.browser.call('Emulation.setScriptExecutionDisabled', value=True)
        try:
            self.look('network', WIDE, 'light')
            self.assertEqual(self.browser.ask("document.querySelectorAll('.tools, thead button').length"), 0)
            self.assertEqual(len(self.rows()), 67)
        finally:
            self.browser.call('Emulation.setScriptExecutionDisabled', value=False)

    def test_its_size(self):
        for name in 'many', 'layers', 'samples':
            self.assertLess(os.path.getsize(self.page(name)), 1 << 20, name)


class Access(Case):
    """What a screen reader and a keyboard find."""

    def tree(self):
        self.browser.call('Accessibility.enable')
        nodes = self.browser.call('Accessibility.getFullAXTree')['nodes']
        return [(node.get('role', {}).get('value'), node.get('name', {}).get('value', '')) for node in nodes
                if not node.get('ignored')]

    def test_names(self):
        self.look('network', WIDE, 'light')
        tree = self.tree()
        images = [name for role, name in tree if role in ('image', 'img')]
        self.assertEqual(images, ['accuracy over fraction bits', 'max relative error over fraction bits',
                                  'Run time over native over fraction bits', 'accuracy by format',
                                  'max relative error by format'])
        headings = [name for role, name in tree if role == 'heading']
        self.assertEqual(headings, ['mnist_cnn.py', 'Cells', 'Pictures', 'How to repeat this run', 'Metrics',
                                    'Programs and libraries'])
        columns = [name for role, name in tree if role == 'columnheader']
        self.assertIn('max relative error', columns)
        self.assertIn('e8m23', [name for role, name in tree if role == 'rowheader'])
        self.assertTrue(all(name for role, name in tree if role in ('region', 'link', 'navigation')))

    def test_boxes_scroll_by_keyboard(self):
        self.look('many', NARROW, 'light')
        moved = self.browser.ask('''(() => { const box = document.querySelector('.long'); box.focus();
            box.scrollBy(50, 50); return [document.activeElement === box, box.scrollLeft, box.scrollTop]; })()''')
        self.assertEqual(moved, [True, 50, 50])


class Alone(Case):
    """A picture opened as a file of its own."""

    def test_files(self):
        out = os.path.join(self.directory, 'pictures report')
        with open(out + '.json', 'w') as file:
            json.dump(documents.network(), file)
        subprocess.run([WRITE, out + '.json', out], check=True, timeout=120)
        for name in sorted(os.listdir(os.path.join(out, 'pictures'))):
            path = os.path.join(out, 'pictures', name)
            if name.endswith('.svg'):
                fills = []
                for scheme in 'light', 'dark':
                    self.browser.view(800, scheme=scheme)
                    self.browser.open(path)
                    self.assertEqual(self.browser.complaints(), [])
                    self.assertEqual(len(self.browser.requests()), 1)
                    fills.append(self.browser.ask("getComputedStyle(document.querySelector('rect')).fill"))
                self.assertEqual(fills, ['rgb(255, 255, 255)', 'rgb(20, 24, 29)'])

    def test_a_bad_page_is_seen(self):
        """The check for requests and complaints works: a page that makes some is caught."""
        path = os.path.join(self.directory, 'bad.html')
        with open(path, 'w') as file:
            file.write('<!DOCTYPE html><title>x</title><img src="http://example.invalid/x.png"><img src="beside.png">'
                       '<script>console.error("no")</script>')
        self.browser.open(path)
        self.assertEqual(len(self.browser.requests()), 3)
        self.assertTrue(self.browser.complaints())


if __name__ == '__main__':
    for program, group in ('chromium', 'browser'), ('gnuplot', 'report'):
        if not shutil.which(program):
            print(f'{program} is not installed: tools/setup/packages {group}', file=sys.stderr)
            sys.exit(77)
    unittest.main()
