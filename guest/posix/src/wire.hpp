#pragma once
/// What BSD sockets say and what dialect v2 says: errors, addresses and buffers, translated.
/// Functions of this library set errno and return -1 as POSIX has it; those here that return `int`
/// return an errno, 0 for success.

#include "../../backend/v2.hpp"

#include <cerrno>
#include <cstdint>
#include <hws/wasi_number.hpp>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

namespace hws::posix {

namespace v2 = backend::v2;

/// The errno of an answer: numbers below 200 are WASI's already, the others become the nearest.
constexpr int errno_of(v2::Status status) {
    return wasi_number_of(static_cast<Errc>(static_cast<std::uint16_t>(status)));
}

/// -1 with errno set.
inline int fail(int error) {
    errno = error;
    return -1;
}
/// 0, or -1 with errno set.
inline int answer(v2::Status status) {
    return status == v2::Status::ok ? 0 : fail(errno_of(status));
}

inline bool failed(v2::Status status) {
    return status != v2::Status::ok;
}

/// Reads a program's address. Errors as Linux: EFAULT for none, EINVAL for one that is too short,
/// EAFNOSUPPORT for a family that is neither IPv4, IPv6 nor unspecified.
int read_address(const sockaddr* address, socklen_t bytes, v2::Address& into);

/// Whether it is the name of a Unix socket, which read_address does not read.
bool is_unix(const sockaddr* address, socklen_t bytes);
/// The name in it, as the host takes names: refers to it. Errors: EINVAL for a length that cannot be.
int read_unix_name(const sockaddr* address, socklen_t bytes, v2::GuestSpan<const char>& name);
/// Room for a name of a Unix socket and what the host says of its length.
struct UnixName {
    char text[v2::max_unix_name_bytes];
    std::uint32_t length = 0;
    v2::GuestSpan<char> room() { return v2::span_at(text, sizeof text); }
};
/// As write_address; no bytes of a name is the name of an unnamed socket.
void write_unix_name(const UnixName& name, sockaddr* into, socklen_t* bytes);

/// The program has had a Unix datagram socket: whoever asks for senders must ask for their names.
extern bool has_unix_datagrams;

/// Writes as much of the address as there is room for, and to `bytes` how long it is in whole.
void write_address(const v2::Address& address, sockaddr* into, socklen_t* bytes);

/// Whether a program's `address` and `bytes` can take an address: both, or neither. Else an errno.
int check_room(const sockaddr* address, const socklen_t* bytes);

/// AF_INET, AF_INET6, AF_UNIX or AF_UNSPEC.
int family_of(std::uint16_t wire_family);

/// The buffers of a program are v2's already.
static_assert(sizeof(iovec) == sizeof(v2::Iovec) && sizeof(iovec::iov_len) == 4);
inline v2::GuestSpan<const v2::Iovec> buffers(const iovec* first, std::size_t count) {
    return {v2::at(first).address, static_cast<std::uint32_t>(count)};
}

/// Nanoseconds; a time too long to be told is no limit.
v2::Duration duration_of(const timespec& time);

} // namespace hws::posix
