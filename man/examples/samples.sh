#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# samples.sh: how far does the result of train.c depend on rounding errors? Trains ten times with random rounding at 11
# bits, as fp16 has, and lets vprec-stats say how many digits of the accuracy can be trusted.
# prints:
# *digits in the median of 2 numbers*
# 10 samples; 59 are needed *
# *
# Relative error; *
# *
# stdout: text, 10 samples, *
# *
# *1:2 accuracy *
# *
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${CC:-cc}" -O2 -o "$folder/train" "$(dirname -- "$0")/train.c"
cd "$folder"

vprec-run -q --format fp32 --mode rr --precision 11 --samples 10 --reference native --out runs -- ./train
vprec-stats runs
