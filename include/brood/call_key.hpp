#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>

namespace brood {

/// What elements have in common that one worker should run (CallOptions::key): made of a number, a
/// text, or anything that std::hash knows. Two keys are equal where their hashes are.
class CallKey {
 public:
  /// Throws: what std::hash<T> does.
  template <class T, class = std::enable_if_t<
                         !std::is_same_v<std::decay_t<T>, CallKey> &&
                         std::is_invocable_v<std::hash<std::decay_t<T>>, const std::decay_t<T>&>>>
  CallKey(const T& value) : hash_(std::hash<std::decay_t<T>>()(value)) {}
  /// The value's hash.
  std::uint64_t hash() const noexcept { return hash_; }
  /// Whether the hashes are equal.
  bool operator==(const CallKey&) const = default;

 private:
  std::uint64_t hash_;
};

}  // namespace brood
