#pragma once
/// Host names to addresses, by c-ares on the event loop. Nothing here blocks, and getaddrinfo is
/// never called.

#include "core/host_name.hpp"
#include "os/loop.hpp"
#include "os/network_socket.hpp"
#include "os/task.hpp"

#include <chrono>
#include <cstddef>
#include <hws/ip_addr.hpp>
#include <memory>
#include <string>
#include <vector>

namespace hws::host::core {

struct ResolverOptions {
    /// Name servers as `ip:port` or `[ip]:port`. Empty: those of the system (resolv.conf(5)).
    std::vector<std::string> servers;
    /// Appended to a name that was not found. Empty, the default: a name means only itself,
    /// whatever resolv.conf says.
    std::vector<std::string> search_domains;
    /// How long the first try waits for one server; each further round waits longer.
    std::chrono::milliseconds timeout{2000};
    /// How often each server is asked.
    int tries = 2;
};

/// How many look-ups one plugin may have under way. Shared with each of them, since c-ares cannot
/// call one back: a plugin that gives up and asks again would pile them up otherwise.
struct LookupQuota {
    explicit LookupQuota(std::size_t at_most) : most(at_most) {}
    const std::size_t most;
    std::size_t pending = 0;
};

/// Resolves for all plugins of one loop. Loop thread only.
class Resolver {
public:
    /// Queries in flight at once, those that nobody waits for any more included. A query holds a
    /// few hundred bytes, so this bounds the memory that unanswered ones can take.
    static constexpr std::size_t max_pending = 10'000;

    /// Errors: invalid_argument for a server that is no address with a port, resolver_failed.
    static Result<std::unique_ptr<Resolver>> create(os::Loop& loop, ResolverOptions options = {});
    /// Whoever still waits gets `canceled`.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// The addresses of the name, of one family or of both, at least one, in the order of the
    /// answers: `vet` (destination.hpp) asks the policy about them and puts them in order. Only
    /// what is wanted is asked for. /etc/hosts counts; `localhost` and names below it are loopback
    /// without asking anybody. A truncated answer is fetched again by TCP (RFC 7766, 5).
    /// Destroying the task gives the answer up.
    /// Errors: name_not_found, resolver_failed, timed_out, canceled, rate_limited (the quota).
    os::Task<std::vector<IpAddr>> resolve(HostName name, os::Deadline deadline,
                                          os::Family family = os::Family::any,
                                          std::shared_ptr<LookupQuota> quota = nullptr);
    /// The name of an address (PTR, /etc/hosts), canonical. Errors: as resolve.
    os::Task<HostName> resolve_address(IpAddr address, os::Deadline deadline,
                                       std::shared_ptr<LookupQuota> quota = nullptr);

private:
    struct Channel;
    explicit Resolver(std::unique_ptr<Channel> channel);
    std::unique_ptr<Channel> channel_;
};

} // namespace hws::host::core
