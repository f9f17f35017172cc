# Libraries that code_ref_test.cpp loads: one twice under different names, one that is another build,
# one with a constructor.
foreach(plugin IN ITEMS plugin other_plugin loud_plugin)
  add_library(wire_${plugin} MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin/plugin.cc)
  set_target_properties(wire_${plugin} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/wire)
  target_link_options(wire_${plugin} PRIVATE -Wl,--build-id)
  add_dependencies(${target} wire_${plugin})
endforeach()
target_compile_definitions(wire_other_plugin PRIVATE PLUGIN_ANSWER=43)
target_compile_definitions(wire_loud_plugin PRIVATE PLUGIN_ANSWER=44 PLUGIN_IS_LOUD)
add_library(wire_nameless_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin/plugin.cc)
set_target_properties(wire_nameless_plugin PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/wire)
target_link_options(wire_nameless_plugin PRIVATE -Wl,--build-id=none)
add_dependencies(${target} wire_nameless_plugin)
target_compile_definitions(${target} PRIVATE WIRE_PLUGINS="${CMAKE_CURRENT_BINARY_DIR}/wire")
target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})

# How deep a value may be nested is measured by the stack that decoding it takes. Destructors that are
# not optimised take more than that, where a class decodes its parts itself (nesting_test.cpp).
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set_source_files_properties(
    ${CMAKE_CURRENT_LIST_DIR}/nesting_test.cpp
    PROPERTIES COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endif()
