#pragma once

// Which sanitizer this test was built with. A test whose premise a sanitizer takes away (how much
// memory a process has, which code handles SIGSEGV, how many threads and descriptors there are)
// says so:
//   if (under_sanitizer) GTEST_SKIP() << "why";
// gcc has a macro for each, clang asks by __has_feature.
#ifdef __has_feature
#define BROOD_UNDER_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#define BROOD_UNDER_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#ifdef __SANITIZE_ADDRESS__
#define BROOD_UNDER_ADDRESS_SANITIZER 1
#else
#define BROOD_UNDER_ADDRESS_SANITIZER 0
#endif
#ifdef __SANITIZE_THREAD__
#define BROOD_UNDER_THREAD_SANITIZER 1
#else
#define BROOD_UNDER_THREAD_SANITIZER 0
#endif
#endif

namespace brood::testing {

inline constexpr bool under_address_sanitizer = BROOD_UNDER_ADDRESS_SANITIZER;
inline constexpr bool under_thread_sanitizer = BROOD_UNDER_THREAD_SANITIZER;
inline constexpr bool under_sanitizer = under_address_sanitizer || under_thread_sanitizer;

/// How often a test repeats something: a sanitizer makes processes slow to start and to fork.
template <class Count>
constexpr Count times(Count usual, Count under_a_sanitizer) {
  return under_sanitizer ? under_a_sanitizer : usual;
}

}  // namespace brood::testing
