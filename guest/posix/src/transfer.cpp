// send(2), recv(2) and their relatives.

#include "ancillary.hpp"
#include "wire.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <netinet/in.h>

using namespace hws::posix;

namespace {

/// An errno for a flag that cannot be had. Without signals MSG_NOSIGNAL is always so; a stream's
/// end of record, and that a neighbour is alive, mean nothing to TCP and UDP sockets.
int send_flags_of(int flags, v2::SendFlags& into) {
    constexpr int known = MSG_DONTWAIT | MSG_MORE | MSG_NOSIGNAL | MSG_EOR | MSG_CONFIRM;
    if (flags & ~known) return EOPNOTSUPP;
    into = 0;
    if (flags & MSG_DONTWAIT) into |= v2::send_flags::dont_wait;
    if (flags & MSG_MORE) into |= v2::send_flags::more;
    return 0;
}

int receive_flags_of(int flags, v2::ReceiveFlags& into) {
    constexpr int known = MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT | MSG_TRUNC | MSG_NOSIGNAL |
                          MSG_CMSG_CLOEXEC | MSG_WAITFORONE;
    if (flags & MSG_ERRQUEUE) return EAGAIN; // it is always empty
    if (flags & ~known) return EOPNOTSUPP;
    into = 0;
    if (flags & MSG_PEEK) into |= v2::receive_flags::peek;
    if (flags & MSG_WAITALL) into |= v2::receive_flags::wait_all;
    if (flags & MSG_DONTWAIT) into |= v2::receive_flags::dont_wait;
    if (flags & MSG_TRUNC) into |= v2::receive_flags::whole_length;
    return 0;
}

int message_flags_of(v2::ReceivedFlags flags) {
    return flags & v2::received_flags::truncated ? MSG_TRUNC : 0;
}

/// The buffers of a message can be looked at.
int check_message(const msghdr& message) {
    if (message.msg_iovlen < 0 || message.msg_iovlen > static_cast<int>(v2::max_buffers))
        return EMSGSIZE;
    if (message.msg_iovlen > 0 && !message.msg_iov) return EFAULT;
    return 0;
}

bool has_control(const msghdr& message) {
    return message.msg_control && message.msg_controllen != 0;
}

ssize_t send_to_name(int fd, const iovec* from, std::size_t count, v2::SendFlags flags,
                     const sockaddr* to, socklen_t to_bytes, const v2::Ancillary* with) {
    v2::GuestSpan<const char> name;
    if (int error = read_unix_name(to, to_bytes, name)) return fail(error);
    if (with) return fail(EINVAL); // there is nothing for these sockets
    std::uint32_t sent = 0;
    const auto status = v2::unix_send({fd}, buffers(from, count), flags, name, v2::at(&sent));
    return failed(status) ? fail(errno_of(status)) : static_cast<ssize_t>(sent);
}

ssize_t send_from(int fd, const iovec* from, std::size_t count, int flags, const sockaddr* to,
                  socklen_t to_bytes, const v2::Ancillary* with = nullptr) {
    v2::SendFlags wire_flags = 0;
    if (int error = send_flags_of(flags, wire_flags)) return fail(error);
    if (is_unix(to, to_bytes)) return send_to_name(fd, from, count, wire_flags, to, to_bytes, with);
    v2::Address destination;
    if (to) {
        if (int error = read_address(to, to_bytes, destination)) return fail(error);
    }
    std::uint32_t sent = 0;
    const auto place = v2::at<const v2::Address>(to ? &destination : nullptr);
    const auto status = with ? v2::socket_send_with({fd}, buffers(from, count), wire_flags, place,
                                                    v2::at(with), v2::at(&sent))
                             : v2::socket_send({fd}, buffers(from, count), wire_flags, place,
                                               v2::at(&sent));
    return failed(status) ? fail(errno_of(status)) : static_cast<ssize_t>(sent);
}

ssize_t receive_into(int fd, const iovec* into, std::size_t count, int flags,
                     v2::Received& received) {
    v2::ReceiveFlags wire_flags = 0;
    if (int error = receive_flags_of(flags, wire_flags)) return fail(error);
    const auto status =
        v2::socket_receive({fd}, buffers(into, count), wire_flags, v2::at(&received));
    return failed(status) ? fail(errno_of(status)) : static_cast<ssize_t>(received.bytes);
}

/// As receive_into, with the name of a sender that is a Unix socket.
ssize_t receive_named(int fd, const iovec* into, std::size_t count, int flags,
                      v2::Received& received, UnixName& sender) {
    v2::ReceiveFlags wire_flags = 0;
    if (int error = receive_flags_of(flags, wire_flags)) return fail(error);
    const auto status = v2::unix_receive({fd}, buffers(into, count), wire_flags, v2::at(&received),
                                         sender.room(), v2::at(&sender.length));
    return failed(status) ? fail(errno_of(status)) : static_cast<ssize_t>(received.bytes);
}

void write_sender(const v2::Address& address, const UnixName& name, sockaddr* into,
                  socklen_t* bytes) {
    if (name.length > 0)
        write_unix_name(name, into, bytes);
    else
        write_address(address, into, bytes);
}

bool is_local(int fd) {
    std::uint64_t family = 0;
    const auto status = v2::socket_get_option({fd}, v2::Option::family, v2::at(&family));
    return !failed(status) && static_cast<v2::Family>(family) == v2::Family::local;
}

void fill_in(msghdr& message, const v2::Address& sender, v2::ReceivedFlags flags,
             const v2::Ancillary& with = {}) {
    if (message.msg_name)
        write_address(sender, static_cast<sockaddr*>(message.msg_name), &message.msg_namelen);
    else
        message.msg_namelen = 0;
    message.msg_flags = message_flags_of(flags) | write_control(with, message);
}

ssize_t send_message(int fd, const msghdr& message, int flags) {
    if (int error = check_message(message)) return fail(error);
    v2::Ancillary with;
    if (has_control(message)) {
        if (int error = read_control(fd, message, with)) return fail(error);
    }
    // An address of no bytes is none.
    const auto* to = message.msg_namelen ? static_cast<const sockaddr*>(message.msg_name) : nullptr;
    return send_from(fd, message.msg_iov, static_cast<std::size_t>(message.msg_iovlen), flags, to,
                     message.msg_namelen, with.fields ? &with : nullptr);
}

ssize_t receive_message(int fd, msghdr& message, int flags) {
    if (int error = check_message(message)) return fail(error);
    const auto count = static_cast<std::size_t>(message.msg_iovlen);
    v2::Received received;
    if (message.msg_name && has_unix_datagrams && is_local(fd)) {
        UnixName sender;
        const ssize_t result =
            receive_named(fd, message.msg_iov, count, flags, received, sender);
        if (result < 0) return result;
        write_sender(received.sender, sender, static_cast<sockaddr*>(message.msg_name),
                     &message.msg_namelen);
        message.msg_flags = message_flags_of(received.flags) | write_control({}, message);
        return result;
    }
    if (!tells_of_datagrams) {
        const ssize_t result = receive_into(fd, message.msg_iov, count, flags, received);
        if (result >= 0) fill_in(message, received.sender, received.flags);
        return result;
    }
    v2::ReceiveFlags wire_flags = 0;
    if (int error = receive_flags_of(flags, wire_flags)) return fail(error);
    v2::Ancillary with;
    const auto status = v2::socket_receive_with({fd}, buffers(message.msg_iov, count), wire_flags,
                                                v2::at(&received), v2::at(&with));
    if (failed(status)) return fail(errno_of(status));
    fill_in(message, received.sender, received.flags, with);
    return static_cast<ssize_t>(received.bytes);
}

/// A batch of the host's says nothing of what goes with its datagrams: they are taken one by one.
int send_each(int fd, mmsghdr* messages, unsigned count, int flags) {
    for (unsigned i = 0; i < count; ++i) {
        const ssize_t sent = send_message(fd, messages[i].msg_hdr, flags);
        if (sent < 0) return i > 0 ? static_cast<int>(i) : -1;
        messages[i].msg_len = static_cast<unsigned>(sent);
    }
    return static_cast<int>(count);
}

/// Whether there is something to read before the time is over.
bool is_readable_before(int fd, v2::Duration end) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const v2::Duration passed = duration_of(now);
    v2::PollEntry entry;
    entry.descriptor = {fd};
    entry.wanted = v2::poll_events::read;
    std::uint32_t ready = 0;
    const auto status =
        v2::poll(v2::span_at(&entry, 1), end > passed ? end - passed : 0, v2::at(&ready));
    return failed(status) || ready > 0;
}

