#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_symbols.sh LIBRARY HEADER...: the archive goes into a shared object with
# libc and libm alone, exports what the headers declare and nothing else, all
# its global names begin with vprec_, and its arithmetic holds no
# floating-point arithmetic and no access to MXCSR.
set -eu
library=$1
shift
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
status=0

complain() {
    echo "$1" >&2
    status=1
}

"${CC:-cc}" -shared -nostdlib -Wl,-z,defs -Wl,-z,text -Wl,--whole-archive "$library" -Wl,--no-whole-archive \
    -o "$directory/all.so" -lc -lm -lgcc

sed -n 's/^VPREC_API .*[ *]\(vprec_[a-z0-9_]*\)(.*/\1/p' "$@" | sort >"$directory/declared"
nm -D --defined-only "$directory/all.so" | awk '{ print $3 }' | sort >"$directory/exported"
[ "$(wc -l <"$directory/declared")" -ge 13 ] || complain "only some declarations were found in $*"
diff "$directory/declared" "$directory/exported" >&2 || complain "declared (<) and exported (>) symbols differ"

nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u >"$directory/global"
if grep -v '^vprec_' "$directory/global" >&2; then
    complain "these global symbols lack the prefix vprec_"
fi

# The exported operations and what they call, without the loader's own code.
for object in arithmetic round; do
    member=$(ar t "$library" | grep "${object}\.c\.o$") || complain "$library has no $object.c.o"
    ar p "$library" "$member" >"$directory/$object.o"
    objdump -d --no-show-raw-insn "$directory/$object.o" | awk -F'\t' 'NF > 1 { print $2 }' >"$directory/$object.s"
    [ "$(wc -l <"$directory/$object.s")" -gt 100 ] || complain "$object.c.o was not disassembled"
    if grep -E '^v?((add|sub|mul|div|sqrt|min|max|round|rndscale|ucomi|comi|cmp[a-z]*|fn?m(add|sub)[0-9]*)[sp][sd]|cvt[a-z0-9]+|(ld|st)mxcsr|f[a-z]+) ' \
        "$directory/$object.s" >&2; then
        complain "$object.c.o has floating-point instructions"
    fi
done
exit $status
