#pragma once
/// The look-ups of one plugin: how many may be under way, and what it was told.

#include "core/host_name.hpp"
#include "core/limits.hpp"
#include "core/resolver.hpp"
#include "os/clock.hpp"

#include <hws/ip_addr.hpp>
#include <span>
#include <vector>

namespace hws::host::core {

/// Which name gave which addresses, so that a program that resolves first and connects to the
/// number then is judged by the rules for the name (policy.hpp). Only what our resolver told this
/// very plugin, and only for a while: an address that a name has given up belongs to others.
class ResolvedNames {
public:
    /// Keeps `most` pairs of a name and an address; the oldest goes. Each lives for `lifetime` after
    /// it was told last.
    ResolvedNames(std::size_t most, std::chrono::nanoseconds lifetime)
        : most_(most), lifetime_(lifetime) {}

    void remember(const HostName& name, std::span<const IpAddr> addresses,
                  os::Deadline now = os::Clock::now());
    /// Every name that the address was told under.
    std::vector<HostName> names_of(const IpAddr& address, os::Deadline now) const;
    std::vector<HostName> names_of(const IpAddr& address) const {
        if (pairs_.empty()) return {}; // most plugins have none: the clock is not read for them
        return names_of(address, os::Clock::now());
    }
    std::size_t size() const { return pairs_.size(); }

private:
    struct Pair {
        HostName name;
        IpAddr address;
        os::Deadline told_at;
    };
    std::size_t most_;
    std::chrono::nanoseconds lifetime_;
    std::vector<Pair> pairs_; // oldest first; few, and most plugins have none
};

/// The answers of the last seconds, for requests that follow each other.
class RecentAnswers {
public:
    /// Names kept; the oldest goes.
    static constexpr std::size_t most = 32;
    /// An answer with more addresses is not kept.
    static constexpr std::size_t most_addresses = 32;

    explicit RecentAnswers(std::chrono::nanoseconds lifetime) : lifetime_(lifetime) {}

    void keep(const HostName& name, std::span<const IpAddr> addresses,
              os::Deadline now = os::Clock::now());
    /// Null: there is none, or it is too old. Valid until the next call of keep.
    const std::vector<IpAddr>* find(const HostName& name, os::Deadline now = os::Clock::now()) const;

private:
    struct Answer {
        HostName name;
        std::vector<IpAddr> addresses;
        os::Deadline came_at;
    };
    std::chrono::nanoseconds lifetime_;
    std::vector<Answer> answers_; // oldest first
};

/// Resolves for one plugin. Loop thread only.
class Lookups {
public:
    /// Bounds: `lookups`, `resolved_addresses`, `resolved_name_lifetime`, `http_name_reuse`.
    /// `resolver` must outlive it and the tasks; the tasks may outlive this.
    Lookups(Resolver& resolver, const Limits& limits)
        : resolver_(resolver), quota_(std::make_shared<LookupQuota>(limits.lookups)),
          names_(limits.resolved_addresses, limits.resolved_name_lifetime),
          recent_(limits.http_name_reuse) {}

    /// As Resolver's. Errors: rate_limited too.
    os::Task<std::vector<IpAddr>> resolve(HostName name, os::Deadline deadline,
                                          os::Family family = os::Family::any) {
        return resolver_.resolve(std::move(name), deadline, family, quota_);
    }
    os::Task<HostName> resolve_address(IpAddr address, os::Deadline deadline) {
        return resolver_.resolve_address(address, deadline, quota_);
    }
    /// Under way now, those that nobody waits for any more included.
    std::size_t pending() const { return quota_->pending; }

    ResolvedNames& names() { return names_; }
    const ResolvedNames& names() const { return names_; }
    /// What HTTP was told, and nobody else.
    RecentAnswers& recent() { return recent_; }

private:
    Resolver& resolver_;
    std::shared_ptr<LookupQuota> quota_;
    ResolvedNames names_;
    RecentAnswers recent_;
};

} // namespace hws::host::core
