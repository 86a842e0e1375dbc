#include "support/nginx_server.hpp"
#include "support/ports.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_server.hpp"
#include "v2_fixture.hpp"

#include <atomic>
#include <filesystem>
#include <future>
#include <openssl/ssl.h>

using namespace hws;
using namespace hws::test;

namespace {

constexpr int tls_failed = 205, reset = 15, protocol = 65;
constexpr std::uint32_t options_at = 1024, name_at = 1100, protocols_at = 1400, info_at = 2048;
constexpr std::uint16_t can_read = abi::v2::poll_events::read,
                        can_write = abi::v2::poll_events::write;

/// A plugin whose host trusts one authority.
struct TlsPlugin : Plugin {
    explicit TlsPlugin(const std::string& ca_file, core::Limits limits = {})
        : Plugin(everything_on_loopback, limits) {
        state.http_options.tls.ca_file = ca_file;
    }

    int start(Fd fd, std::string_view name, std::string_view protocols = {},
              std::chrono::nanoseconds timeout = {}) {
        put(name_at, name);
        put(protocols_at, protocols);
        put_value(options_at,
                  abi::v2::TlsOptions{{name_at, static_cast<std::uint32_t>(name.size())},
                                      {protocols.empty() ? 0 : protocols_at,
                                       static_cast<std::uint32_t>(protocols.size())},
                                      static_cast<std::uint64_t>(timeout.count())});
        return number(v2::tls_start(state, fd, {options_at}));
    }
    Fd secured(const std::string& address, std::string_view name = "web.test",
               std::string_view protocols = {}) {
        const Fd fd = connected(address);
        REQUIRE(start(fd, name, protocols) == ok);
        return fd;
    }
    int info_number(Fd fd) { return number(v2::tls_info(state, fd, {info_at})); }
    abi::v2::TlsInfo info(Fd fd) {
        REQUIRE(info_number(fd) == ok);
        return load<abi::v2::TlsInfo>(info_at);
    }
    std::string chosen_protocol(Fd fd) {
        const auto facts = info(fd);
        return {facts.protocol, facts.protocol_bytes};
    }
    std::string receive_to_end(Fd fd) {
        std::string all;
        for (;;) {
            const Got got = receive(fd, 60'000);
            REQUIRE(got.number == ok);
            if (got.bytes == 0) return all;
            all += got.text;
        }
    }
};

void echo(TlsPeer& peer) {
    for (std::string text = peer.receive(); !text.empty(); text = peer.receive())
        peer.send(text);
    peer.say_farewell();
}

std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i)
        text[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
    return text;
}

} // namespace

TEST_CASE("a stream that was upgraded speaks TLS, and what was plain goes on the same way") {
    CertificateAuthority authority;
    const Certificate certificate = authority.issue("DNS:web.test,IP:127.0.0.1");
    const std::string port = std::to_string(free_port());
    NginxServer nginx({.server = "",
                       .http = "server { listen 127.0.0.1:" + port +
                               " ssl http2; ssl_protocols TLSv1.3; ssl_certificate " +
                               certificate.file + "; ssl_certificate_key " + certificate.key_file +
                               "; root @PREFIX@/www; }"});
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.connected("127.0.0.1:" + port);
    const SocketAddr local = plugin.local(fd);
    CHECK(plugin.info_number(fd) == notconn);
    REQUIRE(plugin.start(fd, "web.test", "\x08http/1.1") == ok);

    CHECK(plugin.local(fd) == local);
    const auto facts = plugin.info(fd);
    CHECK(facts.version == 0x0304);
    CHECK(std::string_view(facts.cipher_name).starts_with("TLS_"));
    CHECK(plugin.chosen_protocol(fd) == "http/1.1");
    REQUIRE(plugin.number(v2::tls_certificate(plugin.state, fd, {data_at, 4}, {result_at})) == ok);
    CHECK(plugin.result() > 200);
    CHECK(plugin.text(data_at, 2) == "\x30\x82"); // a sequence of DER, longer than 255 bytes

    CHECK(plugin.send(fd, "GET / HTTP/1.0\r\n\r\n").number == ok);
    const std::string answer = plugin.receive_to_end(fd);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("hello from nginx\n"));

    CHECK(plugin.chosen_protocol(
              plugin.secured("127.0.0.1:" + port, "web.test", "\x02h2\x08http/1.1")) == "h2");
    CHECK(plugin.chosen_protocol(plugin.secured("127.0.0.1:" + port, "127.0.0.1")).empty());
}

