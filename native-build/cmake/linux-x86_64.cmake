# What is released for Linux x86_64, which runs on glibc 2.17 and later.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
include(${CMAKE_CURRENT_LIST_DIR}/linux-zig.cmake)
