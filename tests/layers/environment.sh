#!/usr/bin/env bash
# environment.sh SOURCE_DIR: docs/environment.md has each variable that the library reads, and no others.
set -euo pipefail
page=$1/docs/environment.md
read_by_library=$(grep -rhoE 'getenv\("[A-Z_]+"\)' "$1/src" "$1/include" 2>/dev/null | sed 's/.*"\(.*\)".*/\1/' | sort -u || true)
listed=$(grep -oE '^\| `[A-Z_]+`' "$page" 2>/dev/null | tr -d '|` ' | sort -u || true)
bad=0
for name in $read_by_library; do
  grep -qx "$name" <<<"$listed" || { echo "docs/environment.md has no row for $name"; bad=1; }
done
for name in $listed; do
  grep -qx "$name" <<<"$read_by_library" || { echo "docs/environment.md has a row for $name, which nothing reads"; bad=1; }
done
others=$(grep -rnE 'getenv\(' "$1/src" "$1/include" 2>/dev/null | grep -vE 'getenv\("[A-Z_]+"\)' || true)
[ -z "$others" ] || { echo "the name of a variable is not to be seen: $others"; bad=1; }
exit $bad
