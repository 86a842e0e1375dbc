# CMake toolchain file for C and C++ programs with BSD sockets, around hws-cc and hws-c++, which stand in bin beside share.
#
#     cmake -B build --toolchain <prefix>/share/hws/posix/hws-posix-toolchain.cmake && cmake --build build
#
# Programs that are run while building, tests among them, run by `hws run`, which denies every address unless HWS_RUN_OPTIONS
# (a list: --allow;tcp:loopback:*) says otherwise.
get_filename_component(hws_bin "${CMAKE_CURRENT_LIST_DIR}/../../../bin" ABSOLUTE)

# What they expect is Linux; its shared libraries and search paths are left out below.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER "${hws_bin}/hws-cc")
set(CMAKE_CXX_COMPILER "${hws_bin}/hws-c++")
find_program(CMAKE_AR NAMES llvm-ar-22 llvm-ar REQUIRED)
find_program(CMAKE_RANLIB NAMES llvm-ranlib-22 llvm-ranlib REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR "${hws_bin}/hws" run ${HWS_RUN_OPTIONS})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HWS_RUN_OPTIONS)
set(CMAKE_SKIP_RPATH ON)
set(BUILD_SHARED_LIBS OFF CACHE BOOL "WebAssembly has static libraries only")

# Libraries and headers of this machine are not for the program, programs are.
set(CMAKE_FIND_ROOT_PATH "${CMAKE_CURRENT_LIST_DIR}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
