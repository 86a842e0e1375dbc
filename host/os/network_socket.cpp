#include "os/network_socket.hpp"

#include "os/ancillary.hpp"
#include "os/io_list.hpp"
#include "os/socket.hpp"
#include "os/socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace hws::host::os {

namespace send_flags = abi::v2::send_flags;
namespace receive_flags = abi::v2::receive_flags;
namespace interface_flags = abi::v2::interface_flags;

void IoList::add(std::span<const std::byte> buffer) {
    const Entry entry{const_cast<std::byte*>(buffer.data()), buffer.size()};
    if (count_ < few) {
        few_[count_] = entry;
    } else {
        if (count_ == few) many_.assign(few_.begin(), few_.end());
        many_.push_back(entry);
    }
    ++count_;
    bytes_ += buffer.size();
}

void IoList::clear() {
    many_.clear();
    count_ = 0;
    bytes_ = 0;
}

void IoList::overwrite_with_zeros(std::size_t bytes) const {
    const Entry* entries = many_.empty() ? few_.data() : many_.data();
    for (std::size_t i = 0; i < count_ && bytes > 0; ++i) {
        const std::size_t size = std::min(bytes, entries[i].size);
        if (size > 0) std::memset(entries[i].data, 0, size);
        bytes -= size;
    }
}

std::size_t IoList::copy_to(const IoList& to, std::size_t bytes) const {
    std::size_t copied = 0;
    std::size_t i = 0, j = 0;
    std::span<std::byte> from_here, to_here;
    while (copied < bytes) {
        while (from_here.empty() && i < count_) from_here = (*this)[i++];
        while (to_here.empty() && j < to.count_) to_here = to[j++];
        const std::size_t size = std::min({from_here.size(), to_here.size(), bytes - copied});
        if (size == 0) break;
        // The guest chose both, and they may overlap.
        std::memmove(to_here.data(), from_here.data(), size);
        from_here = from_here.subspan(size);
        to_here = to_here.subspan(size);
        copied += size;
    }
    return copied;
}

void IncomingMessage::move_to(IncomingMessage& other) const {
    // With whole_length more bytes are told than have come.
    const std::size_t held = std::min(received.bytes, into.bytes());
    const std::size_t moved = into.copy_to(other.into, held);
    other.received = received;
    if (moved < held) {
        other.received.is_truncated = true;
        if (received.bytes == held) other.received.bytes = moved;
    }
}

namespace {

Result<std::size_t> counted(ssize_t count) {
    if (count < 0) return std::unexpected(last_error());
    return static_cast<std::size_t>(count);
}

Result<void> checked(int outcome) {
    if (outcome < 0) return std::unexpected(last_error());
    return {};
}

int native_type(SocketType type) {
    return type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
}

int native_send_flags(std::uint32_t flags) {
    return MSG_NOSIGNAL | (flags & send_flags::more ? MSG_MORE : 0);
}

int native_receive_flags(std::uint32_t flags) {
    return (flags & receive_flags::peek ? MSG_PEEK : 0) |
           (flags & receive_flags::whole_length ? MSG_TRUNC : 0);
}

/// Room for the address of a peer. Not sockaddr_storage: of a batch that would be 8 KiB, all cold.
/// The family `local`, whose names do not fit, has none here.
using Name = sockaddr_in6;

std::optional<SocketAddr> address_in(const Name& native, socklen_t size) {
    auto address = from_native(reinterpret_cast<const sockaddr*>(&native), size);
    if (!address) return {};
    return *address;
}

template <class Call> Result<std::optional<SocketAddr>> ask_address(int socket, Call call) {
    Name native{};
    socklen_t size = sizeof native;
    HWS_CHECK(checked(call(socket, reinterpret_cast<sockaddr*>(&native), &size)));
    return address_in(native, size);
}

} // namespace

