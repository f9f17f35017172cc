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

# check NAME: runs a check, of which the first word is the script, on the tree.
check() {
  local words
  read -ra words <<<"$1"
  "$here/${words[0]}" "${words[@]:1}" "$tree"
}

# expect_breach CHECK TEXT
expect_breach() {
  local output
  if output=$(check "$1" 2>&1) || [[ $output != *"$2"* ]]; then
    printf 'expected %s to say "%s", but it said:\n%s\n' "$1" "$2" "$output"
    failures=$((failures + 1))
  fi
}

expect_clean() {
  if ! check "$1"; then
    echo "expected $1 to accept the tree"
    failures=$((failures + 1))
  fi
}

includes() { put "$1" "#include $2" && expect_breach includes.sh "$3"; }
allows() { put "$1" "#include $2" && expect_clean includes.sh; }

includes src/wire/frame.hpp '"pool/pool.hpp"' 'src/wire/frame.hpp:1: wire may not include "pool/pool.hpp"'
includes src/base/ids.hpp '"platform/pipe.hpp"' 'base may not include'
includes src/platform/pipe.cpp '"transfer/shared_descriptor.hpp"' 'platform may not include'
includes src/start/fork.cpp '<pool/pool.hpp>' 'start may not include'
includes src/worker/session_input.cpp '"platform/pipe.hpp"' 'worker/session may not include'
includes src/worker/session.cpp '<unistd.h>' 'worker/session is pure'
includes src/worker/run.cpp '<ctime>' 'worker/run is pure'
includes src/pool/scheduler/chunks.cpp '"platform/pipe.hpp"' 'pool/scheduler may not include'
includes src/pool/scheduler/chunks.cpp '"pool/core.hpp"' 'pool/scheduler may not include'
includes src/pool/driver/driver.cpp '"pool/dispatcher/loop.hpp"' 'pool/driver may not include'
includes src/pool/driver/driver.cpp '"pool/state/pool_state.hpp"' 'pool/driver may not include'
includes src/pool/driver/driver.cpp '"pool/core.hpp"' 'pool/driver may not include'
includes src/pool/driver/driver.cpp '"pool/channels/channel_reactor.hpp"' 'pool/driver may not include'
includes src/pool/channels/channel_reactor.cpp '"pool/state/pool_state.hpp"' 'pool/channels may not include'
includes src/pool/channels/channel_reactor.cpp '"pool/dispatcher/loop.hpp"' 'pool/channels may not include'
includes src/pool/channels/channel_reactor.cpp '<thread>' 'is pure'
includes src/pool/channels/worker_channel.cpp '"pool/driver/worker_link.hpp"' 'pool/channels/worker_channel may not include'
includes src/pool/state/pool_state.cpp '"pool/channels/channel_reactor.hpp"' 'pool/state may not include'
includes src/pool/failures/crash_report.cpp '"pool/driver/worker_link.hpp"' 'pool/failures may not include'
includes src/pool/state/descriptor_loss.cpp '"pool/dispatcher/loop.hpp"' 'pool/state may not include'
includes src/pool/dispatcher/loop.cpp '"pool/core.hpp"' 'pool/dispatcher may not include'
includes src/pool/base/core_lock.hpp '"pool/calls/call_state.hpp"' 'pool/base may not include'
includes src/pool/driver/driver.cpp '<thread>' 'is pure'
includes src/progress/line.cpp '"platform/terminal.hpp"' 'progress/line may not include'
includes src/progress/meter.cpp '<mutex>' 'is pure'
includes src/progress/board.cpp '"pool/core.hpp"' 'progress may not include'
includes src/pool/calls/call_batch.cpp '"pool/driver/worker_link.hpp"' 'pool/calls may not include'
includes src/pool/calls/call_batch.cpp '"pool/dispatcher/loop.hpp"' 'pool/calls may not include'
includes src/pool/calls/call_state.cpp '"pool/core.hpp"' 'pool/calls may not include'
includes src/pool/base/outbox.cpp '"pool/driver/worker_link.hpp"' 'pool/base/outbox may not include'
includes src/pool/base/outbox.cpp '"platform/own_thread.hpp"' 'pool/base/outbox may not include'
includes src/pool/base/outbox.cpp '<thread>' 'is pure'
includes src/pool/pool.cpp '"../worker/loop.hpp"' 'is not named from'
includes src/pool/pool.cpp '"futures.hpp"' 'is not named from'
includes src/manager/client/objects.cpp '"manager/server/call.hpp"' 'manager/client may not include'
includes src/manager/client/objects.cpp '"manager/remote/key.hpp"' 'manager/client may not include'
includes src/manager/server/queue.cpp '"manager/client/channels.hpp"' 'manager/server may not include'
includes src/manager/server/server.cpp '"manager/remote/frame.hpp"' 'manager/server may not include'
includes src/manager/server/main.hpp '"manager/remote/network.hpp"' 'manager/server may not include'
includes src/manager/remote/gateway.cpp '"manager/server/call.hpp"' 'manager/remote/gateway may not include'
includes src/manager/remote/bridge.cpp '"manager/client/channels.hpp"' 'manager/remote may not include'
includes src/manager/leases.cpp '"manager/server/caller.hpp"' 'manager may not include'
includes src/attic/old.cpp '<vector>' 'in no layer'
includes src/wire/frame.cpp '<unistd.h>' 'wire is pure'
includes src/protocol/parent_side.cpp '<sys/socket.h>' 'protocol is pure'
includes src/pool/scheduler/scheduler.cpp '<thread>' 'is pure'
includes src/pool/scheduler/jobs.cpp '"pool/scheduler/population.hpp"' 'pool/scheduler/job may not include'
includes src/pool/scheduler/job_store.hpp '"pool/scheduler/assignments.hpp"' 'pool/scheduler/job may not include'
includes src/pool/scheduler/pending.hpp '"pool/scheduler/worker_index.hpp"' 'pool/scheduler/pending may not include'
includes src/pool/scheduler/run_queue.hpp '"pool/scheduler/parts.hpp"' 'pool/scheduler/run_queue may not include'
includes src/pool/scheduler/delayed.hpp '"pool/scheduler/growth.hpp"' 'pool/scheduler/delayed may not include'
includes src/pool/scheduler/population.hpp '"pool/scheduler/job_store.hpp"' 'pool/scheduler/population may not include'
includes src/pool/scheduler/growth.cpp '"pool/scheduler/placement.hpp"' 'pool/scheduler/growth may not include'
includes src/pool/scheduler/growth.cpp '<thread>' 'is pure'
includes src/wire/frame.cpp '<boost/endian.hpp>' 'wire may not include <boost/endian.hpp>'
includes include/brood/pool.hpp '<boost/asio.hpp>' 'includes <boost/asio.hpp>'
includes include/brood/pool.hpp '<asio/post.hpp>' 'includes <asio/post.hpp>'
includes include/brood/pool.hpp '<brood/asio.hpp>' 'includes the optional <brood/asio.hpp>'
includes include/brood/pool.hpp '<spdlog/spdlog.h>' 'includes <spdlog/spdlog.h>'
includes include/brood/pool.hpp '<cereal/cereal.hpp>' 'no codec'
includes include/brood/detail/call.hpp '<cereal/cereal.hpp>' 'no codec'
includes include/brood/pool.hpp '"pool/scheduler/scheduler.hpp"' 'from the inside'
includes src/wire/exception.cpp '<brood/manager.hpp>' 'wire may not include <brood/manager.hpp>, which is of manager'
includes src/protocol/messages.cpp '<brood/options.hpp>' 'which is of pool'
includes src/platform/large_memory.cpp '<brood/codec.hpp>' 'which is of wire'
includes src/platform/large_memory.cpp '<brood/detail/codec/contiguous.hpp>' 'which is of wire'
includes src/pool/scheduler/scheduler.cpp '<brood/options.hpp>' 'pool/scheduler may not include'
includes src/shared/lock.cpp '<brood/brood.hpp>' 'which is of everything'
includes src/shared/lock.cpp '<brood/nowhere.hpp>' '<brood/nowhere.hpp> is in no layer'
includes include/brood/queue.hpp '<brood/pool.hpp>' 'shared may not include <brood/pool.hpp>'
includes include/brood/detail/codec/encode.hpp '<brood/detail/shared/handle.hpp>' 'which is of shared'
includes include/brood/nowhere.hpp '<vector>' 'is a header of no layer'
for header in unistd.h sys/types.h fcntl.h poll.h signal.h csignal spawn.h linux/futex.h; do
  includes include/brood/process.hpp "<$header>" "the system's <$header>"
