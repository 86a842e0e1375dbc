#include "core/resolver.hpp"

#include "os/level_watch.hpp"
#include "os/socket_address.hpp"

#include <algorithm>
#include <ares.h>
#include <mutex>
#include <unordered_map>

namespace hws::host::core {
namespace {

/// An answer may come with thousands of addresses (TCP carries 64 KiB); nobody tries more than
/// these.
constexpr std::size_t max_addresses = 64;

Error error_of(int status, std::string_view asked) {
    std::string context = "resolve " + std::string(asked);
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_ENONAME:
        return Error(Errc::name_not_found, std::move(context));
    case ARES_ETIMEOUT:
        return Error(Errc::timed_out, std::move(context));
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return Error(Errc::canceled, std::move(context));
    case ARES_ENOMEM:
        return Error(Errc::out_of_memory, std::move(context));
    default:
        return Error(Errc::resolver_failed, context + " (" + ares_strerror(status) + ")");
    }
}

/// Takes the addresses out and frees the answer.
Result<std::vector<IpAddr>> take_addresses(ares_addrinfo* answer, const HostName& name) {
    std::vector<IpAddr> addresses;
    for (const ares_addrinfo_node* node = answer ? answer->nodes : nullptr; node;
         node = node->ai_next) {
        const auto address = os::from_native(node->ai_addr, node->ai_addrlen);
        if (!address || std::ranges::find(addresses, address->ip()) != addresses.end()) continue;
        if (addresses.size() == max_addresses) break;
        addresses.push_back(address->ip());
    }
    if (answer) ares_freeaddrinfo(answer);
    if (addresses.empty()) return fail(Errc::name_not_found, "resolve " + name.text());
    return addresses;
}

/// One question. c-ares cannot call a single one back, so it stays until c-ares has answered or
/// given up; whoever asked may be gone by then.
struct Question {
    Question(os::Loop& loop, std::shared_ptr<LookupQuota> of_plugin)
        : answered(loop), quota(std::move(of_plugin)) {}

    /// c-ares has it now.
    void begin(std::size_t& of_channel) {
        pending = &of_channel;
        ++*pending;
        if (quota) ++quota->pending;
    }
    /// c-ares is done with it.
    void end() const {
        --*pending;
        if (quota) --quota->pending;
    }

    os::Event answered;
    bool is_abandoned = false;
    std::size_t* pending = nullptr;
    std::shared_ptr<LookupQuota> quota;
};

struct Query : Question {
    Query(os::Loop& loop, HostName asked, os::Family of, std::shared_ptr<LookupQuota> of_plugin)
        : Question(loop, std::move(of_plugin)), name(std::move(asked)), family(of) {}

    HostName name;
    os::Family family;
    Result<std::vector<IpAddr>> answer;
};

/// The question for the name of an address.
struct ReverseQuery : Question {
    ReverseQuery(os::Loop& loop, IpAddr asked, std::shared_ptr<LookupQuota> of_plugin)
        : Question(loop, std::move(of_plugin)), address(asked) {}

    IpAddr address;
    Result<HostName> answer = fail(Errc::canceled);
};

/// Owns the query until it is answered or abandoned.
template <class Asked> struct Asker {
    explicit Asker(Asked* asked) : query(asked) {}
    Asker(const Asker&) = delete;
    Asker& operator=(const Asker&) = delete;
    ~Asker() {
        if (query->answered.is_raised())
            delete query;
        else
            query->is_abandoned = true;
    }
    Asked* query;
};

void on_answer(void* argument, int status, int, ares_addrinfo* answer) {
    auto* const query = static_cast<Query*>(argument);
    query->end();
    if (query->is_abandoned) {
        if (answer) ares_freeaddrinfo(answer);
        delete query;
        return;
    }
    if (status == ARES_SUCCESS) {
        query->answer = take_addresses(answer, query->name);
    } else {
        if (answer) ares_freeaddrinfo(answer);
        query->answer = std::unexpected(error_of(status, query->name.text()));
    }
    query->answered.raise();
}

void on_name(void* argument, int status, int, char* answer, char*) {
    auto* const query = static_cast<ReverseQuery*>(argument);
    query->end();
    if (query->is_abandoned) {
        delete query;
        return;
    }
    const std::string asked = query->address.to_string();
    if (status != ARES_SUCCESS) {
        query->answer = std::unexpected(error_of(status, asked));
    } else {
        // Whoever owns the address writes this name: what is none goes no further.
        query->answer = HostName::parse(answer ? answer : "");
        if (!query->answer)
            query->answer = fail(Errc::resolver_failed, "resolve " + asked + ": a malformed name");
    }
    query->answered.raise();
}

} // namespace

/// A c-ares channel and its place in the loop.
struct Resolver::Channel final : os::LevelWatchOwner, os::Timer {
    explicit Channel(os::Loop& on_loop) : Timer(on_loop), loop(on_loop) {}
    ~Channel() {
        // Answers every query with ARES_EDESTRUCTION and says of every socket that it is done with.
        if (channel) ares_destroy(channel);
    }

    void on_ready(int fd, os::Ready ready) override {
        ares_process_fd(channel, intersects(ready, os::Ready::read) ? fd : ARES_SOCKET_BAD,
                        intersects(ready, os::Ready::write) ? fd : ARES_SOCKET_BAD);
        arm_timer();
    }

    void on_expiry() override {
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        arm_timer();
    }

    void arm_timer() {
        timeval storage;
        const timeval* const wait = ares_timeout(channel, nullptr, &storage);
        if (!wait) return disarm();
        arm(os::deadline_after(std::chrono::seconds(wait->tv_sec) +
                               std::chrono::microseconds(wait->tv_usec)));
    }

