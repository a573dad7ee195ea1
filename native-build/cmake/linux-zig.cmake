# zig's clang and libc++ as a cross compiler, for the glibc that scripts/zig.sh names; LLVM's objcopy, which serves
# every machine.
set(CMAKE_SYSTEM_NAME Linux)
get_filename_component(PROJECT_FOLDER ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
set(ZIG ${PROJECT_FOLDER}/native-build/build/zig)
if(NOT EXISTS ${ZIG}/bin)
  message(FATAL_ERROR "zig is missing: scripts/zig.sh installs it")
endif()
set(CMAKE_C_COMPILER ${ZIG}/bin/linux-${CMAKE_SYSTEM_PROCESSOR}-clang)
set(CMAKE_CXX_COMPILER ${ZIG}/bin/linux-${CMAKE_SYSTEM_PROCESSOR}-clang++)
set(CMAKE_AR ${ZIG}/bin/ar)
set(CMAKE_RANLIB ${ZIG}/bin/ranlib)
set(CMAKE_OBJCOPY llvm-objcopy-19)

# Nothing of this machine is linked: the folder does not exist.
set(CMAKE_FIND_ROOT_PATH ${ZIG}/nothing)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# The compiler is the script that calls it, which names zig's version. Paths as they are: those that ccache makes relative
# stand in what is told to debuggers otherwise than without it.
set(ROCKETMQ_CCACHE_SETTINGS CCACHE_COMPILERCHECK=content CCACHE_BASEDIR=)

if(PROJECT_FOLDER MATCHES " ")
  message(FATAL_ERROR "${PROJECT_FOLDER} has a space in its path, which splits the compiler's flags: clone elsewhere")
endif()

# The same bytes in whichever folder it is built, and whether ccache made its paths relative or did not run.
set(REPRODUCIBLE "")
foreach(map ../=./native-build/build/ ../../=./native-build/ CMakeFiles=build/CMakeFiles header-only=build/header-only
    ${PROJECT_FOLDER}=. ${CMAKE_BINARY_DIR}=build)
  string(APPEND REPRODUCIBLE " -ffile-prefix-map=${map}")
endforeach()
# zig's sanitizers, on by default where nothing is optimised, off.
set(CMAKE_C_FLAGS_INIT "-fno-sanitize=all${REPRODUCIBLE}")
set(CMAKE_CXX_FLAGS_INIT "-fno-sanitize=all${REPRODUCIBLE}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-Wl,--build-id=none")
