#pragma once
/// `TcpStream`: a connected TCP byte stream.
///
///     HWS_TRY(auto stream, hws::TcpStream::connect("example.com:80"));
///     HWS_CHECK(stream.write_all("GET / HTTP/1.0\r\n\r\n"));
///     std::string page;
///     HWS_CHECK(stream.read_to_end(page));

#include <chrono>
#include <cstddef>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws {

namespace backend {
class TcpSocket;
}

/// A connected TCP byte stream. Moves, does not copy; the destructor closes it and ignores the
/// outcome. A stream that was moved from may only be destroyed or assigned to.
///
/// Every operation waits until it is done or the host's deadline has passed, and parks only this
/// plugin meanwhile.
/// Backend v1: the deadlines are the host's (5 seconds unless the operator says otherwise). The
/// host tells that something failed but not why, so the errors named here are the likeliest ones;
/// the reason is in the host's log. Methods marked (v2) return `unsupported` with backend v1.
class TcpStream {
public:
    /// Connects to `host:port`, where the host is an IPv4 address, an IPv6 address in brackets or a
    /// name; the name is looked up by the host, which tries every address it has.
    /// Errors: invalid_argument (not host:port), io (denied, refused, unreachable, unknown, timed
    /// out: see the host's log).
    /// Source: abi tcp_connect; RFC 9293, 3.10.1 (OPEN).
    static Result<TcpStream> connect(std::string_view address);
    static Result<TcpStream> connect(const SocketAddr& peer);
    /// (v2) The same, waiting at most `timeout`.
    static Result<TcpStream> connect_timeout(const SocketAddr& peer,
                                             std::chrono::nanoseconds timeout);

    TcpStream(TcpStream&& other) noexcept;
    TcpStream& operator=(TcpStream&& other) noexcept;
    ~TcpStream();

    /// Reads what has arrived, up to `into.size()` bytes, waiting for the first. 0: the peer has
    /// finished sending, or `into` is empty. What arrived beyond `into` is kept for the next read.
    /// Errors: not_connected after shutdown. Backend v1 can't tell the end from a timeout or a
    /// broken connection: all are 0.
    /// Source: abi tcp_recv.
    Result<std::size_t> read(std::span<std::byte> into);

    /// As read, but the bytes stay and are read again.
    Result<std::size_t> peek(std::span<std::byte> into);

    /// Fills `into` completely.
    /// Errors: reset when the stream ends before; the bytes read until then are lost.
    Result<void> read_exact(std::span<std::byte> into);

    /// Appends all there is until the end of the stream, and returns how many bytes that were.
    /// Errors: too_large once more than `max_bytes` have come; those of read.
    Result<std::size_t> read_to_end(std::vector<std::byte>& into,
                                    std::size_t max_bytes = default_max_bytes);
    Result<std::size_t> read_to_end(std::string& into, std::size_t max_bytes = default_max_bytes);

    /// Sends a part of `from`, at least one byte, and returns how many bytes were taken.
    /// Errors: broken_pipe (the peer is gone or did not take the bytes in time), not_connected
    /// after shutdown.
    /// Source: abi tcp_send.
    Result<std::size_t> write(std::span<const std::byte> from);
    Result<std::size_t> write(std::string_view text) { return write(bytes_of(text)); }

    /// Sends everything.
    /// Errors: those of write; how much was sent is then unknown.
    Result<void> write_all(std::span<const std::byte> from);
    Result<void> write_all(std::string_view text) { return write_all(bytes_of(text)); }

    /// Ends the sending half (the peer sees the end of the stream), the receiving half, or both.
    /// Backend v1: `both` closes the connection, one half alone is unsupported.
    /// Errors: not_connected.
    Result<void> shutdown(Shutdown how);

    /// The address of the other end. Backend v1 knows it when an address was given to connect;
    /// after connecting to a name it is unsupported.
    Result<SocketAddr> peer_addr() const;
    /// (v2) The address of this end.
    Result<SocketAddr> local_addr() const;

    /// (v2) How long a read or a write may wait; none: as long as it takes.
    /// Errors: invalid_argument for zero or less.
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<std::optional<std::chrono::nanoseconds>> read_timeout() const;
    Result<std::optional<std::chrono::nanoseconds>> write_timeout() const;

    /// (v2) Whether reads and writes wait.
    /// Backend v1: they always do.
    Result<void> set_blocking(Blocking blocking);

    /// (v2) Whether small writes leave at once (TCP_NODELAY).
    Result<void> set_nodelay(Switch nodelay);
    Result<Switch> nodelay() const;

    /// (v2) How many routers the packets may pass.
    Result<void> set_ttl(std::uint32_t hops);
    Result<std::uint32_t> ttl() const;

    /// (v2) The error that is pending on the socket, which is then cleared; none if there is none.
    Result<std::optional<Error>> take_error();

    static constexpr std::size_t default_max_bytes = 64 << 20;

private:
    explicit TcpStream(std::unique_ptr<backend::TcpSocket> socket);
    std::unique_ptr<backend::TcpSocket> socket_;
};

} // namespace hws
