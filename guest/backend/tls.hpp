#pragma once
/// TLS on a descriptor, by the host.

#include <chrono>
#include <hws/result.hpp>
#include <hws/tls_stream.hpp>
#include <string_view>
#include <vector>

namespace hws::backend {

/// Upgrades the stream and waits for the handshake. `protocols`: as RFC 7301, 3.1 has them.
/// Errors: those of TlsStream::connect; unsupported where the backend has no TLS.
Result<void> start_tls(int fd, std::string_view name, std::string_view protocols,
                       std::chrono::nanoseconds timeout);
Result<TlsFacts> tls_info(int fd);
Result<std::vector<std::byte>> tls_certificate(int fd);

} // namespace hws::backend