int receive_each(int fd, mmsghdr* messages, unsigned count, int flags, v2::Duration wait) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const v2::Duration begin = duration_of(now);
    const v2::Duration end = wait < v2::no_limit - begin ? begin + wait : v2::no_limit;
    for (unsigned i = 0; i < count; ++i) {
        const bool waits = !(flags & MSG_DONTWAIT) && (i == 0 || !(flags & MSG_WAITFORONE));
        const bool in_time = !waits || end == v2::no_limit || is_readable_before(fd, end);
        const ssize_t got = receive_message(fd, messages[i].msg_hdr,
                                            waits && in_time ? flags : flags | MSG_DONTWAIT);
        if (got < 0) return i > 0 ? static_cast<int>(i) : -1;
        messages[i].msg_len = static_cast<unsigned>(got);
    }
    return static_cast<int>(count);
}

/// The wire form of a batch: on the stack while it is small.
class Batch {
public:
    explicit Batch(unsigned wanted) : count_(std::min<unsigned>(wanted, v2::max_messages)) {
        if (count_ > few) {
            messages_ = static_cast<v2::Message*>(std::calloc(count_, sizeof(v2::Message)));
        } else {
            std::fill_n(on_stack_, count_, v2::Message{});
        }
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    ~Batch() {
        if (messages_ != on_stack_) std::free(messages_);
    }

    explicit operator bool() const { return messages_ != nullptr; }
    v2::Message& operator[](unsigned i) { return messages_[i]; }
    unsigned count() const { return count_; }
    v2::GuestSpan<v2::Message> first(unsigned count) { return v2::span_at(messages_, count); }

private:
    static constexpr unsigned few = 64;
    unsigned count_;
    v2::Message on_stack_[few];
    v2::Message* messages_ = on_stack_;
};

} // namespace

