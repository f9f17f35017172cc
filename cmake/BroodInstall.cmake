# Install rules. Component `brood` is what users install; component `brood_other`, which only the
# package tests ask for, is the same package with the other type of library.
include(CMakePackageConfigHelpers)

# Debian's cereal has no pkg-config file, so brood.pc names its folder where that is not a default.
function(brood_cereal_flags result)
  get_target_property(dirs cereal::cereal INTERFACE_INCLUDE_DIRECTORIES)
  list(REMOVE_ITEM dirs ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
  list(TRANSFORM dirs PREPEND "-I")
  list(JOIN dirs " " flags)
  set(${result} "${flags}" PARENT_SCOPE)
endfunction()

function(brood_configure_package type folder cmake_dir)
  set(BROOD_PACKAGE_STATIC FALSE)
  set(BROOD_PC_REQUIRES "")
  set(BROOD_PC_LIBS "")
  if(type STREQUAL STATIC)
    set(BROOD_PACKAGE_STATIC TRUE)
    set(BROOD_PC_REQUIRES "spdlog >= ${spdlog_VERSION}, openssl >= 3")
    if(Libbacktrace_FOUND)
      set(BROOD_PC_LIBS " -lbacktrace")
    endif()
  endif()
  brood_cereal_flags(BROOD_PC_CEREAL)
  configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cmake/brood-config.cmake.in ${folder}/brood-config.cmake
    INSTALL_DESTINATION ${cmake_dir})
  write_basic_package_version_file(${folder}/brood-config-version.cmake
                                   COMPATIBILITY SameMinorVersion)
  # The prefix is found from the file's own place, so that an installed tree can be moved.
  file(RELATIVE_PATH BROOD_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" BROOD_PC_PREFIX "${BROOD_PC_PREFIX}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/brood.pc.in ${folder}/brood.pc @ONLY)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/brood-main.pc.in ${folder}/brood-main.pc @ONLY)
endfunction()

function(brood_install_variant target type)
  set(folder ${PROJECT_BINARY_DIR}/package/${target})
  # Two exports cannot share a folder; find_package(brood) looks in brood* anyway.
  set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${target})
  set(where COMPONENT ${target} ${ARGN})
  set(targets ${target})
  set(pkgconfig ${folder}/brood.pc)
  if(TARGET ${target}_main)
    list(APPEND targets ${target}_main)
    list(APPEND pkgconfig ${folder}/brood-main.pc)
  endif()
  brood_configure_package(${type} ${folder} ${cmake_dir})
  install(TARGETS ${targets} EXPORT ${target}-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${where}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${where}
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ${target}-targets FILE brood-targets.cmake NAMESPACE brood::
          DESTINATION ${cmake_dir} ${where})
  install(FILES ${folder}/brood-config.cmake ${folder}/brood-config-version.cmake
          DESTINATION ${cmake_dir} ${where})
  install(FILES ${pkgconfig} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig ${where})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${where}
          FILES_MATCHING PATTERN "*.hpp")
endfunction()

brood_install_variant(brood ${brood_type})
if(TARGET brood_other)
  brood_install_variant(brood_other ${brood_other_type} EXCLUDE_FROM_ALL)
endif()
