# Libraries whose functions are tasks: one linked at start, one opened with dlopen.
add_library(pool_linked SHARED ${CMAKE_CURRENT_LIST_DIR}/plugin/linked.cc)
target_include_directories(pool_linked INTERFACE ${CMAKE_CURRENT_LIST_DIR}/plugin)
target_link_options(pool_linked PRIVATE -Wl,--build-id)
add_library(pool_opened MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin/opened.cc)
target_link_options(pool_opened PRIVATE -Wl,--build-id)
set_target_properties(pool_opened PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY
                                                       ${CMAKE_CURRENT_BINARY_DIR}/pool)
# Two builds of one plugin, of which the second takes the place of the first.
foreach(version 1 2)
  add_library(pool_reloaded_${version} MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin/reloaded.cc)
  target_compile_definitions(pool_reloaded_${version} PRIVATE VERSION=${version})
  target_link_options(pool_reloaded_${version} PRIVATE -Wl,--build-id)
  set_target_properties(pool_reloaded_${version} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY
                                                            ${CMAKE_CURRENT_BINARY_DIR}/pool)
  add_dependencies(${target} pool_reloaded_${version})
endforeach()
add_dependencies(${target} pool_opened)
target_compile_definitions(${target} PRIVATE POOL_PLUGINS="${CMAKE_CURRENT_BINARY_DIR}/pool")
target_link_libraries(${target} PRIVATE pool_linked ${CMAKE_DL_LIBS})
