# Adds to the library's objects the page that traces are shown in (src/trace/page), as a source that is
# generated where a part of the page has changed. As a script (-DPAGE=src/trace/page -DSOURCE=FILE -P), it
# writes that source.
set(brood_page_scripts errors text columns model view shapes canvas rows overview details pointer
    tables histogram main)

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(page ${PROJECT_SOURCE_DIR}/src/trace/page)
  set(page_source ${PROJECT_BINARY_DIR}/generated/trace_page.cpp)
  list(TRANSFORM brood_page_scripts REPLACE "(.+)" "${page}/\\1.js" OUTPUT_VARIABLE page_parts)
  list(APPEND page_parts ${page}/page.html ${page}/style.css)
  add_custom_command(
    OUTPUT ${page_source}
    COMMAND ${CMAKE_COMMAND} -DPAGE=${page} -DSOURCE=${page_source} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${page_parts} ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "Putting the page of traces together"
    VERBATIM)
  target_sources(brood_objects PRIVATE ${page_source})
  return()
endif()

# brood_hash_source(<text> <result>): the text's hash as a source of a Content-Security-Policy, which is
# in base64. A hash has 32 bytes: ten groups of three, and two more.
function(brood_hash_source text result)
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  string(SHA256 hash "${text}")
  set(base64)
  foreach(place RANGE 0 60 6)
    string(SUBSTRING "${hash}00" ${place} 6 group)
    foreach(shift 18 12 6 0)
      math(EXPR digit "(0x${group} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${digit} 1 digit)
      string(APPEND base64 ${digit})
    endforeach()
  endforeach()
  string(SUBSTRING ${base64} 0 43 base64)
  set(${result} "'sha256-${base64}='" PARENT_SCOPE)
endfunction()

set(script "\n")
foreach(part IN LISTS brood_page_scripts)
  file(READ ${PAGE}/${part}.js text)
  string(APPEND script "// ${part}.js\n${text}")
endforeach()
if(script MATCHES "</[sS][cC]|<!--")
  message(FATAL_ERROR "This ends the script early, or hides its end: ${CMAKE_MATCH_0}")
endif()
file(READ ${PAGE}/style.css style)
string(PREPEND style "\n")
brood_hash_source("${script}" script_hash)
brood_hash_source("${style}" style_hash)

file(READ ${PAGE}/page.html html)
string(REPLACE "@SCRIPT_HASH@" "${script_hash}" html "${html}")
string(REPLACE "@STYLE_HASH@" "${style_hash}" html "${html}")
string(REPLACE "@STYLE@" "${style}" html "${html}")
string(REPLACE "@SCRIPT@" "${script}" html "${html}")
string(FIND "${html}" "@DATA@" place)
string(SUBSTRING "${html}" 0 ${place} head)
math(EXPR place "${place} + 6")
string(SUBSTRING "${html}" ${place} -1 tail)
file(WRITE ${SOURCE} "// Of src/trace/page, by cmake/BroodTracePage.cmake.
#include \"trace/page.hpp\"

namespace brood::trace {

std::string_view page_head() {
  return R\"page(${head})page\";
}

std::string_view page_tail() {
  return R\"page(${tail})page\";
}

}  // namespace brood::trace
")
