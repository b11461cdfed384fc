# SPDX-License-Identifier: Apache-2.0
"""test_pictures.py: a sweep's table and picture as a notebook shows them, in headless Chromium. VPREC_TEST_SHOTS names
a folder that keeps screenshots. Exit status 77 where there is no Chromium or no gnuplot."""
import os
import shutil
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'tools', 'page'))
import browser  # noqa: E402
import notebook  # noqa: E402

CELLS = ['import vprec\nreport = vprec.sweep(["awk", "BEGIN { print 1 / 3, 2 / 7 }"], "f64=e11m{3..9}", '
         'metric="max-rel", report="told")\nreport',
         'report.pictures()["max-rel"]',
         'sorted(report.pictures()), sorted(vprec.read("told").pictures())',
         'vprec.sweep(["awk", "BEGIN { print 1 / 3 }"], "f64=e11m3").pictures()']
PAGE = '<!DOCTYPE html><meta charset="utf-8"><body style="background: #fff">{}<div>{}</div>'
SEEN = '''(() => {
  const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; };
  const table = document.querySelector('table'), svg = document.querySelector('svg');
  const inside = [...svg.querySelectorAll('text')].filter(text => {
    const a = text.getBoundingClientRect(), b = svg.getBoundingClientRect();
    return a.width && a.left >= b.left && a.right <= b.right && a.bottom <= b.bottom; });
  return {table: box(table), svg: box(svg), rows: [...table.querySelectorAll('tbody tr')].map(row => row.innerText),
    heads: [...table.querySelectorAll('thead th')].map(head => head.innerText),
    texts: svg.querySelectorAll('text').length, inside: inside.length,
    drawn: [...svg.querySelectorAll('path, polyline, circle, use')].filter(
      element => element.getBoundingClientRect().width).length};
})()'''


class Pictures(unittest.TestCase):
    def test_sweep(self):
        with tempfile.TemporaryDirectory(prefix='vprec-pictures-') as folder:
            notebook.install_plain(folder)
            before = os.getcwd()
            os.chdir(folder)
            try:
                cells = notebook.execute(CELLS, 'plain')
            finally:
                os.chdir(before)
            shown = [cell.outputs[-1] for cell in cells]
            self.assertEqual(shown[2].data['text/plain'], "(['max-rel', 'time'], ['max-rel', 'time'])")
            self.assertIn('report="directory"', shown[3].evalue)
            table, picture = shown[0].data['text/html'], shown[1].data['image/svg+xml']
            page = os.path.join(folder, 'page.html')
            with open(page, 'w', encoding='utf-8') as file:
                file.write(PAGE.format(table, picture))
            with browser.Browser() as chromium:
                chromium.view(1200)
                chromium.open(page)
                seen = chromium.ask(SEEN)
                self.assertEqual(chromium.complaints(), [])
                image = os.path.join(os.environ.get('VPREC_TEST_SHOTS', folder), 'notebook.png')
                chromium.shoot(image)
            self.assertGreater(os.path.getsize(image), 10000)
        self.assertEqual(len(seen['rows']), 8, seen)
        for row, bits in zip(seen['rows'], ('native', *range(3, 10))):
            self.assertIn('native' if bits == 'native' else f'f64=e11m{bits}', row)
        self.assertIn('max-rel', seen['heads'])
        self.assertLess(seen['table'][0] + seen['table'][2], 1200)
        self.assertGreater(min(seen['svg'][2:]), 200)
        self.assertGreater(seen['texts'], 8)
        self.assertEqual(seen['inside'], seen['texts'])
        self.assertGreater(seen['drawn'], 7)


if __name__ == '__main__':
    if not shutil.which('chromium') or not shutil.which('gnuplot'):
        print('no chromium, or no gnuplot', file=sys.stderr)
        sys.exit(77)
    unittest.main()
