# C and C++ to WebAssembly, within the same build as the host: clang-22 is run directly, so one configure does both sides.

include("${PROJECT_SOURCE_DIR}/guest/cmake/HwsGuest.cmake")

set(HWS_GUEST_WARNINGS -Wall -Wextra -Werror)
file(MAKE_DIRECTORY "${HWS_GUEST_OUTPUT_DIRECTORY}")
# Header-only libraries that a guest may use, by themselves: their own folder, /usr/include, would bring the host's headers along.
set(HWS_GUEST_THIRD_PARTY_INCLUDE "${PROJECT_BINARY_DIR}/guest-include")
file(MAKE_DIRECTORY "${HWS_GUEST_THIRD_PARTY_INCLUDE}")
get_target_property(hws_nlohmann_include nlohmann_json::nlohmann_json INTERFACE_INCLUDE_DIRECTORIES)
list(GET hws_nlohmann_include 0 hws_nlohmann_include)
file(CREATE_LINK "${hws_nlohmann_include}/nlohmann" "${HWS_GUEST_THIRD_PARTY_INCLUDE}/nlohmann" SYMBOLIC)
# A change of the flags rebuilds every guest.
set(hws_guest_flag_files "${PROJECT_SOURCE_DIR}/guest/cmake/HwsGuest.cmake" "${CMAKE_CURRENT_LIST_FILE}")

# hws_compile_wasm(out-variable name SOURCES ... [INCLUDES ...] [DEFINITIONS ...] [OPTIONS ...] [DEPENDS ...])
# Compiles each source (.c as C, all else as C++) to an object and puts the objects' paths into the variable.
function(hws_compile_wasm out name)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;INCLUDES;DEFINITIONS;OPTIONS;DEPENDS")
    set(objects "")
    set(user_flags "")
    foreach(folder IN LISTS arg_INCLUDES)
        cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
        list(APPEND user_flags "-I${folder}")
    endforeach()
    list(TRANSFORM arg_DEFINITIONS PREPEND "-D")
    list(APPEND user_flags ${arg_DEFINITIONS})
    foreach(source IN LISTS arg_SOURCES)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE path)
        cmake_path(RELATIVE_PATH path BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE shown)
        string(REPLACE "../" "" shown_inside "${shown}")
        set(object "${CMAKE_CURRENT_BINARY_DIR}/wasm/${name}/${shown_inside}.o")
        cmake_path(GET object PARENT_PATH object_folder)
        file(MAKE_DIRECTORY "${object_folder}")
        if(path MATCHES "\\.c$")
            set(compiler "${HWS_GUEST_CC}")
            set(language_flags ${HWS_GUEST_C_FLAGS})
        else()
            set(compiler "${HWS_GUEST_CXX}")
            set(language_flags ${HWS_GUEST_CXX_FLAGS})
        endif()
        set(launcher "")
        if(HWS_CCACHE)
            set(launcher "${HWS_CCACHE}")
        endif()
        add_custom_command(OUTPUT "${object}"
            COMMAND ${launcher} "${compiler}" ${HWS_GUEST_FLAGS} ${language_flags} -O2 ${HWS_GUEST_WARNINGS}
                    ${user_flags} ${arg_OPTIONS} -MD -MF "${object}.d" -MT "${object}" -c "${path}" -o "${object}"
            DEPENDS "${path}" ${hws_guest_flag_files} ${arg_DEPENDS}
            DEPFILE "${object}.d"
            COMMENT "Compiling ${shown} to wasm (${name})"
            VERBATIM)
        list(APPEND objects "${object}")
    endforeach()
    set(${out} ${objects} PARENT_SCOPE)
endfunction()

