#pragma once
/// Addresses tried in turn.
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace hws::guest {

/// The first result of `attempt(address)` that is a success; the last error if there is none.
/// Errors: invalid_argument for no addresses.
template <class Attempt>
auto first_of(std::span<const SocketAddr> addresses, std::string_view operation, Attempt attempt)
    -> std::invoke_result_t<Attempt, const SocketAddr&> {
    Error last(Errc::invalid_argument, std::string(operation) + ": no address was given");
    for (const SocketAddr& address : addresses) {
        auto result = attempt(address);
        if (result) return result;
        last = std::move(result).error();
    }
    return std::unexpected(std::move(last));
}

} // namespace hws::guest
