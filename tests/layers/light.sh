#!/usr/bin/env bash
# light.sh COMPILER SOURCE_DIR: every program that has a pool pays for what brood/pool.hpp reads.
# These headers of the standard library take longer than they are worth there.
set -euo pipefail
read_by_pool=$(echo '#include <brood/pool.hpp>' | "$1" -std=c++20 -I"$2/include" -M -x c++ -)
bad=0
for header in algorithm chrono future mutex random ranges regex sstream; do
  if grep -qE "/c\+\+/[0-9.]+/$header( |\$)" <<<"$read_by_pool"; then
    echo "brood/pool.hpp reads <$header>"
    bad=1
  fi
done
grep -qE '/c\+\+/[0-9.]+/vector( |$)' <<<"$read_by_pool" || { echo "the check does not see what is read"; bad=1; }
exit $bad
