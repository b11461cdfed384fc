#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_install.sh BUILD EXAMPLE WHAT MESON...: installs BUILD into a temporary
# directory and uses it as somebody else would: with pkg-config, from C and C++,
# with the shared and with the static library (WHAT: shared or static).
set -eu
build=$1 example=$2 what=$3
shift 3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$@" install -C "$build" --no-rebuild --quiet --destdir "$directory/root"

file() # PATTERN: the one installed file whose path ends so
{
    found=$(find "$directory/root" -path "*/$1")
    [ "$(printf '%s\n' "$found" | grep -c .)" -eq 1 ] || {
        echo "not one installed file */$1: $found" >&2
        exit 1
    }
    printf '%s\n' "$found"
}

PKG_CONFIG_SYSROOT_DIR=$directory/root
PKG_CONFIG_PATH=$(dirname "$(file vprec.pc)")
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH
pkg-config --exists --print-errors vprec
shared=$(file libvprec.so.0) archive=$(file libvprec.a) header=$(file include/vprec.h) probe=$(file include/vprec_probe.h)
file man3/vprec.3 >/dev/null
file man3/vprec_probe.3 >/dev/null
file man7/vprec-formats.7 >/dev/null

[ -s "$archive" ]

if [ "$what" = shared ]; then
    # What is declared is exported, and nothing else.
    sed -n 's/^VPREC_API .*[ *]\(vprec_[a-z0-9_]*\)(.*/\1/p' "$header" "$probe" | sort >"$directory/declared"
    nm -D --defined-only "$shared" | awk '{ print $3 }' | sort >"$directory/exported"
    [ "$(wc -l <"$directory/declared")" -ge 70 ] || { echo "only some declarations were found" >&2; exit 1; }
    diff "$directory/declared" "$directory/exported"
    readelf -d "$shared" | grep -q 'SONAME.*\[libvprec\.so\.0\]'
    # No library but libc and libm, no text relocations.
    if readelf -d "$shared" | grep -E 'TEXTREL|NEEDED' | grep -vE '\[(libc|libm|ld-linux-x86-64)\.so\.[0-9]+\]'; then
        echo "$shared needs more than libc and libm" >&2
        exit 1
    fi
fi

use() # PACKAGE WANT COMPILER SOURCE OPTION...: compiles, links, runs, compares the output
{
    package=$1 expected=$2
    shift 2
    flags=$(pkg-config --cflags "$package") libraries=$(pkg-config --libs "$package")
    [ "$what" = shared ] || libraries="-static $(pkg-config --static --libs "$package")"
    # shellcheck disable=SC2086 # these are lists of words
    "$@" -Wall -Wextra -Wpedantic -Werror -o "$directory/program" $flags $libraries
    got=$(LD_LIBRARY_PATH=$(dirname "$shared") "$directory/program")
    [ "$got" = "$expected" ] || { echo "$*: got '$got', want '$expected'" >&2; exit 1; }
    case $what in
    shared) readelf -d "$directory/program" | grep -q "NEEDED.*\[lib$package\.so\.0\]" ;;
    static) ! readelf -d "$directory/program" 2>/dev/null | grep NEEDED ;;
    esac
}

# The commands work where the tree is moved to, and leave nothing behind.
tree=$(dirname "$(dirname "$(file bin/vprec-run)")")
mkdir "$directory/temporary"
for place in moved 'moved to: a place'; do
    [ "$what" = shared ] || break
    cp -a "$tree" "$directory/$place"
    TMPDIR=$directory/temporary "$directory/$place/bin/vprec-run" -q -f bf16 -- cat /proc/self/maps >"$directory/maps"
    grep -q "$directory/$place/.*/libvprec_preload.so" "$directory/maps"
    TMPDIR=$directory/temporary "$directory/$place/bin/vprec-sweep" --formats e8m7 --out "$directory/$place/sweep" \
        -- echo 1 >/dev/null 2>&1
    [ -z "$(ls -A "$directory/temporary")" ] || { echo "left behind: $(ls "$directory/temporary")" >&2; exit 1; }
done

want='1d 7e c5  0.203125 448 -6.5  1.5'
for standard in c99 gnu17; do
    use vprec "$want" "${CC:-cc}" -std=$standard "$example"
done

# One version everywhere: of pkg-config, the library, the header and the commands.
cat >"$directory/version.c" <<'C'
#include <stdio.h>
#include <vprec.h>

int main(void)
{
    return printf("%s %d %d\n", vprec_version(), vprec_api_version(), VPREC_API_VERSION) < 0;
}
C
api=$(pkg-config --variable=api vprec)
use vprec "$(pkg-config --modversion vprec) $api $api" "${CC:-cc}" -std=c99 "$directory/version.c"
[ "$("$(file bin/vprec-run)" --version)" = "vprec-run $(pkg-config --modversion vprec)" ]

if pkg-config --exists vprec-mpfr; then
    cat >"$directory/mpfr.c" <<'C'
#include <stdio.h>
#include <vprec-mpfr.h>

int main(void)
{
    vprec_format half;
    if (vprec_format_parse("fp16", VPREC_F32, &half, NULL, 0) != VPREC_OK)
        return 1;
    printf("%g\n", vprec_mpfr(VPREC_FN_exp, 1, 0, &half, VPREC_RU));
    return 0;
}
C
    use vprec-mpfr 2.71875 "${CC:-cc}" -std=c99 "$directory/mpfr.c"
fi
if ! command -v "${CXX:-c++}" >/dev/null; then
    echo "no C++ compiler: C only" >&2
    exit 77
fi
cp "$example" "$directory/example.cc"
for standard in c++11 c++17; do
    use vprec "$want" "${CXX:-c++}" -std=$standard "$directory/example.cc"
done
