# A source that includes both Asios would have to say which async_wait it means.
set_source_files_properties(
  ${CMAKE_CURRENT_SOURCE_DIR}/results/asio_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/results/boost_asio_test.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
