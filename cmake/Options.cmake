# How everything native is compiled: standard, warnings, sanitizers, where the results go.

option(HWS_BUILD_TESTS "Build the tests (ctest runs them)" ON)
option(HWS_BUILD_BENCH "Build the benchmarks" OFF)
option(HWS_PCH "Precompile the heavy third-party headers" ON)
set(HWS_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread; empty for none")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug" FORCE)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# libstdc++'s C++23 is complete enough for us; module scanning costs time and finds none.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

add_compile_options(-Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these on correct code of libstdc++'s own std::string, std::variant and std::expected at -O2.
    add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
                        -Wno-dangling-pointer -Wno-free-nonheap-object)
endif()

# Debug is for the sanitizers: -O1 keeps their runs short, -g1 gives line numbers at a third of -g's build time.
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

if(HWS_SANITIZE)
    string(REPLACE ";" "," HWS_SANITIZE_FLAG "${HWS_SANITIZE}")
    add_compile_options(-fsanitize=${HWS_SANITIZE_FLAG} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HWS_SANITIZE_FLAG})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_link_options(-fuse-ld=lld)
endif()

# ccache, unless a launcher was chosen on the command line. A precompiled header is cached only with these sloppinesses.
find_program(HWS_CCACHE ccache)
if(HWS_CCACHE)
    foreach(language C CXX)
        if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER OR CMAKE_${language}_COMPILER_LAUNCHER STREQUAL "ccache")
            set(CMAKE_${language}_COMPILER_LAUNCHER
                "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;${HWS_CCACHE}"
                CACHE STRING "" FORCE)
        endif()
    endforeach()
endif()

# build/bin/hws, build/lib/libwasmtime.so, build/guest/*.wasm
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(HWS_GUEST_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/guest")
# Programs find libwasmtime.so beside themselves, so build/ may be moved and an installed tree needs no settings.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
