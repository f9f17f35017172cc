#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "hostile/taken_over.hpp"
#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

// Tasks that write to their worker's result stream what no worker writes. The owner stops such a
// worker, and loses nothing else.
namespace brood::testing::stream_test {
namespace {

using protocol::FailedHeader;
using protocol::GreetingHeader;
using protocol::ResultsHeader;
using protocol::SkippedHeader;
using protocol::Type;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t variable = detail::variable_stride;

class HostileStreams : public PoolTest {};
BROOD_FOR_EVERY_METHOD(HostileStreams);

void forge_log(int level) {
  detail::Bytes bytes;
  protocol::encode_log(bytes, {level, "", "text"});
  write_to_owner(bytes.view());
}

void forge_results(ResultsHeader header, std::size_t size) {
  forge(Type::results, header, std::vector<std::byte>(size));
}

ResultsHeader header_of(const TakenOver& me) {
  return {me.job, me.index, me.sequence, 1, 1, sizeof(std::uint64_t), 0};
}

struct Forgery {
  const char* name;
  void (*write)(const TakenOver& me, ResultsHeader header);
};
using Me = const TakenOver&;
using Header = ResultsHeader;

// Eight bytes are what the owner waits for. Eight MiB are more than lies behind its vector.
const Forgery forgeries[] = {
    {"a fold of a fixed size",
     [](Me, Header h) {
       h.folded = 1;
       forge_results(h, 8 << 20);
     }},
    {"a fold",
     [](Me, Header h) {
       h.folded = 1;
       h.stride = variable;
       forge_results(h, 8);
     }},
    {"a fold of many bytes",
     [](Me, Header h) {
       h.folded = 1;
       h.stride = variable;
       forge_results(h, 8 << 20);
     }},
    {"more bytes", [](Me, Header h) { forge_results(h, 8 << 20); }},
    {"fewer bytes", [](Me, Header h) { forge_results(h, 7); }},
    {"a larger stride",
     [](Me, Header h) {
       h.stride = 8 << 20;
       forge_results(h, 8 << 20);
     }},
    {"a smaller stride",
     [](Me, Header h) {
       h.stride = 4;
       forge_results(h, 4);
     }},
    {"no stride",
     [](Me, Header h) {
       h.stride = 0;
       forge_results(h, 0);
     }},
    {"a variable stride",
     [](Me, Header h) {
       h.stride = variable;
       forge_results(h, 8);
     }},
    {"another number of elements",
     [](Me, Header h) {
       h.count = 4096;
       forge_results(h, 8 * 4096);
     }},
    {"all numbers of elements",
     [](Me, Header h) {
       h.count = most;
       h.folded = 1;
       h.stride = variable;
       forge_results(h, 8);
     }},
    {"an element behind",
     [](Me, Header h) {
       ++h.first;
       forge_results(h, 8);
     }},
    {"the last element that there could be",
     [](Me, Header h) {
       h.first = most;
       forge_results(h, 8);
     }},
    {"a later position",
     [](Me, Header h) {
       ++h.sequence;
       forge_results(h, 8);
     }},
    {"another job",
     [](Me, Header h) {
       h.job ^= 1;
       forge_results(h, 8);
     }},
    {"an old job",
     [](Me, Header h) {
       h.job -= std::uint64_t{1} << 32;
       forge_results(h, 8);
     }},
    {"no job",
     [](Me, Header h) {
       h.job = most;
       forge_results(h, 8);
     }},
    {"a failure of another element",
     [](Me me, Header) {
       forge(Type::failed, FailedHeader{me.job, me.index + 1, me.sequence, 1, 0});
     }},
    {"a failure that is neither retryable nor not",
     [](Me me, Header) {
       forge(Type::failed, FailedHeader{me.job, me.index, me.sequence, 1, 9});
     }},
    {"skipped", [](Me me, Header) { forge(Type::skipped, SkippedHeader{me.sequence + 1}); }},
    {"skipped for ever", [](Me, Header) { forge(Type::skipped, SkippedHeader{most}); }},
    {"exhausted", [](Me, Header) { forge(Type::exhausted); }},
    {"times that were not asked for",
     [](Me me, Header) {
       forge(Type::times, protocol::ElementTimes{me.sequence, 1, 2, 3, 4});
     }},
    {"another greeting", [](Me, Header) { forge(Type::greeting, GreetingHeader{}); }},
    {"ready again", [](Me, Header) { forge(Type::ready); }},
    {"a failed start", [](Me, Header) { forge(Type::start_failed); }},
    {"a message of the owner's", [](Me, Header) { forge(Type::wake); }},
    {"no message", [](Me, Header) { forge(static_cast<Type>(999)); }},
    {"a high log level", [](Me, Header) { forge_log(0x41414141); }},
    {"a negative log level", [](Me, Header) { forge_log(-1); }},
};

std::uint64_t write_forgery(std::uint64_t which) {
  const TakenOver me = taken_over();
  forgeries[which].write(me, header_of(me));
  hang();
}
std::uint64_t twice(std::uint64_t x) { return 2 * x; }

TEST_P(HostileStreams, end_their_worker_and_nothing_else) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  for (std::uint64_t which = 0; which < std::size(forgeries); ++which) {
    SCOPED_TRACE(forgeries[which].name);
    const auto lost =
        caught<WorkerLost>([&] { pool.map(write_forgery, std::vector<std::uint64_t>{which}); });
    EXPECT_EQ(lost.report().cause, CrashReport::Cause::stopped);
    EXPECT_EQ(pool.map(twice, std::vector<std::uint64_t>{1, 2, 3}),
              (std::vector<std::uint64_t>{2, 4, 6}));
  }
}

TEST_P(HostileStreams, end_a_worker_that_its_caller_has_borrowed) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  for (std::uint64_t which = 0; which < std::size(forgeries); ++which) {
    SCOPED_TRACE(forgeries[which].name);
    pool.apply(twice, std::uint64_t{1});  // it is idle, and may be borrowed
    EXPECT_THROW(pool.apply(write_forgery, which), WorkerLost);
    EXPECT_EQ(pool.apply(twice, which), 2 * which);
  }
}

