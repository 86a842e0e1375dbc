# `cmake --install build --prefix X`: both halves, for projects outside of this tree.
#
#   bin/hws  bin/hws-cc  bin/hws-c++        the command, the compilers for C and C++ programs with BSD sockets
#   lib/                                    the host's libraries, libwasmtime.so, cmake/hws: find_package(hws) -> hws::host
#   include/hws-host/                       what an embedder includes
#   share/hws/guest, share/hws/abi          the SDK: guest/cmake/hws-toolchain.cmake, find_package(hws-guest)
#   share/hws/posix                         headers and library of the compilers; hws-posix-toolchain.cmake for CMake projects
#
# bin, lib and share may be moved together.
include(CMakePackageConfigHelpers)

# --- host
set(HWS_HOST_LIBRARIES hws_runtime hws_engine hws_adapter hws_kernel hws_core ${HWS_CURL_LIBRARIES} hws_os hws_abi) # each needs those after it
install(TARGETS ${HWS_HOST_LIBRARIES} ARCHIVE DESTINATION lib)
install(DIRECTORY host/include/ DESTINATION include/hws-host)
# The types that the public headers are made of
install(DIRECTORY host/core host/os DESTINATION include/hws-host FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY abi/ DESTINATION include/hws-host FILES_MATCHING PATTERN "*.hpp" PATTERN "*.def")
configure_file(cmake/hws-config.cmake.in "${PROJECT_BINARY_DIR}/package/hws-config.cmake" @ONLY)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/hws-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/hws-config.cmake" "${PROJECT_BINARY_DIR}/package/hws-config-version.cmake"
    DESTINATION lib/cmake/hws)
# Wasmtime's own headers are no part of it: host/engine alone includes them.

# --- guest: the same places relative to each other as in this tree
install(DIRECTORY guest/include guest/src guest/backend guest/cmake DESTINATION share/hws/guest
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cpp" PATTERN "*.cmake")
install(DIRECTORY abi/ DESTINATION share/hws/abi FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cpp" PATTERN "*.def")

# --- C and C++ programs
if(TARGET hws_posix)
    install(PROGRAMS "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/hws-cc" "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/hws-c++" DESTINATION bin)
    install(DIRECTORY guest/posix/include DESTINATION share/hws/posix)
    install(FILES "${PROJECT_BINARY_DIR}/share/hws/posix/lib/libhws_posix.a"
        "${PROJECT_BINARY_DIR}/share/hws/posix/lib/before_libc.o" DESTINATION share/hws/posix/lib)
    install(FILES guest/cmake/hws-posix-toolchain.cmake DESTINATION share/hws/posix)
endif()
