#include "core/resolver.hpp"
#include "support/dnsmasq_server.hpp"
#include "support/echo_server.hpp"

#include <algorithm>
#include <atomic>
#include <doctest/doctest.h>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

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

/// A resolver that asks one server, on a loop.
struct Asking {
    explicit Asking(std::string server, std::chrono::milliseconds timeout = 10s, int tries = 2)
        : loop(os::Loop::create().value()),
          resolver(Resolver::create(*loop, {.servers = {std::move(server)},
                                            .search_domains = {},
                                            .timeout = timeout,
                                            .tries = tries})
                       .value()) {}

    Result<std::vector<IpAddr>> resolve(std::string_view text,
                                        std::chrono::milliseconds wait = 60s) {
        auto answer = os::run(*loop, resolver->resolve(name(text), os::deadline_after(wait)));
        if (answer) std::ranges::sort(*answer);
        return answer;
    }

    std::unique_ptr<os::Loop> loop;
    std::unique_ptr<Resolver> resolver;
};

/// Answers every query with this response code.
class FailingServer {
public:
    explicit FailingServer(unsigned char code) : code_(code) {
        socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) == 0);
        REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
        port_ = ntohs(address.sin_port);
        const timeval moment{.tv_sec = 0, .tv_usec = 20'000};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
        thread_ = std::thread([this] { serve(); });
    }
    ~FailingServer() {
        is_stopping_ = true;
        thread_.join();
        ::close(socket_);
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    void serve() {
        unsigned char query[512];
        while (!is_stopping_) {
            sockaddr_in peer{};
            socklen_t length = sizeof peer;
            const ssize_t bytes = ::recvfrom(socket_, query, sizeof query, 0,
                                             reinterpret_cast<sockaddr*>(&peer), &length);
            if (bytes < 12) continue;
            query[2] |= 0x80; // QR: a response
            query[3] = static_cast<unsigned char>((query[3] & 0xf0) | code_);
            ::sendto(socket_, query, static_cast<std::size_t>(bytes), 0,
                     reinterpret_cast<sockaddr*>(&peer), length);
        }
    }
    unsigned char code_;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_ = false;
    std::thread thread_;
};

} // namespace

TEST_SUITE_BEGIN("resolver");

TEST_CASE("a name gives all its IPv4 and IPv6 addresses") {
    hws::test::DnsmasqServer server({"--host-record=both.test,192.0.2.1,2001:db8::1",
                                     "--host-record=many.test,192.0.2.1",
                                     "--host-record=many.test,192.0.2.2"});
    Asking asking(server.address());

    CHECK(asking.resolve("both.test").value() == std::vector{ip("192.0.2.1"), ip("2001:db8::1")});
    CHECK(asking.resolve("many.test").value() == std::vector{ip("192.0.2.1"), ip("192.0.2.2")});
}

TEST_CASE("an alias gives the addresses of what it stands for") {
    hws::test::DnsmasqServer server(
        {"--cname=alias.test,real.test", "--host-record=real.test,192.0.2.7"});
    Asking asking(server.address());

    CHECK(asking.resolve("alias.test").value() == std::vector{ip("192.0.2.7")});
}

TEST_CASE("localhost is loopback, and nobody is asked") {
    hws::test::DnsmasqServer server({"--address=/localhost/192.0.2.1"});
    Asking asking(server.address());

    const std::vector loopback{ip("127.0.0.1"), ip("::1")};
    CHECK(asking.resolve("localhost").value() == loopback);
    CHECK(asking.resolve("x.localhost").value() == loopback);
    CHECK(server.query_log().find("query[") == std::string::npos);
}

TEST_CASE("the hosts file is asked before any server") {
    hws::test::DnsmasqServer server({});
    Asking asking(server.address());
    // Whatever this machine's file has besides localhost: often ip6-loopback and its own name.
    std::ifstream file("/etc/hosts");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string address, alias;
        words >> address;
        while (words >> alias) {
            const auto host = HostName::parse(alias);
            if (!host || host->is_localhost() || !IpAddr::parse(address)) continue;
            CAPTURE(alias);
            const auto answer = asking.resolve(alias);
            REQUIRE(answer.has_value());
            CHECK(std::ranges::find(*answer, ip(address)) != answer->end());
        }
    }
    CHECK(server.query_log().find("query[") == std::string::npos);
}

