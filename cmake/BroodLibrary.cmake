# Targets: brood (brood::brood) and brood_main (brood::main), of the type BUILD_SHARED_LIBS asks for.
# With tests also brood_other and brood_other_main, the other type from the same objects, so that
# package tests install both; and brood_for_tests, a static one whose internals can be linked.
include(BroodSymbols)

find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(cereal REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_path(BROOD_RANDOM123 Random123/philox.h REQUIRED)
mark_as_advanced(BROOD_RANDOM123)
find_package(Libbacktrace)

set(brood_layers base platform progress trace transfer wire start protocol worker pool pool/scheduler
    process shared manager bootstrap)
set(brood_wrap_main ${PROJECT_SOURCE_DIR}/src/worker/wrap_main.cpp)
set(brood_sources)
foreach(layer IN LISTS brood_layers)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${layer}/*.cpp)
  list(APPEND brood_sources ${sources})
endforeach()
list(REMOVE_ITEM brood_sources ${brood_wrap_main})
if(NOT brood_sources)
  message(FATAL_ERROR "No sources under ${PROJECT_SOURCE_DIR}/src")
endif()

# What a target that uses brood needs, in every variant.
function(brood_public_usage target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(
    ${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                     $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC cereal::cereal Threads::Threads)
endfunction()

function(brood_add_objects target)
  add_library(${target} OBJECT ${ARGN})
  brood_public_usage(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_include_directories(${target} SYSTEM PRIVATE ${BROOD_RANDOM123})
  target_link_libraries(${target} PRIVATE Boost::headers spdlog::spdlog OpenSSL::SSL brood_warnings)
  set_target_properties(
    ${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                         VISIBILITY_INLINES_HIDDEN ON)
endfunction()

brood_add_objects(brood_objects ${brood_sources})
include(BroodTracePage)
# Most of the time of a source is that of reading headers. The names of a folder's sources are unique
# in it, those in anonymous namespaces too. As parts of a unit they are headers to gcc, whose types
# should then have no parts of an anonymous namespace.
if(BROOD_UNITY_BUILD)
  set_target_properties(brood_objects PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  target_compile_options(brood_objects PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  foreach(source IN LISTS brood_sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/src)
    string(REPLACE "/" "_" folder ${folder})
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder})
  endforeach()
endif()
# Of this source alone: the path is that of a build folder.
include(BroodSystemCalls)
set_source_files_properties(
  ${PROJECT_SOURCE_DIR}/src/platform/system_call_names.cpp
  PROPERTIES COMPILE_DEFINITIONS BROOD_SYSTEM_CALLS="${BROOD_SYSTEM_CALLS}"
             OBJECT_DEPENDS "${BROOD_SYSTEM_CALLS}" SKIP_UNITY_BUILD_INCLUSION ON)
# It says how headers of Boost are to be read.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/start/posix_spawn_launcher.cpp
                            PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
# A unique symbol is one for the whole process, whatever else hides it.
target_compile_options(brood_objects PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
# What a program optimises at link time has no symbols that could be made private before.
set_target_properties(brood_objects PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
target_compile_options(brood_objects PRIVATE -fno-lto)
if(Libbacktrace_FOUND)
  target_compile_definitions(
    brood_objects PRIVATE BROOD_BACKTRACE_HEADER="${Libbacktrace_INCLUDE_FILE}")
endif()
if(EXISTS ${brood_wrap_main})
  brood_add_objects(brood_main_objects ${brood_wrap_main})
endif()

# What a target that links brood's objects needs.
function(brood_link_usage target)
  brood_public_usage(${target})
  target_link_libraries(${target} PRIVATE spdlog::spdlog OpenSSL::SSL)
  if(Libbacktrace_FOUND)
    target_link_libraries(${target} PRIVATE backtrace) # by its name: it lies where the compiler looks
  endif()
  # A task is named by its module's build-id, so every module that has tasks must carry one.
  target_link_options(${target} PUBLIC LINKER:--build-id)
endfunction()

if(BROOD_PRIVATE_SYMBOLS)
  brood_private_object(brood_private brood_objects)
endif()

function(brood_add_variant target type)
  if(type STREQUAL STATIC AND BROOD_PRIVATE_SYMBOLS)
    add_library(${target} STATIC ${brood_private})
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  else()
    add_library(${target} ${type} $<TARGET_OBJECTS:brood_objects>)
  endif()
  brood_link_usage(${target})
  if(type STREQUAL SHARED)
    brood_export_symbols(${target})
  endif()
  set_target_properties(
    ${target} PROPERTIES OUTPUT_NAME brood EXPORT_NAME brood VERSION ${PROJECT_VERSION}
                         SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(TARGET brood_main_objects)
    # The start-up code asks for main; --wrap turns that into __wrap_main, which is undefined until
    # the linker takes it from this archive.
    add_library(${target}_main STATIC $<TARGET_OBJECTS:brood_main_objects>)
    target_link_libraries(${target}_main PUBLIC ${target})
    target_link_options(${target}_main INTERFACE LINKER:--wrap=main,--undefined=__wrap_main)
    set_target_properties(${target}_main PROPERTIES OUTPUT_NAME ${target}_main EXPORT_NAME main)
  endif()
endfunction()

set(brood_type STATIC)
set(brood_other_type SHARED)
if(BUILD_SHARED_LIBS)
  set(brood_type SHARED)
  set(brood_other_type STATIC)
endif()

brood_add_variant(brood ${brood_type})
add_library(brood::brood ALIAS brood)
if(TARGET brood_main)
  add_library(brood::main ALIAS brood_main)
endif()

if(BROOD_BUILD_TESTS OR BROOD_BUILD_FUZZERS)
  brood_add_variant(brood_other ${brood_other_type})
  if(TARGET brood_other_main)
    set_target_properties(
      brood_other_main PROPERTIES OUTPUT_NAME brood_main ARCHIVE_OUTPUT_DIRECTORY
                                  ${PROJECT_BINARY_DIR}/other)
  endif()
  add_library(brood_for_tests STATIC $<TARGET_OBJECTS:brood_objects>)
  brood_link_usage(brood_for_tests)
endif()
