#!/usr/bin/env bash
# compare.sh ORIGINAL.py PROGRAM: runs both, and compares what they print line by line; words of Python's
# that C++ spells differently are replaced first (words.txt). Ends with 77 where Python cannot run them.
set -uo pipefail
original=$1
program=$2
words=$(dirname "$0")/words.txt

if ! python3 -c 'import multiprocessing.synchronize' 2>/dev/null; then
  echo "python3 with multiprocessing was not found: nothing to compare with"
  exit 77
fi

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

# in_our_words: replaces what stands left in words.txt by what stands right.
in_our_words() {
  sed -E "$(sed -nE 's/^([^# ]+) +([^ ].*)$/s|\\b\1\\b|\2|g/p' "$words")"
}

# fail TEXT: says what happened, and what the failed program had to say.
fail() {
  echo "$1"
  cat "$errors"
  exit 1
}

theirs=$(python3 -B "$original" 2>"$errors" | in_our_words) || fail "$original ended with status $?"
ours=$("$program" 2>"$errors") || fail "$program ended with status $?"
diff <(echo "$theirs") <(echo "$ours") --label "Python: $original" --label "Brood: $program" -u ||
  fail "They differ."
