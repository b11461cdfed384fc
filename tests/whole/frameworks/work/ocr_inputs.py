# SPDX-License-Identifier: Apache-2.0
"""ocr_inputs.py: RapidOCR reads a line. Prints, as JSON, what its first network, which looks for text, is given and what
it gives: the bits of every 7th number."""
import json

import numpy
import onnxruntime
from PIL import Image, ImageDraw, ImageFont
from rapidocr_onnxruntime import RapidOCR

seen = []
run = onnxruntime.InferenceSession.run


def watched(self, names, inputs, *rest):
    outputs = run(self, names, inputs, *rest)
    seen.append([numpy.asarray(next(iter(inputs.values()))), outputs[0]])
    return outputs


onnxruntime.InferenceSession.run = watched
page = Image.new('RGB', (320, 90), 'white')
ImageDraw.Draw(page).text((20, 20), 'Every operation', fill='black', font=ImageFont.load_default(size=30))
RapidOCR(intra_op_num_threads=1)(numpy.array(page))
print(json.dumps([part.view(numpy.int32).flatten()[::7].tolist() for part in seen[0]]))
