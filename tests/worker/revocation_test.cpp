#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <brood/detail/pool/run.hpp>
#include "platform/memory_barrier.hpp"
#include "protocol/owner_page.hpp"
#include "protocol/revocation.hpp"
#include "worker/run_access.hpp"

// The claims of a worker and the revocations of its owner, at the same time.
namespace brood::worker::revocation_test {
namespace {

using protocol::WorkerPage;

/// A worker that has nothing but a page.
class Claimant final : public detail::OutcomeSink {
 public:
  Claimant(WorkerPage& page, bool barrier) : page_(page), barrier_(barrier) {}

  /// Runs elements from `first` on until they are at their end, or taken back; how many.
  std::uint64_t run(std::uint64_t first, std::uint64_t count) {
    detail::Run run;
    detail::RunAccess::begin(run, {.sink = this,
                                   .claimed = &page_.claimed,
                                   .revocation = &page_.revocation,
                                   .head = &page_.head,
                                   .record_limit = 1,
                                   .sequence = first,
                                   .first = 0,
                                   .count = count,
                                   .stride = 1,
                                   .attempt = 1,
                                   .barrier = barrier_,
                                   .timed = false,
                                   .measured = false,
                                   .raw_argument = false,
                                   .separate_calls = false,
                                   .arguments = Reader({})});
    std::uint64_t ran = 0;
    while (run.next()) {
      ++ran;
      write_elsewhere();
    }
    return ran;
  }

  bool keeps(std::uint64_t position) override { return protocol::keeps(page_, position); }
  void stamp() override {}
  void make_room(detail::Run&, std::size_t, std::uint32_t) override {}
  void put_large(detail::Run&, std::span<const std::byte>, std::span<const std::byte>) override {}
  void fail(detail::Run&) override {}
  void abandon() override {}
  void put_folded(detail::Run&, std::size_t, std::span<const std::byte>) override {}
  void attach(detail::Run&, std::span<const detail::DescriptorRef>) override {}
  void decoded() override {}
  void ran() override {}

 private:
  // Cache misses: the next claim waits behind them in the processor's store buffer.
  void write_elsewhere() {
    for (int i = 0; i < 8; ++i) {
      next_ = (next_ + 4160) % elsewhere_.size();
      elsewhere_[next_] = 1;
    }
  }

  WorkerPage& page_;
  const bool barrier_;
  std::vector<char> elsewhere_ = std::vector<char>(std::size_t{32} << 20);
  std::size_t next_ = 0;
};

enum class Barrier : std::uint8_t { by_owner, by_worker };

/// Rounds of one run and one revocation each. An element that both sides have, or neither, is a
/// fault.
class Revocations : public ::testing::TestWithParam<Barrier> {
 protected:
  static constexpr std::uint64_t in_a_round = 50;

  void SetUp() override {
    const bool can = platform::has_process_barriers() && platform::join_process_barriers();
    page->revocation = WorkerPage::not_revoked;
    if (GetParam() == Barrier::by_owner && !can) GTEST_SKIP() << "membarrier(2) is refused";
  }
  void work(std::uint64_t rounds) {
    Claimant claimant(*page, GetParam() == Barrier::by_worker);
    for (std::uint64_t round = 0; round < rounds; ++round) {
      while (begun.load() <= round) std::this_thread::yield();
      ran = claimant.run(round * in_a_round, in_a_round);
      page->claimed.store((round + 1) * in_a_round);  // acknowledges
      ended.store(round + 1);
    }
  }
  // Returns what the worker keeps of the round.
  std::uint64_t revoke(std::uint64_t round) {
    watch.ask(*page, (round + 1) * in_a_round);
    const bool is_ordered = GetParam() == Barrier::by_worker || platform::process_barrier();
    const std::uint64_t kept =
        watch.decide(*page, is_ordered ? protocol::PageWatch::Barrier::passed
                                       : protocol::PageWatch::Barrier::refused);
    while (ended.load() <= round) std::this_thread::yield();
    watch.acknowledged(*page);
    return kept - round * in_a_round;
  }

  std::unique_ptr<WorkerPage> page = std::make_unique<WorkerPage>();
  protocol::PageWatch watch;
  std::atomic<std::uint64_t> begun{0}, ended{0}, ran{0};  // rounds; elements of the last one
};

TEST_P(Revocations, leave_each_element_to_one_side) {
  constexpr std::uint64_t rounds = 3000;
  std::thread worker([this] { work(rounds); });
  std::uint64_t midway = 0, faults = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    begun.store(round + 1);
    for (std::uint64_t spin = 0; spin < round % 499; ++spin) ran.load();  // at different moments
    const std::uint64_t kept = revoke(round);
    faults += kept != ran.load();
    midway += kept != 0 && kept != in_a_round;
  }
  worker.join();
  EXPECT_EQ(faults, 0U);
  EXPECT_FALSE(watch.doubted());
  RecordProperty("midway", std::to_string(midway));
}

INSTANTIATE_TEST_SUITE_P(Barrier, Revocations,
                         ::testing::Values(Barrier::by_owner, Barrier::by_worker),
                         [](const auto& tested) {
                           return tested.param == Barrier::by_owner ? "by_owner" : "by_worker";
                         });

}  // namespace
}  // namespace brood::worker::revocation_test
