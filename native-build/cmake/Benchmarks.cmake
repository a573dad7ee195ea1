# The native half of the side-by-side benchmark, which reads /proc and uses epoll.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "ROCKETMQ_BUILD_BENCHMARKS is ON for ${CMAKE_SYSTEM_NAME}: build the benchmarks on Linux, or set it OFF")
endif()
find_package(benchmark REQUIRED)

add_library(rocketmq_bench_contender STATIC ${ROOT}/bench/contender.cpp ${ROOT}/bench/measurement.cpp)
target_include_directories(rocketmq_bench_contender PUBLIC ${ROOT}/bench)
target_link_libraries(rocketmq_bench_contender PUBLIC Threads::Threads)

add_executable(rocketmq-bench-raw
  ${ROOT}/bench/raw_contender.cpp ${ROOT}/bench/raw_frames.cpp ${ROOT}/bench/raw_socket.cpp)
target_link_libraries(rocketmq-bench-raw PRIVATE rocketmq_bench_contender)

# Through the shared library, as a program sees it.
add_executable(rocketmq-bench-c
  ${ROOT}/bench/c_contender.cpp ${ROOT}/bench/c_producer.cpp ${ROOT}/bench/c_consumer.cpp ${ROOT}/bench/c_end_to_end.cpp)
target_link_libraries(rocketmq-bench-c PRIVATE rocketmq rocketmq_bench_contender)

add_executable(rocketmq-sink ${ROOT}/bench/sink.cpp ${ROOT}/bench/sink_answers.cpp)
target_link_libraries(rocketmq-sink PRIVATE rocketmq_core)

add_executable(rocketmq-micro-bench ${ROOT}/bench/micro_bench.cpp)
target_link_libraries(rocketmq-micro-bench PRIVATE rocketmq_core benchmark::benchmark)

# The client through the shared library, as a program sees it, against the mock cluster in the same process.
add_executable(rocketmq-bench-scale
  ${ROOT}/bench/scale_contender.cpp ${ROOT}/bench/scale_queues.cpp ${ROOT}/bench/scale_header.cpp
  ${ROOT}/bench/c_consumer.cpp ${ROOT}/bench/c_producer.cpp)
target_link_libraries(rocketmq-bench-scale PRIVATE rocketmq rocketmq_bench_contender rocketmq_mock_core)
