#!/usr/bin/env bash
# sizes.sh ROOT: no file is longer than its kind may be. Prints each that is.
set -euo pipefail
cd "$1"
status=0

# at_most LINES FIND-ARGUMENT...
at_most() {
  local limit=$1 lines file
  shift
  while read -r lines file; do
    if [[ $lines -gt $limit ]]; then
      echo "$file has $lines lines; at most $limit are wanted"
      status=1
    fi
  done < <(find "$@" -type f -exec sh -c 'for f; do echo "$(wc -l <"$f") $f"; done' sh {} + 2>/dev/null)
}

at_most 250 include src -name '*.hpp'
at_most 400 src tests bench examples -name '*.[ch]pp'
at_most 60 examples -maxdepth 1 -name '*.cpp'
exit $status
