#include "progress/board.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "platform/terminal.hpp"

namespace brood::progress {

namespace {

// A line as wide as the terminal leaves the cursor where terminals differ.
std::size_t usable_columns(const platform::TerminalSize& size) {
  return static_cast<std::size_t>(std::max(size.columns - 1, 1));
}

void write_stderr(const std::string& text) { platform::write_text(STDERR_FILENO, text); }

}  // namespace

Board& Board::of_this_process() {
  static constinit std::atomic<Board*> current{nullptr};
  Board* known = current;
  while (known == nullptr || known->is_foreign()) {
    std::unique_ptr<Board> made(new Board(platform::fork_generation()));
    if (current.compare_exchange_strong(known, made.get())) known = made.release();
  }
  return *known;
}

bool Board::is_foreign() const noexcept { return generation_ != platform::fork_generation(); }

Place Board::choose_place() {
  if (platform::parent_pidfd() >= 0) return Place::log;
  if (!platform::is_terminal(STDERR_FILENO)) return Place::plain_stderr;
  base::bracket_log_lines(*this);
  return Place::terminal;
}

// --- bars ---

void Board::update(Entry& bar, const Progress& progress) {
  {
    const base::MutexLock lock(mutex_);
    const Time now = std::chrono::steady_clock::now();
    if (bar.meter_.is_of_next_call(progress)) conclude(bar, now);
    if (bar.meter_.update(progress, now)) {
      conclude(bar, now);
    } else if (bar.place_ == Place::terminal) {
      if (std::find(running_.begin(), running_.end(), &bar) == running_.end())
        running_.push_back(&bar);
      if (pace_.may_update(now)) paint(now);
    } else if (bar.meter_.plain_line_is_due(now)) {
      say(bar, running_line(bar.meter_.view(now), any_length));
    }
  }
  tell_log();
}

void Board::remove(Entry& bar) {
  {
    const base::MutexLock lock(mutex_);
    std::erase(running_, &bar);
    if (bar.meter_.running()) conclude(bar, std::chrono::steady_clock::now());
  }
  tell_log();
}

// First it is not among those that run: what follows takes memory.
void Board::conclude(Entry& bar, Time now) {
  std::erase(running_, &bar);
  bar.meter_.stop();
  const View view = bar.meter_.view(now);
  if (bar.place_ != Place::terminal) return say(bar, last_line(view, any_length));
  const auto size = platform::terminal_size(STDERR_FILENO);
  last_lines_ += last_line(view, size ? usable_columns(*size) : any_length) + "\r\n";
  if (others_ == 0) write_last_lines(now);
}

void Board::say(const Entry& bar, std::string line) {
  if (bar.place_ == Place::plain_stderr) return write_stderr(line + '\n');
  for_log_.push_back(std::move(line));
}

// Its sinks are the user's, and may call back here.
void Board::tell_log() {
  std::vector<std::string> lines;
  {
    const base::MutexLock lock(mutex_);
    lines.swap(for_log_);
  }
  try {
    for (const std::string& line : lines) base::log_info(line);
  } catch (...) {  // whatever a sink throws: a line is lost
  }
}

// --- the terminal ---

std::string Board::painted(const platform::TerminalSize& size, Time now) {
  const auto most = static_cast<std::size_t>(std::max(size.rows - 1, 1));
  std::vector<std::string> lines;
  for (const Entry* const bar : running_) {
    if (lines.size() < most)
      lines.push_back(running_line(bar->meter_.view(now), usable_columns(size)));
  }
  pace_.painted(now);
  return block_.paint(lines);
}

void Board::paint(Time now) {
  if (others_ != 0 || !platform::terminal_is_free(STDERR_FILENO)) return;
  if (const auto size = platform::terminal_size(STDERR_FILENO)) write_stderr(painted(*size, now));
}

void Board::write_last_lines(Time now) {
  std::string text = block_.take_down() + std::exchange(last_lines_, {});
  const auto size = platform::terminal_size(STDERR_FILENO);
  if (!running_.empty() && pace_.may_restore(now) && size &&
      platform::terminal_is_free(STDERR_FILENO))
    text += painted(*size, now);
  write_stderr(text);
}

// --- other output ---

void Board::begin() noexcept try {
  if (is_foreign()) return;
  const base::MutexLock lock(mutex_);
  ++others_;
  if (block_.shown() && platform::terminal_is_free(STDERR_FILENO)) write_stderr(block_.take_down());
} catch (const std::exception&) {
  // Without memory the line is printed on the bar.
}

void Board::end() noexcept try {
  if (is_foreign()) return;
  const base::MutexLock lock(mutex_);
  if (--others_ != 0) return;
  const Time now = std::chrono::steady_clock::now();
  if (!last_lines_.empty()) {
    write_last_lines(now);
  } else if (!running_.empty() && pace_.may_restore(now)) {
    paint(now);
  }
} catch (const std::exception&) {
  // Without memory the bar is painted later.
}

}  // namespace brood::progress
