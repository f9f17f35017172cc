#pragma once

#include <exception>
#include <string>

#include "base/thread_annotations.hpp"

namespace brood::pool {

/// A SystemError (ENOMEM) that exists before memory runs out. Called first where a pool is made.
const std::exception_ptr& out_of_memory();
/// Whether there was no memory for something.
bool is_shortage(const std::exception_ptr& error) noexcept;
/// A SystemError (ENOMEM) that says what there was no memory for.
std::exception_ptr shortage(const std::string& stage);
/// The number of a system's error in it, or one that fits.
int code_of(const std::exception_ptr& error) noexcept;

/// `body`, or where there is no memory for it, nothing. Not analysed: it runs under the locks that
/// its caller has.
template <class Body>
void if_possible(Body body) noexcept BROOD_NO_THREAD_SAFETY_ANALYSIS {
  try {
    body();
  } catch (const std::exception&) {
  }
}

}  // namespace brood::pool
