#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <brood/brood.hpp>

// What the soak's tasks are told to do, and the proof of how often they did it.
namespace brood::soak {

enum class Deed : std::uint8_t { answers, throws, exits, dies, pauses, computes, resists };

struct Order {
  std::uint32_t number = 0;
  Deed deed = Deed::answers;
  std::uint32_t microseconds = 0;  // to compute before it answers
  std::uint32_t answer_size = 0;   // bytes
  std::string payload;

  bool hangs() const { return deed >= Deed::pauses; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, deed, microseconds, answer_size, payload);
  }
};

struct Answer {
  std::uint32_t number = 0;
  std::string payload;

  bool is_right_for(const Order& order) const;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, payload);
  }
};

/// The bytes that order `number` travels with, both ways.
std::string payload_of(std::uint32_t number, std::size_t size);

/// The task.
Answer obey(const Order& order);

/// How often each order was begun: a file that owner and workers map, so that it survives them.
/// Orders share a slot only with those that are millions older.
class Ledger {
 public:
  Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();
  /// A new order: not begun yet.
  static void open_page(std::uint32_t number) noexcept;
  static void begin(std::uint32_t number) noexcept;
  static unsigned times_begun(std::uint32_t number) noexcept;

 private:
  std::string path_;
};

}  // namespace brood::soak
