#pragma once

#include <compare>
#include <concepts>
#include <iosfwd>
#include <optional>
#include <utility>

#include <brood/detail/export.hpp>

namespace brood {

/// How a process ended, as Python tells it: the exit code, or minus the signal number. Empty before
/// the end, and where that is not known. It is compared with numbers and converts to int, and never
/// to bool: `if (process.exit_code())` could mean "has ended" or "has failed". An empty one equals
/// no number, as None in Python. Threads: as any value.
class BROOD_API ExitCode {
 public:
  /// An empty one.
  ExitCode() = default;
  ExitCode(std::nullopt_t) noexcept {}
  /// A code, or minus the number of a signal.
  ExitCode(int number) noexcept : number_(number) {}

  /// Whether there is a number: the process has ended, and it is known how.
  bool has_value() const noexcept { return number_.has_value(); }
  /// The number. Throws UsageError where it is empty.
  int value() const;
  /// Same.
  int operator*() const { return value(); }
  /// Same.
  operator int() const { return value(); }
  /// The number, or `otherwise` where it is empty.
  int value_or(int otherwise) const noexcept { return number_.value_or(otherwise); }
  /// The number, or nothing where it is empty. `std::optional<int> code(process.exit_code())`, with
  /// parentheses, goes by way of the int.
  operator std::optional<int>() & noexcept { return number_; }
  operator std::optional<int>() const& noexcept { return number_; }
  operator std::optional<int>() && noexcept { return number_; }

  template <std::same_as<bool> T>
  operator T() const = delete;              // ask has_value(), or compare with 0
  explicit operator bool() const = delete;  // ask has_value(), or compare with 0

  /// Whether both have the same number, or none.
  friend bool operator==(const ExitCode&, const ExitCode&) = default;
  /// Whether it is empty.
  friend bool operator==(const ExitCode& code, std::nullopt_t) noexcept {
    return !code.has_value();
  }
  /// Whether it has this number.
  template <std::integral T>
  friend bool operator==(const ExitCode& code, T number) noexcept {
    return code.has_value() && std::cmp_equal(code.value(), number);
  }
  template <std::same_as<bool> T>
  friend bool operator==(const ExitCode&, T) = delete;  // ask has_value(), or compare with 0
  /// How the number compares with another. Throws UsageError where there is none.
  template <std::integral T>
  friend std::strong_ordering operator<=>(const ExitCode& code, T number) {
    if (std::cmp_equal(code.value(), number)) return std::strong_ordering::equal;
    return std::cmp_less(code.value(), number) ? std::strong_ordering::less
                                               : std::strong_ordering::greater;
  }
  /// Writes the number, or "none" where it is empty.
  friend BROOD_API std::ostream& operator<<(std::ostream& stream, const ExitCode& code);

 private:
  std::optional<int> number_;
};

}  // namespace brood
