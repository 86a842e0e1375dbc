// Dialect v2: Unix sockets with a name.

#include "adapter/v2_guest.hpp"

namespace hws::host::adapter::v2 {
namespace {

using os::Ready;

Result<core::UnixName> load_name(PluginState& state, GuestSpan<const char> name) {
    if (name.count > max_unix_name_bytes)
        return fail(Errc::invalid_argument, "a name of a Unix socket has at most 108 bytes");
    HWS_TRY(const auto bytes, guest_bytes(state, name.address, name.count));
    return core::UnixName::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// Waiting for what no event tells of: a listener's queue, or a receiver's, has room again. Asked
/// for more and more seldom.
class Pause {
public:
    explicit Pause(os::Deadline end) : end_(end) {}
    /// Whether there is time left after it.
    os::Task<bool> wait(os::Loop& loop) {
        if (os::Clock::now() >= end_) co_return false;
        co_await os::sleep_until(loop, std::min(end_, os::deadline_after(next_)));
        next_ = std::min(next_ * 2, longest);
        co_return true;
    }

private:
    static constexpr std::chrono::nanoseconds longest = std::chrono::milliseconds(20);
    os::Deadline end_;
    std::chrono::nanoseconds next_ = std::chrono::microseconds(100);
};

} // namespace

Result<void> unix_bind(PluginState& state, Fd fd, GuestSpan<const char> name) {
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_TRY(const core::UnixName local, load_name(state, name));
    return socket->bind(local);
}

os::Task<> unix_connect(PluginState& state, Fd fd, GuestSpan<const char> name) {
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_CO_TRY(const core::UnixName peer, load_name(state, name));
    Pause pause(os::deadline_after(socket->send_timeout()));
    for (;;) {
        auto connected = socket->connect(peer);
        if (connected || connected.error() != Errc::would_block || socket->is_non_blocking())
            co_return connected;
        HWS_CO_TRY(const bool has_time, co_await pause.wait(state.loop));
        if (!has_time) co_return connected;
        HWS_CO_TRY(socket, find_socket(state, fd));
    }
}

os::Task<> unix_send(PluginState& state, Fd fd, GuestSpan<const Iovec> from, SendFlags flags,
                     GuestSpan<const char> to, GuestPointer<std::uint32_t> bytes) {
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
    HWS_CO_CHECK(check_room(state, bytes));
    HWS_CO_TRY(const core::UnixName name, load_name(state, to));
    Pause pause(os::deadline_after(socket->send_timeout()));
    for (;;) {
        os::IoList list;
        HWS_CO_CHECK(load_buffers(state, from, 0, std::numeric_limits<std::uint32_t>::max(), list));
        auto count = socket->send(list, flags, name);
        if (count) {
            state.statistics.bytes_sent += *count;
            co_return store(state, bytes, static_cast<std::uint32_t>(*count));
        }
        const bool may_wait = count.error() == Errc::would_block && !socket->is_non_blocking() &&
                              (flags & send_flags::dont_wait) == 0;
        if (!may_wait) co_return std::unexpected(std::move(count).error());
        HWS_CO_TRY(const bool has_time, co_await pause.wait(state.loop));
        if (!has_time) co_return fail(Errc::would_block);
        HWS_CO_TRY(socket, find_socket(state, fd));
    }
}

os::Task<> unix_receive(PluginState& state, Fd fd, GuestSpan<const Iovec> into, ReceiveFlags flags,
                        GuestPointer<Received> received, GuestSpan<char> sender,
                        GuestPointer<std::uint32_t> length) {
    std::string name;
    HWS_CO_CHECK(check_room(state, length));
    HWS_CO_CHECK(guest_bytes(state, sender.address, sender.count));
    if (find_icmp(state, fd)) {
        HWS_CO_CHECK(co_await receive_icmp_message(state, fd, into, flags, received));
        co_return store(state, length, 0);
    }
    HWS_CO_CHECK(co_await receive_with_name(state, fd, into, flags, received, name));
    co_return store_text(state, sender, length, name);
}

Result<void> unix_name(PluginState& state, Fd fd, UnixEnd end, GuestSpan<char> name,
                       GuestPointer<std::uint32_t> length) {
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    if (end != UnixEnd::local && end != UnixEnd::peer) return fail(Errc::invalid_argument);
    HWS_TRY(const std::string text,
            end == UnixEnd::local ? socket->local_name() : socket->peer_name());
    return store_text(state, name, length, text);
}

Result<void> unix_remove(PluginState& state, GuestSpan<const char> path) {
    HWS_TRY(const core::UnixName name, load_name(state, path));
    return state.bound_files.remove(state.policy, name);
}

} // namespace hws::host::adapter::v2
