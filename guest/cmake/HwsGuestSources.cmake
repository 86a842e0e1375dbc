# What the SDK consists of, for this build and for projects outside.
get_filename_component(hws_guest_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
get_filename_component(hws_abi_root "${CMAKE_CURRENT_LIST_DIR}/../../abi" ABSOLUTE)

set(HWS_GUEST_SDK_INCLUDES
    ${hws_guest_root}/include
    ${hws_abi_root})
# The part that the host is built of, too
set(HWS_GUEST_ABI_SOURCES
    ${hws_abi_root}/ip_addr.cpp)
# The network, over any backend
set(HWS_GUEST_SDK_SOURCES
    ${hws_guest_root}/src/base64.cpp
    ${hws_guest_root}/src/http_headers.cpp
    ${hws_guest_root}/src/http_request.cpp
    ${hws_guest_root}/src/http_response.cpp
    ${hws_guest_root}/src/icmp_socket.cpp
    ${hws_guest_root}/src/json_reader.cpp
    ${hws_guest_root}/src/multipart.cpp
    ${hws_guest_root}/src/peer.cpp
    ${hws_guest_root}/src/poller.cpp
    ${hws_guest_root}/src/resolve.cpp
    ${hws_guest_root}/src/tcp_listener.cpp
    ${hws_guest_root}/src/tcp_stream.cpp
    ${hws_guest_root}/src/tls_stream.cpp
    ${hws_guest_root}/src/udp_socket.cpp
    ${hws_guest_root}/src/unix_addr.cpp
    ${hws_guest_root}/src/unix_datagram.cpp
    ${hws_guest_root}/src/unix_stream.cpp
    ${hws_guest_root}/src/url_encoding.cpp
    ${hws_guest_root}/src/web_socket.cpp)
# A plugin's own input, output, variables and log, which only a host has
set(HWS_GUEST_PLUGIN_SOURCES
    ${hws_guest_root}/backend/block.cpp
    ${hws_guest_root}/src/plugin.cpp)
# The backends; backend/backend.hpp tells how each is chosen
set(HWS_GUEST_BACKEND_V1_SOURCES
    ${hws_guest_root}/backend/no_tls.cpp
    ${hws_guest_root}/backend/no_unix.cpp
    ${hws_guest_root}/backend/no_web_socket.cpp
    ${hws_guest_root}/backend/v1.cpp
    ${hws_guest_root}/backend/v1_http.cpp
    ${hws_guest_root}/backend/v1_icmp.cpp)
set(HWS_GUEST_BACKEND_V1_DEFINITIONS HWS_BACKEND_V1)
set(HWS_GUEST_BACKEND_V2_SOURCES
    ${hws_guest_root}/backend/descriptor_socket.cpp
    ${hws_guest_root}/backend/unix_socket.cpp
    ${hws_guest_root}/backend/v2_failure.cpp
    ${hws_guest_root}/backend/v2_http.cpp
    ${hws_guest_root}/backend/v2_icmp.cpp
    ${hws_guest_root}/backend/v2_system.cpp
    ${hws_guest_root}/backend/v2_tls.cpp
    ${hws_guest_root}/backend/v2_unix.cpp
    ${hws_guest_root}/backend/v2_web_socket.cpp)
set(HWS_GUEST_BACKEND_V2_DEFINITIONS "")
set(HWS_GUEST_BACKEND_NATIVE_SOURCES
    ${hws_guest_root}/backend/descriptor_socket.cpp
    ${hws_guest_root}/backend/native_icmp.cpp
    ${hws_guest_root}/backend/native_system.cpp
    ${hws_guest_root}/backend/native_unix.cpp
    ${hws_guest_root}/backend/unix_socket.cpp
    ${hws_guest_root}/backend/no_http.cpp
    ${hws_guest_root}/backend/no_tls.cpp
    ${hws_guest_root}/backend/no_web_socket.cpp)

# hws_parse_plugin(out-backend out-sources [BACKEND v1|v2] source ...): the arguments of hws_add_plugin after the name.
function(hws_parse_plugin out_backend out_sources)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "BACKEND" "")
    if(NOT arg_BACKEND)
        set(arg_BACKEND v2)
    endif()
    if(NOT arg_BACKEND MATCHES "^v[12]$")
        message(FATAL_ERROR "hws_add_plugin: the backend is v1 or v2, not ${arg_BACKEND}")
    endif()
    set(${out_backend} ${arg_BACKEND} PARENT_SCOPE)
    set(${out_sources} ${arg_UNPARSED_ARGUMENTS} PARENT_SCOPE)
endfunction()
