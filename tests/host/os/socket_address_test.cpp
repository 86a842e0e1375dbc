#include "os/socket_address.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

using namespace hws;
using namespace hws::host::os;

TEST_SUITE_BEGIN("socket address");

TEST_CASE("an address survives the way to the operating system and back") {
    for (const char* text :
         {"0.0.0.0:0", "127.0.0.1:80", "255.255.255.255:65535", "[::]:0", "[::1]:443",
          "[2001:db8::1]:65535", "[fe80::1%7]:1", "[::ffff:1.2.3.4]:5"}) {
        CAPTURE(text);
        SocketAddr address = SocketAddr::parse(text).value();
        if (address.is_ipv6()) address.set_flowinfo(0x12345);
        sockaddr_storage native;
        const auto length = to_native(address, native);
        CHECK(length == (address.is_ipv4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
        CHECK(from_native(native).value() == address);
        CHECK(from_native(reinterpret_cast<const sockaddr*>(&native), length).value() == address);
        CHECK(from_native(reinterpret_cast<const sockaddr*>(&native), length - 1).error() ==
              Errc::family_not_supported);
    }
}

TEST_CASE("what is no IP address is refused") {
    sockaddr_storage native{};
    native.ss_family = AF_UNIX;
    CHECK(from_native(native).error() == Errc::family_not_supported);
    CHECK(from_native(nullptr, 0).error() == Errc::family_not_supported);
}

TEST_SUITE_END();
