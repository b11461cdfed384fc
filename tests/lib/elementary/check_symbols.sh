#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_symbols.sh LIBRARY HEADER INCLUDE: the shared library exports what the header
# declares and nothing else, needs no libvprec.so, and the header compiles alone as C and as C++.
set -eu
library=$1 header=$2 include=$3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
sed -n 's/^VPREC_API .*[ *]\(vprec_[a-z0-9_]*\)(.*/\1/p' "$header" | sort >"$directory/declared"
nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$directory/exported"
[ -s "$directory/declared" ] || { echo "no declarations were found in $header" >&2; exit 1; }
if ! diff "$directory/declared" "$directory/exported" >&2; then
    echo "declared (<) and exported (>) symbols differ" >&2
    exit 1
fi
printf '#include "%s"\n#include "%s"\nint main(void) { return VPREC_OK; }\n' "$header" "$header" >"$directory/alone.c"
cp "$directory/alone.c" "$directory/alone.cc"
"${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$include" -c -o "$directory/alone.o" "$directory/alone.c"
if ! command -v "${CXX:-c++}" >/dev/null; then
    echo "no C++ compiler: the header was checked as C only" >&2
    exit 77
fi
"${CXX:-c++}" -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$include" -c -o "$directory/alone.o" "$directory/alone.cc"
