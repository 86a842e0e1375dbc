#include "core/destination.hpp"
#include "core/lookups.hpp"
#include "support/dnsmasq_server.hpp"

#include <doctest/doctest.h>
#include <string_view>

using namespace hws;
using namespace hws::host;
using namespace hws::host::core;
using namespace std::chrono_literals;

namespace {

/// One server for all cases of this file, with what they ask for.
struct Fixture {
    Result<std::vector<std::string>> vet(const Policy& policy, Use use, std::string_view target) {
        auto vetted = os::run(*loop, core::vet(policy, use, parse_target(target).value(), lookups,
                                               os::deadline_after(10s)));
        if (!vetted) return std::unexpected(vetted.error());
        std::vector<std::string> texts;
        for (const Vetted& one : *vetted) {
            CHECK(one.use() == use);
            texts.push_back(one.address().to_string());
        }
        return texts;
    }

    hws::test::DnsmasqServer server{
        {"--host-record=public.test,93.184.216.34", "--host-record=inside.test,127.0.0.1",
         "--host-record=mixed.test,93.184.216.34,::1", "--address=/nowhere.test/"}};
    std::unique_ptr<os::Loop> loop = os::Loop::create().value();
    std::unique_ptr<Resolver> resolver =
        Resolver::create(
            *loop, {.servers = {server.address()}, .search_domains = {}, .timeout = 2s, .tries = 2})
            .value();
    Limits limits;
    Lookups lookups{*resolver, limits};
};

using Texts = std::vector<std::string>;

} // namespace

TEST_SUITE_BEGIN("destination");

TEST_CASE_FIXTURE(Fixture,
                  "a name that the policy does not know is denied before any query leaves") {
    const auto policy = Policy::parse({"allow tcp:other.test:80"}).value();
    CHECK(vet(policy, Use::tcp, "public.test:80").error() == Errc::denied);
    CHECK(vet(Policy(), Use::tcp, "public.test:80").error() == Errc::denied);
    CHECK(server.query_log().find("query[") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "an allowed name gives its public addresses") {
    const auto policy = Policy::parse({"allow tcp:public.test:80"}).value();
    CHECK(vet(policy, Use::tcp, "public.test:80").value() == Texts{"93.184.216.34:80"});
    CHECK(vet(policy, Use::tcp, "public.test:81").error() == Errc::denied);
    CHECK(vet(policy, Use::udp, "public.test:80").error() == Errc::denied);
}

TEST_CASE_FIXTURE(Fixture,
                  "a name rule does not reach a loopback address that the name resolves to") {
    const auto by_name = Policy::parse({"allow tcp:*.test:80"}).value();
    CHECK(vet(by_name, Use::tcp, "inside.test:80").error() == Errc::denied);

    const auto by_both = Policy::parse({"allow tcp:*.test:80", "allow tcp:127.0.0.1:80"}).value();
    CHECK(vet(by_both, Use::tcp, "inside.test:80").value() == Texts{"127.0.0.1:80"});
}

TEST_CASE_FIXTURE(Fixture, "of several addresses those that are denied are left out") {
    const auto policy = Policy::parse({"allow tcp:mixed.test:80"}).value();
    CHECK(vet(policy, Use::tcp, "mixed.test:80").value() == Texts{"93.184.216.34:80"});
}

TEST_CASE_FIXTURE(Fixture, "an address is checked without asking anybody") {
    const auto policy = Policy::parse({"allow tcp:127.0.0.1:80", "allow tcp:[::1]:*"}).value();
    CHECK(vet(policy, Use::tcp, "127.0.0.1:80").value() == Texts{"127.0.0.1:80"});
    CHECK(vet(policy, Use::tcp, "[::1]:7").value() == Texts{"[::1]:7"});
    CHECK(vet(policy, Use::tcp, "127.0.0.2:80").error() == Errc::denied);
    CHECK(server.query_log().find("query[") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "an allowed name that does not exist is not found") {
    const auto policy = Policy::parse({"allow tcp:*:*"}).value();
    CHECK(vet(policy, Use::tcp, "nowhere.test:80").error() == Errc::name_not_found);
}

TEST_SUITE_END();
