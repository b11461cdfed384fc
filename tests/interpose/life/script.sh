#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# script.sh: starts the program that is its argument: plainly, in a pipe, in a
# subshell in the background, and through exec.
set -e
"$1" 5
"$1" 6 | cat
("$1" 7 & wait)
$(command -v sh) -c '"$0" 8' "$1"
exec "$1" 9