TEST_CASE("a server that cannot prove its name is refused, and nothing plain follows") {
    CertificateAuthority authority, stranger("another authority");
    using Validity = CertificateAuthority::Validity;
    const struct {
        Certificate certificate;
        std::string name;
        std::string reason;
    } cases[] = {
        {authority.issue("DNS:web.test"), "other.test", "hostname mismatch"},
        {authority.issue("DNS:web.test"), "127.0.0.1", "IP address mismatch"},
        {authority.issue("DNS:*.test"), "a.web.test", "hostname mismatch"},
        {authority.issue("DNS:w*.test"), "web.test", "hostname mismatch"},
        {authority.issue("DNS:web.test", Validity::is_over), "web.test", "expired"},
        {authority.issue_self_signed("DNS:web.test"), "web.test", "self-signed"},
        {stranger.issue("DNS:web.test"), "web.test", "unable to get local issuer"},
    };
    for (const auto& one : cases) {
        CAPTURE(one.reason);
        std::atomic<bool> was_reached = false;
        TlsServer server({.certificate = one.certificate, .newest_version = 0x0303},
                         [&](TlsPeer&) { was_reached = true; });
        TlsPlugin plugin(authority.file());
        const Fd fd = plugin.connected(server.address());
        CHECK(plugin.start(fd, one.name) == tls_failed);
        CHECK(plugin.last_error().find(one.reason) != std::string::npos);
        CHECK(plugin.info_number(fd) == tls_failed);
        CHECK(plugin.send(fd, "secret").number == tls_failed);
        CHECK(plugin.receive(fd).number == tls_failed);
        CHECK((plugin.poll(fd, can_read) & abi::v2::poll_events::error) != 0);
        CHECK(plugin.get(fd, Option::error) == tls_failed);
        CHECK(plugin.start(fd, "web.test") == is_connected);
        CHECK(plugin.close(fd) == ok);
        CHECK_FALSE(was_reached);
    }
    TlsServer server({.certificate = authority.issue("DNS:web.test,IP:127.0.0.1")}, echo);
    TlsPlugin trusting(authority.file());
    for (const char* name : {"web.test", "WEB.test.", "127.0.0.1"})
        CHECK(trusting.close(trusting.secured(server.address(), name)) == ok);
    TlsPlugin of_the_system("");
    CHECK(of_the_system.start(of_the_system.connected(server.address()), "web.test") == tls_failed);
    CHECK(of_the_system.last_error().find("unable to get local issuer") != std::string::npos);
    TlsPlugin misconfigured("/nowhere/ca.pem");
    CHECK(misconfigured.start(misconfigured.connected(server.address()), "web.test") == tls_failed);
    CHECK(misconfigured.last_error().find("nowhere") == std::string::npos);
}