extern "C" {

ssize_t send(int fd, const void* data, size_t bytes, int flags) {
    const iovec from{const_cast<void*>(data), bytes};
    return send_from(fd, &from, 1, flags, nullptr, 0);
}

ssize_t sendto(int fd, const void* data, size_t bytes, int flags, const sockaddr* to,
               socklen_t to_bytes) {
    const iovec from{const_cast<void*>(data), bytes};
    return send_from(fd, &from, 1, flags, to, to_bytes);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    if (!message) return fail(EFAULT);
    return send_message(fd, *message, flags);
}

ssize_t recv(int fd, void* data, size_t bytes, int flags) {
    const iovec into{data, bytes};
    v2::Received received;
    return receive_into(fd, &into, 1, flags, received);
}

ssize_t recvfrom(int fd, void* __restrict data, size_t bytes, int flags, sockaddr* __restrict from,
                 socklen_t* __restrict from_bytes) {
    if (int error = check_room(from, from_bytes)) return fail(error);
    const iovec into{data, bytes};
    v2::Received received;
    if (from && has_unix_datagrams) {
        UnixName sender;
        const ssize_t result = receive_named(fd, &into, 1, flags, received, sender);
        if (result >= 0) write_sender(received.sender, sender, from, from_bytes);
        return result;
    }
    const ssize_t result = receive_into(fd, &into, 1, flags, received);
    if (result >= 0) write_address(received.sender, from, from_bytes);
    return result;
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    if (!message) return fail(EFAULT);
    return receive_message(fd, *message, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, unsigned flags) {
    v2::SendFlags wire_flags = 0;
    if (int error = send_flags_of(static_cast<int>(flags), wire_flags)) return fail(error);
    if (count == 0) return 0;
    if (!messages) return fail(EFAULT);
    Batch batch(count);
    if (!batch) return fail(ENOMEM);
    if (std::any_of(messages, messages + batch.count(), [](const mmsghdr& message) {
            const msghdr& header = message.msg_hdr;
            return has_control(header) ||
                   is_unix(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen);
        }))
        return send_each(fd, messages, batch.count(), static_cast<int>(flags));
    unsigned good = 0;
    int error = 0;
    for (; good < batch.count(); ++good) {
        const msghdr& message = messages[good].msg_hdr;
        if ((error = check_message(message))) break;
        if (message.msg_name && message.msg_namelen) {
            if ((error = read_address(static_cast<const sockaddr*>(message.msg_name),
                                      message.msg_namelen, batch[good].address)))
                break;
        }
        batch[good].buffers = v2::at(message.msg_iov).address;
        batch[good].buffer_count = static_cast<std::uint32_t>(message.msg_iovlen);
    }
    // What comes before a faulty message is sent; the fault is told when it is the first.
    if (good == 0) return fail(error);
    std::uint32_t sent = 0;
    const auto status = v2::send_batch({fd}, batch.first(good), wire_flags, v2::at(&sent));
    if (failed(status)) return fail(errno_of(status));
    for (unsigned i = 0; i < sent; ++i)
        messages[i].msg_len = batch[i].bytes;
    return static_cast<int>(sent);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, unsigned flags, timespec* timeout) {
    v2::ReceiveFlags wire_flags = 0;
    if (int error = receive_flags_of(static_cast<int>(flags), wire_flags)) return fail(error);
    if (flags & MSG_WAITFORONE) wire_flags |= v2::receive_flags::wait_for_one;
    v2::Duration wait = v2::no_limit;
    if (timeout) {
        if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1'000'000'000)
            return fail(EINVAL);
        wait = duration_of(*timeout);
    }
    if (count == 0) return 0;
    if (!messages) return fail(EFAULT);
    if (tells_of_datagrams || has_unix_datagrams)
        return receive_each(fd, messages, std::min<unsigned>(count, v2::max_messages),
                            static_cast<int>(flags), wait);
    Batch batch(count);
    if (!batch) return fail(ENOMEM);
    unsigned good = 0;
    int error = 0;
    for (; good < batch.count(); ++good) {
        const msghdr& message = messages[good].msg_hdr;
        if ((error = check_message(message))) break;
        batch[good].buffers = v2::at(message.msg_iov).address;
        batch[good].buffer_count = static_cast<std::uint32_t>(message.msg_iovlen);
    }
    if (good == 0) return fail(error);
    std::uint32_t received = 0;
    const auto status =
        v2::receive_batch({fd}, batch.first(good), wire_flags, wait, v2::at(&received));
    if (failed(status)) return fail(errno_of(status));
    for (unsigned i = 0; i < received; ++i) {
        messages[i].msg_len = batch[i].bytes;
        fill_in(messages[i].msg_hdr, batch[i].address, batch[i].flags);
    }
    return static_cast<int>(received);
}
}
