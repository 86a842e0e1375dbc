#include "../backend/tls.hpp"

#include <hws/tls_stream.hpp>

namespace hws {

Result<TlsStream> TlsStream::connect(TcpStream stream, std::string_view name,
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
    // The handshake is waited for; who wants to poll for it has the descriptor.
    HWS_CHECK(stream.set_blocking(Blocking::waits));
    HWS_CHECK(backend::start_tls(stream.as_raw_fd(), name, protocols, options.timeout));
    return TlsStream(std::move(stream));
}

Result<TlsFacts> TlsStream::info() const {
    return backend::tls_info(as_raw_fd());
}

Result<std::vector<std::byte>> TlsStream::certificate() const {
    return backend::tls_certificate(as_raw_fd());
}

} // namespace hws
