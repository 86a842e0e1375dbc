# find_package(hws-guest): hws_add_plugin for projects that are configured with hws-toolchain.cmake.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm32")
    set(hws-guest_FOUND FALSE)
    set(hws-guest_NOT_FOUND_MESSAGE "Plugins are WebAssembly: configure with --toolchain ${CMAKE_CURRENT_LIST_DIR}/hws-toolchain.cmake")
    return()
endif()
include("${CMAKE_CURRENT_LIST_DIR}/HwsGuest.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/HwsGuestSources.cmake")

# Objects and not an archive: what a plugin does not use the linker drops all the same, and no archiver for wasm is needed.
# hws::guest is the SDK over dialect v2, hws::guest_v1 over v1; each is compiled only where a plugin wants it.
foreach(hws_backend v1 v2)
    if(NOT TARGET hws_guest_${hws_backend})
        string(TOUPPER ${hws_backend} hws_upper)
        add_library(hws_guest_${hws_backend} OBJECT EXCLUDE_FROM_ALL
            ${HWS_GUEST_ABI_SOURCES} ${HWS_GUEST_SDK_SOURCES} ${HWS_GUEST_PLUGIN_SOURCES}
            ${HWS_GUEST_BACKEND_${hws_upper}_SOURCES})
        target_include_directories(hws_guest_${hws_backend} PUBLIC ${HWS_GUEST_SDK_INCLUDES})
        target_compile_definitions(hws_guest_${hws_backend} PUBLIC ${HWS_GUEST_BACKEND_${hws_upper}_DEFINITIONS})
        add_library(hws::guest_${hws_backend} ALIAS hws_guest_${hws_backend})
    endif()
endforeach()
if(NOT TARGET hws::guest)
    add_library(hws::guest ALIAS hws_guest_v2)
endif()

# hws_add_plugin(name [BACKEND v1|v2] source ...): <name>.wasm in the current binary folder. The backend is v2 unless said
# otherwise; v1 runs on other hosts too and can do less.
function(hws_add_plugin name)
    hws_parse_plugin(backend sources ${ARGN})
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE hws_guest_${backend})
    target_link_options(${name} PRIVATE ${HWS_GUEST_REACTOR_LINK_FLAGS})
    set_target_properties(${name} PROPERTIES SUFFIX ".wasm")
endfunction()
