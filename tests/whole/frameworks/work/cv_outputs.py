# SPDX-License-Identifier: Apache-2.0
"""cv_outputs.py run|check FOLDER: the network of cv_layers.py, in OpenCV. "run" prints what it gives. "check" holds
what is in FOLDER (by --dump-layers) against what OpenCV returns of its layers, to the bit, as NumPy reads it; prints
how many there were, and how many of those that there must be are missing."""
import contextlib
import io
import os
import re
import sys

import numpy

mode, sys.argv[1:] = sys.argv[1:], ['bits']
with contextlib.redirect_stdout(io.StringIO()):
    import cv_layers

LAYERS = {'first': 0, 'second': 1, 'third': 2, 'head': 3}
if mode[0] == 'run':
    for _ in range(2):
        print(cv_layers.network.forward(['a', 'b', 'c', 'e'])[3].tolist())
    sys.exit()
found = dict.fromkeys(LAYERS, 0)
for name in sorted(os.listdir(mode[1])):
    layer = re.fullmatch(r'\d{6} cv:(?:onnx_node!)?(.*)\.npy', name)
    array = numpy.load(os.path.join(mode[1], name))
    if layer and layer[1] in LAYERS:
        expected = cv_layers.results[0][LAYERS[layer[1]]]
        assert array.dtype == numpy.float32 and array.shape == expected.shape, (name, array.shape, expected.shape)
        assert array.tobytes() == expected.tobytes(), name
        found[layer[1]] += 1
print(sum(found.values()), sum((cv_layers.RUNS + 2) - n for n in found.values()))
