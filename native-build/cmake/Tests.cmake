# One executable for each folder of test/, which writes its results to test-results/ for the summary.
if(CMAKE_CROSSCOMPILING)
  # Debian has GoogleTest's sources, and libraries for its own architecture only.
  set(gtest_force_shared_crt ON)
  set(BUILD_GMOCK ON)
  set(INSTALL_GTEST OFF)
  add_subdirectory(/usr/src/googletest ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  set(GTEST_MAIN gmock_main gmock gtest)
else()
  find_package(GTest REQUIRED)
  set(GTEST_MAIN GTest::gmock_main GTest::gmock GTest::gtest)
endif()

# What makes memory run out, once for all tests.
add_library(rocketmq_without_memory OBJECT ${ROOT}/test/without_memory.cpp)
target_include_directories(rocketmq_without_memory PRIVATE ${ROOT}/test)
if(NOT WIN32)
  check_linker_flag(CXX -Wl,--wrap=_Znwm LINKER_WRAPS)
endif()
if(LINKER_WRAPS)
  target_compile_definitions(rocketmq_without_memory PRIVATE ROCKETMQ_LINKER_WRAPS)
endif()

function(add_native_test folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(target rocketmq_${folder}_test)
  add_executable(${target} ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE ${ROOT}/test ${HEADERS})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES} ${GTEST_MAIN} rocketmq_without_memory)
  if(MINGW)
    target_link_options(${target} PRIVATE -static)
  endif()
  if(LINKER_WRAPS)
    # For without_memory.cpp.
    target_link_options(${target} PRIVATE -Wl,--wrap=_Znwm)
  endif()
  unite(${target})
  if(NOT MSVC)
    # To optimise a test takes longer than to run it.
    target_compile_options(${target} PRIVATE -O0)
  endif()
  add_test(NAME ${folder} COMMAND ${target} --gtest_output=xml:test-results/${folder}.xml
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(${folder} PROPERTIES TIMEOUT 600)
  if(CMAKE_CROSSCOMPILING_EMULATOR MATCHES qemu)
    set_tests_properties(${folder} PROPERTIES ENVIRONMENT ROCKETMQ_TEST_EMULATOR=qemu)
  endif()
endfunction()

foreach(folder base protocol net client producer consumer mock)
  file(GLOB sources CONFIGURE_DEPENDS ${ROOT}/test/${folder}/*.cpp ${ROOT}/test/${folder}/*/*.cpp)
  if(sources)
    add_native_test(${folder} SOURCES ${sources} LIBRARIES rocketmq_mock_core)
  endif()
endforeach()

# Through the shared library, as a program sees it.
file(GLOB sources CONFIGURE_DEPENDS ${ROOT}/test/capi/*.cpp)
if(sources)
  add_native_test(capi SOURCES ${sources} LIBRARIES rocketmq rocketmq_mock_core)
  set(tested $<TARGET_FILE:rocketmq>)
  if(ROCKETMQ_SPLIT_DEBUG)
    # What is shipped, not what it is made of.
    set(tested ${CMAKE_BINARY_DIR}/librocketmq.so)
    set_target_properties(rocketmq_capi_test PROPERTIES BUILD_RPATH ${CMAKE_BINARY_DIR})
  endif()
  target_compile_definitions(rocketmq_capi_test PRIVATE ROCKETMQ_LIBRARY="${tested}"
    ROCKETMQ_EXPORTS="${ROOT}/test/abi/exports.txt")
endif()

if(EXISTS ${ROOT}/fuzz/replay_test.cpp)
# The parsers of what comes from the network, over the fuzzers' corpora.
add_native_test(fuzz SOURCES ${ROOT}/fuzz/replay_test.cpp ${FUZZER_SOURCES} LIBRARIES rocketmq_core)
target_compile_definitions(rocketmq_fuzz_test PRIVATE ROCKETMQ_FUZZ_REPLAY ROCKETMQ_CORPUS="${ROOT}/fuzz/corpus")
endif()

# Prints what the C compiler makes of rocketmq.h; Java's bindings are compared with it.
if(EXISTS ${ROOT}/test/abi/abi_layout.c)
add_executable(rocketmq-abi-layout ${ROOT}/test/abi/abi_layout.c)
target_include_directories(rocketmq-abi-layout PRIVATE ${HEADERS})
endif()
