# SPDX-License-Identifier: Apache-2.0
"""jax_layers.py trace|bits|threads: a small network in JAX, compiled as one module. Prints, as JSON, the names of the
module's steps in the order in which they are run and the products of matrices among them, by the compiled module's own
text and only with the argument "trace", and what came out of each layer as bits. "threads": a pool's threads work for
each step; else none do."""
import json
import os
import re
import sys

if sys.argv[1] != 'threads':
    os.environ['XLA_FLAGS'] = '--xla_cpu_multi_thread_eigen=false'
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy  # noqa: E402

RUNS = 3
NO_STEP = ('parameter', 'constant', 'bitcast', 'tuple', 'get-tuple-element')


def network(x, a, b, c):
    with jax.named_scope('first'):
        first = x @ a
    with jax.named_scope('second'):
        second = jnp.sqrt(first * first + 1)
    with jax.named_scope('third'):
        third = second @ b
    with jax.named_scope('head'):
        head = jax.nn.softmax(third @ c)
    return first, second, third, head


draw = numpy.random.default_rng(1).standard_normal
ROWS = 240  # kernels' blocks of rows, of 3, 4, 5 or more, have nothing to fill up, which would be calculated, too
SHAPES = ((ROWS, 160), (160, 160), (160, 96), (96, 24))
arguments = [draw(shape, dtype=numpy.float32) * 0.2 for shape in SHAPES]
compiled = jax.jit(network).lower(*arguments).compile()
results = [compiled(*arguments) for _ in range(RUNS)]
bits = [[numpy.asarray(part).view(numpy.int32).flatten().tolist() for part in parts] for parts in results]
assert all(other == bits[0] for other in bits)
trace, products = [], {}
if sys.argv[1] == 'trace':
    text = compiled.as_text()
    module = re.match(r'HloModule ([\w.\-]+)', text)[1]
    entry = text[text.index('\nENTRY '):]
    steps = re.findall(r'^ +(?:ROOT )?%([\w.\-]+) = (?:\([^=]*\)|\S+) ([\w\-]+)\(', entry, re.M)
    trace = [f'{module}/{step}' for step, kind in steps if kind not in NO_STEP] * RUNS
    for step, layer in re.findall(r'^ +(?:ROOT )?%([\w.\-]+) = .*op_name="jit\(network\)/(\w+)/dot_general', entry,
                                  re.M):
        depth, columns = SHAPES[{'first': 1, 'third': 2, 'head': 3}[layer]]
        products[f'{module}/{step}'] = RUNS * ROWS * depth * columns
print(json.dumps({'trace': trace, 'products': products, 'bits': bits[0]}))
