#include "adapter/host_function.hpp"

#include <hws/host/runtime.hpp>

namespace hws::host {
namespace {

using abi::Block; // the tables name it plainly

std::string signature_of(std::span<const abi::WasmType> params,
                         std::span<const abi::WasmType> results) {
    const auto name = [](abi::WasmType type) { return type == abi::WasmType::i32 ? "i32" : "i64"; };
    std::string text = "(";
    for (std::size_t i = 0; i < params.size(); ++i)
        text.append(i ? ", " : "").append(name(params[i]));
    text += ")";
    for (const abi::WasmType result : results)
        text.append(" -> ").append(name(result));
    return text;
}

void append_kernel_rows(std::vector<HostFunctionInfo>& list) {
#define ABI_KERNEL_FUNCTION(name, signature, sentence)                                             \
    list.push_back({"extism:host/env", #name,                                                      \
                    signature_of(abi::params_of<signature>, abi::results_of<signature>), sentence, \
                    false});
#include "extism.def"
#undef ABI_KERNEL_FUNCTION
}

} // namespace

std::vector<HostFunctionInfo> list_host_functions() {
    std::vector<HostFunctionInfo> list;
    bool has_kernel_rows = false;
    for (const adapter::HostFunction& row : adapter::host_functions()) {
        // The kernel's own functions stand before the host's of the same module, as in the table.
        if (row.module == "extism:host/env" && !std::exchange(has_kernel_rows, true))
            append_kernel_rows(list);
        list.push_back({row.module, row.name, signature_of(row.params, row.results), row.sentence,
                        row.may_wait()});
    }
    return list;
}

} // namespace hws::host
