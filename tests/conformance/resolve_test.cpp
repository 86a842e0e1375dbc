#include "check.hpp"
#include "servers.hpp"

#include <algorithm>

using namespace conformance;
using hws::Errc;
using hws::SocketAddr;

SENTENCE_OF_EVERY_BACKEND("an address resolves to itself") {
    REQUIRE_OK(const auto four, hws::resolve("192.0.2.1:80"));
    CHECK(four == std::vector{SocketAddr(hws::Ipv4Addr(192, 0, 2, 1), 80)});
    REQUIRE_OK(const auto six, hws::resolve("[::1]:0"));
    CHECK(six == std::vector{SocketAddr(hws::Ipv6Addr::localhost, 0)});
}

SENTENCE_OF_EVERY_BACKEND("what is no host:port does not resolve") {
    for (const char* text : {"", "localhost", ":80", "::1:80", "localhost:http"})
        CHECK_ERROR(hws::resolve(text), Errc::invalid_argument);
}

SENTENCE("a name resolves to its addresses with the port") {
    REQUIRE_OK(const auto addresses, hws::resolve("localhost:8080"));
    CHECK(!addresses.empty());
    for (const SocketAddr& address : addresses)
        CHECK(address.ip().is_loopback() && address.port() == 8080);
    CHECK(std::ranges::count(addresses, SocketAddr(hws::Ipv4Addr::localhost, 8080)) == 1);
}

SENTENCE_OF_V1("dialect v1 does not look names up for themselves") {
    CHECK_ERROR(hws::resolve("localhost:80"), Errc::unsupported);
}
