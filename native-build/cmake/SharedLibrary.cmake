include(CheckLinkerFlag)

# Exports only the functions whose names begin with `prefix`, and binds the C++ runtime in: a program's other
# libraries see nothing of ours, whichever compiler built them.
function(seal_shared_library target prefix)
  if(WIN32)
    set_target_properties(${target} PROPERTIES PREFIX "")
    if(NOT MSVC)
      target_link_options(${target} PRIVATE -static)
    endif()
    return()
  endif()
  set(script ${CMAKE_BINARY_DIR}/${target}.map)
  file(WRITE ${script} "{ global: ${prefix}*; local: *; };\n")
  target_link_options(${target} PRIVATE -Wl,--version-script=${script})
  check_linker_flag(CXX -Wl,--exclude-libs,ALL LINKER_EXCLUDES_LIBRARIES)
  if(LINKER_EXCLUDES_LIBRARIES)
    # What the script says already, for linkers that take a library's own wishes first.
    target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
  endif()
  if(NOT ROCKETMQ_SANITIZE)
    # libgcc stays shared, so that an exception which leaves a callback meets one unwinder, and becomes an error.
    # Nobody may rely on it: zig's clang binds an unwinder of its own in, with which such an exception is a crash.
    target_link_options(${target} PRIVATE -static-libstdc++ -Wl,-z,defs)
  endif()
endfunction()

option(ROCKETMQ_SPLIT_DEBUG "Keep the debug symbols of the shared library in a file of their own (ELF)" OFF)

# Makes of the target's library the one that is shipped, in the folder where all libraries lie: without symbols, but
# with the name and the checksum of the file that has them.
function(split_debug_symbols target)
  set(name lib${target}.so)
  set(library ${CMAKE_BINARY_DIR}/${name}.${PROJECT_VERSION})
  set(symbols ${CMAKE_BINARY_DIR}/${name}.debug)
  set(work ${CMAKE_BINARY_DIR}/unstripped)
  set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${work})
  add_custom_command(OUTPUT ${library} ${symbols} DEPENDS ${target}
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${target}> ${symbols}
    COMMAND ${CMAKE_OBJCOPY} --strip-unneeded --add-gnu-debuglink=${symbols} $<TARGET_FILE:${target}> ${library}
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${name}.${PROJECT_VERSION} ${name}.0
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${name}.0 ${name}
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
  add_custom_target(${target}_shipped ALL DEPENDS ${library} ${symbols})
endfunction()
