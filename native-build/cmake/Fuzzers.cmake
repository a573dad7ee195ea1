# Each fuzz/NAME_fuzzer.cpp is a libFuzzer target in the preset "asan"; everywhere its committed corpus is replayed as
# a test.
file(GLOB FUZZER_SOURCES CONFIGURE_DEPENDS ${ROOT}/fuzz/*_fuzzer.cpp)
foreach(source ${FUZZER_SOURCES})
  get_filename_component(name ${source} NAME_WE)
  if(ROCKETMQ_BUILD_FUZZERS)
    add_executable(${name} ${source})
    target_compile_options(rocketmq_core PUBLIC -fsanitize=fuzzer-no-link)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE rocketmq_core)
  endif()
endforeach()
