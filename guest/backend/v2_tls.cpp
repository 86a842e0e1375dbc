// TLS by dialect v2.

#include "tls.hpp"
#include "v2_failure.hpp"

#include <algorithm>
#include <cstring>

namespace hws::backend {

Result<void> start_tls(int fd, std::string_view name, std::string_view protocols,
                       std::chrono::nanoseconds timeout) {
    v2::TlsOptions wire;
    wire.name = {v2::at(name.data()).address, static_cast<std::uint32_t>(name.size())};
    wire.protocols = {v2::at(protocols.data()).address,
                      static_cast<std::uint32_t>(protocols.size())};
    wire.timeout = static_cast<v2::Duration>(timeout.count());
    return v2::result_of(v2::tls_start({fd}, v2::at<const v2::TlsOptions>(&wire)));
}

Result<TlsFacts> tls_info(int fd) {
    v2::TlsInfo wire;
    HWS_CHECK(v2::result_of(v2::tls_info({fd}, v2::at(&wire))));
    TlsFacts info;
    info.version = static_cast<TlsVersion>(wire.version);
    info.cipher = wire.cipher_name;
    info.protocol.assign(wire.protocol,
                         std::min<std::size_t>(wire.protocol_bytes, sizeof wire.protocol));
    std::memcpy(info.fingerprint.data(), wire.fingerprint, sizeof wire.fingerprint);
    return info;
}

Result<std::vector<std::byte>> tls_certificate(int fd) {
    std::vector<std::byte> der(4096);
    for (;;) {
        std::uint32_t length = 0;
        const auto status = v2::tls_certificate(
            {fd}, v2::span_at(reinterpret_cast<char*>(der.data()), der.size()), v2::at(&length));
        if (status != v2::Status::ok) return v2::failed(status);
        const bool is_whole = length <= der.size();
        der.resize(length);
        if (is_whole) return der;
    }
}

} // namespace hws::backend