Result<Fd> open_socket(Family family, SocketType type) {
    const int native_family = family == Family::ipv4    ? AF_INET
                              : family == Family::ipv6  ? AF_INET6
                              : family == Family::local ? AF_UNIX
                                                        : AF_UNSPEC;
    if (native_family == AF_UNSPEC) return fail(Errc::family_not_supported);
    Fd fd(::socket(native_family,
                   native_type(type) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return std::unexpected(last_error("socket"));
    return fd;
}

Result<std::array<Fd, 2>> open_socket_pair(SocketType type) {
    int ends[2];
    if (::socketpair(AF_UNIX, native_type(type) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        return std::unexpected(last_error("socketpair"));
    return std::array<Fd, 2>{Fd(ends[0]), Fd(ends[1])};
}

Result<void> bind(int socket, const SocketAddr& local) {
    Name native{};
    const socklen_t size = to_native(local, native);
    return checked(::bind(socket, reinterpret_cast<const sockaddr*>(&native), size));
}

Result<void> listen(int socket, int backlog) {
    return checked(::listen(socket, backlog));
}

Result<void> disconnect(int socket) {
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    return checked(::connect(socket, &none, sizeof none));
}

Result<Accepted> accept(int listener) {
    Name native;
    native.sin6_family = AF_UNSPEC;
    socklen_t size = sizeof native;
    Fd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&native), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) return std::unexpected(last_error());
    return Accepted{std::move(fd), address_in(native, size)};
}

Result<std::optional<SocketAddr>> find_local_address(int socket) {
    return ask_address(socket,
                       [](int s, sockaddr* a, socklen_t* n) { return ::getsockname(s, a, n); });
}

Result<std::optional<SocketAddr>> find_peer_address(int socket) {
    return ask_address(socket,
                       [](int s, sockaddr* a, socklen_t* n) { return ::getpeername(s, a, n); });
}

std::optional<IpAddr> find_source_address(const SocketAddr& to) {
    auto socket = open_socket(to.is_ipv4() ? Family::ipv4 : Family::ipv6, SocketType::datagram);
    if (!socket || !connect(socket->get(), to)) return {};
    const auto local = find_local_address(socket->get());
    if (!local || !*local) return {};
    return (*local)->ip();
}

Result<std::size_t> send_message(int socket, const IoList& from, std::uint32_t flags,
                                 const SocketAddr* to, const Ancillary* with) {
    msghdr header{};
    IoListAccess::fill(from, header);
    Name native;
    socklen_t size = 0;
    if (to) size = to_native(*to, native);
    if (with && with->fields != 0) {
        ControlRoom room;
        HWS_CHECK(write_ancillary(*with, room, header));
        header.msg_name = to ? &native : nullptr;
        header.msg_namelen = size;
        return counted(::sendmsg(socket, &header, native_send_flags(flags)));
    }
    // One buffer is the rule; sendto is measurably cheaper than sendmsg.
    if (header.msg_iovlen <= 1) {
        const iovec one = header.msg_iovlen == 1 ? header.msg_iov[0] : iovec{};
        return counted(::sendto(socket, one.iov_base, one.iov_len, native_send_flags(flags),
                                to ? reinterpret_cast<const sockaddr*>(&native) : nullptr, size));
    }
    if (to) {
        header.msg_name = &native;
        header.msg_namelen = size;
    }
    return counted(::sendmsg(socket, &header, native_send_flags(flags)));
}

Result<ReceivedMessage> receive_message(int socket, const IoList& into, std::uint32_t flags,
                                        Details details, Ancillary* with) {
    msghdr header{};
    IoListAccess::fill(into, header);
    if (details == Details::bytes_only) {
        const iovec one = header.msg_iovlen == 1 ? header.msg_iov[0] : iovec{};
        const int native_flags = native_receive_flags(flags);
        HWS_TRY(const std::size_t count,
                counted(header.msg_iovlen <= 1
                            ? ::recv(socket, one.iov_base, one.iov_len, native_flags)
                            : ::recvmsg(socket, &header, native_flags)));
        return ReceivedMessage{.bytes = count, .is_truncated = false, .sender = {}};
    }
    Name native;
    native.sin6_family = AF_UNSPEC;
    const bool wants_sender = details == Details::all;
    if (header.msg_iovlen <= 1 && !with) {
        // recvfrom is measurably cheaper than recvmsg; that a datagram was cut shows in its length.
        const iovec one = header.msg_iovlen == 1 ? header.msg_iov[0] : iovec{};
        auto* const name = wants_sender ? reinterpret_cast<sockaddr*>(&native) : nullptr;
        socklen_t name_size = sizeof native;
        HWS_TRY(const std::size_t length,
                counted(::recvfrom(socket, one.iov_base, one.iov_len,
                                   native_receive_flags(flags) | MSG_TRUNC, name, &name_size)));
        const bool tells_length = (flags & receive_flags::whole_length) != 0;
        return ReceivedMessage{.bytes = tells_length ? length : std::min(length, one.iov_len),
                               .is_truncated = length > one.iov_len,
                               .sender = address_in(native, name_size)};
    }
    if (wants_sender) {
        header.msg_name = &native;
        header.msg_namelen = sizeof native;
    }
    ControlRoom room;
    if (with) {
        header.msg_control = &room;
        header.msg_controllen = sizeof room;
    }
    HWS_TRY(const std::size_t count,
            counted(::recvmsg(socket, &header, native_receive_flags(flags))));
    if (with) *with = read_ancillary(header);
    return ReceivedMessage{.bytes = count,
                           .is_truncated = (header.msg_flags & MSG_TRUNC) != 0,
                           .sender = address_in(native, header.msg_namelen)};
}

Result<std::size_t> send_messages(int socket, std::span<OutgoingMessage> messages,
                                  std::uint32_t flags) {
    mmsghdr headers[batch_messages];
    Name names[batch_messages];
    const std::size_t count = std::min(messages.size(), batch_messages);
    for (std::size_t i = 0; i < count; ++i) {
        headers[i] = {};
        IoListAccess::fill(messages[i].from, headers[i].msg_hdr);
        if (!messages[i].to) continue;
        headers[i].msg_hdr.msg_namelen = to_native(*messages[i].to, names[i]);
        headers[i].msg_hdr.msg_name = &names[i];
    }
    HWS_TRY(const std::size_t sent,
            counted(::sendmmsg(socket, headers, static_cast<unsigned>(count),
                               native_send_flags(flags))));
    for (std::size_t i = 0; i < sent; ++i)
        messages[i].sent = headers[i].msg_len;
    return sent;
}

Result<std::size_t> receive_messages(int socket, std::span<IncomingMessage> messages,
                                     std::uint32_t flags, Details details) {
    mmsghdr headers[batch_messages];
    Name names[batch_messages];
    const std::size_t count = std::min(messages.size(), batch_messages);
    for (std::size_t i = 0; i < count; ++i) {
        headers[i] = {};
        names[i].sin6_family = AF_UNSPEC;
        IoListAccess::fill(messages[i].into, headers[i].msg_hdr);
        if (details != Details::all) continue;
        headers[i].msg_hdr.msg_name = &names[i];
        headers[i].msg_hdr.msg_namelen = sizeof names[i];
    }
    HWS_TRY(const std::size_t received,
            counted(::recvmmsg(socket, headers, static_cast<unsigned>(count),
                               native_receive_flags(flags), nullptr)));
    for (std::size_t i = 0; i < received; ++i)
        messages[i].received = {.bytes = headers[i].msg_len,
                                .is_truncated = (headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0,
                                .sender = address_in(names[i], headers[i].msg_hdr.msg_namelen)};
    return received;
}

PollState poll_state(int socket) {
    pollfd query{socket, POLLIN | POLLOUT | POLLRDHUP, 0};
    if (::poll(&query, 1, 0) <= 0) return {};
    return {.readable = (query.revents & POLLIN) != 0,
            .writable = (query.revents & POLLOUT) != 0,
            .peer_ended = (query.revents & POLLRDHUP) != 0,
            .error = (query.revents & POLLERR) != 0,
            .hung_up = (query.revents & POLLHUP) != 0};
}

namespace {

/// Whether it is an address by which a machine reaches others, as glibc's AI_ADDRCONFIG counts.
std::uint32_t address_flags(const sockaddr* native) {
    if (!native) return 0;
    const bool is_ipv4 = native->sa_family == AF_INET;
    const auto address = from_native(native, is_ipv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (!address || address->ip() == Ipv4Addr::localhost || address->ip() == Ipv6Addr::localhost)
        return 0;
    return is_ipv4 ? interface_flags::has_ipv4 : interface_flags::has_ipv6;
}

} // namespace

std::vector<NetworkInterface> network_interfaces() {
    std::vector<NetworkInterface> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return found;
    for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
        // An interface has one packet address and any number of others.
        const auto known =
            std::ranges::find(found, std::string_view(entry->ifa_name), &NetworkInterface::name);
        if (known != found.end()) {
            known->flags |= address_flags(entry->ifa_addr);
            continue;
        }
        NetworkInterface one;
        one.flags = address_flags(entry->ifa_addr);
        one.name = entry->ifa_name;
        one.index = ::if_nametoindex(entry->ifa_name);
        if (one.index == 0) continue;
        const auto flag = [&](unsigned native, std::uint32_t ours) {
            if (entry->ifa_flags & native) one.flags |= ours;
        };
        flag(IFF_UP, interface_flags::up);
        flag(IFF_LOOPBACK, interface_flags::loopback);
        flag(IFF_MULTICAST, interface_flags::multicast);
        flag(IFF_BROADCAST, interface_flags::broadcast);
        flag(IFF_POINTOPOINT, interface_flags::point_to_point);
        found.push_back(std::move(one));
    }
    ::freeifaddrs(list);
    std::ranges::sort(found, {}, &NetworkInterface::index);
    return found;
}

} // namespace hws::host::os
