#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <brood/progress.hpp>
#include "base/line_bracket.hpp"
#include "base/mutex.hpp"
#include "platform/terminal.hpp"
#include "progress/block.hpp"
#include "progress/meter.hpp"
#include "progress/pace.hpp"

namespace brood::progress {

/// Where a bar shows what it knows.
enum class Place : std::uint8_t {
  terminal,
  plain_stderr,
  log,
};

class Board;

/// A bar as the board has it.
class Entry {
 public:
  Entry(std::string_view label, Place place, Time made) : place_(place), meter_(label, made) {}

 private:
  friend class Board;
  const Place place_;
  Meter meter_;  // under the board's lock
};

/// What the bars of this process show on stderr, and when. One for a process, which is never
/// destroyed: the last line of a log may come late. Threads: any. Its lock is held while a line is
/// written, and not while the user's code or a sink of the log runs.
class Board final : public base::Printing {
 public:
  /// That of this process, which a forked child makes anew: the lock of its parent's may be held
  /// for ever there.
  static Board& of_this_process();
  /// Whether it is another process's, of which this one is a forked child.
  bool is_foreign() const noexcept;

  /// For a new bar of this process. From the first on a terminal on, lines of the log are printed
  /// above the bars. Throws std::bad_alloc.
  Place choose_place();
  /// What a bar is told.
  void update(Entry& bar, const Progress& progress) BROOD_EXCLUDES(mutex_);
  /// No more comes of a bar. Where a call runs its last line is written.
  void remove(Entry& bar) BROOD_EXCLUDES(mutex_);

  // Other output. They may be nested, and come from several threads at once.
  void begin() noexcept override BROOD_EXCLUDES(mutex_);
  void end() noexcept override BROOD_EXCLUDES(mutex_);

 private:
  explicit Board(unsigned generation) : generation_(generation) {}
  void conclude(Entry& bar, Time now) BROOD_REQUIRES(mutex_);
  void say(const Entry& bar, std::string line) BROOD_REQUIRES(mutex_);
  void tell_log() BROOD_EXCLUDES(mutex_);
  std::string painted(const platform::TerminalSize& size, Time now) BROOD_REQUIRES(mutex_);
  void paint(Time now) BROOD_REQUIRES(mutex_);
  void write_last_lines(Time now) BROOD_REQUIRES(mutex_);

  const unsigned generation_;
  base::Mutex mutex_;
  std::vector<Entry*> running_ BROOD_GUARDED_BY(mutex_);  // on the terminal, as they began
  std::string last_lines_ BROOD_GUARDED_BY(mutex_);       // that wait for other output to end
  std::vector<std::string> for_log_ BROOD_GUARDED_BY(mutex_);
  unsigned others_ BROOD_GUARDED_BY(mutex_) = 0;  // that print just now
  Block block_ BROOD_GUARDED_BY(mutex_);
  Pace pace_ BROOD_GUARDED_BY(mutex_);
};

}  // namespace brood::progress
