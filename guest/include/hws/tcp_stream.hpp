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
/// Operations wait until they are done, for the read or write timeout at most, and park only this
/// plugin meanwhile. After `set_blocking(Blocking::never_waits)` they don't wait but fail with
/// `would_block`. A read or write whose timeout has passed fails with `timed_out`. Nothing is
/// buffered here: reads and writes go straight between the caller's memory and the system.
///
/// Backend v1: the deadlines are the host's (5 seconds unless the operator says otherwise). The
/// host tells that something failed but not why, so the errors are `io` or the likeliest one; the
/// reason is in the host's log. Methods marked (not v1) return `unsupported` there.
class TcpStream {
public:
    /// Connects to `host:port`, where the host is an IPv4 address, an IPv6 address in brackets or a
    /// name; the name is looked up by the host, which asks the policy for the name and each of its
    /// addresses and races them (RFC 8305).
    /// Errors: invalid_argument (not host:port), denied, refused, timed_out, name_not_found,
    /// resolver_failed, network_unreachable, host_unreachable, too_many_handles.
    /// Source: abi connect_name, socket_connect; RFC 9293, 3.10.1 (OPEN).
    static Result<TcpStream> connect(std::string_view address);
    static Result<TcpStream> connect(const char* address) {
        return connect(std::string_view(address));
    }
    static Result<TcpStream> connect(const SocketAddr& peer);
    /// The first of the peers that accepts, tried in turn; the last one's error if none does.
    /// Errors: invalid_argument for no peers.
    static Result<TcpStream> connect(std::span<const SocketAddr> peers);
    /// (not v1) The same, waiting at most `timeout`, for looking up the name, too.
    /// Errors: those of connect; timed_out; invalid_argument for zero or less.
    static Result<TcpStream> connect_timeout(const SocketAddr& peer,
                                             std::chrono::nanoseconds timeout);
    static Result<TcpStream> connect_timeout(std::string_view address,
                                             std::chrono::nanoseconds timeout);

    TcpStream(TcpStream&& other) noexcept;
    TcpStream& operator=(TcpStream&& other) noexcept;
    ~TcpStream();

    /// Reads what has arrived, up to `into.size()` bytes, waiting for the first. 0: the peer has
    /// finished sending, or `into` is empty.
    /// Errors: timed_out, would_block, reset, not_connected. Backend v1 can't tell the end from a
    /// timeout or a broken connection: all are 0.
    /// Source: abi socket_receive; tcp_recv.
    Result<std::size_t> read(std::span<std::byte> into);

    /// Reads into the buffers, one after the other, what has arrived. At most 64 are looked at.
    /// Backend v1: into the first that has room.
    Result<std::size_t> read_vectored(std::span<const std::span<std::byte>> into);

    /// As read, but the bytes stay and are read again.
    Result<std::size_t> peek(std::span<std::byte> into);

    /// Fills `into` completely.
    /// Errors: reset when the stream ends before; the bytes read until then are lost.
    Result<void> read_exact(std::span<std::byte> into);

    /// Appends all there is until the end of the stream, and returns how many bytes that were.
    /// Errors: too_large once more than `max_bytes` have come; those of read. What came until then
    /// is in `into`.
    Result<std::size_t> read_to_end(std::vector<std::byte>& into,
                                    std::size_t max_bytes = default_max_bytes);
    Result<std::size_t> read_to_end(std::string& into, std::size_t max_bytes = default_max_bytes);

    /// Sends a part of `from`, at least one byte, and returns how many bytes were taken.
    /// Errors: broken_pipe (the peer is gone, or this end was shut down), reset, timed_out,
    /// would_block, not_connected.
    /// Source: abi socket_send; tcp_send.
    Result<std::size_t> write(std::span<const std::byte> from);
    Result<std::size_t> write(std::string_view text) { return write(bytes_of(text)); }

    /// Sends a part of the buffers, in order. At most 64 are looked at.
    /// Backend v1: of the first that has bytes.
    Result<std::size_t> write_vectored(std::span<const std::span<const std::byte>> from);

    /// Sends everything.
    /// Errors: those of write; how much was sent is then unknown.
    Result<void> write_all(std::span<const std::byte> from);
    Result<void> write_all(std::string_view text) { return write_all(bytes_of(text)); }

    /// Nothing to do: what was written is under way. For what takes any writer.
    Result<void> flush() { return {}; }

    /// Ends the sending half (the peer sees the end of the stream), the receiving half (reads give
    /// 0 once what has arrived is read), or both.
    /// Backend v1: `both` closes the connection, one half alone is unsupported.
    /// Errors: not_connected.
    Result<void> shutdown(Shutdown how);

    /// The address of the other end. Backend v1 knows it when an address was given to connect;
    /// after connecting to a name it is unsupported.
    /// Errors: not_connected.
    Result<SocketAddr> peer_addr() const;
    /// (not v1) The address of this end.
    Result<SocketAddr> local_addr() const;

    /// (not v1) A second owner of the same connection: both read from and write to the same stream
    /// and share its options. It is closed when the last owner goes.
    Result<TcpStream> try_clone() const;

    /// (not v1) How long a read or a write may wait; none: as long as it takes. The system may
    /// round it up to a tick of its clock, and then tells that. Errors: invalid_argument for zero
    /// or less.
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<std::optional<std::chrono::nanoseconds>> read_timeout() const;
    Result<std::optional<std::chrono::nanoseconds>> write_timeout() const;

    /// (not v1) Whether reads and writes wait.
    Result<void> set_blocking(Blocking blocking);

    /// (not v1) Whether small writes leave at once (TCP_NODELAY).
    Result<void> set_nodelay(Switch nodelay);
    Result<Switch> nodelay() const;

    /// (not v1) What closing does with bytes that were not sent yet: without a time it sends them
    /// in the background; zero drops them and resets the connection (SO_LINGER). Whole seconds,
    /// rounded up.
    /// Errors: invalid_argument for less than zero.
    Result<void> set_linger(std::optional<std::chrono::nanoseconds> linger);
    Result<std::optional<std::chrono::nanoseconds>> linger() const;

    /// (not v1) How many routers the packets may pass: IPv4's time to live, IPv6's hop limit.
    Result<void> set_ttl(std::uint32_t hops);
    Result<std::uint32_t> ttl() const;

    /// (not v1) The error that is pending on the socket, which is then cleared; none if there is
    /// none.
    Result<std::optional<Error>> take_error();

    /// The WASI descriptor, for `read`, `poll` and whatever else takes one; natively Linux's. It
    /// stays this stream's. Backend v1: -1.
    int as_raw_fd() const;
    /// The descriptor, which is the caller's now; this stream is as if moved from. Backend v1: -1,
    /// and the connection is closed.
    int into_raw_fd() &&;
    /// (not v1) A stream that owns a descriptor from elsewhere.
    static Result<TcpStream> from_raw_fd(int fd);

    static constexpr std::size_t default_max_bytes = 64 << 20;

private:
    friend class TcpListener;
    explicit TcpStream(std::unique_ptr<backend::TcpSocket> socket);
    std::unique_ptr<backend::TcpSocket> socket_;
};

} // namespace hws
