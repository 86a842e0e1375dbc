#include "../backend/tls.hpp"

#include <hws/tls_stream.hpp>

namespace hws {

namespace {

Result<void> start(const TcpStream& stream, std::string_view name,
                   const TlsConnectOptions& options) {
    if (options.timeout.count() < 0)
        return fail(Errc::invalid_argument, "tls: a timeout must not be negative");
    std::string protocols;
    for (const std::string& protocol : options.protocols) {
        if (protocol.empty() || protocol.size() > 255)
            return fail(Errc::invalid_argument, "tls: a protocol's name has 1 to 255 bytes");
        protocols += static_cast<char>(protocol.size());
        protocols += protocol;
    }
    return backend::start_tls(stream.as_raw_fd(), name, protocols, options.timeout);
}

} // namespace

Result<TlsStream> TlsStream::connect(TcpStream stream, std::string_view name,
                                     const TlsConnectOptions& options) {
    HWS_CHECK(stream.set_blocking(Blocking::waits));
    HWS_CHECK(start(stream, name, options));
    return TlsStream(std::move(stream));
}

Result<TlsStream> TlsStream::try_connect(TcpStream stream, std::string_view name,
                                         const TlsConnectOptions& options) {
    HWS_CHECK(stream.set_blocking(Blocking::never_waits));
    const auto started = start(stream, name, options);
    if (!started && started.error() != Errc::in_progress)
        return std::unexpected(started.error());
    return TlsStream(std::move(stream));
}

Result<TlsFacts> TlsStream::info() const {
    return backend::tls_info(as_raw_fd());
}

Result<std::vector<std::byte>> TlsStream::certificate() const {
    return backend::tls_certificate(as_raw_fd());
}

} // namespace hws
