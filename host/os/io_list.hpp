#pragma once
/// How an IoList becomes a system call's message. For host/os only.

#include "os/network_socket.hpp"

#include <cstddef>
#include <sys/socket.h>
#include <sys/uio.h>

namespace hws::host::os {

/// Reads the entries as iovecs, which they are in all but name.
struct IoListAccess {
    static_assert(sizeof(IoList::Entry) == sizeof(iovec));
    static_assert(offsetof(IoList::Entry, data) == offsetof(iovec, iov_base));
    static_assert(offsetof(IoList::Entry, size) == offsetof(iovec, iov_len));

    static void fill(const IoList& list, msghdr& header) {
        const IoList::Entry* entries = list.many_.empty() ? list.few_.data() : list.many_.data();
        header.msg_iov = reinterpret_cast<iovec*>(const_cast<IoList::Entry*>(entries));
        header.msg_iovlen = list.count_;
    }
};

} // namespace hws::host::os
