#include "os/unix_socket.hpp"

#include "os/io_list.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace hws::host::os {
namespace {

/// The kernel's own EACCES (a file's permissions) must not look like our policy's `denied`.
Error file_error() {
    if (errno == EACCES || errno == EPERM || errno == EROFS)
        return {Errc::not_permitted, "the file system does not permit it"};
    return last_error();
}

Result<void> checked(int outcome) {
    if (outcome < 0) return std::unexpected(file_error());
    return {};
}

std::string link_of(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

Result<Place> open_place(const std::string& path, int more_flags) {
    Place place;
    place.fd = Fd(::open(path.c_str(), O_PATH | O_CLOEXEC | more_flags));
    if (!place.fd.is_open()) return std::unexpected(file_error());
    struct stat about;
    if (::fstat(place.fd.get(), &about) < 0) return std::unexpected(file_error());
    if (about.st_nlink == 0) return fail(Errc::not_found);
    place.identity = {about.st_dev, about.st_ino};
    place.is_socket = S_ISSOCK(about.st_mode);
    char target[PATH_MAX + 1];
    const ssize_t length = ::readlink(link_of(place.fd.get()).c_str(), target, sizeof target);
    if (length < 0) return fail(Errc::unsupported, "Unix sockets with a path need /proc");
    place.path.assign(target, static_cast<std::size_t>(length));
    return place;
}

/// A name as the system calls want it.
struct NativeName {
    explicit NativeName(std::string_view name) {
        address.sun_family = AF_UNIX;
        const std::size_t bytes = std::min(name.size(), sizeof address.sun_path);
        std::memcpy(address.sun_path, name.data(), bytes);
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + bytes);
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

    sockaddr_un address{};
    socklen_t size = 0;
};

/// The name in an address that the system has written.
std::string name_in(const sockaddr_un& address, socklen_t size) {
    constexpr socklen_t before = offsetof(sockaddr_un, sun_path);
    if (size <= before || address.sun_family != AF_UNIX) return {};
    const std::size_t bytes = std::min<std::size_t>(size - before, sizeof address.sun_path);
    const std::string_view all(address.sun_path, bytes);
    return std::string(all[0] == '\0' ? all : all.substr(0, all.find('\0')));
}

template <class Call> Result<std::string> ask_name(int socket, Call call) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (call(socket, reinterpret_cast<sockaddr*>(&address), &size) < 0)
        return std::unexpected(last_error());
    return name_in(address, size);
}

/// Linux takes only connections in progress for those of TCP: a full queue is EAGAIN (unix(7)).
Result<void> connect_native(int socket, std::string_view name) {
    const NativeName native(name);
    int outcome;
    do outcome = ::connect(socket, native.get(), native.size);
    while (outcome < 0 && errno == EINTR);
    return checked(outcome);
}

} // namespace

Result<Place> find_place(const std::string& path) {
    return open_place(path, 0);
}

Result<Place> find_folder(const std::string& path) {
    return open_place(path, O_DIRECTORY);
}

Result<void> bind_name(int socket, std::string_view name) {
    if (name.size() > sizeof sockaddr_un::sun_path) return fail(Errc::name_too_long);
    const NativeName native(name);
    return checked(::bind(socket, native.get(), native.size));
}

Result<void> connect_place(int socket, const Place& place) {
    return connect_native(socket, link_of(place.fd.get()));
}

Result<void> connect_name(int socket, std::string_view name) {
    return connect_native(socket, name);
}

Result<std::size_t> send_to_place(int socket, const IoList& from, std::uint32_t flags,
                                  const Place& place) {
    return send_to_name(socket, from, flags, link_of(place.fd.get()));
}

Result<std::size_t> send_to_name(int socket, const IoList& from, std::uint32_t flags,
                                 std::string_view name) {
    NativeName native(name);
    msghdr header{};
    IoListAccess::fill(from, header);
    header.msg_name = &native.address;
    header.msg_namelen = native.size;
    const int more = flags & abi::v2::send_flags::more ? MSG_MORE : 0;
    const ssize_t count = ::sendmsg(socket, &header, MSG_NOSIGNAL | more);
    if (count < 0) return std::unexpected(file_error());
    return static_cast<std::size_t>(count);
}

Result<ReceivedMessage> receive_named(int socket, const IoList& into, std::uint32_t flags,
                                      std::string& sender) {
    using namespace abi::v2::receive_flags;
    sockaddr_un address{};
    msghdr header{};
    IoListAccess::fill(into, header);
    header.msg_name = &address;
    header.msg_namelen = sizeof address;
    // Without room for control data the system closes whatever descriptors have been sent along.
    const int native_flags = (flags & peek ? MSG_PEEK : 0) | (flags & whole_length ? MSG_TRUNC : 0);
    const ssize_t count = ::recvmsg(socket, &header, native_flags);
    if (count < 0) return std::unexpected(last_error());
    sender = name_in(address, header.msg_namelen);
    return ReceivedMessage{.bytes = static_cast<std::size_t>(count),
                           .is_truncated = (header.msg_flags & MSG_TRUNC) != 0,
                           .sender = {}};
}

Result<std::string> find_local_name(int socket) {
    return ask_name(socket,
                    [](int s, sockaddr* a, socklen_t* n) { return ::getsockname(s, a, n); });
}

Result<std::string> find_peer_name(int socket) {
    return ask_name(socket,
                    [](int s, sockaddr* a, socklen_t* n) { return ::getpeername(s, a, n); });
}

bool has_owner(const Place& place) {
    // A stream or packet socket is the wrong type for this one (EPROTOTYPE), and so gets no
    // connection; only a file that no socket is bound to refuses.
    Fd probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe.is_open()) return true;
    const NativeName native(link_of(place.fd.get()));
    return ::connect(probe.get(), native.get(), native.size) == 0 || errno != ECONNREFUSED;
}

std::optional<Entry> find_entry(const Place& folder, const std::string& file) {
    struct stat about;
    if (::fstatat(folder.fd.get(), file.c_str(), &about, AT_SYMLINK_NOFOLLOW) < 0) return {};
    return Entry{{about.st_dev, about.st_ino}, S_ISSOCK(about.st_mode)};
}

Result<void> remove_entry(const Place& folder, const std::string& file) {
    return checked(::unlinkat(folder.fd.get(), file.c_str(), 0));
}

} // namespace hws::host::os
