# SPDX-License-Identifier: Apache-2.0
# work.nim: a Mandelbrot row and an average.
import math, sequtils, stats

var total = 0
for i in 0 ..< 200:
  let cr = -2.0 + 3.0 * i.float / 200.0
  var (x, y, n) = (0.0, 0.0, 0)
  while n < 200 and x * x + y * y < 4.0:
    (x, y) = (x * x - y * y + cr, 2.0 * x * y + 0.1)
    inc n
  total += n
echo total
let numbers = toSeq(1 .. 1000).mapIt(sin(it.float) * sqrt(it.float))
echo mean(numbers), " ", standardDeviation(numbers)
var f: float32 = 0
for i in 1 .. 1000: f += 1'f32 / i.float32
echo f
