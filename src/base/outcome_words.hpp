#pragma once

#include <array>

namespace brood::base {

/// How an element has ended, in the order of OutcomeKind, which lies above this layer.
inline constexpr std::array outcome_words{"value",   "exception", "worker lost",
                                          "timeout", "cancelled", "error"};

}  // namespace brood::base
