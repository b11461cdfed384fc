#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bits.sh: trains the network of train.c in smaller and smaller formats, to nearest and with stochastic rounding.
# Where small updates are lost to rounding to nearest, stochastic rounding still learns.
# prints:
# native          accuracy 978/1000
# bf16 to nearest accuracy 966/1000, stochastic accuracy 980/1000
# e8m5 to nearest accuracy 955/1000, stochastic accuracy 961/1000
# e8m4 to nearest accuracy 838/1000, stochastic accuracy 946/1000
# e5m2 to nearest accuracy 509/1000, stochastic accuracy 780/1000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${CC:-cc}" -O2 -o "$folder/train" "$(dirname -- "$0")/train.c"
cd "$folder"

echo "native          $(./train)"
for format in bf16 e8m5 e8m4 e5m2; do
    nearest=$(vprec-run -q --format $format -- ./train)
    echo "$format to nearest $nearest, stochastic $(vprec-run -q --format $format --mode sr -- ./train)"
done
