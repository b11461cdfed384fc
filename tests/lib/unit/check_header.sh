#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_header.sh HEADER: the public header compiles alone, twice over, as C and as C++.
set -eu
header=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
printf '#include "%s"\n#include "%s"\nint main(void) { return VPREC_OK; }\n' "$header" "$header" >"$directory/alone.c"
cp "$directory/alone.c" "$directory/alone.cc"
for standard in c99 c11 gnu17; do
    "${CC:-cc}" -std=$standard -Wall -Wextra -Wpedantic -Werror -o "$directory/alone" "$directory/alone.c"
    "$directory/alone"
done
if ! command -v "${CXX:-c++}" >/dev/null; then
    echo "no C++ compiler: the header was checked as C only" >&2
    exit 77
fi
for standard in c++11 c++17; do
    "${CXX:-c++}" -std=$standard -Wall -Wextra -Wpedantic -Werror -o "$directory/alone" "$directory/alone.cc"
    "$directory/alone"
done
