// Expect: brood: a task's result is returned by value
#include <brood/codec.hpp>

static_assert(brood::detail::check_value<int&>());
