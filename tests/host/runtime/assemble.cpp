#include "assemble.hpp"

#include <span>
#include <stdexcept>
#include <string>
#include <wasmtime.h>

namespace hws::test {

std::vector<std::byte> assemble(std::string_view wat) {
    wasm_byte_vec_t made;
    if (wasmtime_error_t* error = wasmtime_wat2wasm(wat.data(), wat.size(), &made)) {
        wasm_name_t message;
        wasmtime_error_message(error, &message);
        const std::string text(message.data, message.size);
        wasm_byte_vec_delete(&message);
        wasmtime_error_delete(error);
        throw std::runtime_error(text);
    }
    const auto bytes = std::as_bytes(std::span(made.data, made.size));
    std::vector<std::byte> module(bytes.begin(), bytes.end());
    wasm_byte_vec_delete(&made);
    return module;
}

} // namespace hws::test
