#pragma once

#include <iostream>
#include <stdexcept>
#include <string>

/// A task that fails for odd numbers.
inline int half(int number) {
  if (number % 2 != 0) throw std::invalid_argument(std::to_string(number) + " is odd");
  return number / 2;
}

/// Prints the result of a call, or that error.
template <class F>
void attempt(F call) try {
  const int result = call();
  std::cout << "result: " << result << '\n';
} catch (const std::invalid_argument& error) {
  std::cout << "error: " << error.what() << '\n';
}
