#include <hws/host/runtime.hpp>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>

namespace hws::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t page_bytes = 65536;

std::unexpected<Error> bad(std::string text) { return fail(Errc::bad_manifest, std::move(text)); }

std::string sha256_hex(std::span<const std::byte> bytes) {
    unsigned char digest[32];
    EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr);
    std::string text;
    for (const unsigned char byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

Result<std::vector<std::byte>> decode_base64(const std::string& text) {
    std::vector<std::byte> bytes(text.size() / 4 * 3);
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0 || text.size() % 4 != 0) return bad("wasm data is not base64");
    // The decoder counts the padding as bytes.
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

/// A member of the wanted type; nothing if it is absent or null. Errors: bad_manifest for another type.
template <class T>
Result<std::optional<T>> find(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return std::optional<T>();
    if constexpr (std::is_same_v<T, std::string>) {
        if (!found->is_string()) return bad(std::string(key) + " must be text");
    } else {
        if (!found->is_number_unsigned()) return bad(std::string(key) + " must be a number, 0 or more");
    }
    return std::optional<T>(found->template get<T>());
}

Result<Manifest::Wasm> read_module(const Json& entry, const std::filesystem::path& folder) {
    Manifest::Wasm wasm;
    if (!entry.is_object()) return bad("each wasm must be an object with path or data");
    HWS_TRY(const auto name, find<std::string>(entry, "name"));
    HWS_TRY(const auto path, find<std::string>(entry, "path"));
    HWS_TRY(const auto data, find<std::string>(entry, "data"));
    HWS_TRY(const auto hash, find<std::string>(entry, "hash"));
    if (entry.contains("url")) return bad("wasm by url is not fetched here; give path or data");
    if (path.has_value() == data.has_value()) return bad("a wasm needs either path or data");
    wasm.name = name.value_or("");
    if (path) {
        HWS_TRY(wasm.bytes, read_file(folder / *path));
    } else {
        HWS_TRY(wasm.bytes, decode_base64(*data));
    }
    if (hash) {
        const std::string actual = sha256_hex(wasm.bytes);
        if (actual != *hash) return bad("wasm " + wasm.name + " has the SHA-256 " + actual + ", not " + *hash);
    }
    return wasm;
}

} // namespace

Result<Manifest> Manifest::parse(std::string_view json, const std::filesystem::path& folder) {
    const Json root = Json::parse(json, nullptr, false);
    if (!root.is_object()) return bad("it is not a JSON object");
    Manifest manifest;

    const auto wasm = root.find("wasm");
    if (wasm == root.end() || !wasm->is_array() || wasm->empty()) return bad("it needs a list wasm");
    for (const Json& entry : *wasm) {
        HWS_TRY(Wasm module, read_module(entry, folder));
        manifest.modules.push_back(std::move(module));
    }
    const auto main = std::ranges::find(manifest.modules, "main", &Wasm::name);
    manifest.main = main != manifest.modules.end() ? static_cast<std::size_t>(main - manifest.modules.begin())
                                                   : manifest.modules.size() - 1;

    if (const auto memory = root.find("memory"); memory != root.end() && !memory->is_null()) {
        if (!memory->is_object()) return bad("memory must be an object");
        HWS_TRY(const auto pages, find<std::uint64_t>(*memory, "max_pages"));
        if (pages) manifest.max_memory_bytes = std::min<std::uint64_t>(*pages, page_bytes) * page_bytes;
        HWS_TRY(manifest.max_http_response_bytes, find<std::size_t>(*memory, "max_http_response_bytes"));
        HWS_TRY(manifest.max_var_bytes, find<std::size_t>(*memory, "max_var_bytes"));
    }
    if (const auto config = root.find("config"); config != root.end() && !config->is_null()) {
        if (!config->is_object()) return bad("config must be an object");
        for (const auto& [key, value] : config->items()) {
            if (!value.is_string()) return bad("config " + key + " must be text");
            manifest.config.emplace(key, value.get<std::string>());
        }
    }
    if (const auto hosts = root.find("allowed_hosts"); hosts != root.end() && !hosts->is_null()) {
        if (!hosts->is_array()) return bad("allowed_hosts must be a list");
        manifest.allowed_hosts.emplace();
        for (const Json& host : *hosts) {
            if (!host.is_string()) return bad("allowed_hosts must hold text");
            manifest.allowed_hosts->push_back(host.get<std::string>());
        }
    }
    if (const auto paths = root.find("allowed_paths"); paths != root.end() && !paths->is_null() && !paths->empty())
        return fail(Errc::unsupported, "allowed_paths: this host grants no folders");
    HWS_TRY(const auto timeout, find<std::uint32_t>(root, "timeout_ms"));
    if (timeout) manifest.timeout = std::chrono::milliseconds(*timeout);
    return manifest;
}

Result<void> Manifest::apply_to(PluginOptions& options) const {
    for (const auto& [key, value] : config) options.config.emplace(key, value);
    if (allowed_hosts) {
        HWS_TRY(options.policy, options.policy.with_allowed_hosts(*allowed_hosts));
    }
    Limits& limits = options.limits;
    const auto tighten = [](std::size_t& limit, const std::optional<std::size_t>& wanted) {
        if (wanted) limit = std::min(limit, *wanted);
    };
    tighten(limits.memory_bytes, max_memory_bytes);
    tighten(limits.http_body_bytes, max_http_response_bytes);
    tighten(limits.variable_bytes, max_var_bytes);
    if (timeout) limits.call_time = std::min<std::chrono::nanoseconds>(limits.call_time, *timeout);
    return {};
}

} // namespace hws::host
