#pragma once
/// Ancillary data of datagrams as the system has it. For host/os only.
/// Source: cmsg(3), ip(7), ipv6(7), socket(7).

#include "os/network_socket.hpp"

#include <cstddef>
#include <linux/errqueue.h>
#include <optional>
#include <sys/socket.h>

namespace hws::host::os {

/// Room for all that an Ancillary may hold: two packet infos, three numbers, a time; or
/// hops, a time and an error.
struct alignas(cmsghdr) ControlRoom {
    std::byte bytes[256];
};

/// Lays out in `room` what is to be sent, and has `header` name it.
/// Errors: invalid_argument for a source of the other family.
Result<void> write_ancillary(const Ancillary& from, ControlRoom& room, msghdr& header);

/// What has come with a message. Of data that an option of ours did not ask for there is none.
Ancillary read_ancillary(msghdr& header);

/// What a message of the error queue tells (IP_RECVERR, IPV6_RECVERR).
struct SocketError {
    sock_extended_err error{};
    sockaddr_storage offender{}; ///< who sent it; family 0 where nobody did
};
std::optional<SocketError> read_socket_error(msghdr& header);

} // namespace hws::host::os
