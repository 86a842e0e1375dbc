# What the SDK consists of, for this build and for projects outside.
get_filename_component(hws_guest_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
get_filename_component(hws_abi_root "${CMAKE_CURRENT_LIST_DIR}/../../abi" ABSOLUTE)

set(HWS_GUEST_SDK_INCLUDES
    ${hws_guest_root}/include
    ${hws_abi_root})
# The part that the host is built of, too
set(HWS_GUEST_ABI_SOURCES
    ${hws_abi_root}/ip_addr.cpp)
set(HWS_GUEST_SDK_SOURCES
    ${hws_guest_root}/src/base64.cpp
    ${hws_guest_root}/src/http.cpp
    ${hws_guest_root}/src/icmp_socket.cpp
    ${hws_guest_root}/src/json_reader.cpp
    ${hws_guest_root}/src/plugin.cpp
    ${hws_guest_root}/src/tcp_stream.cpp
    ${hws_guest_root}/src/udp_socket.cpp)
set(HWS_GUEST_BACKEND_V1_SOURCES
    ${hws_guest_root}/backend/block.cpp
    ${hws_guest_root}/backend/v1.cpp)
