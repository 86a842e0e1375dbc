#pragma once
/// A folder of a test's own, gone when the test is over.

#include <filesystem>
#include <string>
#include <string_view>

namespace hws::test {

/// A new, empty folder in $TMPDIR (or /tmp); the destructor removes it with all that is in it and
/// ignores the outcome. Moves, does not copy.
class TemporaryFolder {
public:
    /// Throws std::runtime_error where no folder can be made.
    TemporaryFolder();
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
    ~TemporaryFolder();

    /// Writes a file, and the folders it stands in; `name` is relative to this folder. Returns its
    /// path. Throws std::runtime_error where it can't be written.
    std::filesystem::path write(const std::filesystem::path& name, std::string_view content) const;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// The whole file; empty where there is none.
std::string read_file(const std::filesystem::path& path);

} // namespace hws::test
