#pragma once

#include <version>

// clang before 16 cannot compile libstdc++'s views (llvm issue 44178); such a test is left out:
//   #ifndef BROOD_TESTS_WITHOUT_VIEWS
#if defined(__clang__) && __clang_major__ < 16 && defined(__GLIBCXX__)
#define BROOD_TESTS_WITHOUT_VIEWS
#endif
