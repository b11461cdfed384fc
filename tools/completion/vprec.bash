# SPDX-License-Identifier: Apache-2.0
# Completion of vprec-run, vprec-stats, vprec-sweep and vprec-search for bash. Options come from the command's own --help and formats
# from vprec-run --formats, so that they are those of the version that is installed. Installed once for each command.

_vprec()
{
    local command=$1 current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words='' word i
    COMPREPLY=()
    # bash takes --name=value apart at the '='.
    if [[ $current == = ]]; then
        current=''
    elif [[ $previous == = ]] && ((COMP_CWORD > 1)); then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    # Behind -- there is a program with its own arguments.
    if [[ ${command##*/} != vprec-stats ]]; then
        for ((i = 1; i < COMP_CWORD; i++)); do
            [[ ${COMP_WORDS[i]} == -- ]] || continue
            if ((i + 1 < COMP_CWORD)); then
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -c -- "$current")
            fi
            return
        done
    fi

    case ${command##*/}:$previous in
    vprec-stats:--format | vprec-stats:-f) words='table json csv md' ;;
    vprec-stats:--input | vprec-stats:-i) words='auto npy npz csv tsv json text' ;;
    vprec-stats:--method | vprec-stats:-m) words='cnh bernoulli cestac all' ;;
    vprec-stats:--error | vprec-stats:-e) words='rel abs' ;;
    vprec-stats:--failed) words='skip keep' ;;
    vprec-run:--format | vprec-run:-f | vprec-sweep:--formats | vprec-sweep:-f | vprec-search:--formats | vprec-search:-f)
        words=$("${command%vprec-*}vprec-run" --formats 2>/dev/null |
            awk 'NR > 1 && NF == 0 { exit } NR > 1 { print $1 }')
        [[ ${command##*/} == vprec-s* ]] || words+=' native'
        ;;
    vprec-search:--mode | vprec-search:-m) words='rne rna rtz ru rd rto sr' ;;
    vprec-search:--strategy) words='uniform greedy ddmin ddmax' ;;
    *:--mode | *:--modes | vprec-run:-m | vprec-sweep:-m) words='rne rna rtz ru rd rto sr rr pb mca' ;;
    vprec-sweep:--why) words='all native none' ;;
    *:--round) words='results operands both' ;;
    *:--ops) words='add sub mul div sqrt fma cvt rcp libm' ;;
    *:--error-mode) words='rel abs: all:' ;;
    *:--noise) words='counter operands' ;;
    *:--reference) [[ ${command##*/} == vprec-run ]] && words='native none' ;;
    *:--metric)
        words=$("$command" --help 2>/dev/null | sed -n '/--metric NAME /,/--metric NAME=/s/^ \{26\}\([a-z-]*\) .*/\1/p')
        ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    if [[ $current == -* ]]; then
        # At the beginning of a line: "  -f, --format SPEC   the format", or a line of nothing but options.
        words=$("$command" --help 2>/dev/null | awk '
            /^ +-/ {
                for (i = 1; i <= NF && $i ~ /^-/; i++)
                    ;
                if (index($0, "-") <= 7 || i > NF)
                    for (i = 1; i <= NF && $i ~ /^-[-A-Za-z]/; i++) {
                        sub(/,$/, "", $i)
                        print $i
                    }
            }')
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -o bashdefault -F _vprec vprec-run vprec-stats vprec-sweep vprec-search
