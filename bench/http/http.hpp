#pragma once
/// GET from an nginx: one after the other on a connection that is kept, on a new TLS connection each, a large body, and from many
/// at once.

#include <hws/result.hpp>

#include <cstdint>
#include <string>

namespace hws::bench::http {

/// What is done with the bodies. The result is in decimal, and what the plugins' exports give too.
enum class Body {
    digested, ///< `fetch`: FNV-1a of all of them
    copied    ///< `fetch_bytes`: the sum of their sizes. They are copied into one buffer of 64 KiB, as a plugin has them
};
/// GETs the URL `count` times with one libcurl handle. `ca_file`: the certificate to trust for https.
Result<std::string> run_native(const std::string& url, const std::string& ca_file, std::uint64_t count, Body body);
/// As many handles as `clients`, on one thread with epoll, `count` GETs each; the sum of all bodies' bytes.
Result<std::uint64_t> run_native_at_once(const std::string& url, std::size_t clients, std::uint64_t count);

} // namespace hws::bench::http
