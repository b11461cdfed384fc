# SPDX-License-Identifier: Apache-2.0
"""ocr.py: RapidOCR, by onnxruntime and OpenCV, reads two lines that PIL draws."""
import os
import tempfile

from PIL import Image, ImageDraw, ImageFont
from rapidocr_onnxruntime import RapidOCR

with tempfile.TemporaryDirectory() as folder:
    path, page = os.path.join(folder, 'page.png'), Image.new('RGB', (560, 150), 'white')
    for number, line in enumerate(('Every operation is rounded', 'Total 1187.26 in 40 weeks')):
        ImageDraw.Draw(page).text((20, 20 + 65 * number), line, fill='black', font=ImageFont.load_default(size=30))
    page.save(path)
    for _, text, _ in RapidOCR(intra_op_num_threads=2)(path)[0] or []:
        print(text)
