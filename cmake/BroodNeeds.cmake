# brood_link_needs(<target> <source>): links what a line `// Needs: CLI11 PNG` within the first ten
# lines of the source names. Sets BROOD_MISSING to the first package that was not found.

set(brood_need_Asio Asio::Asio)
set(brood_need_CLI11 CLI11::CLI11)
set(brood_need_PNG PNG::PNG)
set(brood_need_brood_main brood::main)

# brood_needs(<source> <result>): the names on the source's `// Needs:` line.
function(brood_needs source result)
  file(STRINGS ${source} lines LIMIT_COUNT 10)
  list(FILTER lines INCLUDE REGEX "^// Needs: ")
  list(TRANSFORM lines REPLACE "^// Needs: *" "")
  string(REGEX REPLACE "[ ;]+" ";" needs "${lines}")
  set(${result} "${needs}" PARENT_SCOPE)
endfunction()

# brood_missing_need(<source> <result>): the first need that this machine lacks, or nothing.
function(brood_missing_need source result)
  brood_needs(${source} needs)
  set(${result} "" PARENT_SCOPE)
  foreach(need IN LISTS needs)
    if(NOT need STREQUAL brood_main)
      find_package(${need} QUIET)
    endif()
    if(NOT DEFINED brood_need_${need} OR NOT TARGET ${brood_need_${need}})
      set(${result} ${need} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

function(brood_link_needs target source)
  brood_needs(${source} needs)
  foreach(need IN LISTS needs)
    if(NOT need STREQUAL brood_main)
      find_package(${need} REQUIRED)
    endif()
    target_link_libraries(${target} PRIVATE ${brood_need_${need}})
  endforeach()
endfunction()
