# CMake toolchain file for plugins outside of this tree.
#
#     # CMakeLists.txt
#     cmake_minimum_required(VERSION 3.25)
#     project(my_plugin C CXX)
#     find_package(hws-guest REQUIRED)
#     hws_add_plugin(my_plugin my_plugin.cpp)
#
#     cmake -B build --toolchain <this file> && cmake --build build        ->  build/my_plugin.wasm
#
# Needs clang-22, lld-22 and the wasm32 libraries that HwsGuest.cmake names.
include("${CMAKE_CURRENT_LIST_DIR}/HwsGuest.cmake")

# CMake 3.25 does not know WASI; Generic is what it has for a system without shared libraries.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER "${HWS_GUEST_CC}")
set(CMAKE_CXX_COMPILER "${HWS_GUEST_CXX}")

list(JOIN HWS_GUEST_FLAGS " " hws_flags)
list(JOIN HWS_GUEST_C_FLAGS " " hws_c_flags)
list(JOIN HWS_GUEST_CXX_FLAGS " " hws_cxx_flags)
list(JOIN HWS_GUEST_LINK_FLAGS " " CMAKE_EXE_LINKER_FLAGS_INIT)
set(CMAKE_C_FLAGS_INIT "${hws_flags} ${hws_c_flags}")
set(CMAKE_CXX_FLAGS_INIT "${hws_flags} ${hws_cxx_flags}")
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, MinSizeRel, Debug")
endif()
set(CMAKE_EXECUTABLE_SUFFIX_INIT ".wasm")

# The compiler is tried without linking, libraries and headers of this machine are not for the guest, programs are.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(hws-guest_DIR "${CMAKE_CURRENT_LIST_DIR}" CACHE PATH "Where find_package(hws-guest) looks")
