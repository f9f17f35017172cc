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

namespace {

std::array<Word*, 6> words_of(WorkerPage& page) {
  return {&page.claimed, &page.fence, &page.clock, &page.head, &page.closed, &page.tail};
}

Word& any_word(Foe& foe) { return *words_of(foe.page())[foe.dice.up_to(5)]; }

// A value that this word might have.
std::uint64_t plausible(Foe& foe, Word& word) {
  std::uint64_t value = foe.dice.near(word.load());
  if (&word == &foe.page().claimed && foe.dice.percent(20)) value ^= WorkerPage::revoked;
  if (&word == &foe.page().head || &word == &foe.page().closed)
    value = foe.dice.percent(70) ? foe.page().tail + foe.dice.up_to(WorkerPage::buffer_size + 1)
                                 : value;
  return value;
}

std::uint64_t monotonic_now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

void page_words_random(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) any_word(foe) = foe.dice.any();
}

void page_words_near(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) {
    Word& word = any_word(foe);
    word = plausible(foe, word);
  }
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
  foe.page().claimed |= WorkerPage::revoked;
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
