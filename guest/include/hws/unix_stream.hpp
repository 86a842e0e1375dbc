#pragma once
/// `UnixStream` and `UnixListener`: byte streams between programs of one machine.
///
///     HWS_TRY(auto stream, hws::UnixStream::connect("/run/redis/redis.sock"));
///     HWS_CHECK(stream.write_all("PING\r\n"));

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <hws/unix_addr.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws {

namespace backend {
class UnixSocket;
}

/// A connected Unix byte stream. Moves, does not copy; the destructor closes it. One that was moved
/// from may only be destroyed or assigned to. What Rust's `std::os::unix::net::UnixStream` is.
/// Backend v1: connect and pair return `unsupported`.
class UnixStream {
public:
    /// Connects to the socket at a path. Waits while the listener's queue is full.
    /// Errors: denied (policy: unix), not_found, refused (nobody listens, or it is no socket),
    /// not_permitted (the file's permissions), wrong_type (it takes datagrams), invalid_argument.
    /// Source: abi unix_connect.
    static Result<UnixStream> connect(std::string_view path);
    static Result<UnixStream> connect(const char* path) { return connect(std::string_view(path)); }
    static Result<UnixStream> connect(const UnixAddr& peer);
    /// Two that are connected to each other. Source: abi socket_pair.
    static Result<std::pair<UnixStream, UnixStream>> pair();

    explicit UnixStream(std::unique_ptr<backend::UnixSocket> socket);
    UnixStream(UnixStream&& other) noexcept;
    UnixStream& operator=(UnixStream&& other) noexcept;
    ~UnixStream();

    /// As TcpStream's.
    Result<std::size_t> read(std::span<std::byte> into);
    Result<std::size_t> read_vectored(std::span<const std::span<std::byte>> into);
    Result<std::size_t> peek(std::span<std::byte> into);
    Result<void> read_exact(std::span<std::byte> into);
    Result<std::size_t> read_to_end(std::vector<std::byte>& into,
                                    std::size_t max_bytes = default_max_bytes);
    Result<std::size_t> read_to_end(std::string& into, std::size_t max_bytes = default_max_bytes);
    Result<std::size_t> write(std::span<const std::byte> from);
    Result<std::size_t> write(std::string_view text) { return write(bytes_of(text)); }
    Result<std::size_t> write_vectored(std::span<const std::span<const std::byte>> from);
    Result<void> write_all(std::span<const std::byte> from);
    Result<void> write_all(std::string_view text) { return write_all(bytes_of(text)); }
    Result<void> shutdown(Shutdown how);

    /// The names of both ends; most clients have none.
    Result<UnixAddr> local_addr() const;
    Result<UnixAddr> peer_addr() const;

    /// As TcpStream's.
    Result<UnixStream> try_clone() const;
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<std::optional<std::chrono::nanoseconds>> read_timeout() const;
    Result<std::optional<std::chrono::nanoseconds>> write_timeout() const;
    Result<void> set_blocking(Blocking blocking);
    Result<std::optional<Error>> take_error();
    int as_raw_fd() const;
    int into_raw_fd() &&;
    static Result<UnixStream> from_raw_fd(int fd);

    static constexpr std::size_t default_max_bytes = std::size_t{64} << 20;

private:
    std::unique_ptr<backend::UnixSocket> socket_;
};

/// A Unix socket that waits for connections. Moves, does not copy; the destructor closes it. The
/// file at its path stays until it is removed or the plugin ends.
/// Backend v1: bind returns `unsupported`.
class UnixListener {
public:
    struct Accepted {
        UnixStream stream;
        UnixAddr peer; ///< unnamed unless the client has bound its end
    };

    /// Makes a file at the path and listens; 128 connections may wait.
    /// Errors: denied (policy: unix-listen), address_in_use (something is there already; see
    /// remove_unix_file), not_found (no such folder), not_permitted.
    /// Source: abi unix_bind, socket_listen.
    static Result<UnixListener> bind(std::string_view path);
    static Result<UnixListener> bind(const char* path) { return bind(std::string_view(path)); }
    static Result<UnixListener> bind(const UnixAddr& local);

    explicit UnixListener(std::unique_ptr<backend::UnixSocket> socket);
    UnixListener(UnixListener&& other) noexcept;
    UnixListener& operator=(UnixListener&& other) noexcept;
    ~UnixListener();

    /// The next connection, waiting for it. Errors: would_block (see set_blocking),
    /// too_many_handles. Source: abi socket_accept.
    Result<Accepted> accept();
    Result<UnixAddr> local_addr() const;
    /// As TcpListener's.
    Result<UnixListener> try_clone() const;
    Result<void> set_blocking(Blocking blocking);
    Result<std::optional<Error>> take_error();
    int as_raw_fd() const;
    int into_raw_fd() &&;
    static Result<UnixListener> from_raw_fd(int fd);

private:
    std::unique_ptr<backend::UnixSocket> socket_;
};

/// Removes the file of a socket that this plugin has bound, or of one that nobody has open any more.
/// Errors: denied (policy: unix-listen), not_found, busy (somebody has it open), not_permitted (it is
/// no socket). Natively it is unlink(2) of a socket. Source: abi unix_remove.
Result<void> remove_unix_file(std::string_view path);

} // namespace hws
