#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace brood::trace {

/// Takes the text of a file, piece by piece.
using TextSink = std::function<void(std::string_view)>;

/// A piece of text has at most so many bytes.
inline constexpr std::size_t largest_piece = 65536;

/// Gathers text to pieces for a sink. What the sink throws comes from the call that led to it.
class PieceWriter {
 public:
  explicit PieceWriter(const TextSink& sink) : sink_(sink) { piece_.reserve(largest_piece); }
  PieceWriter(const PieceWriter&) = delete;
  PieceWriter& operator=(const PieceWriter&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      if (piece_.size() == largest_piece) flush();
      const std::string_view part = text.substr(0, largest_piece - piece_.size());
      piece_ += part;
      text.remove_prefix(part.size());
    }
  }
  /// To be called at the end: the destructor does not.
  void flush() {
    if (!piece_.empty()) sink_(piece_);
    piece_.clear();
  }

 private:
  const TextSink& sink_;
  std::string piece_;
};

}  // namespace brood::trace
