# Everything that librocketmq binds in, as one target.
find_package(Threads REQUIRED)
add_library(rocketmq_dependencies INTERFACE)
target_link_libraries(rocketmq_dependencies INTERFACE Threads::Threads)
# ASIO_DISABLE_STD_ALIGNED_ALLOC: Asio 1.22 finds aligned_alloc or not by which header came before it, so that files
# of one program would disagree on how memory is freed.
target_compile_definitions(rocketmq_dependencies INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED FMT_HEADER_ONLY
  ASIO_DISABLE_STD_ALIGNED_ALLOC
  $<$<BOOL:${WIN32}>:_WIN32_WINNT=0x0A00> $<$<BOOL:${WIN32}>:NOMINMAX> $<$<BOOL:${WIN32}>:WIN32_LEAN_AND_MEAN>)

# Asio 1.22 does not recognise clang's standard coroutines by itself.
target_compile_definitions(rocketmq_dependencies INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT> $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE>)

if(MSVC)
  # From a package manager's toolchain file.
  find_package(asio CONFIG REQUIRED)
  find_package(nlohmann_json CONFIG REQUIRED)
  find_package(fmt CONFIG REQUIRED)
  find_package(tl-expected CONFIG REQUIRED)
  find_package(ZLIB REQUIRED)
  find_package(lz4 CONFIG REQUIRED)
  find_package(zstd CONFIG REQUIRED)
  find_package(libdeflate CONFIG REQUIRED)
  target_link_libraries(rocketmq_dependencies INTERFACE asio::asio nlohmann_json::nlohmann_json
    fmt::fmt-header-only tl::expected ZLIB::ZLIB lz4::lz4 $<IF:$<TARGET_EXISTS:zstd::libzstd_static>,zstd::libzstd_static,zstd::libzstd_shared>
    libdeflate::libdeflate_static
    ws2_32 mswsock)
  return()
endif()

if(CMAKE_CROSSCOMPILING)
  # Debian's header-only packages serve every target, but /usr/include as a whole does not.
  set(HEADER_ONLY ${CMAKE_BINARY_DIR}/header-only)
  file(MAKE_DIRECTORY ${HEADER_ONLY})
  foreach(name asio asio.hpp nlohmann fmt tl)
    file(CREATE_LINK /usr/include/${name} ${HEADER_ONLY}/${name} SYMBOLIC)
  endforeach()
  target_include_directories(rocketmq_dependencies SYSTEM INTERFACE ${HEADER_ONLY})
endif()
if(WIN32)
  target_link_libraries(rocketmq_dependencies INTERFACE ws2_32 mswsock)
endif()

# Built from the sources that these name, where Debian has no library for the target.
set(ROCKETMQ_ZLIB_SOURCES "" CACHE PATH "The folder of zlib's sources, where the system has no library")
set(ROCKETMQ_LZ4_SOURCES "" CACHE PATH "The folder lib of LZ4's sources, where the system has no library")
set(ROCKETMQ_LIBDEFLATE_SOURCES "" CACHE PATH "The folder of libdeflate's sources, where the system has no library")
set(ROCKETMQ_ZSTD_SOURCES "" CACHE PATH "The folder lib of Zstandard's sources, where the system has no library")
function(bind_sources name include)
  add_library(${name} STATIC ${ARGN})
  target_compile_options(${name} PRIVATE -w)
  target_include_directories(${name} SYSTEM PUBLIC ${include})
  target_link_libraries(rocketmq_dependencies INTERFACE ${name})
endfunction()
function(bind_installed variable)
  find_library(${variable} NAMES ${ARGN} REQUIRED)
  target_link_libraries(rocketmq_dependencies INTERFACE ${${variable}})
endfunction()

# Of zlib not the part that reads and writes files.
if(ROCKETMQ_ZLIB_SOURCES)
  file(GLOB ZLIB_FILES ${ROCKETMQ_ZLIB_SOURCES}/*.c)
  list(FILTER ZLIB_FILES EXCLUDE REGEX "/gz[a-z]+\\.c$")
  bind_sources(zlib_bundled ${ROCKETMQ_ZLIB_SOURCES} ${ZLIB_FILES})
else()
  bind_installed(ZLIB_STATIC libz.a z)
endif()
if(ROCKETMQ_LZ4_SOURCES)
  file(GLOB LZ4_FILES ${ROCKETMQ_LZ4_SOURCES}/*.c)
  bind_sources(lz4_bundled ${ROCKETMQ_LZ4_SOURCES} ${LZ4_FILES})
else()
  bind_installed(LZ4_STATIC liblz4.a lz4)
endif()
if(ROCKETMQ_ZSTD_SOURCES)
  file(GLOB ZSTD_FILES ${ROCKETMQ_ZSTD_SOURCES}/common/*.c ${ROCKETMQ_ZSTD_SOURCES}/compress/*.c
    ${ROCKETMQ_ZSTD_SOURCES}/decompress/*.c)
  bind_sources(zstd_bundled ${ROCKETMQ_ZSTD_SOURCES} ${ZSTD_FILES})
  target_compile_definitions(zstd_bundled PRIVATE ZSTD_DISABLE_ASM)
else()
  bind_installed(ZSTD_STATIC libzstd.a zstd)
endif()
# Of libdeflate only the CRC.
if(ROCKETMQ_LIBDEFLATE_SOURCES)
  bind_sources(deflate_bundled ${ROCKETMQ_LIBDEFLATE_SOURCES} ${ROCKETMQ_LIBDEFLATE_SOURCES}/lib/crc32.c
    ${ROCKETMQ_LIBDEFLATE_SOURCES}/lib/x86/cpu_features.c ${ROCKETMQ_LIBDEFLATE_SOURCES}/lib/arm/cpu_features.c)
else()
  bind_installed(LIBDEFLATE_STATIC libdeflate.a deflate)
endif()
