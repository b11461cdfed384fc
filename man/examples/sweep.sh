#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sweep.sh: the smallest format in which train.c still learns: a grid, the number that is measured, a threshold.
# prints:
# FORMAT *accuracy*
# native *978*
# *
# Answer: e8m5 (14 bits) is the smallest format that keeps accuracy at 950 or higher*
# *
# Smallest that keeps accuracy >= 950*
# *8 exponent bits, rne: e8m5 (955)*
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${CC:-cc}" -O2 -o "$folder/train" "$(dirname -- "$0")/train.c"
cd "$folder"

vprec-sweep --formats 'e8m{2..10}' --extract 'accuracy=accuracy ([0-9]+)' --higher accuracy \
    --threshold 'accuracy>=950' -- ./train
