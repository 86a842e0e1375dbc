#include "os/private_file.hpp"

#include "os/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hws::host::os {
namespace {

constexpr mode_t others_may_write = S_IWGRP | S_IWOTH;

bool is_ours(const struct stat& status) {
    return (status.st_uid == ::geteuid() || status.st_uid == 0) && !(status.st_mode & others_may_write);
}

Result<void> write_all(int fd, std::span<const std::byte> content) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(last_error("write"));
        content = content.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

/// A temporary file beside `file` with that content.
Result<std::filesystem::path> write_beside(const std::filesystem::path& file,
                                           std::span<const std::byte> content) {
    std::string name = file.string() + ".XXXXXX";
    const Fd fd(::mkostemp(name.data(), O_CLOEXEC)); // mode 0600
    if (!fd.is_open()) return std::unexpected(last_error(name));
    if (auto written = write_all(fd.get(), content); !written) {
        ::unlink(name.c_str());
        return std::unexpected(std::move(written).error());
    }
    return name;
}

} // namespace

Result<void> make_private_folder(const std::filesystem::path& folder) {
    std::error_code ignored; // what counts is what stands there afterwards
    if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), ignored);
    if (::mkdir(folder.c_str(), S_IRWXU) < 0 && errno != EEXIST)
        return std::unexpected(last_error(folder.string()));
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.is_open()) return std::unexpected(last_error(folder.string()));
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return std::unexpected(last_error(folder.string()));
    if (!is_ours(status))
        return fail(Errc::not_permitted, folder.string() + " is not this user's alone to write");
    return {};
}

Result<std::vector<std::byte>> read_private_file(const std::filesystem::path& file, std::size_t limit) {
    const Fd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.is_open()) return std::unexpected(last_error(file.string()));
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return std::unexpected(last_error(file.string()));
    if (!S_ISREG(status.st_mode) || !is_ours(status))
        return fail(Errc::not_permitted, file.string() + " is not this user's alone to write");
    if (static_cast<std::uint64_t>(status.st_size) > limit)
        return fail(Errc::too_large, file.string());
    std::vector<std::byte> content(static_cast<std::size_t>(status.st_size));
    std::size_t filled = 0;
    while (filled < content.size()) {
        const ssize_t count = ::read(fd.get(), content.data() + filled, content.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(last_error(file.string()));
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    content.resize(filled);
    return content;
}

Result<void> write_private_file(const std::filesystem::path& file, std::span<const std::byte> content) {
    HWS_TRY(const std::filesystem::path temporary, write_beside(file, content));
    if (::rename(temporary.c_str(), file.c_str()) < 0) {
        Error error = last_error(file.string());
        ::unlink(temporary.c_str());
        return std::unexpected(std::move(error));
    }
    return {};
}

Result<void> create_private_file(const std::filesystem::path& file, std::span<const std::byte> content) {
    HWS_TRY(const std::filesystem::path temporary, write_beside(file, content));
    // link(2) fails where rename(2) would replace: of two processes that start together one wins.
    const int outcome = ::link(temporary.c_str(), file.c_str());
    Error error = outcome < 0 ? last_error(file.string()) : Error(Errc::io);
    ::unlink(temporary.c_str());
    if (outcome < 0) return std::unexpected(std::move(error));
    return {};
}

} // namespace hws::host::os
