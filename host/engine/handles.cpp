#include "engine/handles.hpp"

namespace hws::host::engine {
namespace {

std::string_view view_of(const wasm_name_t* name) {
    return name ? std::string_view(name->data, name->size) : std::string_view();
}

/// A name of the module's choice for one line of a message: short, without control characters.
std::string shown(std::string_view name) {
    constexpr std::size_t max_bytes = 200;
    std::string text(name.substr(0, max_bytes));
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return text;
}

std::string format_trace(wasm_frame_vec_t& frames) {
    std::string text;
    for (std::size_t i = 0; i < frames.size; ++i) {
        if (i == max_trace_frames) {
            text += "\n    ... " + std::to_string(frames.size - i) + " more";
            break;
        }
        const std::string_view name = view_of(wasmtime_frame_func_name(frames.data[i]));
        text += "\n    ";
        text += name.empty() ? "function " + std::to_string(wasm_frame_func_index(frames.data[i]))
                             : shown(name);
        const std::string_view module = view_of(wasmtime_frame_module_name(frames.data[i]));
        if (!module.empty()) text.append(" (").append(shown(module)).append(")");
    }
    wasm_frame_vec_delete(&frames);
    return text;
}

} // namespace

std::string take_message(wasmtime_error_t* error) {
    ErrorHandle owner(error);
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    std::string text(message.data, message.size);
    wasm_name_delete(&message);
    return text;
}

std::string trace_of(const wasm_trap_t* trap) {
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    return format_trace(frames);
}

std::string trace_of(const wasmtime_error_t* error) {
    wasm_frame_vec_t frames;
    wasmtime_error_wasm_trace(error, &frames);
    return format_trace(frames);
}

} // namespace hws::host::engine
