# What the build takes from outside, each as an imported target. docs/decisions/dependencies.md says why each is there.

set(HWS_WASMTIME_VERSION 50.0.1)

macro(hws_require found what)
    if(NOT ${found})
        message(FATAL_ERROR "${what} was not found. scripts/bootstrap installs everything this build needs; run it, then configure again.")
    endif()
endmacro()

find_package(Threads REQUIRED)

find_package(OpenSSL 3.0 QUIET)
hws_require(OPENSSL_FOUND "OpenSSL 3.0 or newer (libssl-dev)")

find_package(nlohmann_json 3.11 QUIET)
hws_require(nlohmann_json_FOUND "nlohmann-json 3.11 or newer (nlohmann-json3-dev)")

find_package(CLI11 2.1 QUIET)
hws_require(CLI11_FOUND "CLI11 2.1 or newer (libcli11-dev)")

find_package(tomlplusplus 3.3 QUIET)
hws_require(tomlplusplus_FOUND "toml++ 3.3 or newer (libtomlplusplus-dev)")

find_package(ZLIB 1.2.13 QUIET)
hws_require(ZLIB_FOUND "zlib 1.2.13 or newer (zlib1g-dev)")

find_package(PkgConfig QUIET)
hws_require(PKG_CONFIG_FOUND "pkg-config")
pkg_check_modules(HWS_CARES QUIET IMPORTED_TARGET libcares>=1.18)
hws_require(HWS_CARES_FOUND "c-ares 1.18 or newer (libc-ares-dev)")
add_library(hws::cares ALIAS PkgConfig::HWS_CARES)
pkg_check_modules(HWS_BROTLI QUIET IMPORTED_TARGET libbrotlidec>=1.0.9)
hws_require(HWS_BROTLI_FOUND "brotli 1.0.9 or newer (libbrotli-dev)")
add_library(hws::brotli ALIAS PkgConfig::HWS_BROTLI)
pkg_check_modules(HWS_ZSTD QUIET IMPORTED_TARGET libzstd>=1.5.4)
hws_require(HWS_ZSTD_FOUND "zstd 1.5.4 or newer (libzstd-dev)")
add_library(hws::zstd ALIAS PkgConfig::HWS_ZSTD)

include(Curl)

find_package(wslay QUIET CONFIG)
hws_require(wslay_FOUND "wslay (libwslay-dev)")
add_library(hws::wslay ALIAS wslay)

if(HWS_BUILD_TESTS)
    find_package(doctest 2.4 QUIET)
    hws_require(doctest_FOUND "doctest 2.4 or newer (doctest-dev)")
    find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
    hws_require(Python3_FOUND "python3")
    pkg_check_modules(HWS_BROTLI_ENCODER QUIET IMPORTED_TARGET libbrotlienc>=1.0.9)
    hws_require(HWS_BROTLI_ENCODER_FOUND "brotli's encoder 1.0.9 or newer (libbrotli-dev)")
endif()

# Wasmtime's C API: an installed one (WASMTIME_ROOT, as a CMake or environment variable) or what scripts/bootstrap put into .deps.
if(NOT WASMTIME_ROOT)
    if(DEFINED ENV{WASMTIME_ROOT} AND NOT "$ENV{WASMTIME_ROOT}" STREQUAL "")
        set(hws_wasmtime_root "$ENV{WASMTIME_ROOT}")
    else()
        set(hws_wasmtime_root "${PROJECT_SOURCE_DIR}/.deps/wasmtime-${HWS_WASMTIME_VERSION}")
    endif()
    set(WASMTIME_ROOT "${hws_wasmtime_root}" CACHE PATH "A folder with Wasmtime's include/wasmtime.h and lib/libwasmtime.so" FORCE)
endif()
find_path(HWS_WASMTIME_INCLUDE wasmtime.h HINTS "${WASMTIME_ROOT}/include" NO_DEFAULT_PATH)
find_library(HWS_WASMTIME_LIBRARY wasmtime HINTS "${WASMTIME_ROOT}/lib" "${WASMTIME_ROOT}/lib64" NO_DEFAULT_PATH)
hws_require(HWS_WASMTIME_INCLUDE "Wasmtime ${HWS_WASMTIME_VERSION} (headers, in ${WASMTIME_ROOT}/include)")
hws_require(HWS_WASMTIME_LIBRARY "Wasmtime ${HWS_WASMTIME_VERSION} (library, in ${WASMTIME_ROOT}/lib)")
file(STRINGS "${HWS_WASMTIME_INCLUDE}/wasmtime.h" hws_wasmtime_version_line REGEX "define WASMTIME_VERSION ")
if(NOT hws_wasmtime_version_line MATCHES "\"${HWS_WASMTIME_VERSION}\"")
    message(FATAL_ERROR "${HWS_WASMTIME_INCLUDE}/wasmtime.h says ${hws_wasmtime_version_line}; this version of hws is written for "
                        "Wasmtime ${HWS_WASMTIME_VERSION}, whose C API another version need not match.")
endif()
message(STATUS "Wasmtime ${HWS_WASMTIME_VERSION}: ${HWS_WASMTIME_LIBRARY}")

# A copy beside the programs, so that build/ can be moved.
file(MAKE_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
set(hws_wasmtime_copy "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/libwasmtime.so")
file(COPY_FILE "${HWS_WASMTIME_LIBRARY}" "${hws_wasmtime_copy}" ONLY_IF_DIFFERENT)
add_library(wasmtime::wasmtime SHARED IMPORTED GLOBAL)
set_target_properties(wasmtime::wasmtime PROPERTIES
    IMPORTED_LOCATION "${hws_wasmtime_copy}"
    # The prebuilt library has no SONAME. With this, CMake links by -lwasmtime, and programs record the file's name and not its path.
    IMPORTED_NO_SONAME TRUE
    INTERFACE_INCLUDE_DIRECTORIES "${HWS_WASMTIME_INCLUDE}")
install(PROGRAMS "${hws_wasmtime_copy}" DESTINATION lib)
