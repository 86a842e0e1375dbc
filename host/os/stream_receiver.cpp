#include "os/stream_receiver.hpp"

#include "os/io_list.hpp"

#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace hws::host::os {
namespace {

/// The number of bytes that the socket still holds; -1 where the system did not tell. It counts the
/// end of the stream as a byte.
int rest_in(msghdr& header) {
    int rest = -1;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part))
        if (part->cmsg_level == SOL_TCP && part->cmsg_type == TCP_CM_INQ)
            std::memcpy(&rest, CMSG_DATA(part), sizeof rest);
    return rest;
}

} // namespace

Result<std::size_t> StreamReceiver::receive(int socket, const IoList& into) {
    has_emptied_ = false;
    const std::size_t wanted = into.bytes();
    msghdr header{};
    IoListAccess::fill(into, header);
    alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(int))];
    ssize_t count = -1;
    if (rest_ == Rest::told) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        count = ::recvmsg(socket, &header, 0);
    } else if (into.count() == 1) {
        count = ::recv(socket, header.msg_iov[0].iov_base, header.msg_iov[0].iov_len, 0);
    } else {
        count = ::recvmsg(socket, &header, 0);
    }
    if (count < 0) {
        Error error = last_error();
        // The bytes before were all there were, and the reader had asked for no more.
        if (was_full_ && rest_ == Rest::not_asked && error == Errc::would_block) {
            const int on = 1;
            rest_ = ::setsockopt(socket, SOL_TCP, TCP_INQ, &on, sizeof on) == 0 ? Rest::told
                                                                               : Rest::not_told;
        }
        was_full_ = false;
        return std::unexpected(std::move(error));
    }
    const auto bytes = static_cast<std::size_t>(count);
    was_full_ = bytes == wanted;
    has_emptied_ = bytes > 0 && (rest_ == Rest::told ? rest_in(header) == 0 : bytes < wanted);
    return bytes;
}

} // namespace hws::host::os
