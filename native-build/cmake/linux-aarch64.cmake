# What is released for Linux aarch64, which runs on glibc 2.17 and later.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/linux-zig.cmake)
# Debian's C library for this machine is newer than the one that is built for, which tests do not mind.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
