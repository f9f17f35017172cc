# Worlds come by the hundred thousand: optimised, whatever the other tests are.
target_compile_options(${target} PRIVATE -O2)
# The headers that other tests share are not.
set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
