#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "hostile/attacks/attack.hpp"
#include "support/worker_channel.hpp"

// What a wild pointer, or worse, writes into the memory that worker and owner share.
namespace brood::hostile {

using protocol::WorkerPage;
using Word = std::atomic<std::uint64_t>;
using Flag = std::atomic<std::uint32_t>;

namespace {

std::array<Word*, 11> words_of(WorkerPage& page) {
  return {&page.claimed,   &page.revocation, &page.fence,         &page.clock,
          &page.head,      &page.closed,     &page.tail,          &page.task_head,
          &page.task_tail, &page.stoppable,  &page.stop_requested};
}

Word& any_word(Foe& foe) { return *words_of(foe.page())[foe.dice.up_to(10)]; }

Flag& any_flag(Foe& foe) {
  WorkerPage& page = foe.page();
  const std::array flags{&page.owner_waits,   &page.worker_waits,     &page.owner_blocked,
                         &page.no_more_tasks, &page.barrier_by_owner, &page.stop_requests};
  return *flags[foe.dice.up_to(flags.size() - 1)];
}

// A value that this word might have.
std::uint64_t plausible(Foe& foe, Word& word) {
  std::uint64_t value = foe.dice.near(word.load());
  if (&word == &foe.page().revocation)
    value = (foe.dice.percent(50) ? WorkerPage::decided : WorkerPage::asked) |
            (foe.dice.percent(50) ? foe.dice.near(foe.page().claimed) : 0);
  if (&word == &foe.page().head || &word == &foe.page().closed)
    value = foe.dice.percent(70) ? foe.page().tail + foe.dice.up_to(WorkerPage::buffer_size + 1)
                                 : value;
  if (&word == &foe.page().task_tail && foe.dice.percent(50))
    value = foe.page().task_head - foe.dice.up_to(WorkerPage::buffer_size + 1);
  return value;
}

std::uint64_t monotonic_now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

void page_words_random(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) any_word(foe) = foe.dice.any();
  if (foe.dice.percent(30)) any_flag(foe) = static_cast<std::uint32_t>(foe.dice.any());
}

void page_words_near(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) {
    Word& word = any_word(foe);
    word = plausible(foe, word);
  }
  if (foe.dice.percent(30)) any_flag(foe) = static_cast<std::uint32_t>(foe.dice.up_to(3));
}

void page_anywhere(Foe& foe) {
  auto* const bytes = reinterpret_cast<std::byte*>(&foe.page());
  for (std::uint64_t i = 0; i < foe.dice.magnitude(1000); ++i) {
    const std::uint64_t value = foe.dice.percent(50) ? foe.dice.any() : foe.dice.up_to(1000);
    std::memcpy(bytes + foe.dice.up_to(sizeof(WorkerPage) / 8 - 1) * 8, &value, sizeof value);
  }
}

void page_buffer(Foe& foe) {
  WorkerPage& page = foe.page();
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t value = foe.dice.near(page.claimed);
    std::memcpy(page.at(page.tail + foe.dice.up_to(page.head - page.tail)), &value, sizeof value);
  }
}

void page_clock(Foe& foe) {
  const auto year =
      static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::hours(8766)).count());
  const std::array<std::uint64_t, 4> times{monotonic_now() + year, ~std::uint64_t{0},
                                           std::uint64_t{1} << 63, 0};
  foe.page().clock = times[foe.dice.up_to(3)];
}

void page_claims_nothing(Foe& foe) {
  foe.page().claimed = foe.dice.percent(50) ? 0 : foe.run().sequence;
}

void page_claims_all(Foe& foe) {
  const protocol::RunHeader run = foe.run();
  foe.page().claimed = run.sequence + run.count + foe.dice.magnitude(1000);
}

void page_revoked(Foe& foe) {
  foe.page().fence = foe.dice.near(foe.page().claimed);
  foe.page().revocation = foe.dice.percent(50)
                              ? WorkerPage::asked
                              : WorkerPage::decided | foe.dice.near(foe.page().claimed);
}

