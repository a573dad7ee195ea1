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
  target_link_options(${target} PRIVATE -Wl,--version-script=${script} -Wl,--exclude-libs,ALL)
  if(NOT ROCKETMQ_SANITIZE)
    # libgcc stays shared, as the unwinder of a program that lets an exception pass through C is the program's.
    target_link_options(${target} PRIVATE -static-libstdc++ -Wl,-z,defs)
  endif()
endfunction()
