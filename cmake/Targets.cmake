# Functions for native targets. Sources are listed by hand, one a line, so that additions merge.

# hws_add_library(name [SOURCES a.cpp ...] [LINKS target ...] [INCLUDES folder ...] [PRIVATE_LINKS target ...])
# A static library; with no sources yet, an interface library of the same name and properties.
function(hws_add_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;INCLUDES;PRIVATE_LINKS")
    if(arg_SOURCES)
        add_library(${name} STATIC ${arg_SOURCES})
        set(visibility PUBLIC)
        target_link_libraries(${name} PRIVATE ${arg_PRIVATE_LINKS})
    else()
        add_library(${name} INTERFACE)
        set(visibility INTERFACE)
        target_link_libraries(${name} INTERFACE ${arg_PRIVATE_LINKS})
    endif()
    target_link_libraries(${name} ${visibility} ${arg_LINKS})
    target_include_directories(${name} ${visibility} ${arg_INCLUDES})
endfunction()

# hws_precompile(target <nlohmann/json.hpp> ...): headers that cost seconds, once for each target instead of once a source.
function(hws_precompile target)
    if(HWS_PCH)
        target_precompile_headers(${target} PRIVATE ${ARGN})
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
            # Without the time stamp inside, ccache recognizes the same precompiled header again.
            target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
        endif()
    endif()
endfunction()

# What a test's environment holds. Wasmtime runs guests on stacks of its own, which AddressSanitizer's fake stacks don't follow.
set(HWS_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=0:strict_string_checks=1:detect_leaks=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/leaks.supp:print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/races.supp:halt_on_error=1:report_signal_unsafe=0"
    "HWS_BUILD_DIR=${PROJECT_BINARY_DIR}"
    "HWS_GUEST_DIR=${HWS_GUEST_OUTPUT_DIRECTORY}")
# With it a sanitizer's report has names and lines; Debian's has a version in its name, which the sanitizers don't look for.
find_program(HWS_SYMBOLIZER NAMES llvm-symbolizer-22 llvm-symbolizer)
if(HWS_SYMBOLIZER)
    list(APPEND HWS_TEST_ENVIRONMENT "ASAN_SYMBOLIZER_PATH=${HWS_SYMBOLIZER}" "UBSAN_SYMBOLIZER_PATH=${HWS_SYMBOLIZER}"
        "TSAN_SYMBOLIZER_PATH=${HWS_SYMBOLIZER}")
endif()

# hws_add_test(name SOURCES a_test.cpp ... [LINKS target ...] [GUESTS wasm-target ...] [TIMEOUT seconds] [SERIAL])
# One executable, one ctest of the same name; doctest's main comes from tests/main.cpp.
# GUESTS: targets of hws_add_wasm that must be built before it runs. Compiled in: HWS_GUEST_DIR (where the .wasm files are),
# HWS_BUILD_DIR, HWS_SOURCE_DIR.
function(hws_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "SOURCES;LINKS;GUESTS")
    add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:hws_test_main>)
    target_link_libraries(${name} PRIVATE ${arg_LINKS} hws_test_support doctest::doctest)
    target_compile_definitions(${name} PRIVATE
        HWS_GUEST_DIR="${HWS_GUEST_OUTPUT_DIRECTORY}"
        HWS_BUILD_DIR="${PROJECT_BINARY_DIR}"
        HWS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    hws_precompile(${name} <doctest/doctest.h> <chrono> <expected> <functional> <memory> <string> <vector>)
    foreach(guest IN LISTS arg_GUESTS)
        if(TARGET ${guest}) # a guest in Rust or Go is left out where its compiler is missing
            add_dependencies(${name} ${guest})
        endif()
    endforeach()
    add_test(NAME ${name} COMMAND ${name})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 600) # only ends what hangs: sanitizers on a busy machine take minutes
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${HWS_TEST_ENVIRONMENT}")
    if(arg_SERIAL)
        set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
endfunction()
