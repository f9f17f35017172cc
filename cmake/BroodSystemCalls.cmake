# Sets BROOD_SYSTEM_CALLS to a file with a line `BROOD_SYSTEM_CALL(openat)` for each system call that
# <sys/syscall.h> has for the processor that is compiled for: the C library has no list of their names.
set(BROOD_SYSTEM_CALLS ${PROJECT_BINARY_DIR}/generated/system_calls.inc)
set(probe ${PROJECT_BINARY_DIR}/generated/system_calls.cpp)
file(WRITE ${probe} "#include <sys/syscall.h>\n")
separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
if(CMAKE_SYSROOT)
  list(APPEND flags --sysroot=${CMAKE_SYSROOT})
endif()
execute_process(COMMAND ${CMAKE_CXX_COMPILER} ${flags} -E -dM ${probe}
                OUTPUT_VARIABLE macros RESULT_VARIABLE failed)
string(REGEX MATCHALL "#define SYS_[a-z0-9_]+ " names "${macros}")
list(TRANSFORM names REPLACE "#define SYS_([a-z0-9_]+) " "BROOD_SYSTEM_CALL(\\1)")
list(SORT names)
if(failed OR NOT names)
  message(FATAL_ERROR "${CMAKE_CXX_COMPILER} finds no system calls in <sys/syscall.h>")
endif()
list(JOIN names "\n" lines)
file(CONFIGURE OUTPUT ${BROOD_SYSTEM_CALLS} CONTENT "${lines}\n" @ONLY)
