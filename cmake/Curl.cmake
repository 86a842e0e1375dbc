# CURL::libcurl: built here from the sources that scripts/fetch_curl brought, with HTTP, TLS and HTTP/2 and nothing else; static, a part of
# every program. docs/decisions/libcurl.md says why it is not the installed one.
set(HWS_CURL_VERSION 8.22.0)
set(HWS_NGHTTP2_VERSION 1.68.1)

set(HWS_CURL_LIBRARIES hws_curl hws_nghttp2) # the first needs the second
set(hws_curl_root "${PROJECT_SOURCE_DIR}/.deps/curl-${HWS_CURL_VERSION}")
set(hws_nghttp2_root "${PROJECT_SOURCE_DIR}/.deps/nghttp2-${HWS_NGHTTP2_VERSION}")
foreach(root IN ITEMS "${hws_curl_root}" "${hws_nghttp2_root}")
    set(hws_has_sources OFF)
    if(EXISTS "${root}/COPYING")
        set(hws_has_sources ON)
    endif()
    hws_require(hws_has_sources "${root}")
endforeach()
pkg_check_modules(HWS_PSL QUIET IMPORTED_TARGET libpsl>=0.21)
hws_require(HWS_PSL_FOUND "libpsl 0.21 or newer (libpsl-dev)")

# Their code is not ours to warn about, nor to have undefined behaviour found in. Many small files: in one go they compile in a third of the time.
function(hws_add_foreign_library name)
    add_library(${name} STATIC ${ARGN})
    target_compile_options(${name} PRIVATE -w -fvisibility=hidden)
    if(HWS_SANITIZE MATCHES "undefined")
        target_compile_options(${name} PRIVATE -fno-sanitize=undefined)
    endif()
    set_target_properties(${name} PROPERTIES C_EXTENSIONS ON)
endfunction()

file(READ "${hws_nghttp2_root}/lib/includes/nghttp2/nghttp2ver.h.in" hws_nghttp2ver)
string(REPLACE "." ";" hws_parts "${HWS_NGHTTP2_VERSION}")
set(hws_version_number "0")
foreach(hws_part IN LISTS hws_parts)
    math(EXPR hws_version_number "${hws_version_number} * 256 + ${hws_part}")
endforeach()
string(REPLACE "@PACKAGE_VERSION@" "${HWS_NGHTTP2_VERSION}" hws_nghttp2ver "${hws_nghttp2ver}")
string(REPLACE "@PACKAGE_VERSION_NUM@" "${hws_version_number}" hws_nghttp2ver "${hws_nghttp2ver}")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/nghttp2/nghttp2/nghttp2ver.h" CONTENT "${hws_nghttp2ver}" @ONLY)
file(GLOB hws_nghttp2_sources "${hws_nghttp2_root}/lib/*.c")
hws_add_foreign_library(hws_nghttp2 ${hws_nghttp2_sources})
target_include_directories(hws_nghttp2 SYSTEM PUBLIC "${hws_nghttp2_root}/lib/includes" "${PROJECT_BINARY_DIR}/nghttp2")
target_compile_definitions(hws_nghttp2 PUBLIC NGHTTP2_STATICLIB
    PRIVATE HAVE_ARPA_INET_H HAVE_NETINET_IN_H HAVE_CLOCK_GETTIME HAVE_DECL_CLOCK_MONOTONIC=1)

file(GLOB hws_curl_sources "${hws_curl_root}/lib/*.c" "${hws_curl_root}/lib/*/*.c")
hws_add_foreign_library(hws_curl ${hws_curl_sources})
set_target_properties(hws_curl PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 40)
target_include_directories(hws_curl SYSTEM PUBLIC "${hws_curl_root}/include"
    PRIVATE "${PROJECT_SOURCE_DIR}/cmake" "${hws_curl_root}/lib") # the former has curl_config.h
target_compile_definitions(hws_curl PUBLIC CURL_STATICLIB PRIVATE BUILDING_LIBCURL HAVE_CONFIG_H CURL_HIDDEN_SYMBOLS)
target_link_libraries(hws_curl PUBLIC hws_os hws_nghttp2 OpenSSL::SSL OpenSSL::Crypto PkgConfig::HWS_PSL)
add_library(CURL::libcurl ALIAS hws_curl)
