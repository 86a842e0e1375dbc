#include "core/destination.hpp"

#include "core/resolver.hpp"

namespace hws::host::core {

os::Task<std::vector<Vetted>> vet(const Policy& policy, Use use, Target target, Resolver& resolver,
                                  os::Deadline deadline, std::optional<HttpTarget> http) {
    const HttpTarget* const asked = http ? &*http : nullptr;
    std::vector<Vetted> vetted;
    if (const auto address = target.address()) {
        HWS_CO_TRY(Vetted one, policy.check(use, *address, nullptr, asked));
        vetted.push_back(one);
        co_return vetted;
    }
    const HostName& name = *target.name();
    HWS_CO_CHECK(policy.check_name(use, name, target.port, asked));
    HWS_CO_TRY(const std::vector<IpAddr> addresses, co_await resolver.resolve(name, deadline));
    Error denial = Errc::denied;
    for (const IpAddr& ip : addresses) {
        auto verdict = policy.check(use, SocketAddr(ip, target.port), &name, asked);
        if (verdict)
            vetted.push_back(*verdict);
        else
            denial = std::move(verdict).error();
    }
    if (vetted.empty()) co_return std::unexpected(std::move(denial));
    co_return vetted;
}

} // namespace hws::host::core
