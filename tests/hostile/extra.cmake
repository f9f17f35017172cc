# The attacks, and the program of scripts/hostile: these without GoogleTest. Each test is a number of
# rounds of one start method.
file(GLOB attack_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/attacks/*.cpp)
file(GLOB program_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/program/*.cpp)
add_library(hostile_attacks OBJECT ${attack_sources})
target_include_directories(hostile_attacks PUBLIC ${PROJECT_SOURCE_DIR}/tests
                                                  ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(hostile_attacks PUBLIC brood_for_tests GTest::gtest Boost::headers
                                             spdlog::spdlog Threads::Threads brood_warnings)
brood_compile_as_one(hostile_attacks)
add_executable(brood_hostile ${program_sources})
target_link_libraries(brood_hostile PRIVATE hostile_attacks)
target_link_libraries(${target} PRIVATE hostile_attacks)
add_dependencies(brood_tests brood_hostile)
add_dependencies(${target} brood_hostile)

set(rounds 56)
foreach(method fork forkserver spawn)
  foreach(seed 1000 2000 3000)
    add_test(NAME hostile.rounds_of_${method}_from_${seed}
             COMMAND brood_hostile --method ${method} --seed ${seed} --rounds ${rounds})
    set_tests_properties(hostile.rounds_of_${method}_from_${seed} PROPERTIES TIMEOUT 300
                                                                             LABELS hostile)
  endforeach()
endforeach()
