// For backends that have no HTTP.

#include "http_exchange.hpp"

namespace hws::backend {

Result<std::shared_ptr<HttpExchange>> HttpExchange::start(const HttpRequestMessage&) {
    return fail(Errc::unsupported, "http: this backend of the SDK has no HTTP");
}

} // namespace hws::backend
