#include "core/lookups.hpp"

#include <algorithm>

namespace hws::host::core {

void ResolvedNames::remember(const HostName& name, std::span<const IpAddr> addresses,
                             os::Deadline now) {
    std::erase_if(pairs_, [&](const Pair& pair) {
        const bool is_old = pair.told_at + lifetime_ <= now;
        return is_old ||
               (pair.name == name && std::ranges::find(addresses, pair.address) != addresses.end());
    });
    for (const IpAddr& address : addresses) {
        if (most_ == 0) return;
        if (pairs_.size() >= most_) pairs_.erase(pairs_.begin());
        pairs_.push_back({name, address, now});
    }
}

std::vector<HostName> ResolvedNames::names_of(const IpAddr& address, os::Deadline now) const {
    std::vector<HostName> names;
    for (const Pair& pair : pairs_)
        if (pair.address == address && now < pair.told_at + lifetime_) names.push_back(pair.name);
    return names;
}

void RecentAnswers::keep(const HostName& name, std::span<const IpAddr> addresses,
                         os::Deadline now) {
    std::erase_if(answers_, [&](const Answer& answer) {
        return answer.name == name || now - answer.came_at >= lifetime_;
    });
    if (addresses.size() > most_addresses || lifetime_ <= std::chrono::nanoseconds(0)) return;
    if (answers_.size() >= most) answers_.erase(answers_.begin());
    answers_.push_back({name, {addresses.begin(), addresses.end()}, now});
}

const std::vector<IpAddr>* RecentAnswers::find(const HostName& name, os::Deadline now) const {
    for (const Answer& answer : answers_)
        if (answer.name == name) return now - answer.came_at < lifetime_ ? &answer.addresses : nullptr;
    return nullptr;
}

} // namespace hws::host::core