TEST_CASE("a CA file that has changed is read again, and one that went bad changes nothing") {
    CertificateAuthority authority, successor("its successor");
    const Certificate certificate = successor.issue("DNS:web.test");
    TlsServer server({.certificate = certificate}, echo); // one connection after another
    TlsServer other({.certificate = certificate}, echo);
    const TemporaryFolder folder;
    const auto trusted = folder.path() / "ca.pem";
    const auto trust = [&](const std::string& file) {
        std::filesystem::copy_file(file, folder.path() / "new.pem",
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::rename(folder.path() / "new.pem", trusted);
    };
    trust(authority.file());
    TlsPlugin plugin(trusted);
    CHECK(plugin.start(plugin.connected(server.address()), "web.test") == tls_failed);
    trust(successor.file());
    const Fd before = plugin.secured(server.address());
    folder.write("ca.pem", "no certificate at all\n");
    const Fd meanwhile = plugin.secured(other.address());
    trust(authority.file());
    TlsServer third({.certificate = certificate}, echo);
    CHECK(plugin.start(plugin.connected(third.address()), "web.test") == tls_failed);
    for (const Fd fd : {before, meanwhile}) { // go on
        CHECK(plugin.send(fd, "hello").number == ok);
        CHECK(plugin.receive(fd).text == "hello");
    }
}

TEST_CASE("TLS older than 1.2, and what is no TLS at all, ends the handshake") {
    CertificateAuthority authority;
    TlsPlugin plugin(authority.file());
    TlsServer old({.certificate = authority.issue("DNS:web.test"), .newest_version = 0x0301}, echo);
    CHECK(plugin.start(plugin.connected(old.address()), "web.test") == tls_failed);
    TlsServer newer({.certificate = authority.issue("DNS:web.test"), .newest_version = 0x0303},
                    echo);
    CHECK(plugin.info(plugin.secured(newer.address())).version == 0x0303);

    NginxServer plain;
    CHECK(plugin.start(plugin.connected(plain.address()), "web.test") == tls_failed);

    NativeSocket silent = NativeSocket::listener();
    const Fd waiting = plugin.connected(silent.name());
    CHECK(plugin.start(waiting, "web.test", {}, 30ms) == timed_out);
    CHECK(plugin.send(waiting, "secret").number == timed_out);

    NativeSocket closing = NativeSocket::listener();
    const Fd cut = plugin.connected(closing.name());
    auto gone = std::async(std::launch::async, [&] {
        NativeSocket peer = closing.accept();
        peer.receive(1);
        peer.reset();
    });
    CHECK(plugin.start(cut, "web.test") == reset);
}

TEST_CASE("the host's certificate is shown to a server that asks for one, and to no other") {
    CertificateAuthority authority;
    const Certificate own = authority.issue("DNS:plugin.test");
    TlsServer asking(
        {.certificate = authority.issue("DNS:web.test"), .client_ca_file = authority.file()},
        [&](TlsPeer& peer) { peer.send("hello " + peer.client_name()); });
    TlsPlugin plugin(authority.file());
    plugin.state.http_options.tls.certificate_file = own.file;
    plugin.state.http_options.tls.key_file = own.key_file;
    CHECK(plugin.receive(plugin.secured(asking.address())).text == "hello plugin.test");

    // In TLS 1.3 the server's refusal comes after the handshake.
    TlsPlugin nameless(authority.file());
    const Fd fd = nameless.connected(asking.address());
    REQUIRE(nameless.start(fd, "web.test") == ok);
    CHECK(nameless.receive(fd).number == tls_failed);
    CHECK(nameless.last_error().find("certificate required") != std::string::npos);
}

TEST_CASE("only the peer's farewell is the end of the stream; a cut is an error") {
    CertificateAuthority authority;
    const Certificate certificate = authority.issue("DNS:web.test");
    TlsServer cutting({.certificate = certificate}, [](TlsPeer& peer) { peer.send("half"); });
    TlsServer polite({.certificate = certificate}, [](TlsPeer& peer) {
        peer.send("whole");
        peer.say_farewell();
    });
    TlsPlugin plugin(authority.file());
    Fd fd = plugin.secured(cutting.address());
    CHECK(plugin.receive(fd).text == "half");
    CHECK(plugin.receive(fd).number == reset);
    CHECK(plugin.last_error().find("close_notify") != std::string::npos);
    CHECK(plugin.receive(fd).number == reset);
    fd = plugin.secured(polite.address());
    CHECK(plugin.receive_to_end(fd) == "whole");
    CHECK(plugin.receive(fd).number == ok);
}

TEST_CASE("STARTTLS: a plain conversation goes over to TLS, but not with words put in before it") {
    CertificateAuthority authority;
    const Certificate certificate = authority.issue("DNS:mail.test");
    const auto greet = [](TlsPeer& peer) {
        peer.send_plain("220 mail.test\r\n");
        CHECK(peer.receive_plain_line() == "STARTTLS\r\n");
    };
    TlsServer mail({.certificate = certificate,
                    .prelude =
                        [&](TlsPeer& peer) {
                            greet(peer);
                            peer.send_plain("220 go ahead\r\n");
                        }},
                   [](TlsPeer& peer) {
                       CHECK(peer.receive() == "EHLO plugin\r\n");
                       peer.send("250 mail.test\r\n");
                   });
    TlsPlugin plugin(authority.file());
    const auto ask = [&](const std::string& address, std::string_view answer) {
        const Fd fd = plugin.connected(address);
        CHECK(plugin.receive_all(fd, 15) == "220 mail.test\r\n");
        plugin.send(fd, "STARTTLS\r\n");
        CHECK(plugin.receive_all(fd, static_cast<std::uint32_t>(answer.size())) == answer);
        return fd;
    };
    Fd fd = ask(mail.address(), "220 go ahead\r\n");
    REQUIRE(plugin.start(fd, "mail.test") == ok);
    plugin.send(fd, "EHLO plugin\r\n");
    CHECK(plugin.receive(fd).text == "250 mail.test\r\n");

    TlsServer attacked({.certificate = certificate,
                        .prelude =
                            [&](TlsPeer& peer) {
                                greet(peer);
                                peer.send_plain("220 go ahead\r\n250 I am trusted\r\n");
                            }},
                       [](TlsPeer&) { FAIL_CHECK("no handshake was to be expected"); });
    fd = ask(attacked.address(), "220 go ahead\r\n");
    CHECK(plugin.start(fd, "mail.test") == protocol);
    // It is still the plain stream that it was.
    CHECK(plugin.receive(fd).text == "250 I am trusted\r\n");
    plugin.close(fd);
}

TEST_CASE("a descriptor that does not wait upgrades while the plugin polls") {
    CertificateAuthority authority;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, echo);
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.connected(server.address());
    plugin.set_non_blocking(fd);
    CHECK(plugin.start(fd, "web.test") == in_progress);
    CHECK(plugin.start(fd, "web.test") == already);
    CHECK(plugin.info_number(fd) == again);
    CHECK(plugin.send(fd, "early").number == again);
    CHECK(plugin.receive(fd).number == again);
    CHECK(plugin.poll(fd, can_write, 20s) == can_write);
    CHECK(plugin.info(fd).version == 0x0304);
    CHECK(plugin.start(fd, "web.test") == is_connected);
    CHECK(plugin.receive(fd).number == again);
    CHECK(plugin.send(fd, "now").number == ok);
    CHECK(plugin.poll(fd, can_read, 20s) == can_read);
    CHECK(plugin.receive(fd).text == "now");

    const Fd refused = plugin.connected(server.address());
    plugin.set_non_blocking(refused);
    // The server takes one after the other.
    plugin.close(fd);
    CHECK(plugin.start(refused, "other.test") == in_progress);
    CHECK((plugin.poll(refused, can_write, 20s) & can_write) != 0);
    CHECK(plugin.info_number(refused) == tls_failed);
}

