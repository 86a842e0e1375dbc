#include "support/nginx_server.hpp"
#include "support/ports.hpp"
#include "support/redis_server.hpp"
#include "support/test_client.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace hws::test;

TEST_CASE("a server that ends instead of accepting is reported with its own words") {
    Process process({"sh", "-c", "echo out of order >&2; exit 3"});
    CHECK_THROWS_WITH_AS(wait_until_accepting(free_port(), process),
                         "the server ended with code 3 before it accepted: out of order\n",
                         std::runtime_error);
}

TEST_CASE("redis answers on its own port until its owner is gone") {
    std::uint16_t port = 0;
    {
        RedisServer redis;
        port = redis.port();
        CHECK(exchange("127.0.0.1", port, "PING\r\nSET a 1\r\nGET a\r\nQUIT\r\n") ==
              "+PONG\r\n+OK\r\n$1\r\n1\r\n+OK\r\n");
        CHECK(redis.process().is_running());
    }
    CHECK_THROWS_AS(exchange("127.0.0.1", port, "PING\r\n"), std::runtime_error);
}

TEST_CASE("redis takes options of its own") {
    RedisServer redis({"--requirepass", "secret"});
    CHECK(exchange("127.0.0.1", redis.port(), "PING\r\nQUIT\r\n").starts_with("-NOAUTH"));
}

TEST_CASE("nginx serves a test's files and locations, and logs which connection was used") {
    NginxOptions options;
    options.server = "location /two-cookies { add_header Set-Cookie a=1; add_header Set-Cookie "
                     "b=2; return 200 'port @PORT@'; }";
    NginxServer nginx(options);
    nginx.write("file.txt", "content of a file");

    const std::string answer =
        exchange("127.0.0.1", nginx.port(),
                 "GET /file.txt HTTP/1.1\r\nHost: x\r\n\r\n"
                 "GET /two-cookies HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    CHECK(answer.contains("content of a file"));
    CHECK(answer.contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
    CHECK(answer.contains("port " + std::to_string(nginx.port())));
    CHECK(nginx.process().stop() == 0);
    // Connection 1 was the fixture's own, which found out that nginx accepts.
    CHECK(nginx.access_log() == "2 1 GET /file.txt 200\n2 2 GET /two-cookies 200\n");
}

TEST_CASE("nginx' own message is given for a configuration it refuses") {
    NginxOptions options;
    options.server = "no_such_directive on;";
    try {
        const NginxServer nginx(options);
        FAIL("it started");
    } catch (const std::runtime_error& error) {
        CHECK(std::string(error.what()).contains("unknown directive \"no_such_directive\""));
    }
}

TEST_CASE("nginx runs with a master process when asked, and leaves no worker behind") {
    NginxOptions options;
    options.with_master_process = true;
    NginxServer nginx(options);
    CHECK(exchange("127.0.0.1", nginx.port(), "GET / HTTP/1.0\r\n\r\n")
              .ends_with("hello from nginx\n"));
    CHECK(nginx.process().stop() == 0);
    CHECK_THROWS_AS(exchange("127.0.0.1", nginx.port(), "GET / HTTP/1.0\r\n\r\n"),
                    std::runtime_error);
}
