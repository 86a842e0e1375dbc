#include "adapter/extism.hpp"
#include "adapter/host_function.hpp"
#include "adapter/preview1.hpp"
#include "adapter/v1.hpp"
#include "adapter/v2.hpp"

namespace hws::host::adapter {

std::span<const HostFunction> host_functions() {
    // Built once, at the first question; immutable from then on.
    static const std::vector<HostFunction> rows = [] {
        std::vector<HostFunction> all;
        v1::append_rows(all);
        extism::append_rows(all);
        preview1::append_rows(all);
        v2::append_rows(all);
        return all;
    }();
    return rows;
}

} // namespace hws::host::adapter
