#pragma once
/// What TLS connections of a plugin trust and show, of HTTP and of upgraded sockets alike. The host
/// configures it; a plugin can neither see nor change it.

#include <string>

namespace hws::host::core {

struct TlsOptions {
    /// Certificates to trust, a file in PEM form. Empty: the system's store.
    std::string ca_file{};
    /// Shown to servers that ask for a certificate, with its chain; a file in PEM form. Empty:
    /// none.
    std::string certificate_file{};
    /// The private key of that certificate, a file in PEM form. Empty: in the same file.
    std::string key_file{};

    bool operator==(const TlsOptions&) const = default;
};

} // namespace hws::host::core
