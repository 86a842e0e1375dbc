#include "core/policy_file.hpp"

#include <hws/host/runtime.hpp>

namespace hws::host {

Result<Policy> read_policy_file(const std::filesystem::path& file) {
    HWS_TRY(const std::vector<std::byte> bytes, read_file(file));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return core::parse_policy_toml(text, file.string());
}

} // namespace hws::host
