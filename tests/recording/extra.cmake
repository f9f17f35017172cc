target_compile_definitions(
  ${target} PRIVATE BROOD_CHECK_CHROME_TRACE="${CMAKE_CURRENT_LIST_DIR}/check_chrome_trace.py")
