# Compiles the sources of each folder together, a few units in place of many files: the standard library's and Asio's
# templates, which cost more than our own code, are then read, instantiated and optimized once per unit.
# Sources of one folder share one scope: names in their anonymous namespaces differ.
option(ROCKETMQ_UNITY_BUILD "Compile the files of each folder together; OFF compiles a changed file by itself" ON)

function(unite target)
  if(NOT ROCKETMQ_UNITY_BUILD)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_filename_component(folder ${source} DIRECTORY)
    file(RELATIVE_PATH folder ${ROOT} ${folder})
    string(REPLACE "/" "_" group ${folder})
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC takes the files of a unit for headers, in which anonymous namespaces would be wrong.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endfunction()
