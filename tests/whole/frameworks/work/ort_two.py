# SPDX-License-Identifier: Apache-2.0
"""ort_two.py alone|together|pools: two sessions of onnxruntime, with two of RapidOCR's networks, one after the other or
in two threads at once; "pools": also several threads work for each node. Prints what comes out of each as bits, as JSON."""
import json
import os
import sys
import threading

import numpy
import onnxruntime
import rapidocr_onnxruntime

MODELS = ('ch_ppocr_mobile_v2.0_cls_infer.onnx', 'ch_PP-OCRv4_rec_infer.onnx')
RUNS = 3
folder = os.path.join(os.path.dirname(rapidocr_onnxruntime.__file__), 'models')
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 3 if sys.argv[1] == 'pools' else 1
sessions = [onnxruntime.InferenceSession(os.path.join(folder, model), options) for model in MODELS]
x = numpy.random.default_rng(1).random((1, 3, 48, 192), dtype=numpy.float32)
results = [None, None]
start = threading.Barrier(1 if sys.argv[1] == 'alone' else len(sessions))


def work(i):
    start.wait()
    several = [sessions[i].run(None, {sessions[i].get_inputs()[0].name: x})[0] for _ in range(RUNS)]
    results[i] = [result.view(numpy.int32).flatten().tolist() for result in several]


threads = [threading.Thread(target=work, args=(i,)) for i in range(len(sessions))]
for thread in threads:
    thread.start()
    if sys.argv[1] == 'alone':
        thread.join()
for thread in threads:
    thread.join()
print(json.dumps(results))
