#!/usr/bin/env bash
# public_face.sh comments ROOT: every public declaration of ROOT/include/brood/*.hpp has a comment.
# public_face.sh signatures ROOT: none of them names a type of brood::detail, leaves a type to be deduced
# or derives from a class of brood::detail, but for exposed.txt.
# public_face.sh contracts ROOT: free functions, and the classes in contracts.txt, speak of blocking, Throws,
# Threads and Cost.
# Prints each breach. With COUNTED=each it prints the declarations, too, and their number.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mode=$1
cd "$2"
files=(include/brood/*.hpp)
list=${EXPOSED:-$here/exposed.txt}
if [[ $mode == contracts ]]; then list=${CONTRACTS:-$here/contracts.txt}; fi
if [[ $mode != comments ]]; then files=("$list" "${files[@]}"); fi
exec awk -v mode="$mode" -v list="$list" -v counted="${COUNTED:-}" -f "$here/public_face.awk" "${files[@]}"
