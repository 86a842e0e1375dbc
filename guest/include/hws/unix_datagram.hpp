#pragma once
/// `UnixDatagram`: datagrams between programs of one machine.

#include <chrono>
#include <cstddef>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <hws/unix_addr.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace hws {

namespace backend {
class UnixSocket;
}

/// A Unix datagram socket. Nothing is lost and nothing comes twice; a sender waits while the receiver
/// has no room. Moves, does not copy; the destructor closes it. What Rust's
/// `std::os::unix::net::UnixDatagram` is. Backend v1: all that make one return `unsupported`.
class UnixDatagram {
public:
    struct Received {
        std::size_t bytes = 0;
        UnixAddr from; ///< unnamed where the sender has not been bound
        bool is_truncated = false;
    };

    /// A socket with that name; a file at a path. Errors: as UnixListener::bind.
    static Result<UnixDatagram> bind(std::string_view path);
    static Result<UnixDatagram> bind(const char* path) { return bind(std::string_view(path)); }
    static Result<UnixDatagram> bind(const UnixAddr& local);
    /// Without a name: it sends, and nobody can answer.
    static Result<UnixDatagram> unbound();
    /// Two whose peers are each other.
    static Result<std::pair<UnixDatagram, UnixDatagram>> pair();

    explicit UnixDatagram(std::unique_ptr<backend::UnixSocket> socket);
    UnixDatagram(UnixDatagram&& other) noexcept;
    UnixDatagram& operator=(UnixDatagram&& other) noexcept;
    ~UnixDatagram();

    /// Gives it a peer, to which `send` goes; only its datagrams come in.
    /// Errors: denied (policy: unix), not_found, refused, wrong_type, not_permitted.
    Result<void> connect_to(std::string_view path);
    Result<void> connect_to(const char* path) { return connect_to(std::string_view(path)); }
    Result<void> connect_to(const UnixAddr& peer);

    /// Errors: not_connected without a peer, message_too_long, refused (the peer is gone),
    /// would_block.
    Result<std::size_t> send(std::span<const std::byte> datagram);
    Result<std::size_t> send(std::string_view text) { return send(bytes_of(text)); }
    /// The policy is asked for each. Errors: those of send and connect_to. Source: abi unix_send.
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const UnixAddr& peer);
    Result<std::size_t> send_to(std::span<const std::byte> datagram, std::string_view path);
    Result<std::size_t> send_to(std::string_view text, std::string_view path) {
        return send_to(bytes_of(text), path);
    }
    /// One datagram, cut to the room there is. Source: abi unix_receive.
    Result<std::size_t> recv(std::span<std::byte> into);
    Result<Received> recv_from(std::span<std::byte> into);
    /// The same, but it stays.
    Result<std::size_t> peek(std::span<std::byte> into);
    Result<Received> peek_from(std::span<std::byte> into);
    Result<void> shutdown(Shutdown how);

    Result<UnixAddr> local_addr() const;
    /// Errors: not_connected.
    Result<UnixAddr> peer_addr() const;
    /// As UdpSocket's.
    Result<UnixDatagram> try_clone() const;
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<std::optional<std::chrono::nanoseconds>> read_timeout() const;
    Result<std::optional<std::chrono::nanoseconds>> write_timeout() const;
    Result<void> set_blocking(Blocking blocking);
    Result<std::optional<Error>> take_error();
    int as_raw_fd() const;
    int into_raw_fd() &&;
    static Result<UnixDatagram> from_raw_fd(int fd);

private:
    std::unique_ptr<backend::UnixSocket> socket_;
};

} // namespace hws
