#include <brood/progress.hpp>

#include <chrono>
#include <exception>
#include <memory>

#include "progress/board.hpp"

namespace brood {

namespace detail {

/// What the handles of a bar share.
class SharedBar {
 public:
  explicit SharedBar(std::string_view label)
      : board_(progress::Board::of_this_process()),
        entry_(label, board_.choose_place(), std::chrono::steady_clock::now()) {}
  ~SharedBar() {
    try {
      if (!board_.is_foreign()) board_.remove(entry_);
    } catch (...) {
      // Without memory there is no last line.
    }
  }
  SharedBar(const SharedBar&) = delete;
  SharedBar& operator=(const SharedBar&) = delete;

  void update(const Progress& progress) {
    if (!board_.is_foreign()) board_.update(entry_, progress);
  }
  progress::Board& board() noexcept { return board_; }

 private:
  progress::Board& board_;
  progress::Entry entry_;
};

}  // namespace detail

namespace {
class OtherOutput {
 public:
  explicit OtherOutput(progress::Board& board) : board_(board) { board_.begin(); }
  ~OtherOutput() { board_.end(); }
  OtherOutput(const OtherOutput&) = delete;
  OtherOutput& operator=(const OtherOutput&) = delete;

 private:
  progress::Board& board_;
};
}  // namespace

ProgressBar::ProgressBar(std::string_view label)
    : bar_(std::make_shared<detail::SharedBar>(label)) {}

void ProgressBar::operator()(const Progress& progress) const { bar_->update(progress); }

void ProgressBar::above(const std::function<void()>& print) const {
  const OtherOutput output(bar_->board());
  print();
}

}  // namespace brood
