# Worlds come by the hundred thousand: optimised, whatever the other tests are.
target_compile_options(${target} PRIVATE -O2)
