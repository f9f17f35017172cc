#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <brood/detail/export.hpp>

namespace brood {

namespace detail {
class SharedBar;
}

/// How far a call has come.
struct Progress {
  /// Elements that have their outcome.
  std::size_t done = 0;
  /// Elements of the call. 0: not known yet, or there are none.
  std::size_t total = 0;
  /// Elements of `done` whose outcome is an error.
  std::size_t failed = 0;
};

/// A bar on stderr that shows how far a call has come, for CallOptions::progress:
///   brood::ProgressBar bar("decoding");
///   pool.with({.progress = bar}).map(f, xs);
///   decoding  43% [########............]  430/1000 83.2/s 0:07 left 2 failed
/// It is a handle: copies are the same bar. Where the total is not known (an imap over a range
/// without a size) it shows count and rate. The rate is that of the last 10 seconds, or of the last
/// third of the call where that is longer, each second weighing a little less than the one after
/// it.
///
/// On a terminal it is repainted ten times a second at most, as wide as the terminal is at that
/// moment, and never breaks a line. Bars of one process that run at once stand below each other,
/// in the order in which they began. When all elements are done, or the last handle is destroyed, a
/// last line stays. Lines of Brood's log, and of the sinks of spdlog's registered loggers that
/// print to stdout or stderr, are printed above the bars; for other output of the program there is
/// above(). A call goes on while the terminal is stopped (Ctrl-S) or another program is in its
/// foreground. One that fails leaves the bar as it was.
///
/// Where stderr is no terminal, or TERM is "dumb", plain lines are written: 5 seconds after the
/// call began, then whenever a tenth more time has passed, 5 seconds at least, and one when it
/// ends. In a process that Brood started, these lines go to the log: a worker's arrive in its
/// owner's.
///
/// Throws only std::bad_alloc. Threads: any; a call that is told to it while another one runs
/// begins the bar anew, so each call at once needs a bar of its own. The constructor changes the
/// sinks of spdlog's loggers, where stderr is a terminal and a sink is new to it: no other thread
/// may log through these meanwhile, as with what spdlog itself has to change a logger. So make it
/// before a pool whose workers log. Fork: in a
/// forked child an inherited bar does nothing. Cost: a microsecond for each call of it; a repaint
/// is two or three system calls. It blocks only where a terminal or pipe has no room for what is to
/// be shown: for a second at most in a terminal, which it leaves alone then until it has.
class BROOD_API ProgressBar {
 public:
  /// A bar that shows nothing yet. Control characters in the label are escaped; its width is
  /// counted in columns, as UTF-8.
  explicit ProgressBar(std::string_view label = {});

  /// Takes how far a call has come. For a loop of the program's own: bar({.done = 3, .total = 7}).
  void operator()(const Progress& progress) const;
  /// Calls `print`, which may print whole lines to the terminal, while no bar is there. Throws what
  /// it throws.
  void above(const std::function<void()>& print) const;

 private:
  std::shared_ptr<detail::SharedBar> bar_;
};

}  // namespace brood
