# Compiler set-up for brood's own targets; nothing here is exported to users.

add_library(brood_warnings INTERFACE)
target_compile_options(
  brood_warnings
  INTERFACE -Wall
            -Wextra
            -Wconversion
            -Wshadow
            # Which lock guards what: src/base/thread_annotations.hpp.
            $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
            $<$<BOOL:${BROOD_WERROR}>:-Werror>
            # gcc 12 reports overlaps inside std::string that do not exist (gcc bug 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            # No warning, but for the same targets: gcc spends an eighth of its time collecting garbage
            # in a heap that it begins with. With a larger one it takes a sixth more memory.
            $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1000000>)

find_program(BROOD_CCACHE ccache)
mark_as_advanced(BROOD_CCACHE)
if(BROOD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Sources are named by absolute path, so an object is the same whichever build folder it is made
  # in: the presets, and the package test that builds brood as a subdirectory, share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_NOHASHDIR=true
                                  CCACHE_SLOPPINESS=pch_defines,time_macros ${BROOD_CCACHE})
endif()
