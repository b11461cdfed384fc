#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_prefix.sh SOURCE EXAMPLE ADD MESON...: configures, builds and installs what a user runs under a prefix of its
# own, without DESTDIR and without anything that only tests need; uses it there, then moved, then unpacked from a
# tarball elsewhere. Where tools/setup/zydis has made its archive, nothing there needs another Zydis. EXAMPLE is a
# program for the library, ADD one to be run in bfloat16, where it prints 32.
set -eu
source=$1 example=$2 add=$3
shift 3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
unset VPREC_PRELOAD LD_LIBRARY_PATH PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR PYTHONPATH

fail()
{
    echo "$*" >&2
    exit 1
}

# What quickstart installs, and what is built below, needs no test package.
grep -q 'setup/packages build networks ' "$source/tools/quickstart" || fail "quickstart installs other groups"
! "$source/tools/setup/packages" --list build networks | grep -E 'g[+][+]|criterion|mpfr|gmp|pcg|chromium|gnuplot|zsh' ||
    fail "packages to build with that only tests need"

archive=$("$source/tools/setup/zydis" --where)

# A C++ compiler that works would be used where one is asked for.
CXX=/bin/false "$@" setup "$directory/build" "$source" -Dtests=disabled -Dmpfr=disabled -Dwerror=true \
    -Dprefix="$directory/opt" >"$directory/log" || { cat "$directory/log" >&2; exit 1; }
[ "$("$@" introspect --tests "$directory/build")" = '[]' ] || fail "there are tests"
[ "$("$@" introspect --benchmarks "$directory/build")" = '[]' ] || fail "there are benchmarks"
! grep -E 'tests/|benchmarks/|\.cpp' "$directory/build/compile_commands.json" || fail "tests are built"
! "$@" introspect --dependencies "$directory/build" | grep -iE 'criterion|mpfr|gmp' || fail "what is needed for tests"
ninja -C "$directory/build" >"$directory/log" || { tail -n 50 "$directory/log" >&2; exit 1; }
"$@" install -C "$directory/build" --quiet --no-rebuild
rm -rf "$directory/build"
"${CC:-cc}" -o "$directory/add" "$add"

# use PREFIX: everything that was installed does its work there.
use()
{
    prefix=$1
    got=$("$prefix/bin/vprec-run" -q -f bf16 -- "$directory/add") || fail "$prefix: vprec-run: status $?"
    [ "$got" = 32 ] || fail "$prefix: vprec-run printed '$got'"
    if [ -n "$archive" ]; then
        "$prefix/bin/vprec-run" -q -f bf16 -- cat /proc/self/maps >"$directory/maps"
        grep -q libvprec_preload "$directory/maps" || fail "$prefix: no preload library in $(cat "$directory/maps")"
        ! grep -iE 'zydis|zycore' "$directory/maps" || fail "$prefix: a shared Zydis is there"
        needed=$(readelf -d "$prefix/lib/vprec/libvprec_preload.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
        printf '%s\n' "$needed" | grep -q '^libc[.]so' || fail "$prefix: readelf says '$needed'"
        ! printf '%s\n' "$needed" | grep -vE '^(libc|ld-linux-x86-64)[.]so' ||
            fail "$prefix: needs more than libc and its libraries"
        grep -qi 'copyright' "$prefix/share/doc/vprec/LICENSE.Zydis" || fail "$prefix: no licence of Zydis"
    fi
    (cd "$directory" && "$prefix/bin/vprec-sweep" --restart -o sweep --formats bf16 --metric equal --json "$directory/json" -- \
        "$directory/add" >/dev/null) || fail "$prefix: vprec-sweep: status $?"
    grep -q '"id": "e8m7-rne"' "$directory/json" || fail "$prefix: vprec-sweep: $(cat "$directory/json")"
    "$prefix/bin/vprec-stats" --version >/dev/null || fail "$prefix: vprec-stats: status $?"

    # Found where it is now, in a directory that the loader looks in.
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    [ "$(realpath "$(pkg-config --variable=libdir vprec)")" = "$(realpath "$prefix/lib")" ] ||
        fail "$prefix: pkg-config's libdir is $(pkg-config --variable=libdir vprec)"
    # shellcheck disable=SC2046 # a list of words
    "${CC:-cc}" -o "$directory/example" "$example" $(pkg-config --cflags --libs vprec)
    got=$(LD_LIBRARY_PATH=$prefix/lib "$directory/example")
    [ "$got" = '1d 7e c5  0.203125 448 -6.5  1.5' ] || fail "$prefix: the library's example printed '$got'"

    for file in man/man1/vprec-run.1 man/man1/vprec-sweep.1 man/man1/vprec-search.1 man/man1/vprec-stats.1 man/man3/vprec.3 \
        man/man7/vprec-formats.7 bash-completion/completions/vprec-run zsh/site-functions/_vprec \
        fish/vendor_completions.d/vprec-run.fish doc/vprec/LICENSE doc/vprec/examples/bits.sh \
        doc/vprec/examples/codes.c; do
        [ -s "$prefix/share/$file" ] || fail "$prefix/share/$file is missing"
    done
}

use "$directory/opt"
tar -C "$directory" -cf "$directory/vprec.tar" opt
mv "$directory/opt" "$directory/elsewhere"
use "$directory/elsewhere"
rm -rf "$directory/elsewhere"
mkdir "$directory/unpacked"
tar -C "$directory/unpacked" -xf "$directory/vprec.tar"
use "$directory/unpacked/opt"
