# Debian packages by `cpack`: librocketmq0 and librocketmq-dev. Configure with -DCMAKE_INSTALL_PREFIX=/usr for Debian's
# folder of libraries, that of the architecture.
set(ROCKETMQ_PACKAGE_MAINTAINER "librocketmq maintainers <rocketffm@users.noreply.github.com>" CACHE STRING
  "Who answers for the packages, as \"name <address>\"")
set(RUNTIME_PACKAGE librocketmq0)
set(DEVELOPMENT_PACKAGE librocketmq-dev)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME librocketmq)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "librocketmq")
set(CPACK_PACKAGE_CONTACT ${ROCKETMQ_PACKAGE_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${SUMMARY})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${ROCKETMQ_PACKAGE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Packages of programs depend on at least the library that they were linked with.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(DESCRIPTION "Producers and consumers of Apache RocketMQ, by the remoting protocol, with\n\
an API for C and C++, and for every language that calls C.\n")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${RUNTIME_PACKAGE})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "${DESCRIPTION}This is the library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME ${DEVELOPMENT_PACKAGE})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${RUNTIME_PACKAGE} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "${DESCRIPTION}\
These are the headers, with what CMake and pkg-config need.")

set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_BINARY_DIR}/debian-files.cmake)
configure_file(${ROOT}/cmake/debian-files.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/debian-files.cmake @ONLY)
include(CPack)
