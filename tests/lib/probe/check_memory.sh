#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_memory.sh PROGRAM...: valgrind finds no error and no leak in the tests of PROGRAM, and they pass on the processor
# that it shows them: without AVX-512, whatever this one has. It does not do all that kernels set in MXCSR: VPREC_CPU must
# be sse2.
set -eu
if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed: tools/setup/packages test" >&2
    exit 77
fi
for program; do
    valgrind -q --trace-children=yes --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --error-exitcode=9 "$program"
done
