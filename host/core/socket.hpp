#pragma once
/// Connected TCP streams and connected UDP sockets as descriptors. A socket is opened with a `Vetted` address only, which
/// nobody but the policy can make.

#include "core/descriptor.hpp"
#include "core/policy.hpp"
#include "os/socket.hpp"
#include "os/stream_receiver.hpp"

#include <memory>
#include <span>

namespace hws::host::core {

/// What both kinds share: the descriptor, its watch, readiness kept honest.
class Socket : public Descriptor {
public:
    ~Socket() override {
        if (watch_) watch_->leave_to_close();
    }
    Result<std::size_t> try_read(ReadBuffers into) override;
    Result<std::size_t> try_write(WriteBuffers from) override;
    Result<std::size_t> try_peek(ReadBuffers into) override;
    os::Readiness& readiness() override { return *watch_; }
    os::Ready poll_now(os::Ready what) override;
    std::size_t readable_bytes() override { return os::readable_bytes(fd_.get()); }
    bool has_hung_up() override { return os::poll_now(fd_.get()).hung_up; }

    Result<SocketAddr> local_address() const { return os::local_address(fd_.get()); }
    Result<SocketAddr> peer_address() const { return os::peer_address(fd_.get()); }

protected:
    Socket(os::Fd fd, std::unique_ptr<os::Watch> watch)
        : fd_(std::move(fd)), watch_(std::move(watch)) {}
    /// Opens, registers, starts connecting, waits for the outcome and confirms the peer.
    struct Opened {
        os::Fd fd;
        std::unique_ptr<os::Watch> watch;
    };
    static os::Task<Opened> open_connected(os::Loop& loop, os::Transport transport, Vetted peer,
                                           os::Deadline deadline);

    // Declared in this order so that the watch goes before the descriptor it names is closed.
    os::Fd fd_;
    std::unique_ptr<os::Watch> watch_;
};

/// A connected TCP byte stream.
class TcpSocket final : public Socket {
public:
    static constexpr DescriptorKind descriptor_kind = DescriptorKind::tcp_stream;
    DescriptorKind kind() const override { return descriptor_kind; }

    /// Errors: refused, timed_out, host_unreachable, network_unreachable, too_many_handles, ...
    static os::Task<std::unique_ptr<TcpSocket>> connect(os::Loop& loop, Vetted peer,
                                                        os::Deadline deadline);
    /// Tries the addresses in turn until one answers. The last failure is reported. `peers` must not be empty.
    static os::Task<std::unique_ptr<TcpSocket>> connect_any(os::Loop& loop, std::vector<Vetted> peers,
                                                            os::Deadline deadline);

    Result<std::size_t> try_read(ReadBuffers into) override;
    Result<std::size_t> try_write(WriteBuffers from) override;
    Result<void> shut_down(os::Half half) override { return os::shut_down(fd_.get(), half); }

private:
    TcpSocket(Opened opened) : Socket(std::move(opened.fd), std::move(opened.watch)) {}

    os::StreamReceiver receiver_;
};

/// A UDP socket with a peer: only datagrams of that peer arrive.
class UdpSocket final : public Socket {
public:
    static constexpr DescriptorKind descriptor_kind = DescriptorKind::udp_socket;
    DescriptorKind kind() const override { return descriptor_kind; }

    /// Never waits for the network: UDP has no handshake.
    static os::Task<std::unique_ptr<UdpSocket>> connect(os::Loop& loop, Vetted peer);

    /// One datagram into `into`; tells its whole length, larger than the buffer when it was cut. Errors: would_block, refused.
    Result<std::size_t> try_receive(std::span<std::byte> into);

private:
    UdpSocket(Opened opened) : Socket(std::move(opened.fd), std::move(opened.watch)) {}
};

/// Waits until something was read. Errors: those of try_read, timed_out.
os::Task<std::size_t> read_some(Descriptor& from, std::span<std::byte> into, os::Deadline deadline);

} // namespace hws::host::core
