#pragma once

namespace brood::base {

/// What has to be off the terminal while a line is printed there: progress bars. Threads: any.
class Printing {
 public:
  /// Before a line is printed. Each begin() has its end(); they may be nested.
  virtual void begin() noexcept = 0;
  virtual void end() noexcept = 0;

 protected:
  ~Printing() = default;
};

/// From now on `printing` is told of each line of the library's log and of spdlog's loggers. It
/// lives as long as the process. The sinks of the registered loggers that print to stdout or stderr
/// are replaced by ones that tell it and then do the same, once for each sink. As with what spdlog
/// itself has to change a logger, no other thread may log through these meanwhile. Throws
/// std::bad_alloc.
void bracket_log_lines(Printing& printing);

/// A line of the log is printed while it lives.
class LineBracket {
 public:
  LineBracket() noexcept;
  ~LineBracket();
  LineBracket(const LineBracket&) = delete;
  LineBracket& operator=(const LineBracket&) = delete;

 private:
  Printing* const printing_;
};

}  // namespace brood::base
