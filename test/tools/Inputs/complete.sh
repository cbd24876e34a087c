# complete.sh TOOL WORD...: what bash offers for the last word, one per line.  '=' is a word, as on
# bash's command line.
eval "$("$1" -print-completion=bash)"
compopt() { :; } # works only while bash completes
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$(complete -p "$1" | sed 's/.* -F \([^ ]*\) .*/\1/')
printf '%s\n' "${COMPREPLY[@]}" | sed '/^$/d'
