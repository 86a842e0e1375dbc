#pragma once
/// `TlsStream`: a TCP stream that the host has turned into TLS.
///
///     HWS_TRY(auto tcp, hws::TcpStream::connect("example.com:443"));
///     HWS_TRY(auto stream, hws::TlsStream::connect(std::move(tcp), "example.com"));
///     HWS_CHECK(stream.write_all("GET / HTTP/1.0\r\nHost: example.com\r\n\r\n"));

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/tcp_stream.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hws {

enum class TlsVersion : std::uint16_t { tls_1_2 = 0x0303, tls_1_3 = 0x0304 };

struct TlsConnectOptions {
    /// Application protocols to offer (ALPN), the wanted one first: {"h2", "http/1.1"}.
    std::vector<std::string> protocols{};
    /// How long the handshake may take; zero: as long as the host lets it.
    std::chrono::nanoseconds timeout{};
};

struct TlsFacts {
    TlsVersion version{};
    std::string cipher;                      ///< IANA's name: "TLS_AES_128_GCM_SHA256"
    std::string protocol;                    ///< chosen by the server; empty: none
    std::array<std::byte, 32> fingerprint{}; ///< SHA-256 of the server's certificate
};

/// A TcpStream in every way, whose bytes travel encrypted: readers, writers and a Poller take it as
/// one. The host does handshake and verification with the certificates that it trusts; no TLS is
/// compiled into the plugin, and no key or trust comes from it.
///
/// The end of the stream is what the peer has said to be one (close_notify); a connection that is
/// cut is `reset`. `shutdown(Shutdown::write)` says so to the peer. Backend v2 only.
class TlsStream : public TcpStream {
public:
    /// Upgrades a connected stream, also one that has been used before (STARTTLS): everything the
    /// peer sent until then must have been read. `name`, a host name or an address, is whom the
    /// certificate must name; it need not be what was connected to. Waits for the handshake, even
    /// where the stream does not wait. After an error the stream is closed.
    /// Errors: tls_failed (the text says why), timed_out, reset, protocol (bytes arrived before the
    /// handshake), bad_name, invalid_argument (protocols), unsupported (backends v1 and native).
    /// Source: abi tls_start; RFC 8446, RFC 7301, RFC 9525.
    static Result<TlsStream> connect(TcpStream stream, std::string_view name,
                                     const TlsConnectOptions& options = {});

    /// The same without waiting: a stream that never waits, whose handshake has begun. It is over
    /// when a Poller says that one can write; then info() tells how it ended, and until then it
    /// and all reads and writes say would_block. A handshake that failed is told by them, too.
    /// Errors: as connect, but for what the handshake finds.
    static Result<TlsStream> try_connect(TcpStream stream, std::string_view name,
                                         const TlsConnectOptions& options = {});

    /// Errors: would_block (the handshake is under way), and what ended it.
    /// Source: abi tls_info.
    Result<TlsFacts> info() const;
    /// The server's certificate, DER. Source: abi tls_certificate.
    Result<std::vector<std::byte>> certificate() const;

private:
    explicit TlsStream(TcpStream stream) : TcpStream(std::move(stream)) {}
};

} // namespace hws
