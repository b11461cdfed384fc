# SPDX-License-Identifier: Apache-2.0
"""ort_layers.py trace|bits|threads: a network of onnxruntime's, the one by which RapidOCR turns lines of text. Prints, as
JSON, the name of every node in the order in which it ran, and how many products and sums convolutions with filters of
one element have, by onnxruntime's profile and only with the argument "trace", and what came out as bits. "threads": four pool threads work for each node."""
import json
import math
import os
import sys
import tempfile

import numpy
import onnxruntime
import rapidocr_onnxruntime

MODEL = 'ch_ppocr_mobile_v2.0_cls_infer.onnx'

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 4 if sys.argv[1] == 'threads' else 1
folder = tempfile.mkdtemp()
if sys.argv[1] == 'trace':
    options.enable_profiling = True
    options.profile_file_prefix = os.path.join(folder, 'profile')
path = os.path.join(os.path.dirname(rapidocr_onnxruntime.__file__), 'models', MODEL)
session = onnxruntime.InferenceSession(path, options)
x = numpy.random.default_rng(1).random((2, 3, 48, 192), dtype=numpy.float32)
results = [session.run(None, {session.get_inputs()[0].name: x})[0] for _ in range(3)]
assert all((result == results[0]).all() for result in results)
trace, products = [], {}
if sys.argv[1] == 'trace':
    file = session.end_profiling()
    end = '_kernel_time'
    with open(file, encoding='utf-8') as profile:
        events = [e for e in json.load(profile) if e['name'].endswith(end)]
    for event in events:
        name, told = event['name'][:-len(end)], event['args']
        trace.append(name)
        if told['op_name'] == 'Conv':
            weights, output = (told[key][i]['float'] for key, i in (('input_type_shape', 1), ('output_type_shape', 0)))
            if weights[2:] == [1, 1]:
                products[name] = products.get(name, 0) + weights[1] * math.prod(output)
    os.unlink(file)
os.rmdir(folder)
print(json.dumps({'trace': trace, 'products': products,
                  'bits': [results[0].view(numpy.int32).flatten().tolist()]}))
