# Worlds come by the hundred thousand: optimised, whatever the other tests are.
target_compile_options(${target} PRIVATE -O2)
# The headers that other tests share are not. Compiled as one the sources read theirs once.
set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON UNITY_BUILD_BATCH_SIZE 0)
set_source_files_properties(${sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION OFF)