// The library's own code in this worker sends them with the next flush, or the owner finds them.
void page_frames(Foe& foe) {
  std::string frames;
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) frames += any_forged_frame(foe);
  WorkerPage& page = foe.page();
  const std::uint64_t start = foe.dice.percent(50) ? page.closed.load() : page.head.load();
  if (frames.size() > WorkerPage::buffer_size) return;
  std::memcpy(page.at(start), frames.data(), frames.size());
  if (foe.dice.percent(50)) page.closed = start + frames.size();
  page.head = start + frames.size();
}

// While the owner looks.
void page_moves(Foe& foe) {
  WorkerPage& page = foe.page();
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  while (std::chrono::steady_clock::now() < end) {
    Word& word = any_word(foe);
    const std::uint64_t before = word;
    word = plausible(foe, word);
    page.clock = monotonic_now();
    if (foe.dice.percent(90)) word = before;
  }
}

void task_words(Foe& foe) {
  WorkerPage& page = foe.page();
  if (foe.dice.percent(60)) page.task_tail = plausible(foe, page.task_tail);
  if (foe.dice.percent(40)) page.task_head = plausible(foe, page.task_head);
  for (Flag* const flag : {&page.no_more_tasks, &page.owner_blocked, &page.worker_waits})
    if (foe.dice.percent(30)) *flag = static_cast<std::uint32_t>(foe.dice.near(1));
}

// What its owner has written, or is about to.
void task_bytes(Foe& foe) {
  WorkerPage& page = foe.page();
  const std::uint64_t from = foe.dice.percent(50) ? page.task_tail.load() : page.task_head.load();
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(2000); ++i) {
    const std::uint64_t value = foe.dice.percent(50) ? foe.dice.any() : foe.dice.up_to(100);
    std::memcpy(page.tasks.at(from + foe.dice.magnitude(WorkerPage::buffer_size)), &value,
                sizeof value);
  }
}

// As if the owner had sent them.
void task_frames(Foe& foe) {
  WorkerPage& page = foe.page();
  std::string frames;
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i)
    frames += forged_frame(foe, static_cast<protocol::Type>(foe.dice.near(1) % 40));
  const std::uint64_t start = foe.dice.percent(70) ? page.task_head.load() : page.task_tail.load();
  std::memcpy(page.tasks.at(start), frames.data(),
              std::min<std::size_t>(frames.size(), WorkerPage::buffer_size));
  page.task_head = start + frames.size();
}

// While the owner writes.
void task_moves(Foe& foe) {
  WorkerPage& page = foe.page();
  const std::uint64_t tail = page.task_tail;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  while (std::chrono::steady_clock::now() < end) {
    page.task_tail = foe.dice.percent(90) ? page.task_head.load() : plausible(foe, page.task_tail);
    if (foe.dice.percent(50)) page.owner_blocked = page.owner_waits = 0;
    if (foe.dice.percent(50)) page.worker_waits = static_cast<std::uint32_t>(foe.dice.up_to(3));
    if (foe.dice.percent(30)) testing::wake_owner(page);
  }
  if (foe.dice.percent(50)) page.task_tail = tail;
}

void last_words(Foe& foe) {
  protocol::LastWords& words = foe.page().last_words;
  auto* const bytes = reinterpret_cast<std::byte*>(&words);
  for (std::size_t i = 0; i < sizeof words; ++i) bytes[i] = static_cast<std::byte>(foe.dice.any());
  words.begun = 1;
  words.told = 1;
  words.signal = static_cast<std::int32_t>(foe.dice.near(11));
  words.frames = static_cast<std::uint32_t>(foe.dice.near(protocol::LastWords::most_frames));
  words.modules = static_cast<std::uint32_t>(foe.dice.near(protocol::LastWords::most_modules));
}

}  // namespace brood::hostile
