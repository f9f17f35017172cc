#pragma once

#include <exception>
#include <string>

namespace brood::pool {

/// The exception as a T; null: it is none. Valid as long as the exception lives: what is caught is
/// the exception itself and no copy.
template <class T>
const T* exception_as(const std::exception_ptr& error) noexcept {
  if (!error) return nullptr;
  try {
    std::rethrow_exception(error);
  } catch (const T& found) {
    return &found;
  } catch (...) {
    return nullptr;
  }
}

/// "std::out_of_range: no such key": type and text of what a task threw, or the text of another
/// error, without the place where it happened.
std::string cause_in_words(const std::exception_ptr& error);

}  // namespace brood::pool
