#pragma once
/// The proxy that a plugin's HTTP goes through, if the host wants one. A plugin can neither see nor
/// change it, and variables of the environment (http_proxy and the like) count for nothing.

#include "core/target.hpp"

#include <cstdint>
#include <hws/result.hpp>
#include <string>
#include <string_view>

namespace hws::host::core {

/// It is told addresses, never names: names are resolved and judged here as without one, and the
/// proxy is asked for a tunnel to the first address that passed, and where it cannot reach that, to
/// the next (HTTP: CONNECT, for http as for https; RFC 9110, 9.3.6). So it must let tunnels through to the ports that are wanted.
class HttpProxy {
public:
    /// `https`: HTTP over TLS, verified as servers are (TlsOptions::ca_file).
    enum class Kind : std::uint8_t { http, https, socks5 };

    /// `http://proxy.example:3128`, `https://proxy.example:3129`, `socks5://user:password@192.0.2.1:1080`; user and password may
    /// have percent escapes. The port must be given. Errors: bad_url, bad_name.
    static Result<HttpProxy> parse(std::string_view url);

    Kind kind() const { return kind_; }
    /// Not asked of the policy: it is the host that goes there.
    const Target& target() const { return target_; }
    /// Empty: none is told.
    const std::string& user() const { return user_; }
    const std::string& password() const { return password_; }

private:
    HttpProxy(Kind kind, Target target) : kind_(kind), target_(std::move(target)) {}
    Kind kind_;
    Target target_;
    std::string user_;
    std::string password_;
};

} // namespace hws::host::core
