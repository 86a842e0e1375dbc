#pragma once
/// One HTTP exchange, from the first byte out to the last byte in.

#include "../src/http_message.hpp"

#include <hws/result.hpp>

namespace hws::backend {

Result<HttpResponseMessage> exchange(const HttpRequestMessage& request);

} // namespace hws::backend