done
put include/brood/pool.hpp '  #  include   <unistd.h>  // hidden by spaces'
expect_breach includes.sh "the system's <unistd.h>"
put src/protocol/worker_side.cpp 'auto t = std::chrono::steady_clock::now();'
expect_breach includes.sh 'time is an argument'

allows src/pool/pool.cpp '"pool/scheduler/scheduler.hpp"'
allows src/pool/core.cpp '"pool/dispatcher/dispatcher.hpp"'
allows src/pool/dispatcher/loop.hpp '"pool/state/pool_state.hpp"'
allows src/pool/state/pool_state.hpp '"pool/driver/driver.hpp"'
allows src/pool/channels/channel_reactor.hpp '"pool/driver/worker_link.hpp"'
allows src/pool/driver/worker_link.hpp '"pool/channels/worker_channel.hpp"'
allows src/pool/driver/driver.cpp '"pool/failures/start_errors.hpp"'
allows src/pool/calls/run_frame.cpp '"pool/base/outbox.hpp"'
allows src/pool/calls/run_frame.cpp '"pool/calls/call_job.hpp"'
allows src/pool/driver/job_table.cpp '"pool/calls/call_job.hpp"'
allows src/pool/core.cpp '"pool/driver/driver.hpp"'
allows src/pool/scheduler/jobs.cpp '"pool/scheduler/job_record.hpp"'
allows src/pool/scheduler/population.hpp '"pool/scheduler/slot_set.hpp"'
allows src/pool/scheduler/assignments.hpp '"pool/scheduler/population.hpp"'
allows src/pool/scheduler/turnover.hpp '"pool/scheduler/growth.hpp"'
allows src/pool/pool.cpp '<boost/asio.hpp>'
allows include/brood/boost_asio.hpp '<boost/asio/post.hpp>'
allows include/brood/asio.hpp '<asio/post.hpp>'
allows src/pool/dispatcher.cpp '<thread>'
allows src/manager/server/server.cpp '<brood/manager.hpp>'
allows src/manager/server/server.cpp '"manager/leases.hpp"'
allows src/manager/server_main.cpp '"manager/remote/network.hpp"'
allows src/manager/remote/bridge.cpp '"manager/server/server.hpp"'
allows src/manager/client/manager.cpp '"manager/remote/key.hpp"'
allows src/manager/client/ref.cpp '"manager/client/channels.hpp"'
allows src/worker/own_process.cpp '"platform/pipe.hpp"'
allows src/platform/pipe.cpp '<unistd.h>'
allows include/brood/codec.hpp '<cereal/cereal.hpp>'
allows include/brood/detail/codec/archive.hpp '<cereal/cereal.hpp>'
allows src/wire/exception.cpp '<brood/detail/codec/encode.hpp>'
allows src/shared/queue.cpp '<brood/queue.hpp>'
allows include/brood/manager.hpp '<brood/launcher.hpp>'
allows include/brood/pool.hpp '<brood/detail/export.hpp>'

