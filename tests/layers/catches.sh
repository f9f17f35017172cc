#!/usr/bin/env bash
# Feeds small bad trees to the checks: each must be refused for its reason, and a good one accepted.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# put FILE LINE...: a tree of this one file.
put() {
  local file=$tree/$1
  rm -rf "${tree:?}"/*
  mkdir -p "$(dirname "$file")"
  shift
  printf '%s\n' "$@" >"$file"
}

# expect_breach CHECK TEXT
expect_breach() {
  local output
  if output=$("$here/$1" "$tree" 2>&1) || [[ $output != *"$2"* ]]; then
    printf 'expected %s to say "%s", but it said:\n%s\n' "$1" "$2" "$output"
    failures=$((failures + 1))
  fi
}

expect_clean() {
  if ! "$here/$1" "$tree"; then
    echo "expected $1 to accept the tree"
    failures=$((failures + 1))
  fi
}

includes() { put "$1" "#include $2" && expect_breach includes.sh "$3"; }
allows() { put "$1" "#include $2" && expect_clean includes.sh; }

includes src/wire/frame.hpp '"pool/pool.hpp"' 'src/wire/frame.hpp:1: wire may not include "pool/pool.hpp"'
includes src/base/ids.hpp '"platform/pipe.hpp"' 'base may not include'
includes src/start/fork.cpp '<pool/pool.hpp>' 'start may not include'
includes src/pool/scheduler/chunks.cpp '"platform/pipe.hpp"' 'pool/scheduler may not include'
includes src/pool/scheduler/chunks.cpp '"pool/core.hpp"' 'pool/scheduler may not include'
includes src/pool/pool.cpp '"../worker/loop.hpp"' 'is not named from'
includes src/pool/pool.cpp '"futures.hpp"' 'is not named from'
includes src/attic/old.cpp '<vector>' 'in no layer'
includes src/wire/frame.cpp '<unistd.h>' 'wire is pure'
includes src/protocol/parent_side.cpp '<sys/socket.h>' 'protocol is pure'
includes src/pool/scheduler/scheduler.cpp '<thread>' 'is pure'
includes src/wire/frame.cpp '<boost/endian.hpp>' 'wire may not include <boost/endian.hpp>'
includes include/brood/pool.hpp '<boost/asio.hpp>' 'includes <boost/asio.hpp>'
includes include/brood/pool.hpp '<spdlog/spdlog.h>' 'includes <spdlog/spdlog.h>'
includes include/brood/pool.hpp '<cereal/cereal.hpp>' 'no codec'
includes include/brood/detail/call.hpp '<cereal/cereal.hpp>' 'no codec'
includes include/brood/pool.hpp '"pool/scheduler/scheduler.hpp"' 'from the inside'
for header in unistd.h sys/types.h fcntl.h poll.h signal.h csignal spawn.h linux/futex.h; do
  includes include/brood/process.hpp "<$header>" "the system's <$header>"
done
put include/brood/pool.hpp '  #  include   <unistd.h>  // hidden by spaces'
expect_breach includes.sh "the system's <unistd.h>"
put src/protocol/worker_side.cpp 'auto t = std::chrono::steady_clock::now();'
expect_breach includes.sh 'time is an argument'

allows src/pool/pool.cpp '"pool/scheduler/scheduler.hpp"'
allows src/pool/scheduler/jobs.cpp '"pool/scheduler/job.hpp"'
allows src/pool/pool.cpp '<boost/asio.hpp>'
allows src/pool/dispatcher.cpp '<thread>'
allows src/manager/server.cpp '<brood/manager.hpp>'
allows src/platform/pipe.cpp '<unistd.h>'
allows include/brood/codec.hpp '<cereal/cereal.hpp>'
allows include/brood/detail/task_codec.hpp '<cereal/cereal.hpp>'
allows include/brood/pool.hpp '<brood/detail/export.hpp>'

put include/brood/long.hpp $(seq 251) && expect_breach sizes.sh 'long.hpp has 251 lines; at most 250'
put src/pool/long.hpp $(seq 251) && expect_breach sizes.sh 'at most 250'
put src/pool/long.cpp $(seq 401) && expect_breach sizes.sh 'at most 400'
put examples/01_long.cpp $(seq 61) && expect_breach sizes.sh 'at most 60'
put src/pool/good.cpp $(seq 400) && expect_clean sizes.sh

exit $((failures > 0))
