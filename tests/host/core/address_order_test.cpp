#include "core/address_order.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host::core;

namespace {

/// `address source`, without a source where there is no way to it.
Destination destination(std::string_view text) {
    const std::size_t blank = text.find(' ');
    Destination out{IpAddr::parse(text.substr(0, blank)).value(), {}};
    if (blank != std::string_view::npos) out.source = IpAddr::parse(text.substr(blank + 1)).value();
    return out;
}

} // namespace

TEST_SUITE_BEGIN("address order");

TEST_CASE("addresses are tried in the order of RFC 6724") {
    // The better one, then the other: examples of RFC 6724, 10.2, and a case for each rule.
    constexpr std::pair<const char*, const char*> pairs[] = {
        {"198.51.100.121 169.254.13.78", "2001:db8:1::1"}, // rule 1: no way
        {"2001:db8:1::1 2001:db8:1::2", "198.51.100.121 169.254.13.78"},
        {"198.51.100.121 198.51.100.117", "2001:db8:1::1 fe80::1"}, // rule 2: scopes differ
        {"2001:db8:1::1 2001:db8:1::2", "10.1.2.3 10.1.2.4"},       // rule 6: precedence
        {"fe80::1 fe80::2", "2001:db8:1::1 2001:db8:1::2"},         // rule 8: smaller scope
        {"2001:db8:1::1 2001:db8:1::2", "2001:db8:3ffe::1 2001:db8:3f44::2"}, // rule 9
        {"2002:c633:6401::1 2002:c633:6401::2", "2001:db8:1::1 fe80::2"},
        {"2001:db8:1::1 2001:db8:1::2", "2002:c633:6401::1 2002:c633:6401::2"},
        {"::1 ::1", "127.0.0.1 127.0.0.1"},
        {"192.0.2.1 192.0.2.9", "fd00::1 2001:db8::1"},    // rule 5: labels differ
        {"192.0.2.1 192.0.2.9", "2001::1 2001:0:1::2"},    // Teredo is a last resort
        {"192.0.2.1 192.0.2.9", "fec0::1 fec0::2"},        // so is site-local
        {"192.0.2.1 192.0.2.9", "::192.0.2.1 ::192.0.2.9"} // and the compatible form
    };
    for (const auto& [first, second] : pairs) {
        CAPTURE(first);
        CAPTURE(second);
        CHECK(goes_before(destination(first), destination(second)));
        CHECK_FALSE(goes_before(destination(second), destination(first)));
    }
}

TEST_CASE("addresses of IPv4 keep the order in which the server gave them") {
    const Destination near = destination("192.0.2.1 192.0.2.9");
    const Destination far = destination("198.51.100.1 192.0.2.9");
    CHECK_FALSE(goes_before(near, far));
    CHECK_FALSE(goes_before(far, near));
}

TEST_CASE("the system is asked for the source of each address, and none is left out") {
    const Policy policy = Policy::parse({"allow tcp:[::1]:80", "allow tcp:127.0.0.1:80",
                                         "allow tcp:127.0.0.2:80"})
                              .value();
    std::vector<Vetted> peers;
    for (const char* text : {"127.0.0.2:80", "127.0.0.1:80", "[::1]:80"})
        peers.push_back(policy.check(Use::tcp, SocketAddr::parse(text).value()).value());
    order_addresses(peers);
    std::vector<std::string> texts;
    for (const Vetted& peer : peers)
        texts.push_back(peer.address().to_string());
    const bool has_ipv6 = texts.front() == "[::1]:80";
    if (has_ipv6)
        CHECK(texts == std::vector<std::string>{"[::1]:80", "127.0.0.2:80", "127.0.0.1:80"});
    else // a machine without IPv6
        CHECK(texts == std::vector<std::string>{"127.0.0.2:80", "127.0.0.1:80", "[::1]:80"});
}

TEST_SUITE_END();
