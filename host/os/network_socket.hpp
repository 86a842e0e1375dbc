#pragma once
/// What dialect v2 asks of the operating system's sockets beyond socket.hpp: each function is one
/// system call and its errno as our error. Flags and options are ours, by allow-list; nothing of a
/// guest's reaches the kernel as it is.
/// Source: socket(2), bind(2), listen(2), accept(2), sendmsg(2), recvmsg(2), sendmmsg(2),
/// recvmmsg(2), getsockopt(2), ip(7), ipv6(7), tcp(7), udp(7), unix(7).

#include "os/fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <optional>
#include <span>
#include <string>
#include <v2.hpp>
#include <vector>

namespace hws::host::os {

using Family = abi::v2::Family;
using SocketType = abi::v2::SocketType;
using SocketOption = abi::v2::Option;

/// Non-blocking, close-on-exec. Errors: family_not_supported, protocol_not_supported,
/// too_many_handles, ...
Result<Fd> open_socket(Family family, SocketType type);
/// Two connected sockets of the family `local`.
Result<std::array<Fd, 2>> open_socket_pair(SocketType type);

/// Errors: address_in_use, address_not_available, invalid_argument (bound already), not_permitted.
Result<void> bind(int socket, const SocketAddr& local);
Result<void> listen(int socket, int backlog);
/// Takes a datagram socket's peer away; ends a stream without ceremony.
Result<void> disconnect(int socket);

struct Accepted {
    Fd fd;
    std::optional<SocketAddr> peer; ///< nothing for the family `local`
};
/// Errors: would_block, aborted, invalid_argument (does not listen), too_many_handles, ...
Result<Accepted> accept(int listener);

/// Of a socket with the family `local` there is no address.
Result<std::optional<SocketAddr>> find_local_address(int socket);
Result<std::optional<SocketAddr>> find_peer_address(int socket);

/// The address that a datagram to `to` would be sent from; nothing if there is no way to it. Sends
/// nothing. Source: RFC 6724, 4 (what the kernel chooses), connect(2).
std::optional<IpAddr> find_source_address(const SocketAddr& to);

/// The system's list of buffers (iovec), without the bytes.
class IoList {
public:
    IoList() = default;
    IoList(const IoList&) = delete;
    IoList& operator=(const IoList&) = delete;

    void add(std::span<const std::byte> buffer);
    void clear();
    /// Of the bytes that the list names the first `bytes`.
    void overwrite_with_zeros(std::size_t bytes) const;
    /// Of the bytes that the list names the first `bytes`, as far as there is room; tells how many.
    std::size_t copy_to(const IoList& to, std::size_t bytes) const;
    std::size_t count() const { return count_; }
    std::size_t bytes() const { return bytes_; }
    std::span<std::byte> operator[](std::size_t index) const {
        const Entry& entry = many_.empty() ? few_[index] : many_[index];
        return {static_cast<std::byte*>(entry.data), entry.size};
    }

private:
    friend struct IoListAccess;
    struct Entry {
        void* data;
        std::size_t size;
    };
    static constexpr std::size_t few = 16;
    // In this order one entry needs one line of the cache: batches have 64 lists.
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    std::vector<Entry> many_; // all of them once there are more than a few
    std::array<Entry, few> few_;
};

/// What goes with a datagram besides its bytes and its peer; fields as abi::v2::Ancillary has them.
struct Ancillary {
    abi::v2::AncillaryFields fields = 0;
    std::uint32_t interface_index = 0;
    std::optional<IpAddr> destination;
    std::optional<IpAddr> local;
    int hops = 0;
    int traffic_class = 0;
    std::uint64_t time = 0; ///< nanoseconds since 1970
};

/// What one message is sent with. Bits of abi::v2::send_flags. Errors besides send's:
/// invalid_argument for a number out of its range or a source that is not this machine's.
Result<std::size_t> send_message(int socket, const IoList& from, std::uint32_t flags,
                                 const SocketAddr* to, const Ancillary* with = nullptr);

struct ReceivedMessage {
    std::size_t bytes = 0;
    bool is_truncated = false;
    std::optional<SocketAddr> sender;
};
/// What is told besides the bytes: of a datagram whether it was cut, and who sent it. Less is
/// cheaper.
enum class Details : std::uint8_t { bytes_only, truncation, all };
/// `flags`: peek and whole_length of abi::v2::receive_flags. `with`: of a datagram; gets what the
/// socket's options ask for.
Result<ReceivedMessage> receive_message(int socket, const IoList& into, std::uint32_t flags,
                                        Details details = Details::all, Ancillary* with = nullptr);

/// Messages of one system call.
inline constexpr std::size_t batch_messages = 64;
struct OutgoingMessage {
    std::optional<SocketAddr> to;
    std::size_t sent = 0;
    IoList from;
};
/// Sends the messages in turn and tells how many were taken; an error only if the first failed.
Result<std::size_t> send_messages(int socket, std::span<OutgoingMessage> messages,
                                  std::uint32_t flags);
struct IncomingMessage {
    ReceivedMessage received;
    IoList into;

    /// As if it had been received there.
    void move_to(IncomingMessage& other) const;
};
/// Receives what is there, and tells how many.
Result<std::size_t> receive_messages(int socket, std::span<IncomingMessage> messages,
                                     std::uint32_t flags, Details details = Details::all);

/// Errors: option_not_supported for one that is not a matter of the system (socket_options.cpp has
/// the list) or that this socket has not; invalid_argument for a value out of range.
Result<std::uint64_t> get_option(int socket, SocketOption option);
Result<void> set_option(int socket, SocketOption option, std::uint64_t value);
/// The time to linger as the system would have it, in whole seconds; no_limit is off. Errors:
/// invalid_argument (too long).
Result<std::uint64_t> whole_linger_time(std::uint64_t value);

/// A group on an interface, named by its index, or for IPv4 by its address.
struct GroupMembership {
    IpAddr group;
    std::optional<Ipv4Addr> interface_address;
    std::uint32_t interface_index = 0;
};
Result<void> join_group(int socket, const GroupMembership& membership);
Result<void> leave_group(int socket, const GroupMembership& membership);
/// Datagrams only of groups that this very socket has joined, not of those joined by any other
/// socket of the machine.
Result<void> receive_own_groups_only(int socket, Family family);

/// What poll(2) says of the socket now, without waiting.
struct PollState {
    bool readable = false;
    bool writable = false;
    bool peer_ended = false;
    bool error = false;
    bool hung_up = false;
};
PollState poll_state(int socket);

struct NetworkInterface {
    std::uint32_t index = 0;
    std::uint32_t flags = 0; ///< abi::v2::interface_flags
    std::string name;
};
std::vector<NetworkInterface> network_interfaces();

} // namespace hws::host::os
