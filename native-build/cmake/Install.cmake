# What `cmake --install` and `cpack` make, in two components: `runtime` is all that a program needs to run,
# `development` all that one needs besides to compile. The build folder serves the Java library as it is.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(cmake/Licences.cmake)
set(SUMMARY "Native client of Apache RocketMQ")

# The sources' headers are not where a program finds them once they are installed.
set_target_properties(rocketmq PROPERTIES INTERFACE_INCLUDE_DIRECTORIES
  "$<BUILD_INTERFACE:${HEADERS}>;$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
install(TARGETS rocketmq EXPORT rocketmq-targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY ${HEADERS}/rocketmq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h")

set(PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/rocketmq)
install(EXPORT rocketmq-targets NAMESPACE rocketmq:: DESTINATION ${PACKAGE_FOLDER} COMPONENT development)
configure_package_config_file(${ROOT}/cmake/rocketmq-config.cmake.in ${CMAKE_BINARY_DIR}/rocketmq-config.cmake
  INSTALL_DESTINATION ${PACKAGE_FOLDER} NO_SET_AND_CHECK_MACRO)
# As the SONAME, which is the same for all of a major version.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/rocketmq-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/rocketmq-config.cmake ${CMAKE_BINARY_DIR}/rocketmq-config-version.cmake
  DESTINATION ${PACKAGE_FOLDER} COMPONENT development)

# pkg-config's file counts from its own folder, so that an installation may be moved.
set(PKG_CONFIG_FOLDER ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(PKG_CONFIG_PREFIX ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH up /prefix/${PKG_CONFIG_FOLDER} /prefix)
  string(REGEX REPLACE "/$" "" up ${up})
  set(PKG_CONFIG_PREFIX "\${pcfiledir}/${up}")
endif()
foreach(folder LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE ${CMAKE_INSTALL_${folder}})
    set(PKG_CONFIG_${folder} ${CMAKE_INSTALL_${folder}})
  else()
    set(PKG_CONFIG_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
  endif()
endforeach()
configure_file(${ROOT}/cmake/rocketmq.pc.in ${CMAKE_BINARY_DIR}/rocketmq.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/rocketmq.pc DESTINATION ${PKG_CONFIG_FOLDER} COMPONENT development)

install(FILES ${ROOT}/../LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(DIRECTORY ${LICENCES} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
if(MISSING_LICENCES)
  string(REPLACE ";" ", " names "${MISSING_LICENCES}")
  install(CODE "message(WARNING \"The licence texts of ${names} were not found, and belong beside the library: \
set ROCKETMQ_LICENCE_<name> to each one's file.\")" COMPONENT runtime)
endif()

if(PROJECT_IS_TOP_LEVEL)
  include(cmake/Packages.cmake)
endif()
