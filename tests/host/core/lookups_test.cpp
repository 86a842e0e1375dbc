#include "core/lookups.hpp"
#include "support/dns_server.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::host::core;
using namespace std::chrono_literals;

namespace {

HostName name(std::string_view text) {
    return HostName::parse(text).value();
}
IpAddr ip(std::string_view text) {
    return IpAddr::parse(text).value();
}
using Names = std::vector<HostName>;

} // namespace

TEST_SUITE_BEGIN("lookups");

TEST_CASE("an address is known by every name that it was told under") {
    ResolvedNames names(10, 1min);
    names.remember(name("a.test"), std::vector{ip("192.0.2.1"), ip("192.0.2.2")});
    names.remember(name("b.test"), std::vector{ip("192.0.2.1")});
    CHECK(names.names_of(ip("192.0.2.1")) == Names{name("a.test"), name("b.test")});
    CHECK(names.names_of(ip("192.0.2.2")) == Names{name("a.test")});
    CHECK(names.names_of(ip("192.0.2.3")).empty());
}

TEST_CASE("what was told is forgotten after its time, unless it is told again") {
    ResolvedNames names(10, 60s);
    const os::Deadline start = os::Clock::now();
    names.remember(name("old.test"), std::vector{ip("192.0.2.1"), ip("192.0.2.2")}, start);
    names.remember(name("old.test"), std::vector{ip("192.0.2.2")}, start + 30s);
    CHECK(names.names_of(ip("192.0.2.1"), start + 59s) == Names{name("old.test")});
    CHECK(names.names_of(ip("192.0.2.1"), start + 60s).empty());
    CHECK(names.names_of(ip("192.0.2.2"), start + 89s) == Names{name("old.test")});
    CHECK(names.names_of(ip("192.0.2.2"), start + 90s).empty());
    names.remember(name("new.test"), {}, start + 90s);
    CHECK(names.size() == 0);
}

TEST_CASE("of more addresses than are kept, the oldest go") {
    ResolvedNames names(3, 1min);
    for (const char* text : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"})
        names.remember(name("many.test"), std::vector{ip(text)});
    names.remember(name("many.test"), std::vector{ip("192.0.2.2")}); // told again: the newest now
    names.remember(name("many.test"), std::vector{ip("192.0.2.5")});
    CHECK(names.size() == 3);
    CHECK(names.names_of(ip("192.0.2.1")).empty());
    CHECK(names.names_of(ip("192.0.2.3")).empty());
    CHECK(names.names_of(ip("192.0.2.2")).size() == 1);
    CHECK(names.names_of(ip("192.0.2.5")).size() == 1);
}

TEST_CASE("an answer is recent for a while only, and the oldest of too many goes") {
    RecentAnswers recent(5s);
    const os::Deadline start = os::Clock::now();
    const std::vector addresses{ip("192.0.2.1"), ip("2001:db8::1")};
    recent.keep(name("a.test"), addresses, start);
    REQUIRE(recent.find(name("a.test"), start + 4999ms));
    CHECK(*recent.find(name("a.test"), start + 4999ms) == addresses);
    CHECK_FALSE(recent.find(name("a.test"), start + 5s));
    CHECK_FALSE(recent.find(name("b.test"), start));

    recent.keep(name("a.test"), std::vector{ip("192.0.2.2")}, start + 1s);
    CHECK(*recent.find(name("a.test"), start + 5s) == std::vector{ip("192.0.2.2")});
    for (std::size_t i = 0; i < RecentAnswers::most; ++i)
        recent.keep(name("n" + std::to_string(i) + ".test"), addresses, start + 2s);
    CHECK_FALSE(recent.find(name("a.test"), start + 2s));
    CHECK(recent.find(name("n0.test"), start + 2s));

    recent.keep(name("wide.test"),
                std::vector<IpAddr>(RecentAnswers::most_addresses + 1, ip("192.0.2.3")), start + 2s);
    CHECK_FALSE(recent.find(name("wide.test"), start + 2s));
    RecentAnswers never(0s);
    never.keep(name("a.test"), addresses, start);
    CHECK_FALSE(never.find(name("a.test"), start));
}

TEST_CASE("look-ups that nobody waits for any more count until they are over") {
    hws::test::DnsServer silent([](const auto&) { return std::vector<std::string>(); });
    const auto loop = os::Loop::create().value();
    auto resolver = Resolver::create(*loop, {.servers = {silent.address()}, .search_domains = {}})
                        .value();
    Limits limits;
    limits.lookups = 3;
    Lookups lookups(*resolver, limits);
    Lookups others(*resolver, limits);
    for (int i = 0; i < 2; ++i) {
        auto task = lookups.resolve(name("given-up.test"), os::no_deadline);
        task.start(*loop);
    }
    auto reverse = lookups.resolve_address(ip("192.0.2.1"), os::no_deadline);
    reverse.start(*loop);
    CHECK(lookups.pending() == 3);
    CHECK(os::run(*loop, lookups.resolve(name("one-more.test"), os::no_deadline)).error() ==
          Errc::rate_limited);
    CHECK(os::run(*loop, lookups.resolve_address(ip("192.0.2.2"), os::no_deadline)).error() ==
          Errc::rate_limited);
    // localhost asks nobody, and another plugin has a number of its own.
    CHECK(os::run(*loop, lookups.resolve(name("localhost"), os::no_deadline)).has_value());
    auto other = others.resolve(name("one-more.test"), os::no_deadline);
    other.start(*loop);
    CHECK_FALSE(other.is_done());
    resolver.reset();
    CHECK(lookups.pending() == 0);
    loop->run_until([&] { return reverse.is_done() && other.is_done(); });
}

TEST_SUITE_END();
