#pragma once

#include <brood/errors.hpp>

/// Whether Brood refuses a call, which Python does with a ValueError, an AssertionError or an
/// OSError.
template <class F>
bool refused(F call) try {
  call();
  return false;
} catch (const brood::UsageError&) {
  return true;
}
