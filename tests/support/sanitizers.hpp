#pragma once

// Which sanitizer this test was built with. A test whose premise a sanitizer takes away (how much
// memory a process has, which code handles SIGSEGV, how many threads and descriptors there are)
// says so:
//   if (under_sanitizer) GTEST_SKIP() << "why";
namespace brood::testing {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool under_address_sanitizer = true;
#else
inline constexpr bool under_address_sanitizer = false;
#endif
#ifdef __SANITIZE_THREAD__
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif
inline constexpr bool under_sanitizer = under_address_sanitizer || under_thread_sanitizer;

/// How often a test repeats something: a sanitizer makes processes slow to start and to fork.
template <class Count>
constexpr Count times(Count usual, Count under_a_sanitizer) {
  return under_sanitizer ? under_a_sanitizer : usual;
}

}  // namespace brood::testing
