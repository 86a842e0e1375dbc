#include "engine/module_cache.hpp"

#include "os/clock.hpp"
#include "os/private_file.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace hws::host::engine {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t mac_bytes = 32;
/// No compiled module comes near this; a larger file is not ours.
constexpr std::size_t max_entry_bytes = std::size_t{1} << 30;

using Mac = std::array<std::byte, mac_bytes>;

const unsigned char* raw(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// HMAC over the code's own hash and the entry's name: hashing first keeps it one pass without copying them together.
Mac mac_of(std::span<const std::byte> key, const std::string& entry, std::span<const std::byte> code) {
    unsigned char digest[mac_bytes];
    EVP_Digest(code.data(), code.size(), digest, nullptr, EVP_sha256(), nullptr);
    std::string message(reinterpret_cast<const char*>(digest), sizeof digest);
    message += entry;
    Mac mac;
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
         reinterpret_cast<unsigned char*>(mac.data()), &size);
    return mac;
}

std::filesystem::path variable(const char* name) {
    const char* value = std::getenv(name);
    // The XDG rules: a relative path is invalid and counts as unset.
    return value && *value == '/' ? std::filesystem::path(value) : std::filesystem::path();
}

Result<std::vector<std::byte>> read_or_make_key(const std::filesystem::path& file) {
    HWS_CHECK(os::make_private_folder(file.parent_path()));
    auto key = os::read_private_file(file, key_bytes);
    if (!key && key.error() == Errc::not_found) {
        std::vector<std::byte> fresh(key_bytes);
        os::fill_random(fresh);
        if (auto made = os::create_private_file(file, fresh); !made && made.error() != Errc::exists)
            return std::unexpected(std::move(made).error());
        key = os::read_private_file(file, key_bytes);
    }
    if (key && key->size() != key_bytes)
        return fail(Errc::io, file.string() + " is not a key; remove it to have a new one made");
    return key;
}

} // namespace

std::optional<ModuleCache::Place> ModuleCache::default_place() {
    const std::filesystem::path home = variable("HOME");
    std::filesystem::path cache = variable("XDG_CACHE_HOME");
    std::filesystem::path state = variable("XDG_STATE_HOME");
    if (cache.empty() && !home.empty()) cache = home / ".cache";
    if (state.empty() && !home.empty()) state = home / ".local" / "state";
    if (cache.empty() || state.empty()) return std::nullopt;
    return Place{cache / "hws" / "modules", state / "hws" / "cache-key"};
}

Result<ModuleCache> ModuleCache::open(const Place& place) {
    ModuleCache cache;
    HWS_CHECK(os::make_private_folder(place.folder));
    HWS_TRY(cache.key_, read_or_make_key(place.key_file));
    cache.folder_ = place.folder;
    return cache;
}

std::string ModuleCache::entry_name(std::string_view engine_version,
                                    std::span<const std::byte> module) const {
    if (folder_.empty()) return {};
    unsigned char digest[mac_bytes];
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    const std::uint64_t version_bytes = engine_version.size(); // so that no two pairs run together
    EVP_DigestUpdate(context, &version_bytes, sizeof version_bytes);
    EVP_DigestUpdate(context, engine_version.data(), engine_version.size());
    EVP_DigestUpdate(context, raw(module), module.size());
    EVP_DigestFinal_ex(context, digest, nullptr);
    EVP_MD_CTX_free(context);
    std::string name;
    for (const unsigned char byte : digest) {
        name += "0123456789abcdef"[byte >> 4];
        name += "0123456789abcdef"[byte & 15];
    }
    return name;
}

std::optional<std::vector<std::byte>> ModuleCache::find(const std::string& entry) const {
    if (folder_.empty()) return std::nullopt;
    auto file = os::read_private_file(folder_ / entry, max_entry_bytes);
    if (!file || file->size() < mac_bytes) return std::nullopt;
    const Mac expected = mac_of(key_, entry, std::span(*file).subspan(mac_bytes));
    if (CRYPTO_memcmp(expected.data(), file->data(), mac_bytes) != 0) return std::nullopt;
    file->erase(file->begin(), file->begin() + mac_bytes);
    return std::move(*file);
}

Result<void> ModuleCache::store(const std::string& entry, std::span<const std::byte> code) const {
    if (folder_.empty()) return {};
    const Mac mac = mac_of(key_, entry, code);
    std::vector<std::byte> file(mac_bytes + code.size());
    std::ranges::copy(mac, file.begin());
    std::ranges::copy(code, file.begin() + mac_bytes);
    return os::write_private_file(folder_ / entry, file);
}

} // namespace hws::host::engine