    Result<void> check_room(const LookupQuota* quota) const {
        if (quota && quota->pending >= quota->most)
            return fail(Errc::rate_limited, "too many look-ups of this plugin are under way");
        if (pending >= max_pending)
            return fail(Errc::resolver_failed, "too many names are being resolved");
        return {};
    }

    void ask(Query& query) {
        query.begin(pending);
        ares_addrinfo_hints hints{};
        hints.ai_family = query.family == os::Family::ipv4   ? AF_INET
                          : query.family == os::Family::ipv6 ? AF_INET6
                                                             : AF_UNSPEC;
        // Sorting would connect a datagram socket to every address, the denied ones too: the order
        // is made of those that are left (address_order.hpp).
        hints.ai_flags = ARES_AI_NOSORT;
        ares_getaddrinfo(channel, query.name.text().c_str(), nullptr, &hints, &on_answer, &query);
        arm_timer();
    }

    void ask(ReverseQuery& query) {
        query.begin(pending);
        sockaddr_storage native;
        const auto size = os::to_native(SocketAddr(query.address, 0), native);
        ares_getnameinfo(channel, reinterpret_cast<const sockaddr*>(&native), size,
                         ARES_NI_NAMEREQD | ARES_NI_LOOKUPHOST, &on_name, &query);
        arm_timer();
    }

    static void on_socket_state(void* argument, ares_socket_t fd, int readable, int writable) {
        auto& self = *static_cast<Channel*>(argument);
        if (!readable && !writable) {
            self.watches.erase(fd);
            return;
        }
        auto& watch = self.watches[fd];
        if (!watch) watch = std::make_unique<os::LevelWatch>(self.loop, fd, self);
        // A socket that cannot be watched never answers: its queries end by c-ares' own timeout.
        [[maybe_unused]] auto watched =
            watch->want((readable ? os::Ready::read : os::Ready::none) |
                        (writable ? os::Ready::write : os::Ready::none));
    }

    os::Loop& loop;
    ares_channel channel = nullptr;
    std::size_t pending = 0;
    std::unordered_map<int, std::unique_ptr<os::LevelWatch>> watches;
};

Resolver::Resolver(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}
Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::create(os::Loop& loop, ResolverOptions options) {
    static std::once_flag initialized;
    std::call_once(initialized, [] { ares_library_init(ARES_LIB_INIT_ALL); });

    std::string servers;
    for (const std::string& text : options.servers) {
        auto server = SocketAddr::parse(text);
        if (!server || server->port() == 0)
            return fail(Errc::invalid_argument, "name server " + text + " is not address:port");
        if (!servers.empty()) servers += ',';
        servers += server->to_string();
    }

    auto channel = std::make_unique<Channel>(loop);
    ares_options settings{};
    int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                ARES_OPT_SOCK_STATE_CB;
    // HOSTALIASES would let the environment rename hosts behind the policy's back.
    settings.flags = ARES_FLAG_NOALIASES;
    settings.timeout = static_cast<int>(options.timeout.count());
    settings.tries = options.tries;
    char files_then_dns[] = "fb";
    settings.lookups = files_then_dns;
    settings.sock_state_cb = &Channel::on_socket_state;
    settings.sock_state_cb_data = channel.get();
    std::vector<char*> domains;
    if (options.search_domains.empty()) {
        settings.flags |= ARES_FLAG_NOSEARCH;
    } else {
        for (std::string& domain : options.search_domains)
            domains.push_back(domain.data());
        settings.domains = domains.data();
        settings.ndomains = static_cast<int>(domains.size());
        given |= ARES_OPT_DOMAINS;
    }
    int status = ares_init_options(&channel->channel, &settings, given);
    if (status == ARES_SUCCESS && !servers.empty())
        status = ares_set_servers_ports_csv(channel->channel, servers.c_str());
    if (status != ARES_SUCCESS)
        return fail(Errc::resolver_failed, std::string("c-ares: ") + ares_strerror(status));
    return std::unique_ptr<Resolver>(new Resolver(std::move(channel)));
}

os::Task<std::vector<IpAddr>> Resolver::resolve(HostName name, os::Deadline deadline,
                                                os::Family family,
                                                std::shared_ptr<LookupQuota> quota) {
    if (name.is_localhost()) {
        std::vector<IpAddr> loopback;
        if (family != os::Family::ipv6) loopback.push_back(Ipv4Addr::localhost);
        if (family != os::Family::ipv4) loopback.push_back(Ipv6Addr::localhost);
        co_return loopback;
    }
    HWS_CO_CHECK(channel_->check_room(quota.get()));
    const Asker asker(new Query(channel_->loop, std::move(name), family, std::move(quota)));
    Query& query = *asker.query;
    channel_->ask(query);
    // From here on the resolver may be gone.
    const os::Wake wake = co_await query.answered.until(deadline);
    if (wake == os::Wake::timed_out)
        co_return fail(Errc::timed_out, "resolve " + query.name.text());
    co_return std::move(query.answer);
}

os::Task<HostName> Resolver::resolve_address(IpAddr address, os::Deadline deadline,
                                             std::shared_ptr<LookupQuota> quota) {
    HWS_CO_CHECK(channel_->check_room(quota.get()));
    const Asker asker(new ReverseQuery(channel_->loop, address, std::move(quota)));
    ReverseQuery& query = *asker.query;
    channel_->ask(query);
    // From here on the resolver may be gone.
    const os::Wake wake = co_await query.answered.until(deadline);
    if (wake == os::Wake::timed_out)
        co_return fail(Errc::timed_out, "resolve " + address.to_string());
    co_return std::move(query.answer);
}

} // namespace hws::host::core