TEST_CASE("a name that does not exist, or has no address, is not found") {
    hws::test::DnsmasqServer server(
        {"--address=/nowhere.test/", "--local=/text.test/", "--txt-record=text.test,words"});
    Asking asking(server.address());

    CHECK(asking.resolve("nowhere.test").error() == Errc::name_not_found);
    CHECK(asking.resolve("text.test").error() == Errc::name_not_found);
}

TEST_CASE("search domains are off unless the host configures them") {
    hws::test::DnsmasqServer server(
        {"--host-record=short.corp.test,192.0.2.3", "--address=/short/"});
    Asking asking(server.address());
    CHECK(asking.resolve("short").error() == Errc::name_not_found);

    asking.resolver = Resolver::create(*asking.loop, {.servers = {server.address()},
                                                      .search_domains = {"corp.test"},
                                                      .timeout = 2s,
                                                      .tries = 2})
                          .value();
    CHECK(asking.resolve("short").value() == std::vector{ip("192.0.2.3")});
}

TEST_CASE("a server that refuses or fails is told apart from a name that does not exist") {
    hws::test::DnsmasqServer refusing({});
    CHECK(Asking(refusing.address()).resolve("any.test").error() == Errc::resolver_failed);

    FailingServer failing(2); // SERVFAIL
    CHECK(Asking(failing.address()).resolve("any.test").error() == Errc::resolver_failed);
}

TEST_CASE("a silent server ends at the deadline, or at the resolver's own timeout") {
    hws::test::EchoServer silent({.behaviour = hws::test::Behaviour::say_nothing});

    Asking patient(silent.address());
    const auto start = os::Clock::now();
    CHECK(patient.resolve("any.test", 50ms).error() == Errc::timed_out);
    CHECK(os::Clock::now() - start < 1s);

    Asking hasty(silent.address(), 30ms, 1);
    CHECK(hasty.resolve("any.test").error() == Errc::timed_out);
}

TEST_CASE("a query can be given up while it is in flight, and the resolver goes on") {
    hws::test::EchoServer silent({.behaviour = hws::test::Behaviour::say_nothing});
    Asking asking(silent.address(), 50ms, 1);
    {
        auto task = asking.resolver->resolve(name("any.test"), os::no_deadline);
        task.start(*asking.loop);
        CHECK_FALSE(task.is_done());
    }
    // c-ares still has it, and answers into the void.
    CHECK(asking.resolve("other.test").error() == Errc::timed_out);
}

TEST_CASE("a resolver that goes away cancels who still waits") {
    hws::test::EchoServer silent({.behaviour = hws::test::Behaviour::say_nothing});
    Asking asking(silent.address());
    auto task = asking.resolver->resolve(name("any.test"), os::no_deadline);
    auto abandoned = asking.resolver->resolve(name("any.test"), os::no_deadline);
    task.start(*asking.loop);
    abandoned.start(*asking.loop);
    abandoned.cancel();

    asking.resolver.reset();
    asking.loop->run_until([&] { return task.is_done(); });

    CHECK(task.take_result().error() == Errc::canceled);
}

TEST_CASE("a hundred names are resolved at once") {
    hws::test::DnsmasqServer server({"--address=/many.test/192.0.2.5"});
    Asking asking(server.address());
    std::vector<os::Task<std::vector<IpAddr>>> tasks;
    for (int i = 0; i < 100; ++i) {
        tasks.push_back(asking.resolver->resolve(name("n" + std::to_string(i) + ".many.test"),
                                                 os::deadline_after(10s)));
        tasks.back().start(*asking.loop);
    }
    asking.loop->run_until(
        [&] { return std::ranges::all_of(tasks, &os::Task<std::vector<IpAddr>>::is_done); });

    for (auto& task : tasks)
        CHECK(task.take_result().value() == std::vector{ip("192.0.2.5")});
}

TEST_CASE("a name server that is no address with a port is refused") {
    auto loop = os::Loop::create().value();
    for (const char* text : {"127.0.0.1", "ns.test:53", "127.0.0.1:0", ""})
        CHECK(Resolver::create(*loop,
                               {.servers = {text}, .search_domains = {}, .timeout = 1s, .tries = 1})
                  .error() == Errc::invalid_argument);
}

TEST_SUITE_END();
