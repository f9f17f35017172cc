#!/usr/bin/env bash
# includes.sh ROOT: every include in ROOT/src and ROOT/include obeys allowed.txt. Prints each breach.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$1"
mapfile -t files < <(find src include -name '*.[ch]pp' 2>/dev/null | sort)
if [[ ${#files[@]} == 0 ]]; then
  echo "no sources under $1" >&2
  exit 2
fi
exec awk -f "$here/includes.awk" "$here/allowed.txt" "${files[@]}"
