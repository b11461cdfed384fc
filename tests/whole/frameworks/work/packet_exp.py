# SPDX-License-Identifier: Apache-2.0
"""packet_exp.py IN OUT: exp of the binary32 numbers in the file IN, as TensorFlow computes it, to OUT."""
import sys

import numpy
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.exp(tf.constant(numpy.fromfile(sys.argv[1], numpy.float32))).numpy().tofile(sys.argv[2])
