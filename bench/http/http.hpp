#pragma once
/// GET from an nginx: one after the other on a connection that is kept, on a new TLS connection each, and from many at once.

#include <hws/result.hpp>

#include <cstdint>
#include <string>

namespace hws::bench::http {

/// GETs the URL `count` times with one libcurl handle; the digest (FNV-1a) of all bodies, in decimal: what the plugins give too.
/// `ca_file`: the certificate to trust for https.
Result<std::string> run_native(const std::string& url, const std::string& ca_file, std::uint64_t count);
/// As many handles as `clients`, on one thread with epoll, `count` GETs each; the sum of all bodies' bytes.
Result<std::uint64_t> run_native_at_once(const std::string& url, std::size_t clients, std::uint64_t count);

} // namespace hws::bench::http
