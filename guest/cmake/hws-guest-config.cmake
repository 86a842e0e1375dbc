# find_package(hws-guest): hws_add_plugin for projects that are configured with hws-toolchain.cmake.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm32")
    set(hws-guest_FOUND FALSE)
    set(hws-guest_NOT_FOUND_MESSAGE "Plugins are WebAssembly: configure with --toolchain ${CMAKE_CURRENT_LIST_DIR}/hws-toolchain.cmake")
    return()
endif()
include("${CMAKE_CURRENT_LIST_DIR}/HwsGuest.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/HwsGuestSources.cmake")

# Objects and not an archive: what a plugin does not use the linker drops all the same, and no archiver for wasm is needed.
if(NOT TARGET hws::guest)
    add_library(hws_guest_v1 OBJECT EXCLUDE_FROM_ALL
        ${HWS_GUEST_ABI_SOURCES} ${HWS_GUEST_SDK_SOURCES} ${HWS_GUEST_BACKEND_V1_SOURCES})
    target_include_directories(hws_guest_v1 PUBLIC ${HWS_GUEST_SDK_INCLUDES})
    add_library(hws::guest ALIAS hws_guest_v1)
endif()

# hws_add_plugin(name source ...): <name>.wasm in the current binary folder.
function(hws_add_plugin name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE hws::guest)
    target_link_options(${name} PRIVATE ${HWS_GUEST_REACTOR_LINK_FLAGS})
    set_target_properties(${name} PROPERTIES SUFFIX ".wasm")
endfunction()
