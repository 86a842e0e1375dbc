// For backends that have no TLS.

#include "tls.hpp"

namespace hws::backend {

namespace {
std::unexpected<Error> unsupported() {
    return fail(Errc::unsupported, "tls: this backend of the SDK has no TLS");
}
} // namespace

Result<void> start_tls(int, std::string_view, std::string_view, std::chrono::nanoseconds) {
    return unsupported();
}

Result<TlsFacts> tls_info(int) {
    return unsupported();
}

Result<std::vector<std::byte>> tls_certificate(int) {
    return unsupported();
}

} // namespace hws::backend
