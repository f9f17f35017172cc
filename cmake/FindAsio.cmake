# Standalone Asio: headers alone, for which Debian has no package files. Sets Asio_FOUND and
# Asio_INCLUDE_DIR, and makes the target Asio::Asio. 1.20 is the first one with cancellation slots.
include(FindPackageHandleStandardArgs)

find_path(Asio_INCLUDE_DIR asio/version.hpp)
mark_as_advanced(Asio_INCLUDE_DIR)
set(Asio_VERSION "")
if(Asio_INCLUDE_DIR)
  file(STRINGS ${Asio_INCLUDE_DIR}/asio/version.hpp line REGEX "^#define ASIO_VERSION " LIMIT_COUNT 1)
  if(line MATCHES "// ([0-9.]+)")
    set(Asio_VERSION ${CMAKE_MATCH_1})
  endif()
endif()

find_package_handle_standard_args(Asio REQUIRED_VARS Asio_INCLUDE_DIR VERSION_VAR Asio_VERSION)

if(Asio_FOUND AND NOT TARGET Asio::Asio)
  add_library(Asio::Asio INTERFACE IMPORTED)
  set_target_properties(Asio::Asio PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${Asio_INCLUDE_DIR})
  # Asio 1.22 takes no clang for one with coroutines of C++20.
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 14)
    target_compile_definitions(Asio::Asio INTERFACE ASIO_HAS_CO_AWAIT=1)
  endif()
endif()