TEST_CASE("poll, peek and FIONREAD tell of bytes that are decrypted and no longer in the socket") {
    CertificateAuthority authority;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, [](TlsPeer& peer) {
        peer.send("0123456789");
        peer.receive();
    });
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.secured(server.address());
    CHECK(plugin.receive(fd, 1).text == "0");
    CHECK(plugin.poll(fd, can_read) == can_read);
    REQUIRE(plugin.number(v2::bytes_readable(plugin.state, fd, {result_at})) == ok);
    CHECK(plugin.result() == 9);
    CHECK(plugin.receive(fd, 3, abi::v2::receive_flags::peek).text == "123");
    REQUIRE(plugin.number(v2::duplicate(plugin.state, fd, 0, {result_at})) == ok);
    const Fd copy = plugin.load<Fd>(result_at);
    CHECK(plugin.receive(copy, 4).text == "1234");
    CHECK(plugin.close(fd) == ok);
    CHECK(plugin.receive(copy, 100).text == "56789");
    CHECK(plugin.poll(copy, can_read) == 0);
    CHECK(plugin.receive(copy, 100, abi::v2::receive_flags::dont_wait).number == again);
    CHECK(plugin.send(copy, "done").number == ok);
}

TEST_CASE("each direction ends by itself") {
    CertificateAuthority authority;
    std::promise<bool> heard;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, [&](TlsPeer& peer) {
        const std::string all = peer.receive(100);
        heard.set_value(all == "question" && peer.has_farewell());
        peer.send("answer");
        peer.say_farewell();
    });
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.secured(server.address());
    plugin.send(fd, "question");
    REQUIRE(plugin.number(v2::socket_shutdown(plugin.state, fd, abi::v2::Half::write)) == ok);
    CHECK(plugin.send(fd, "more").number == broken_pipe);
    CHECK(plugin.receive_to_end(fd) == "answer");
    CHECK(heard.get_future().get());
}