put include/brood/long.hpp $(seq 251) && expect_breach sizes.sh 'long.hpp has 251 lines; at most 250'
put src/pool/long.hpp $(seq 251) && expect_breach sizes.sh 'at most 250'
put src/pool/long.cpp $(seq 401) && expect_breach sizes.sh 'at most 400'
put examples/01_long.cpp $(seq 61) && expect_breach sizes.sh 'at most 60'
put src/pool/good.cpp $(seq 400) && expect_clean sizes.sh

# face LINE...: the public header thing.hpp, in namespace brood, without exceptions.
: >"$tree.exposed"
trap 'rm -rf "$tree" "$tree.exposed"' EXIT
export EXPOSED=$tree.exposed
face() { put include/brood/thing.hpp 'namespace brood {' "$@" '}  // namespace brood'; }
undocumented() {
  local text=$1
  shift
  face "$@" && expect_breach 'public_face.sh comments' "include/brood/thing.hpp:$text has no comment"
}
exposes() {
  local text=$1
  shift
  face "$@"
  expect_breach 'public_face.sh signatures' \
    "include/brood/thing.hpp:$text has a type of detail:: in its signature"
}

deduces() {
  local text=$1
  shift
  face "$@"
  expect_breach 'public_face.sh signatures' \
    "include/brood/thing.hpp:$text does not say the type of its result"
}

hides_a_parameter() {
  local text=$1
  shift
  face "$@"
  expect_breach 'public_face.sh signatures' \
    "include/brood/thing.hpp:$text does not say the type of a parameter"
}

derives() {
  local text=$1
  shift
  face "$@"
  expect_breach 'public_face.sh signatures' "include/brood/thing.hpp:$text"
}