# hws_add_wasm_library(name SOURCES ... [INCLUDES ...] [DEFINITIONS ...] [OPTIONS ...] [LIBRARIES other ...])
# Objects that hws_add_wasm(... LIBRARIES name) links; what is not used is dropped by --gc-sections. INCLUDES and DEFINITIONS
# apply to whoever links it, too. Names of libraries are known in folders added later.
function(hws_add_wasm_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;INCLUDES;DEFINITIONS;OPTIONS;LIBRARIES")
    hws_wasm_library_usage(used_includes used_definitions used_objects used_targets ${arg_LIBRARIES})
    set(includes "")
    foreach(folder IN LISTS arg_INCLUDES)
        cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
        list(APPEND includes "${folder}")
    endforeach()
    list(APPEND includes ${used_includes})
    list(APPEND arg_DEFINITIONS ${used_definitions})
    hws_compile_wasm(objects ${name} SOURCES ${arg_SOURCES} INCLUDES ${includes} DEFINITIONS ${arg_DEFINITIONS}
        OPTIONS ${arg_OPTIONS})
    add_custom_target(${name} DEPENDS ${objects})
    foreach(library IN LISTS arg_LIBRARIES)
        add_dependencies(${name} ${library})
    endforeach()
    set_target_properties(${name} PROPERTIES
        HWS_WASM_OBJECTS "${objects};${used_objects}"
        HWS_WASM_INCLUDES "${includes}"
        HWS_WASM_DEFINITIONS "${arg_DEFINITIONS}")
endfunction()

# What the named wasm libraries bring along.
function(hws_wasm_library_usage out_includes out_definitions out_objects out_targets)
    set(includes "")
    set(definitions "")
    set(objects "")
    foreach(library IN LISTS ARGN)
        if(NOT TARGET ${library})
            message(FATAL_ERROR "LIBRARIES names ${library}, which no hws_add_wasm_library made")
        endif()
        get_target_property(library_includes ${library} HWS_WASM_INCLUDES)
        get_target_property(library_definitions ${library} HWS_WASM_DEFINITIONS)
        get_target_property(library_objects ${library} HWS_WASM_OBJECTS)
        list(APPEND includes ${library_includes})
        list(APPEND definitions ${library_definitions})
        list(APPEND objects ${library_objects})
    endforeach()
    foreach(list_name includes definitions objects)
        list(REMOVE_DUPLICATES ${list_name})
        list(FILTER ${list_name} EXCLUDE REGEX "^$")
        set(${out_${list_name}} ${${list_name}} PARENT_SCOPE)
    endforeach()
    set(${out_targets} ${ARGN} PARENT_SCOPE)
endfunction()

# hws_add_wasm(name SOURCES ... [REACTOR] [LIBRARIES wasm-library ...] [INCLUDES ...] [DEFINITIONS ...] [OPTIONS ...]
#              [LINK_OPTIONS ...] [EXPORTS function ...] [OUTPUT file.wasm] [EXCLUDE_FROM_ALL])
# Makes build/guest/<name>.wasm: a command (main), or with REACTOR a plugin whose exports the host calls.
# OPTIONS are added to each compilation (`-std=c++20`, `-O3`); EXPORTS are functions that carry no export_name of their own.
# With LINK_OPTIONS -nostdlib a module without the C library is made. The target is <name>, its property HWS_WASM the file.
function(hws_add_wasm name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "REACTOR;EXCLUDE_FROM_ALL" "OUTPUT"
        "SOURCES;LIBRARIES;INCLUDES;DEFINITIONS;OPTIONS;LINK_OPTIONS;EXPORTS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "hws_add_wasm(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
    endif()
    hws_wasm_library_usage(used_includes used_definitions used_objects used_targets ${arg_LIBRARIES})
    hws_compile_wasm(objects ${name} SOURCES ${arg_SOURCES} INCLUDES ${arg_INCLUDES} ${used_includes}
        DEFINITIONS ${arg_DEFINITIONS} ${used_definitions} OPTIONS ${arg_OPTIONS})

    set(file "${HWS_GUEST_OUTPUT_DIRECTORY}/${name}.wasm")
    if(arg_OUTPUT)
        set(file "${arg_OUTPUT}")
    endif()
    set(link_flags ${HWS_GUEST_LINK_FLAGS})
    if(arg_REACTOR)
        list(APPEND link_flags ${HWS_GUEST_REACTOR_LINK_FLAGS})
    endif()
    foreach(export IN LISTS arg_EXPORTS)
        list(APPEND link_flags "-Wl,--export=${export}")
    endforeach()
    # clang++ adds libc++ and libc++abi, which cost a C program nothing but must not be there for one that has neither.
    set(driver "${HWS_GUEST_CC}")
    foreach(object IN LISTS objects used_objects)
        if(NOT object MATCHES "\\.c\\.o$")
            set(driver "${HWS_GUEST_CXX}")
        endif()
    endforeach()
    add_custom_command(OUTPUT "${file}"
        COMMAND "${driver}" ${link_flags} ${objects} ${used_objects} ${arg_LINK_OPTIONS} -o "${file}"
        DEPENDS ${objects} ${used_objects} ${hws_guest_flag_files}
        COMMENT "Linking ${name}.wasm"
        VERBATIM)
    if(arg_EXCLUDE_FROM_ALL)
        add_custom_target(${name} DEPENDS "${file}")
    else()
        add_custom_target(${name} ALL DEPENDS "${file}")
    endif()
    foreach(library IN LISTS used_targets)
        add_dependencies(${name} ${library})
    endforeach()
    set_target_properties(${name} PROPERTIES HWS_WASM "${file}")
endfunction()
