#pragma once
/// Names to addresses, where an address is wanted for itself. To connect to a name give it to
/// `connect`, which needs no leave to resolve.

#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <string_view>
#include <vector>

namespace hws {

/// The addresses of `host:port`, in the order in which they should be tried; at least one. An
/// address is itself, and nobody is asked. The port may be 0. What Rust's `ToSocketAddrs` does.
/// Errors: invalid_argument (not host:port), name_not_found, resolver_failed, denied (policy:
/// resolve). Backend v1: names are unsupported.
/// Source: abi resolve.
Result<std::vector<SocketAddr>> resolve(std::string_view address);

} // namespace hws