undocumented '2: function run' 'void run();'
undocumented '2: class Thing' 'class Thing {};'
undocumented '2: enum Mode' 'enum class Mode : bool { no, yes };'
undocumented '2: alias Name' 'using Name = int;'
undocumented '2: concept Small' 'template <class T>' 'concept Small = sizeof(T) < 8;'
undocumented '2: constant limit' 'inline constexpr int limit = 7;'
undocumented '4: alias Pair' '/// A number.' 'using Other = int;' 'template <class T>' \
  'using Pair = std::pair<T, T>;'
undocumented '4: member size' '/// A thing.' 'struct Thing {' '  int size = 0;' '};'
undocumented '4: member call' '/// A thing.' 'struct Thing {' '  std::function<void(int)> call{};' '};'
undocumented '5: function run' '/// A thing.' 'class Thing {' ' public:' '  void run() const {' \
  '    if (true) return;' '  }' '};'
undocumented '6: function stop' '/// A thing.' 'struct Thing {' '  /// Runs.' '  void run();' \
  '  void stop();' '};'
undocumented '7: function run' '/// A thing.' 'struct Thing {' '  /// Runs.' '  void run();' '' \
  '  void run(int);' '};'
undocumented '4: function Thing' '/// A thing.' 'struct Thing {' '  explicit Thing(int size) : size_{size} {}' '};'
undocumented '7: function late' '/// A thing.' 'class Thing {' '  int hidden_{};' ' public:' \
  '  Thing(const Thing&) = delete;' '  void late();' '};'

exposes '2: function run' 'void run(detail::Deadline deadline);'
exposes '2: function run' 'detail::Job run();'
exposes '4: function Thing' '/// A thing.' 'struct Thing {' '  explicit Thing(detail::Undecoded) {}' '};'
exposes '4: function wait' '/// A thing.' 'struct Thing {' '  bool wait(int count,' \
  '            const detail::Deadline& deadline) const;' '};'
undocumented '5: inherited detail::Base::run' '/// A thing.' 'class Thing : public detail::Base {' ' public:' \
  '  using detail::Base::run;' '};'

deduces '2: function run' 'inline auto run() { return 1; }'
deduces '4: function run' '/// A thing.' 'struct Thing {' '  template <class T>' '  auto& run(T what) const {}' '};'
deduces '4: function operator co_await' '/// A thing.' 'struct Thing {' \
  '  auto operator co_await() const noexcept {}' '};'
deduces '2: function decltype' 'template <class F>' 'requires(is_small<F>) decltype(auto) run(F f);'
exposes '4: member raw' '/// A thing.' 'struct Thing {' '  std::shared_ptr<detail::Trace> raw{};' '};'

hides_a_parameter '2: function run' 'void run(auto... timeout);'
hides_a_parameter '2: function run' 'void run(int first, const auto& second);'
hides_a_parameter '4: function run' '/// A thing.' 'struct Thing {' '  void run(std::integral auto&& number) const {}' '};'
derives '3: class Thing derives from detail::Base' '/// A thing.' 'class Thing : public detail::Base<Thing> {' '};'
derives '3: class Thing derives from detail::Base' '/// A thing.' 'struct Thing : detail::Base {' '};'
derives '3: class Thing derives from detail::Second' '/// A thing.' \
  'class BROOD_API Thing final : public First, public detail::Second {' '};'

echo 'base detail::Base: a reason' >"$EXPOSED"
face '/// A thing.' 'template <class T>' 'class Thing : public detail::Base, private detail::Hidden {' ' public:' \
  '  using detail::Base::Base;' '  /// Calls it.' '  template <auto Method>' '  Result<Method> call(int more);' \
  '  /// Of a number, or of a text.' \
  '  explicit Thing(int number) : Base(detail::mark(number)) {}' '  explicit Thing(std::string text);' \
  '  Thing(const Thing&) = default;' '  Thing& operator=(const Thing&) = delete;' '  ~Thing();' \
  '  /// Whether it is there.' '  bool operator==(const Thing&) const { return detail::here(); }' '' \
  ' private:' '  friend class detail::Maker;' '  explicit Thing(detail::Undecoded) {}' \
  '  detail::Job job_;' '};' 'class Later;' 'namespace detail {' 'void inside(Job);' '}' \
  '/// Its result.' 'template <class T>' 'using Result = detail::result_t<T>;'
expect_clean 'public_face.sh comments'
expect_clean 'public_face.sh signatures'
face 'class Later;' && expect_breach 'public_face.sh signatures' 'base detail::Base is an exception that nothing needs'
echo 'thing.hpp run: a reason' >"$EXPOSED"
face 'void run(detail::Deadline deadline);' && expect_clean 'public_face.sh signatures'
face 'void run(int);' && expect_breach 'public_face.sh signatures' 'thing.hpp run is an exception that nothing needs'
echo 'thing.hpp run:' >"$EXPOSED"
face 'void run(detail::Deadline deadline);' && expect_breach 'public_face.sh signatures' 'needs its reason'

