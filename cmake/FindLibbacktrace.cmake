# libbacktrace reads debug information for stack traces. gcc brings it along, in a folder of its own
# where every compiler that uses gcc's libraries finds the library, and gcc alone the header.
# Sets Libbacktrace_FOUND and Libbacktrace_INCLUDE_FILE; the library is linked as `backtrace`.
include(FindPackageHandleStandardArgs)
include(CheckCXXSourceCompiles)

set(folders ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES} ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES})
find_file(Libbacktrace_INCLUDE_FILE backtrace.h HINTS ${folders} PATH_SUFFIXES include)
mark_as_advanced(Libbacktrace_INCLUDE_FILE)

if(Libbacktrace_INCLUDE_FILE)
  set(CMAKE_REQUIRED_LIBRARIES backtrace)
  # In a shared library, so that one of brood's can have it too.
  set(CMAKE_REQUIRED_FLAGS "-fPIC -shared")
  check_cxx_source_compiles(
    "#include \"${Libbacktrace_INCLUDE_FILE}\"
     int main() { return backtrace_create_state(nullptr, 1, nullptr, nullptr) == nullptr; }"
    Libbacktrace_LINKS)
  unset(CMAKE_REQUIRED_LIBRARIES)
  unset(CMAKE_REQUIRED_FLAGS)
endif()

find_package_handle_standard_args(Libbacktrace REQUIRED_VARS Libbacktrace_INCLUDE_FILE
                                                             Libbacktrace_LINKS)
