#pragma once
/// Files that only this user may have written. Source: open(2), fstat(2), rename(2).

#include <hws/result.hpp>

#include <filesystem>
#include <span>
#include <vector>

namespace hws::host::os {

/// Makes the folder (and its parents) with mode 0700 if absent. Errors: not_permitted if it belongs to somebody else or
/// others may write it, io.
Result<void> make_private_folder(const std::filesystem::path& folder);

/// The whole file. Errors: not_found; not_permitted if it is a link, no regular file, somebody else's, or writable by others;
/// too_large beyond `limit`.
Result<std::vector<std::byte>> read_private_file(const std::filesystem::path& file, std::size_t limit);

/// Replaces the file in one step, mode 0600: readers see the old or the new content, never a part. Errors: io.
Result<void> write_private_file(const std::filesystem::path& file, std::span<const std::byte> content);

/// As write_private_file, but only if it does not exist yet. Errors: exists.
Result<void> create_private_file(const std::filesystem::path& file, std::span<const std::byte> content);

} // namespace hws::host::os
