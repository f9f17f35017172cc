#!/usr/bin/env bash
# check_prints.sh PROGRAM SOURCE: runs PROGRAM and compares what it prints with the end of SOURCE:
#   // Prints: a line, as it is
#   // Prints~ a regular expression (ERE) for a whole line
# One line each, in order. `// Run: arguments` anywhere in SOURCE are the program's arguments.
set -uo pipefail
program=$1
source=$2

mapfile -t expected < <(tac "$source" | awk 'NF == 0 { next } /^\/\/ Prints[:~]/ { print; next } { exit }' | tac)
eval "arguments=($(sed -n 's|^// Run: *||p' "$source"))"
mapfile -t printed < <("$program" ${arguments[@]+"${arguments[@]}"})
wait $!
status=$?

matches() {
  local want=${1#// Prints?}
  want=${want# }
  if [[ $1 == "// Prints~"* ]]; then
    [[ $2 =~ ^($want)$ ]]
  else
    [[ $2 == "$want" ]]
  fi
}

fail() {
  printf '%s: %s\nwanted:\n' "$source" "$1"
  printf '  %s\n' "${expected[@]}"
  printf 'printed:\n'
  printf '  %s\n' ${printed[@]+"${printed[@]}"}
  exit 1
}

[[ $status == 0 ]] || fail "ended with status $status"
[[ ${#expected[@]} -gt 0 ]] || fail "does not end with a line '// Prints: …'"
[[ ${#printed[@]} == "${#expected[@]}" ]] || fail "printed ${#printed[@]} lines, not ${#expected[@]}"
for i in "${!expected[@]}"; do
  matches "${expected[i]}" "${printed[i]}" || fail "line $((i + 1)) differs"
done