# contract ROW LINE...: the class Thing with these lines, of which contracts.txt has the row.
trap 'rm -rf "$tree" "$tree.exposed" "$tree.contracts"' EXIT
export CONTRACTS=$tree.contracts
contract() {
  local row=$1
  shift
  echo "${row:+thing.hpp Thing: $row}" >"$CONTRACTS"
  face "$@" '};'
}
says_nothing() {
  local text=$1
  shift
  contract "$@" && expect_breach 'public_face.sh contracts' "include/brood/thing.hpp:$text"
}
says_all() { contract "$@" && expect_clean 'public_face.sh contracts'; }
run='  void run();'
all='/// Blocks. Throws. Threads: any. Cost: little.'
for topic in blocking:Blocks. Throws:Throws. Threads:'Threads: any.' Cost:'Cost: little.'; do
  says_nothing "5: neither Thing nor run speaks of ${topic%%:*}" class "${all/${topic#*:}/}" 'struct Thing {' \
    '  /// Runs.' "$run"
done
for topic in blocking:Blocks. Throws:Throws. Cost:'Cost: little.'; do
  says_nothing "5: neither Thing nor run speaks of ${topic%%:*}" verbs "$all" 'struct Thing {' \
    "  ${all/${topic#*:}/}" "$run"
done
says_nothing '7: neither Thing nor stop speaks of Cost' class '/// Blocks. Throws. Threads: any.' 'struct Thing {' \
  '  /// Cost: little.' "$run" '  /// Stops.' '  void stop();'
# free TEXT LINE...: functions outside of classes.
free() {
  local text=$1
  shift
  : >"$CONTRACTS"
  face "$@" && expect_breach 'public_face.sh contracts' "include/brood/thing.hpp:$text"
}
free '3: run does not speak of blocking' '/// Throws. Threads: any. Cost: little.' 'void run();'
free '3: run does not speak of Throws' '/// Blocks. Threads: any. Cost: little.' 'void run();'
free '3: run does not speak of Threads' '/// Blocks. Throws. Cost: little.' 'void run();'
free '3: run does not speak of Cost' '/// Blocks. Throws. Threads: any.' 'void run();'
free '3: run does not speak of Cost' '/// Blocks until then. Throws. Threads: any.' 'template <class T>' 'void run(T what);'
free '5: stop does not speak of Cost' "$all" 'void run();' '/// Blocks. Throws. Threads: any.' 'void stop();'
free '4: run does not speak of Cost' '// Cost: little.' '/// Blocks. Throws. Threads: any.' 'void run();'
: >"$CONTRACTS"
face "$all" 'void run();' 'void run(int);' '/// Same, but later.' 'void run_later();' '/// As run(), but now.' \
  'void run_now();' '/// Whether they are equal.' 'bool operator==(Thing, Thing);' 'namespace detail {' 'void hidden();' \
  '}' '/// Never blocks. Threads: any. Cost: little.' 'namespace inner {' '/// Stops.' 'void stop() noexcept;' '}' &&
  expect_clean 'public_face.sh contracts'
says_nothing '5: class Thing has a function that blocks, and is not in contracts.txt' '' '/// A thing.' \
  'struct Thing {' '  /// Runs. Blocks until then.' "$run"
says_all class "$all" 'struct Thing {' '  /// A new one.' '  Thing();' '  /// Runs.' "$run"
says_all class '/// Threads: any.' 'struct Thing {' "  $all" "$run" '  void run(int);' '  /// Same, but later.' \
  '  void run_later();' '  /// As run(), but now.' '  void run_now();' '  /// Does what run() does.' '  using Base::go;'
says_all verbs '/// Threads: any.' 'struct Thing {' '  /// Never blocks. Cost: little.' '  void run() noexcept;'
contract class "$all" 'struct Other {' '  /// Runs.' "$run" &&
  expect_breach 'public_face.sh contracts' 'thing.hpp Thing is a row of no class'

put src/base/variables.cpp 'const char* const mode = std::getenv("BROOD_NEW");' &&
  expect_breach environment.sh 'has no row for BROOD_NEW'
put docs/environment.md '| `BROOD_GONE` | what it did |' &&
  expect_breach environment.sh 'a row for BROOD_GONE, which nothing reads'

exit $((failures > 0))
