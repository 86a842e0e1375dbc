#include "core/socket.hpp"

namespace hws::host::core {

using os::Ready;

Result<std::size_t> Socket::try_read(ReadBuffers into) {
    if (!watch_->is(Ready::read)) return fail(Errc::would_block);
    auto count = os::receive(fd_.get(), into);
    if (!count && count.error() == Errc::would_block) watch_->clear(Ready::read);
    return count;
}

Result<std::size_t> Socket::try_write(WriteBuffers from) {
    if (!watch_->is(Ready::write)) return fail(Errc::would_block);
    auto count = os::send(fd_.get(), from);
    if (!count && count.error() == Errc::would_block) watch_->clear(Ready::write);
    return count;
}

Result<std::size_t> Socket::try_peek(ReadBuffers into) {
    if (!watch_->is(Ready::read)) return fail(Errc::would_block);
    auto count = os::peek(fd_.get(), into);
    if (!count && count.error() == Errc::would_block) watch_->clear(Ready::read);
    return count;
}

Ready Socket::poll_now(Ready what) {
    const os::PollAnswer answer = os::poll_now(fd_.get());
    if (!answer.readable) watch_->clear(Ready::read);
    if (!answer.writable) watch_->clear(Ready::write);
    Ready ready = Ready::none;
    if (answer.readable && intersects(what, Ready::read)) ready = ready | Ready::read;
    if (answer.writable && intersects(what, Ready::write)) ready = ready | Ready::write;
    return ready;
}

os::Task<Socket::Opened> Socket::open_connected(os::Loop& loop, os::Transport transport, Vetted peer,
                                                os::Deadline deadline) {
    // What was allowed for one use opens no socket of another: leave to ping is no leave to connect.
    if (peer.use() != (transport == os::Transport::tcp ? Use::tcp : Use::udp))
        co_return fail(Errc::denied, "vetted for " + std::string(name_of(peer.use())));
    HWS_CO_TRY(os::Fd fd, os::open_socket(transport, peer.address().ip()));
    HWS_CO_TRY(std::unique_ptr<os::Watch> watch, os::Watch::create(loop, fd.get()));
    if (auto started = os::connect(fd.get(), peer.address()); !started) {
        if (started.error().code() != Errc::in_progress)
            co_return std::unexpected(std::move(started).error());
        // The event of the finished handshake has not been fetched yet: what the bits say is from before.
        watch->clear(Ready::both);
        if (co_await watch->until(Ready::write, deadline) == os::Wake::timed_out)
            co_return fail(Errc::timed_out);
        HWS_CO_CHECK(os::take_error(fd.get()));
    }
    // The peer is confirmed: whatever stood between the check and the connection must not have changed it.
    HWS_CO_TRY(const SocketAddr confirmed, os::peer_address(fd.get()));
    if (confirmed.ip() != peer.address().ip() || confirmed.port() != peer.address().port())
        co_return fail(Errc::denied, "connected to " + confirmed.to_string() + " instead of " +
                                         peer.address().to_string());
    co_return Opened{std::move(fd), std::move(watch)};
}

os::Task<std::unique_ptr<TcpSocket>> TcpSocket::connect(os::Loop& loop, Vetted peer,
                                                        os::Deadline deadline) {
    HWS_CO_TRY(Opened opened,
               co_await open_connected(loop, os::Transport::tcp, std::move(peer), deadline));
    // Plugins write whole messages; waiting for more to fill a segment only adds a round trip (Nagle, RFC 896).
    HWS_CO_CHECK(os::set_no_delay(opened.fd.get(), true));
    co_return std::unique_ptr<TcpSocket>(new TcpSocket(std::move(opened)));
}

os::Task<std::unique_ptr<TcpSocket>> TcpSocket::connect_any(os::Loop& loop, std::vector<Vetted> peers,
                                                            os::Deadline deadline) {
    Error last = Errc::name_not_found;
    for (std::size_t i = 0; i < peers.size(); ++i) {
        // An address that does not answer must leave time for the others: each gets an equal share of what is left.
        const auto now = os::Clock::now();
        os::Deadline until = deadline;
        if (deadline != os::no_deadline && i + 1 < peers.size())
            until = now + (deadline - now) / static_cast<int>(peers.size() - i);
        auto socket = co_await connect(loop, peers[i], until);
        if (socket) co_return std::move(socket);
        last = std::move(socket).error();
    }
    co_return std::unexpected(std::move(last));
}

Result<std::size_t> TcpSocket::try_read(ReadBuffers into) {
    if (!watch_->is(Ready::read)) return fail(Errc::would_block);
    os::IoList list;
    for (const auto& buffer : into) list.add(buffer);
    auto count = receiver_.receive(fd_.get(), list);
    // The next event tells of more (epoll(7), "edge-triggered"). Not so once the peer has hung up: end of stream or the error
    // is still to come.
    if (count ? receiver_.has_emptied() && !watch_->has_hung_up() : count.error() == Errc::would_block)
        watch_->clear(Ready::read);
    return count;
}

Result<std::size_t> TcpSocket::try_write(WriteBuffers from) {
    auto count = Socket::try_write(from);
    if (!count) return count;
    std::size_t offered = 0;
    for (const auto& buffer : from) offered += buffer.size();
    if (*count < offered && !watch_->has_hung_up()) watch_->clear(Ready::write);
    return count;
}

os::Task<std::unique_ptr<UdpSocket>> UdpSocket::connect(os::Loop& loop, Vetted peer) {
    HWS_CO_TRY(Opened opened, co_await open_connected(loop, os::Transport::udp, std::move(peer),
                                                      os::no_deadline));
    co_return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(opened)));
}

Result<std::size_t> UdpSocket::try_receive(std::span<std::byte> into) {
    if (!watch_->is(Ready::read)) return fail(Errc::would_block);
    auto count = os::receive_datagram(fd_.get(), into);
    if (!count && count.error() == Errc::would_block) watch_->clear(Ready::read);
    return count;
}

os::Task<std::size_t> read_some(Descriptor& from, std::span<std::byte> into, os::Deadline deadline) {
    const std::span<std::byte> buffers[] = {into};
    for (;;) {
        auto count = from.try_read(buffers);
        if (count || count.error() != Errc::would_block) co_return std::move(count);
        if (co_await from.readiness().until(Ready::read, deadline) == os::Wake::timed_out)
            co_return fail(Errc::timed_out);
    }
}

} // namespace hws::host::core