TEST_CASE("megabytes go both ways at once through poll, and none is lost") {
    CertificateAuthority authority;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, echo);
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.secured(server.address());
    plugin.set_non_blocking(fd);
    const std::string all = pattern(std::size_t{4} << 20);
    std::string back;
    std::size_t sent = 0;
    while (back.size() < all.size()) {
        const bool wants_write = sent < all.size();
        const auto ready = plugin.poll(
            fd, static_cast<std::uint16_t>(can_read | (wants_write ? can_write : 0)), 20s);
        REQUIRE(ready != 0);
        if (wants_write && (ready & can_write)) {
            const Sent step = plugin.send(fd, std::string_view(all).substr(sent, 100'000));
            REQUIRE((step.number == ok || step.number == again));
            sent += step.bytes;
        }
        if (ready & can_read) {
            const Got got = plugin.receive(fd, 100'000);
            REQUIRE((got.number == ok || got.number == again));
            back += got.text;
        }
    }
    CHECK(back == all);
}

TEST_CASE("a call that may wait sends everything, and closing at once loses nothing") {
    CertificateAuthority authority;
    std::promise<void> is_closed;
    std::promise<std::string> heard;
    bool has_farewell = false;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, [&](TlsPeer& peer) {
        is_closed.get_future().wait();
        std::string all;
        for (std::string text = peer.receive(); !text.empty(); text = peer.receive())
            all += text;
        has_farewell = peer.has_farewell();
        heard.set_value(all);
    });
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.secured(server.address());
    plugin.set_non_blocking(fd);
    const std::string piece = pattern(100'000);
    std::string all;
    for (;;) {
        const Sent sent = plugin.send(fd, piece);
        if (sent.number == again) break;
        REQUIRE(sent.number == ok);
        all += piece.substr(0, sent.bytes);
    }
    CHECK(plugin.close(fd) == ok);
    is_closed.set_value();
    auto outcome = heard.get_future();
    // The loop sends what was left.
    while (outcome.wait_for(0s) != std::future_status::ready)
        plugin.number(v2::poll(plugin.state, {data_at, 0}, 1'000'000, {result_at}));
    CHECK(outcome.get() == all);
    CHECK(has_farewell);
}

TEST_CASE("a server that sends tickets without end holds up nobody, and what follows them arrives") {
    CertificateAuthority authority;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, [](TlsPeer& peer) {
        for (int i = 0; i < 2000; ++i) {
            SSL_new_session_ticket(peer.ssl());
            SSL_do_handshake(peer.ssl());
        }
        peer.send("at last");
        peer.receive();
    });
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.secured(server.address());
    CHECK(plugin.receive(fd, 100, abi::v2::receive_flags::dont_wait).number == again);
    CHECK(plugin.poll(fd, can_read, 20s) == can_read);
    CHECK(plugin.receive(fd).text == "at last");
}

TEST_CASE("small buffers of one call travel together, and large ones need no room of their own") {
    CertificateAuthority authority;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, [](TlsPeer& peer) {
        peer.send(std::to_string(peer.receive().size()));
        peer.receive();
    });
    TlsPlugin plugin(authority.file());
    const Fd fd = plugin.secured(server.address());
    plugin.put(data_at, pattern(3000));
    std::vector<abi::v2::Iovec> pieces;
    for (std::uint32_t i = 0; i < 300; ++i)
        pieces.push_back({data_at + 10 * i, 10});
    REQUIRE(plugin.number(v2::socket_send(plugin.state, fd, plugin.iovecs(pieces), 0, {},
                                          {result_at})) == ok);
    CHECK(plugin.result() == 3000);
    CHECK(plugin.receive(fd).text == "3000");
}

TEST_CASE("what cannot be upgraded says so and stays what it was") {
    CertificateAuthority authority;
    TlsServer server({.certificate = authority.issue("DNS:web.test")}, echo);
    TlsPlugin plugin(authority.file());
    CHECK(plugin.start(Fd{77}, "web.test") == badf);
    CHECK(plugin.start(plugin.open_datagram(), "web.test") == notsup);
    CHECK(plugin.start(plugin.open(), "web.test") == notconn);
    CHECK(plugin.start(plugin.listening(), "web.test") == notconn);
    CHECK(plugin.start(plugin.pair().first, "web.test") == notsup);
    const Fd fd = plugin.connected(server.address());
    CHECK(plugin.start(fd, "") == bad_name);
    CHECK(plugin.start(fd, "no name") == bad_name);
    CHECK(plugin.start(fd, std::string_view("web\0test", 8)) == bad_name);
    CHECK(plugin.start(fd, "web.test", "\x05h2") == inval);
    CHECK(plugin.start(fd, "web.test", std::string_view("\0", 1)) == inval);
    plugin.put_value(options_at, abi::v2::TlsOptions{{name_at, 8}, {0xfffffff0u, 64}, 0});
    CHECK(plugin.number(v2::tls_start(plugin.state, fd, {options_at})) == fault);
    plugin.put_value(options_at, abi::v2::TlsOptions{{name_at, 8}, {protocols_at, 1025}, 0});
    CHECK(plugin.number(v2::tls_start(plugin.state, fd, {options_at})) == inval);
    CHECK(plugin.number(v2::tls_start(plugin.state, fd, {0})) == fault);
    REQUIRE(plugin.start(fd, "web.test") == ok);
    CHECK(plugin.set(fd, Option::receive_low_water, 100) == noprotoopt);
    CHECK(plugin.set(fd, Option::no_delay, 1) == ok);
    CHECK(plugin.number(v2::socket_connect(plugin.state, fd, plugin.at(server.address()))) ==
          is_connected);
    plugin.put_value(address_at, Address{});
    CHECK(plugin.number(v2::socket_connect(plugin.state, fd, {address_at})) == notsup);
    CHECK(plugin.number(v2::tls_info(plugin.state, fd, {0})) == fault);
    CHECK(plugin.send(fd, "still there").number == ok);
    CHECK(plugin.receive(fd).text == "still there");
}
