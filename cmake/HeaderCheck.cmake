# Every header compiles alone: the target header_compiles_alone, part of `all`, which fails naming the header that does not.
# Headers of the host are compiled as the host is, those of the guest with the guest's flags, abi/hws both ways.
# With sanitizers it would only repeat what the release build proves, so it is left out there.

# hws_check_headers(side COMMAND compiler flag ... FOLDERS folder ...)
function(hws_check_headers side)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "COMMAND;FOLDERS")
    set(stamps "")
    foreach(folder IN LISTS arg_FOLDERS)
        file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/${folder}/*.hpp")
        foreach(header IN LISTS headers)
            set(stamp "${PROJECT_BINARY_DIR}/header_compiles_alone/${side}/${header}")
            cmake_path(GET stamp PARENT_PATH stamp_folder)
            file(MAKE_DIRECTORY "${stamp_folder}")
            # -include of the header into an empty source: compiled by its own name, clang warns about `#pragma once`.
            add_custom_command(OUTPUT "${stamp}.ok"
                COMMAND ${arg_COMMAND} -x c++ -fsyntax-only -MD -MF "${stamp}.d" -MT "${stamp}.ok"
                        -include "${PROJECT_SOURCE_DIR}/${header}" /dev/null
                COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}.ok"
                DEPENDS "${PROJECT_SOURCE_DIR}/${header}"
                DEPFILE "${stamp}.d"
                COMMENT "${header} compiles alone (${side})"
                COMMAND_EXPAND_LISTS
                VERBATIM)
            list(APPEND stamps "${stamp}.ok")
        endforeach()
    endforeach()
    add_custom_target(header_compiles_alone_${side} DEPENDS ${stamps})
    add_dependencies(header_compiles_alone header_compiles_alone_${side})
endfunction()

if(NOT HWS_SANITIZE)
    add_custom_target(header_compiles_alone ALL)

    add_library(hws_header_check_flags OBJECT EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/main.cpp")
    target_link_libraries(hws_header_check_flags PRIVATE wasmtime::wasmtime nlohmann_json::nlohmann_json
        CLI11::CLI11 tomlplusplus::tomlplusplus CURL::libcurl hws::cares doctest::doctest)
    # Among them is /usr/include itself, which must keep its place after the C++ library: hence -idirafter below.
    set(third_party "$<TARGET_PROPERTY:hws_header_check_flags,INCLUDE_DIRECTORIES>")
    hws_check_headers(host
        COMMAND "${CMAKE_CXX_COMPILER}" -std=c++23 -Wall -Wextra -Werror
                "-I${PROJECT_SOURCE_DIR}/abi" "-I${PROJECT_SOURCE_DIR}/host" "-I${PROJECT_SOURCE_DIR}/host/include"
                "-I${PROJECT_SOURCE_DIR}" "-I${PROJECT_SOURCE_DIR}/tests" "-I${PROJECT_SOURCE_DIR}/guest/include"
                [[-DHWS_GUEST_DIR=""]] [[-DHWS_BUILD_DIR=""]] [[-DHWS_SOURCE_DIR=""]] # what hws_add_test compiles in
                "$<$<BOOL:${third_party}>:-idirafter;$<JOIN:${third_party},;-idirafter;>>"
        FOLDERS abi host cli tests)
    hws_check_headers(guest
        COMMAND "${HWS_GUEST_CXX}" ${HWS_GUEST_FLAGS} ${HWS_GUEST_CXX_FLAGS} ${HWS_GUEST_WARNINGS}
                "-I${PROJECT_SOURCE_DIR}/guest/include" "-I${PROJECT_SOURCE_DIR}/abi" "-I${PROJECT_SOURCE_DIR}"
                -isystem "${HWS_GUEST_THIRD_PARTY_INCLUDE}"
        FOLDERS abi/hws guest kernel)
endif()
