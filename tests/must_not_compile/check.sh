#!/usr/bin/env bash
# check.sh SOURCE COMPILER ARGUMENT...: compiles SOURCE and compares with its Expect or Compiles lines.
set -uo pipefail
source=$1
shift
mapfile -t expected < <(sed -n 's|^ *// Expect: *||p' "$source")
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
[[ ${#expected[@]} -gt 0 ]] || fail "says neither '// Expect: text' nor '// Compiles'"
[[ $compiled != 0 ]] || fail "compiles, but must not"
for text in "${expected[@]}"; do
  [[ $output == *"$text"* ]] || fail "the compiler does not say: $text"
done
