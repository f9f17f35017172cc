#!/usr/bin/env bash
# check.sh SOURCE COMPILER ARGUMENT...: compiles SOURCE and compares with its Refused, Expect or Compiles
# lines (see CMakeLists.txt).
set -uo pipefail
source=$1
shift
mapfile -t expected < <(sed -n 's|^ *// Expect: *||p' "$source")
mapfile -t refused < <(sed -n 's|^ *// Refused: *||p' "$source")
output=$(LC_ALL=C "$@" "$source" 2>&1)
compiled=$?

fail() {
  printf '%s: %s\n%s\n' "$source" "$1" "$output"
  exit 1
}

if grep -q '^ *// Compiles' "$source"; then
  [[ $compiled == 0 ]] || fail "must compile, but does not"
  exit 0
fi
[[ $((${#expected[@]} + ${#refused[@]})) -gt 0 ]] ||
  fail "says neither '// Refused: text' nor '// Expect: text' nor '// Compiles'"
[[ $compiled != 0 ]] || fail "compiles, but must not"
for text in "${expected[@]}"; do
  [[ $output == *"$text"* ]] || fail "the compiler does not say: $text"
done
[[ ${#refused[@]} -gt 0 ]] || exit 0
beginning=$(head -n 5 <<<"$output")
for text in "${refused[@]}"; do
  [[ $beginning == *"$text"* ]] || fail "the first 5 lines do not say: $text"
done
lines=$(wc -l <<<"$output")
[[ $lines -le 25 ]] || fail "the compiler says $lines lines, and should say 25 at most"
