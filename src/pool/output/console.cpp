#include "pool/output/console.hpp"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <string_view>

#include "platform/write_now.hpp"

namespace brood::pool {

namespace {

// The process in which a line has been begun on the stream; 0: none. It stays that of the parent
// in a process that was forked meanwhile.
constinit std::array<std::atomic<int>, output_streams> line_of{};

bool take_turn(std::atomic<int>& turn) noexcept {
  const int self = ::getpid();
  int seen = turn.load();
  return seen != self && turn.compare_exchange_strong(seen, self);
}

// Whole lines, as many as a pipe takes in one piece; or of a longer line as much.
std::string_view next_part(std::string_view text) noexcept {
  const std::string_view part = text.substr(0, PIPE_BUF);
  const std::size_t end = part.rfind('\n');
  return end == std::string_view::npos ? part : part.substr(0, end + 1);
}

}  // namespace

void Console::take(PrintQueue& queue) {
  for (std::size_t i = 0; i < output_streams; ++i) {
    Stream& stream = streams_[i];
    stream.text.erase(0, stream.begin);
    stream.begin = 0;
    stream.text += queue.text[i];
    queue.taken[i] += queue.text[i].size();
    queue.text[i].clear();
  }
}

void Console::write() noexcept {
  for (std::size_t i = 0; i < output_streams; ++i) write(i);
}

// Between two lines others have their turn.
void Console::write(std::size_t i) noexcept {
  Stream& stream = streams_[i];
  if (left(i) == 0) return;
  if (!stream.has_turn) stream.has_turn = take_turn(line_of[i]);
  if (!stream.has_turn) return;
  if (!stream.bracket) stream.bracket.emplace();
  while (left(i) != 0 && write_some(stream, STDOUT_FILENO + static_cast<int>(i))) {
  }
  const bool is_between = stream.begin == 0 || stream.text[stream.begin - 1] == '\n';
  if (left(i) != 0 && !is_between) return;
  stream.bracket.reset();
  stream.has_turn = false;
  line_of[i].store(0);
}

bool Console::write_some(Stream& stream, int number) noexcept {
  using State = platform::Transfer::State;
  const std::string_view part = next_part(std::string_view(stream.text).substr(stream.begin));
  const platform::Transfer done = platform::write_now(number, std::as_bytes(std::span(part)));
  if (done.state == State::would_block) return false;
  if (done.state != State::moved) {  // closed, or nothing reads it: as for the worker itself
    drop(stream);
    return false;
  }
  stream.begin += done.count;
  stream.written += done.count;
  return true;
}

void Console::drop(Stream& stream) noexcept {
  stream.written += stream.text.size() - stream.begin;
  stream.begin = stream.text.size();
}

void Console::give_up() noexcept {
  for (std::size_t i = 0; i < output_streams; ++i) {
    drop(streams_[i]);
    streams_[i].bracket.reset();
    if (std::exchange(streams_[i].has_turn, false)) line_of[i].store(0);
  }
}

bool Console::has_passed(
    const std::array<std::uint64_t, output_streams>& positions) const noexcept {
  return streams_[0].written >= positions[0] && streams_[1].written >= positions[1];
}

void Console::watch(std::vector<pollfd>& watched) const {
  for (std::size_t i = 0; i < output_streams; ++i) {
    const bool waits = left(i) != 0 && !(waits_for_turn() && !streams_[i].has_turn);
    watched.push_back({waits ? STDOUT_FILENO + static_cast<int>(i) : -1, POLLOUT, 0});
  }
}

bool Console::waits_for_turn() const noexcept {
  for (std::size_t i = 0; i < output_streams; ++i) {
    if (left(i) != 0 && !streams_[i].has_turn && line_of[i].load() == ::getpid()) return true;
  }
  return false;
}

}  // namespace brood::pool
