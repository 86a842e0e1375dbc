# cmake -DMODULE=kernel.wasm -DSOURCE=kernel_wasm.cpp -P embed.cmake
# Writes the module as a C++ array, without its table and global sections: wasm-ld always makes a table and a stack pointer, the
# kernel uses neither (an engine would refuse the module if it did), and each instance would pay for the table.

file(READ "${MODULE}" hex HEX)
string(LENGTH "${hex}" hex_length)
string(SUBSTRING "${hex}" 0 16 kept)
set(at 16)
while(at LESS hex_length)
    set(start ${at})
    string(SUBSTRING "${hex}" ${at} 2 id)
    math(EXPR at "${at} + 2")
    set(bytes 0)
    set(shift 0)
    set(more 1)
    while(more)
        string(SUBSTRING "${hex}" ${at} 2 digit)
        math(EXPR at "${at} + 2")
        math(EXPR more "0x${digit} >> 7")
        math(EXPR bytes "${bytes} | ((0x${digit} & 0x7f) << ${shift})")
        math(EXPR shift "${shift} + 7")
    endwhile()
    math(EXPR at "${at} + 2 * ${bytes}")
    if(NOT id STREQUAL "04" AND NOT id STREQUAL "06")
        math(EXPR section_length "${at} - ${start}")
        string(SUBSTRING "${hex}" ${start} ${section_length} section)
        string(APPEND kept "${section}")
    endif()
endwhile()

string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${kept}")
string(REGEX REPLACE "(................................................................................)" "\\1\n    "
    bytes "${bytes}")
file(WRITE "${SOURCE}" "// Made from kernel.cpp by embed.cmake.
#include \"kernel/kernel.hpp\"

namespace hws::kernel {
namespace {

alignas(16) constexpr unsigned char module_bytes[] = {
    ${bytes}
};

} // namespace

std::span<const std::byte> wasm() { return std::as_bytes(std::span(module_bytes)); }

} // namespace hws::kernel
")
