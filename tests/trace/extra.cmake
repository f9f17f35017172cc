# Pages in a browser: one test for each kind of page that make_page writes.
set(browser ${CMAKE_CURRENT_LIST_DIR}/browser)
add_executable(trace_make_page ${browser}/make_page.cpp)
target_include_directories(trace_make_page PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(trace_make_page PRIVATE brood_for_tests brood_warnings)
add_dependencies(brood_tests trace_make_page)
add_dependencies(${target} trace_make_page)
foreach(kind empty three hostile million)
  add_test(NAME trace.page_in_a_browser_with_${kind}
           COMMAND python3 ${browser}/check_page.py $<TARGET_FILE:trace_make_page> ${kind})
  set_tests_properties(trace.page_in_a_browser_with_${kind} PROPERTIES TIMEOUT 300 LABELS trace
                                                                       SKIP_RETURN_CODE 77)
endforeach()
