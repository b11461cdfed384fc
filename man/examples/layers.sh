#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# layers.sh: which layer of the network of layers.c needs the bits? Each alone in e4m2, the others native; then all of
# it but one. What is outside of the layers, the weights' making, stays native throughout.
# prints:
# first alone in e4m2: 930 of 1000 labels, all but first: 851 of 1000 labels
# second alone in e4m2: 918 of 1000 labels, all but second: 869 of 1000 labels
# head alone in e4m2: 878 of 1000 labels, all but head: 887 of 1000 labels
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(dirname -- "$0")
"${CC:-cc}" -O2 -I "$here/../../lib" -o "$folder/network" "$here/layers.c"
cd "$folder"

for layer in first second head; do
    alone=$(vprec-run -q --format f32=native --scope $layer=e4m2 -- ./network)
    without=$(vprec-run -q --format f32=native --scope '*=e4m2' --scope $layer=native -- ./network)
    echo "$layer alone in e4m2: $alone, all but $layer: $without"
done