// Calls that travel together have no memory of their caller's to be copied to.
TEST_P(HostileStreams, end_their_worker_where_calls_travel_together) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  std::vector<AsyncResult<std::uint64_t>> calls;
  for (std::uint64_t which = 0; which < std::size(forgeries); ++which)
    calls.push_back(pool.apply_async(write_forgery, which));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(forgeries[i].name);
    EXPECT_THROW(calls[i].get(), WorkerLost);
  }
  EXPECT_EQ(pool.apply(twice, std::uint64_t{4}), 8u);
}

std::uint64_t unfolds(std::uint64_t) {
  const TakenOver me = taken_over();
  forge_results(header_of(me), 8);
  hang();
}

// The other way round: what is to be folded comes one by one.
TEST_P(HostileStreams, end_a_worker_that_does_not_fold_what_it_should) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  const std::vector<std::uint64_t> numbers{1, 2, 3};
  EXPECT_THROW(pool.map_reduce(unfolds, numbers, std::plus<std::uint64_t>(), std::uint64_t{0}),
               WorkerLost);
  EXPECT_EQ(pool.map_reduce(twice, numbers, std::plus<std::uint64_t>(), std::uint64_t{0}), 12u);
}

TEST_P(HostileStreams, are_told_of_in_the_owners_log) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply(write_forgery, std::uint64_t{0}), WorkerLost);
  EXPECT_THROW(pool.map(write_forgery, std::vector<std::uint64_t>{0}), WorkerLost);
  EXPECT_TRUE(log.wait_for("is stopped: "));
}

}  // namespace
}  // namespace brood::testing::stream_test
