# SPDX-License-Identifier: Apache-2.0
# Completion for fish of the command that this file is named after: vprec-run, vprec-stats, vprec-sweep or vprec-search.
# Options with what they do come from its own --help, formats from vprec-run --formats, as in vprec.bash.

function __vprec_program --description 'the program behind --, and its own arguments'
    set -l tokens (commandline -opc)
    set -l at (contains -i -- -- $tokens)
    set -l rest $tokens[(math $at + 1)..-1]
    complete -C (string join ' ' -- (string escape -- $rest) (commandline -ct))
end

function __vprec_formats
    vprec-run --formats 2>/dev/null | awk 'NR > 1 && NF == 0 { exit } NR > 1 { print $1 }'
end

# The values of an option, "" where any word or file will do.
function __vprec_values --argument-names command option
    switch $command:$option
        case vprec-stats:--format
            echo table json csv md
        case vprec-stats:--input
            echo auto npy npz csv tsv json text
        case vprec-stats:--method
            echo cnh bernoulli cestac all
        case vprec-stats:--error
            echo rel abs
        case vprec-stats:--failed
            echo skip keep
        case vprec-run:--format
            echo '(__vprec_formats) native'
        case vprec-sweep:--formats vprec-search:--formats
            echo '(__vprec_formats)'
        case vprec-search:--mode
            echo rne rna rtz ru rd rto sr
        case vprec-search:--strategy
            echo uniform greedy ddmin ddmax
        case '*:--mode' '*:--modes'
            echo rne rna rtz ru rd rto sr rr pb mca
        case vprec-sweep:--why
            echo all native none
        case '*:--round'
            echo results operands both
        case '*:--ops'
            echo add sub mul div sqrt fma cvt rcp libm
        case '*:--error-mode'
            echo rel abs: all:
        case '*:--noise'
            echo counter operands
        case vprec-run:--reference
            echo native none
        case '*:--metric'
            $command --help 2>/dev/null | sed -n '/--metric NAME /,/--metric NAME=/s/^ \{26\}\([a-z-]*\) .*/\1/p' |
                string join ' '
    end
end

set -l command (basename (status filename) .fish)
set -l options 'not contains -- -- (commandline -opc)'

# Each line is an option: its letter, its name, whether it has a value, what it does.
$command --help 2>/dev/null | awk -v OFS='\t' '
    /^ +-/ && $1 ~ /^-(-[a-z-]+|[A-Za-z],?)$/ {
        for (i = 1; i <= NF && $i ~ /^-/; i++)
            ;
        if (index($0, "-") > 7) {
            if (i > NF)
                for (i = 1; i <= NF; i++)
                    print "", substr($i, 3), $i ~ /^--(fast|count|audit)$/ ? "" : "value", ""
            next
        }
        what = match($0, /[^ ]  +[^ -]/) ? substr($0, RSTART + RLENGTH - 1) : ""
        letter = $1 ~ /,$/ ? substr($1, 2, 1) : ""
        name = $(letter == "" ? 1 : 2)
        value = $(letter == "" ? 2 : 3)
        print letter, substr(name, 3), index(what, value) == 1 || value == "" ? "" : "value", what
    }' | sort -u | while read -l -d \t letter name value what
    set -l words -n $options -l $name
    test -n "$letter"; and set -a words -s $letter
    test -n "$what"; and set -a words -d $what
    if test -n "$value"
        set -l values (__vprec_values $command --$name)
        if test -n "$values"
            set -a words -x -a "$values"
        else
            set -a words -r
        end
    end
    complete -c $command $words
end

if test $command != vprec-stats
    complete -c $command -n "not $options" -x -a '(__vprec_program)'
end
