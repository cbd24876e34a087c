# manual.sh TOOL...: formats the manual page of each; fails when groff warns.
for tool; do
    warnings=$("$tool" -print-man | groff -man -ww -Tutf8 -z 2>&1)
    test -z "$warnings" || { echo "$tool: $warnings"; exit 1; }
done
