# SPDX-License-Identifier: MIT
# tether_room(NAME USES …): one static library of every .cpp in this folder that is no test, and one test
# program of every *_test.cpp beside them. A test lies beside the file that it tests. Others link the library as tether::NAME.
function(tether_room name)
  cmake_parse_arguments(ROOM "" "" "USES;TEST_USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/(doctest_)?main\\.cpp$")
  add_library(tether_${name} STATIC ${sources})
  add_library(tether::${name} ALIAS tether_${name})
  set_target_properties(tether_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(tether_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
  target_link_libraries(tether_${name} PUBLIC tether_standards ${ROOM_USES})
  if(tests AND TETHER_PROGRAMS)
    tether_test(${name} SOURCES ${tests} USES tether_${name} ${ROOM_TEST_USES})
  endif()
endfunction()

# tether_leave_unoptimised(TARGET): under a sanitizer, where rooms are optimised so that their tests are not slow.
function(tether_leave_unoptimised target)
  if(TETHER_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# tether_precompile_test_headers(TARGET): what every test includes is compiled once, by the first of them, which saves a fifth
# of a build. Not in a release: there each file shows that it includes what it uses.
function(tether_precompile_test_headers target)
  get_property(first GLOBAL PROPERTY tether_first_test)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # for ccache
  endif()
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE <doctest/doctest.h> <algorithm> <chrono> <filesystem> <fstream> <functional>
      <map> <memory> <optional> <sstream> <string> <string_view> <thread> <vector>)
    set_property(GLOBAL PROPERTY tether_first_test ${target})
  endif()
endfunction()

# The main() of every test program, compiled once.
function(tether_doctest_main)
  if(TARGET doctest_main)
    return()
  endif()
  add_library(doctest_main OBJECT ${PROJECT_SOURCE_DIR}/lib/testing/doctest_main.cpp)
  target_link_libraries(doctest_main PRIVATE tether_standards dep_doctest)
  tether_leave_unoptimised(doctest_main)
endfunction()

# tether_test(NAME SOURCES … USES …): a doctest program, and one ctest entry for it.
function(tether_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES" ${ARGN})
  tether_doctest_main()
  add_executable(test_${name} ${TEST_SOURCES} $<TARGET_OBJECTS:doctest_main>)
  tether_precompile_test_headers(test_${name})
  tether_leave_unoptimised(test_${name})
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(test_${name} PRIVATE ${TEST_USES} dep_doctest)
  target_compile_definitions(test_${name} PRIVATE TETHER_TESTDATA="${PROJECT_SOURCE_DIR}/testdata"
    TETHER_BIN="${PROJECT_BINARY_DIR}/bin")
  add_test(NAME ${name} COMMAND test_${name})
  if(TETHER_SANITIZE)
    # Fewer histories (testing/simulation_test.cpp): each takes five times as long, and the others have been run without.
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "TETHER_HISTORIES=250")
  endif()
endfunction()

# tether_test_on_postgres(NAME [OPTION…]): the tests of a room once more, or those that the options for doctest pick, with the
# server's store in Postgres (testing/server_store.hpp).
function(tether_test_on_postgres name)
  if(NOT TARGET test_${name})
    return()
  endif()
  add_test(NAME ${name}.postgres COMMAND test_${name} ${ARGN})
  # Fewer histories (testing/simulation_test.cpp): each takes ten times as long as on SQLite in memory.
  set_tests_properties(${name}.postgres PROPERTIES ENVIRONMENT "TETHER_TEST_STORE=postgres;TETHER_HISTORIES=60")
endfunction()

# tether_embed(TARGET FILE SYMBOL): FILE as a constant `extern const std::string_view SYMBOL` of namespace tether::embedded.
function(tether_embed target file symbol)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUT=${out} -DSYMBOL=${symbol}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(${target} PRIVATE ${out})
endfunction()
