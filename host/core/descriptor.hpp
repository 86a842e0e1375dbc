#pragma once
/// What a plugin's descriptor number refers to: standard streams, sockets, ping sockets, HTTP
/// exchanges, WebSockets. One interface for what WASI asks of all of them; each family adds its own
/// operations in its own class.

#include <hws/result.hpp>

#include "os/loop.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace hws::host::os {
enum class Half : std::uint8_t; // os/socket.hpp
}

namespace hws::host::core {

/// What it is. The adapter translates to a dialect's file types.
enum class DescriptorKind : std::uint8_t {
    byte_stream, ///< a pipe, a file or a terminal behind a standard stream
    terminal,    ///< a standard stream that is a terminal
    tcp_stream,
    tcp_listener,
    udp_socket,
    icmp_socket,
    http_exchange,
    web_socket,
};

using ReadBuffers = std::span<const std::span<std::byte>>;
using WriteBuffers = std::span<const std::span<const std::byte>>;

/// Loop thread only. Closing is destruction.
class Descriptor {
public:
    virtual ~Descriptor() = default;
    virtual DescriptorKind kind() const = 0;

    /// Reads what has arrived into the buffers in turn; never waits. 0: end of stream, or no room was offered.
    /// Errors: would_block, reset, timed_out, not_connected, not_capable (not readable at all).
    virtual Result<std::size_t> try_read(ReadBuffers into) = 0;
    /// Writes as much as is taken at once; never waits. Errors: would_block, reset, broken_pipe, not_connected, not_capable.
    virtual Result<std::size_t> try_write(WriteBuffers from) = 0;

    /// What can be done with it at all: a standard stream goes one way.
    virtual os::Ready directions() const { return os::Ready::both; }
    /// Like try_read, but what was read stays there. Errors: those of try_read, unsupported.
    virtual Result<std::size_t> try_peek(ReadBuffers) { return fail(Errc::unsupported); }
    /// Ends receiving, sending or both. Errors: not_connected, unsupported.
    virtual Result<void> shut_down(os::Half) { return fail(Errc::unsupported); }
    /// Takes the next connection; readable means that there is one. Errors: would_block, denied, unsupported for what does not
    /// listen.
    virtual Result<std::unique_ptr<Descriptor>> try_accept() { return fail(Errc::unsupported); }

    /// What is believed to be ready; to be awaited after would_block.
    virtual os::Readiness& readiness() = 0;
    /// What is ready at this very moment, asked of the system where it must be (a hope in readiness() is not enough for
    /// poll). Clears the bits of readiness() that turn out untrue, so that awaiting them works.
    virtual os::Ready poll_now(os::Ready what) = 0;
    /// Bytes that can be read now, for FIONREAD and poll_oneoff; at least 1 where only readiness is known.
    virtual std::size_t readable_bytes() { return 1; }
    /// The peer has ended the stream or the connection has failed.
    virtual bool has_hung_up() { return false; }

    /// O_NONBLOCK as the plugin set it. The file below is always non-blocking; this only decides whether a call waits.
    bool is_non_blocking() const { return non_blocking_; }
    void set_non_blocking(bool on) { non_blocking_ = on; }
    /// How long a call waits to receive or to send before it is would_block (SO_RCVTIMEO, SO_SNDTIMEO); max(): no limit.
    std::chrono::nanoseconds receive_timeout() const { return receive_timeout_; }
    void set_receive_timeout(std::chrono::nanoseconds timeout) { receive_timeout_ = timeout; }
    std::chrono::nanoseconds send_timeout() const { return send_timeout_; }
    void set_send_timeout(std::chrono::nanoseconds timeout) { send_timeout_ = timeout; }

private:
    bool non_blocking_ = false;
    std::chrono::nanoseconds receive_timeout_ = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds send_timeout_ = std::chrono::nanoseconds::max();
};

} // namespace hws::host::core
