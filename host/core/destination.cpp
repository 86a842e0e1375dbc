#include "core/destination.hpp"

#include "core/address_order.hpp"
#include "core/lookups.hpp"

namespace hws::host::core {
namespace {

/// Those of a name's addresses that pass, in order. Errors: denied, if none does.
Result<std::vector<Vetted>> judge(const Policy& policy, Use use, const HostName& name,
                                  std::uint16_t port, const std::vector<IpAddr>& addresses,
                                  const HttpTarget* http = nullptr) {
    std::vector<Vetted> vetted;
    Error denial = Errc::denied;
    for (const IpAddr& ip : addresses) {
        auto verdict = policy.check(use, SocketAddr(ip, port), &name, http);
        if (verdict)
            vetted.push_back(*verdict);
        else
            denial = std::move(verdict).error();
    }
    if (vetted.empty()) return std::unexpected(std::move(denial));
    order_addresses(vetted);
    return vetted;
}

Result<std::vector<Vetted>> judge_and_remember(const Policy& policy, Use use, const HostName& name,
                                               std::uint16_t port,
                                               const std::vector<IpAddr>& addresses,
                                               ResolvedNames& names) {
    auto vetted = judge(policy, use, name, port, addresses);
    if (!vetted) return vetted;
    std::vector<IpAddr> told;
    for (const Vetted& one : *vetted)
        told.push_back(one.address().ip());
    names.remember(name, told);
    return vetted;
}

} // namespace

os::Task<std::vector<Vetted>> vet(const Policy& policy, Use use, Target target, Lookups& lookups,
                                  os::Deadline deadline, os::Family family) {
    if (const auto address = target.address()) {
        HWS_CO_TRY(Vetted one,
                   policy.check_told(use, *address, lookups.names().names_of(address->ip())));
        co_return std::vector{one};
    }
    const HostName& name = *target.name();
    HWS_CO_CHECK(policy.check_name(use, name, target.port));
    HWS_CO_TRY(const std::vector<IpAddr> addresses,
               co_await lookups.resolve(name, deadline, family));
    co_return judge_and_remember(policy, use, name, target.port, addresses, lookups.names());
}

Result<std::vector<Vetted>> try_vet_http(const Policy& policy, Use use, const Target& target,
                                         const HttpTarget& what, Lookups& lookups) {
    if (const auto address = target.address()) {
        HWS_TRY(const Vetted one, policy.check(use, *address, nullptr, &what));
        return std::vector{one};
    }
    const HostName& name = *target.name();
    HWS_CHECK(policy.check_name(use, name, target.port, &what));
    const std::vector<IpAddr>* const recent = lookups.recent().find(name);
    if (!recent) return std::vector<Vetted>();
    return judge(policy, use, name, target.port, *recent, &what);
}

os::Task<std::vector<Vetted>> vet_http(const Policy& policy, Use use, const Target& target,
                                       HttpTarget what, Lookups& lookups, os::Deadline deadline) {
    HWS_CO_TRY(auto at_once, try_vet_http(policy, use, target, what, lookups));
    if (!at_once.empty()) co_return at_once;
    const HostName& name = *target.name();
    HWS_CO_TRY(const std::vector<IpAddr> addresses, co_await lookups.resolve(name, deadline));
    lookups.recent().keep(name, addresses);
    co_return judge(policy, use, name, target.port, addresses, &what);
}

Result<std::unique_ptr<FamilyLookups>> FamilyLookups::begin(os::Loop& loop, const Policy& policy,
                                                            Use use, Target target,
                                                            Lookups& lookups,
                                                            os::Deadline deadline) {
    if (const HostName* name = target.name())
        HWS_CHECK(policy.check_name(use, *name, target.port));
    std::unique_ptr<FamilyLookups> both(
        new FamilyLookups(loop, policy, use, std::move(target), lookups));
    if (const auto address = both->target_.address()) {
        HWS_TRY(const Vetted one,
                policy.check_told(use, *address, lookups.names().names_of(address->ip())));
        both->parts_[0].peers.push_back(one);
        for (Part& part : both->parts_)
            part.has_answered = true;
        return both;
    }
    // On the loop, not on the plugin's stack: they touch nothing of the plugin's memory, and go on
    // while the plugin waits for something else.
    for (Part& part : both->parts_) {
        part.task = both->look_up(part, deadline);
        part.task.start(loop);
    }
    return both;
}

os::Task<> FamilyLookups::look_up(Part& part, os::Deadline deadline) {
    const HostName& name = *target_.name();
    auto addresses = co_await lookups_.resolve(name, deadline, part.family);
    Result<std::vector<Vetted>> vetted = fail(Errc::canceled);
    if (addresses)
        vetted = judge_and_remember(policy_, use_, name, target_.port, *addresses,
                                    lookups_.names());
    else
        vetted = std::unexpected(std::move(addresses).error());
    if (vetted)
        part.peers = *std::move(vetted);
    else
        part.failure = std::move(vetted).error();
    part.has_answered = true;
    news_.raise();
    co_return {};
}

std::vector<Vetted> FamilyLookups::take_new() {
    news_.reset();
    std::vector<Vetted> all;
    for (Part& part : parts_)
        for (const Vetted& peer : std::exchange(part.peers, {}))
            all.push_back(peer);
    return all;
}

bool FamilyLookups::has_answered(os::Family family) const {
    for (const Part& part : parts_)
        if (part.family == family) return part.has_answered;
    return false;
}

Error FamilyLookups::failure() const {
    // A denial tells the operator what to change; that one family has no address tells nothing.
    const Error* best = nullptr;
    for (const Part& part : parts_) {
        if (!part.failure) continue;
        if (!best || *part.failure == Errc::denied || *best == Errc::name_not_found)
            best = &*part.failure;
    }
    return best ? *best : Error(Errc::name_not_found);
}

} // namespace hws::host::core
