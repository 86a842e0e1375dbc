#pragma once
/// Compiled modules on disk. An entry is machine code: whoever can forge one owns the host. So an entry counts only if
/// - the folder and the file belong to this user (or root) and nobody else may write them,
/// - the file carries an HMAC-SHA-256 made with a key that lives outside the folder, readable by this user only,
/// - the HMAC covers the key of the entry too, so that one entry cannot stand in for another.
/// Anything else (truncated, foreign, tampered, from another engine version) is compiled anew and replaced.
/// Writing is atomic: a temporary file, then rename(2). Failing to write is no error: the next run compiles again.

#include <hws/result.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hws::host::engine {

class ModuleCache {
public:
    /// Without a folder nothing is kept. `key_file` holds the secret and is made if absent.
    struct Place {
        std::filesystem::path folder;
        std::filesystem::path key_file;
    };
    /// The user's own place: $XDG_CACHE_HOME/hws/modules and $XDG_STATE_HOME/hws/cache-key; nothing without a home.
    static std::optional<Place> default_place();

    /// A cache that keeps nothing.
    ModuleCache() = default;
    /// Errors: not_permitted, io: the place cannot be used; the text says what is wrong with it.
    static Result<ModuleCache> open(const Place& place);

    /// Names an entry by everything that decides its contents: the module's bytes and the engine that compiles it.
    std::string entry_name(std::string_view engine_version, std::span<const std::byte> module) const;
    /// The compiled code, if there is an entry that can be trusted.
    std::optional<std::vector<std::byte>> find(const std::string& entry) const;
    /// Keeps the compiled code.
    Result<void> store(const std::string& entry, std::span<const std::byte> code) const;

private:
    std::filesystem::path folder_;
    std::vector<std::byte> key_;
};

} // namespace hws::host::engine
