#include "core/http_descriptor.hpp"
#include "support/canned_server.hpp"
#include "support/certificates.hpp"
#include "support/echo_server.hpp"
#include "support/resources.hpp"
#include "support/nginx_server.hpp"
#include "support/packing.hpp"
#include "support/ports.hpp"
#include "v2_http_fixture.hpp"

#include <atomic>
#include <future>
#include <set>
#include <sstream>
#include <thread>

using namespace hws;
using namespace hws::test;
using namespace hws::abi::v2;

TEST_SUITE_BEGIN("v2_http");

TEST_CASE_FIXTURE(Browser, "version tells of HTTP") {
    REQUIRE(number(v2::version(state, {result_at}, {data_at})) == ok);
    CHECK((load<Features>(data_at) & features::http) != 0);
}

TEST_CASE_FIXTURE(Browser, "an exchange gives the head, then the body, then its end") {
    NginxServer nginx;
    const Fd fd = started({.url = nginx.url("/index.html")});

    const HttpHead got = head(fd);

    CHECK(got.status == 200);
    CHECK(got.version == 11);
    CHECK(got.body_bytes == 17);
    CHECK(got.redirects == 0);
    CHECK(value(fd, "Content-Length") == "17");
    CHECK(fields(fd).size() >= 2);
    CHECK(url(fd) == nginx.url("/index.html"));
    CHECK(read(fd, 5).text == "hello");
    CHECK(body(fd) == " from nginx\n");
    CHECK(read(fd).bytes == 0);
    CHECK(close(fd) == ok);
}

TEST_CASE_FIXTURE(Browser, "poll tells of the head, of the body and of its end") {
    NginxServer nginx;
    const Fd fd = started({.url = nginx.url("/index.html")});
    CHECK(poll(fd, poll_events::read, 10s) == poll_events::read);
    set_non_blocking(fd);
    CHECK(head(fd).status == 200);
    CHECK(poll(fd, poll_events::read, 10s) == poll_events::read);
    CHECK(read(fd).text == "hello from nginx\n");
    CHECK(poll(fd, poll_events::read, 10s) == poll_events::read);
    CHECK(read(fd).bytes == 0);
}

TEST_CASE_FIXTURE(Browser, "a non-blocking exchange would block before its head has come") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    const Fd fd = started({.url = "http://" + silent.address() + "/"});
    set_non_blocking(fd);
    CHECK(head_number(fd) == again);
    CHECK(read(fd).number == again);
    CHECK(number(v2::http_fields(state, fd, HttpFields::head, {data_at, 10}, {result_at})) ==
          again);
    CHECK(poll(fd, poll_events::read) == 0);
    CHECK(close(fd) == ok);
}

TEST_CASE_FIXTURE(Browser, "a streamed body of known and of unknown length arrives whole") {
    NginxServer nginx({.server = "location /up { proxy_pass http://127.0.0.1:@PORT@/count; } "
                                 "location /count { client_body_in_single_buffer on; return 200 "
                                 "$content_length; }",
                       .http = ""});
    const std::string piece(50'000, 'x');
    for (const std::uint64_t length : {std::uint64_t{500'000}, std::uint64_t{no_limit}}) {
        const Fd fd = started({.method = "POST", .url = nginx.url("/up"), .more = streaming(length)});
        for (int i = 0; i < 10; ++i)
            CHECK(write(fd, piece).bytes == piece.size());
        CHECK(end_request(fd) == ok);
        CHECK(write(fd, "more").number == broken_pipe);
        CHECK(head(fd).status == 200);
        CHECK(body(fd) == "500000");
        CHECK(close(fd) == ok);
    }
}

TEST_CASE_FIXTURE(Browser, "nobody reads a streamed body: the plugin waits, and little is buffered") {
    NativeSocket listener = NativeSocket::listener();
    const Fd fd = started({.method = "PUT", .url = "http://" + listener.name() + "/",
                           .more = streaming()});
    set_non_blocking(fd);
    std::size_t taken = 0;
    // All buffers on the way are full when nothing moves for a moment; a moment too short is seen
    // by the first of them.
    while (poll(fd, poll_events::write, taken <= 64 << 10 ? 10s : 20ms) == poll_events::write)
        taken += write(fd, std::string(64 << 10, 'x')).bytes;
    // Ours, libcurl's, and those of the system's two sockets.
    CHECK(taken > 64 << 10);
    CHECK(taken < std::size_t{16} << 20);
    CHECK(write(fd, "x").number == again);
}

TEST_CASE_FIXTURE(Browser, "a streamed body may not end early, nor be longer than it was said to be") {
    NginxServer nginx;
    // nginx refuses a PUT by its head alone, which might be here first.
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    const Fd early = started(
        {.method = "PUT", .url = "http://" + silent.address() + "/", .more = streaming(10)});
    CHECK(write(early, "12345").bytes == 5);
    CHECK(end_request(early) == inval);
    CHECK(head_number(early) == inval);
    const Fd late = started({.method = "PUT", .url = nginx.url("/"), .more = streaming(4)});
    CHECK(write(late, "1234").bytes == 4);
    CHECK(write(late, "5").number == too_large);
    const Fd none = started({.url = nginx.url("/")});
    CHECK(write(none, "x").number == not_capable);
    CHECK(end_request(none) == notsup);
}

TEST_CASE_FIXTURE(Browser, "what the policy denies is denied at once, and nobody is asked") {
    NativeSocket canary = NativeSocket::listener("127.0.0.2:0");
    CHECK(start({.url = "http://" + canary.name() + "/"}) == denied);
    CHECK(start({.url = "https://127.0.0.1:1/"}) == denied);
    CHECK_FALSE(canary.has_visitor());
    CHECK(denials.size() == 2);
    CHECK(state.descriptors.open_count() == 0);
}

TEST_CASE_FIXTURE(Browser, "a malformed request is told at once, each mistake by its own error") {
    const std::string url = "http://127.0.0.1:1/";
    CHECK(start({.url = "ftp://127.0.0.1/"}) == bad_url);
    CHECK(start({.url = "http://127.0.0.1/\r\nX: y"}) == bad_url);
    CHECK(start({.method = "GET /", .url = url}) == inval);
    CHECK(start({.method = "CONNECT", .url = url}) == inval);
    CHECK(start({.method = std::string(65, 'X'), .url = url}) == too_large);
    using Field = std::pair<std::string, std::string>;
    for (const Field& field :
         {Field{"Host", "other"}, Field{"Connection", "close"}, Field{"Transfer-Encoding", "x"},
          Field{"Upgrade", "h2c"}, Field{"TE", "gzip"}, Field{"Content-Length", "3"},
          Field{"Expect", "wonders"}, Field{"X", "a\r\nb"}, Field{"X\n", "a"}, Field{"", "a"},
          Field{"X Y", "a"}, Field{"X:", "a"}})
        CHECK(start({.url = url, .fields = {field}}) == inval);
    HttpRequest wrong;
    wrong.flags = 1 << 20;
    CHECK(start({.url = url, .more = wrong}) == notsup);
    wrong.flags = http_flags::http1_only | http_flags::http2_prior_knowledge;
    CHECK(start({.url = url, .more = wrong}) == inval);
    wrong.flags = 0;
    wrong.redirect = static_cast<HttpRedirect>(7);
    CHECK(start({.url = url, .more = wrong}) == inval);
    wrong.redirect = HttpRedirect::none;
    wrong.body_kind = static_cast<HttpBody>(7);
    CHECK(start({.url = url, .more = wrong}) == inval);
    wrong.body_kind = HttpBody::memory;
    put_value(address_at, wrong);
    CHECK(number(v2::http_start(state, {0}, {result_at})) == fault);
    CHECK(number(v2::http_start(state, {address_at}, {0})) == fault);
    for (Iovec HttpRequest::*part :
         {&HttpRequest::method, &HttpRequest::url, &HttpRequest::fields, &HttpRequest::body}) {
        wrong = {};
        wrong.body_kind = HttpBody::memory;
        put(data_at, "GET" + url);
        wrong.method = {data_at, 3};
        wrong.url = {data_at + 3, static_cast<std::uint32_t>(url.size())};
        wrong.*part = {0xffff'fff0, 32};
        put_value(address_at, wrong);
        CHECK(number(v2::http_start(state, {address_at}, {result_at})) == fault);
        wrong.*part = {data_at, 0xffff'ffff};
        put_value(address_at, wrong);
        CHECK(number(v2::http_start(state, {address_at}, {result_at})) == too_large);
    }
    CHECK(state.descriptors.open_count() == 0);
}

TEST_CASE("a request beyond a limit of the host is too large, part by part") {
    core::Limits limits;
    limits.http_header_bytes = 1000;
    limits.http_request_bytes = 1000;
    Browser browser(http_on_loopback, limits);
    const std::string url = "http://127.0.0.1:1/";
    CHECK(browser.start({.url = url, .fields = {{"X", std::string(1000, 'x')}}}) == too_large);
    CHECK(browser.start({.url = url, .body = std::string(1001, 'x')}) == too_large);
    CHECK(browser.start({.url = url + std::string(70'000, 'x')}) == too_large);
}

TEST_CASE_FIXTURE(Browser, "the other rows of HTTP take exchanges only, and exchanges no other rows") {
    const Fd socket = open();
    CHECK(head_number(socket) == notsock);
    CHECK(head_number(Fd{99}) == badf);
    CHECK(number(v2::http_fields(state, socket, HttpFields::head, {data_at, 1}, {result_at})) ==
          notsock);
    NginxServer nginx;
    const Fd fd = started({.url = nginx.url()});
    CHECK(number(v2::http_head(state, fd, {0})) == fault);
    CHECK(head(fd).status == 200);
    CHECK(number(v2::http_fields(state, fd, static_cast<HttpFields>(9), {data_at, 1},
                                 {result_at})) == inval);
    CHECK(number(v2::http_fields(state, fd, HttpFields::head, {0xffff'0000, 1 << 20},
                                 {result_at})) == fault);
    CHECK(number(v2::socket_peer_address(state, fd, {address_at})) == notsock);
    CHECK(send(fd, "x").number == notsock);
}

TEST_CASE_FIXTURE(Browser, "informational answers are kept for who asks, and so are trailers") {
    CannedServer server("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
                        "HTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n"
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n"
                        "5\r\nhello\r\n0\r\nT: 1\r\nU: 2\r\n\r\n");
    const Fd fd = started({.url = server.url()});
    CHECK(head(fd).status == 200);
    using Texts = std::vector<std::string>;
    CHECK(fields(fd, HttpFields::informational) ==
          Texts{":status", "103", "Link", "a", ":status", "103", "Link", "b"});
    CHECK(load<HttpHead>(address_at).informational_bytes == 38);
    CHECK(load<HttpHead>(address_at).body_bytes == no_limit);
    CHECK(body(fd) == "hello");
    CHECK(fields(fd, HttpFields::trailers) == Texts{"T", "1", "U", "2"});
}

TEST_CASE_FIXTURE(Browser, "redirects are answers, or followed, or followed within the origin") {
    NginxServer nginx({.server = "location /here { return 302 /index.html; } "
                                 "location /loop { return 302 /loop; } "
                                 "location /away { return 302 http://127.0.0.1:1/; }",
                       .http = ""});
    const auto redirected = [&](std::string_view path, HttpRedirect redirect,
                                std::uint32_t most = 5) {
        HttpRequest more;
        more.redirect = redirect;
        more.max_redirects = most;
        return started({.url = nginx.url(path), .more = more});
    };
    CHECK(head(redirected("/here", HttpRedirect::none)).status == 302);
    const Fd followed = redirected("/here", HttpRedirect::limited);
    CHECK(head(followed).status == 200);
    CHECK(load<HttpHead>(address_at).redirects == 1);
    CHECK(url(followed) == nginx.url("/index.html"));
    CHECK(body(followed) == "hello from nginx\n");
    CHECK(head_number(redirected("/here", HttpRedirect::limited, 0)) == too_many_redirects);
    CHECK(head_number(redirected("/loop", HttpRedirect::same_origin)) == too_many_redirects);
    CHECK(head(redirected("/here", HttpRedirect::same_origin)).status == 200);
    const Fd kept = redirected("/away", HttpRedirect::same_origin);
    CHECK(head(kept).status == 302);
    CHECK(value(kept, "Location") == "http://127.0.0.1:1/");
    CHECK(head_number(redirected("/away", HttpRedirect::limited)) == refused);
}

TEST_CASE_FIXTURE(Browser, "methods change at redirects as the Fetch standard says") {
    NginxServer nginx({.server = "location ~ ^/r/(?<code>[0-9]+)$ { rewrite ^ /r$code last; } "
                                 "location /r301 { return 301 /show; } "
                                 "location /r302 { return 302 /show; } "
                                 "location /r303 { return 303 /show; } "
                                 "location /r307 { return 307 /show; } "
                                 "location /show { return 200 "
                                 "'$request_method $content_length $content_type'; }",
                       .http = ""});
    const auto shown = [&](std::string method, std::string_view path) {
        HttpRequest more;
        more.redirect = HttpRedirect::limited;
        more.max_redirects = 5;
        const Fd fd = started({.method = std::move(method), .url = nginx.url(path),
                               .fields = {{"Content-Type", "t/t"}}, .body = "xyz", .more = more});
        CHECK(head(fd).status == 200);
        return body(fd);
    };
    CHECK(shown("POST", "/r/301") == "GET  ");
    CHECK(shown("POST", "/r/302") == "GET  ");
    CHECK(shown("PUT", "/r/302") == "PUT 3 t/t");
    CHECK(shown("PUT", "/r/303") == "GET  ");
    CHECK(shown("POST", "/r/307") == "POST 3 t/t");
}

TEST_CASE_FIXTURE(Browser, "a redirect that asks for a streamed body again is an error") {
    NginxServer nginx({.server = "location /r { return 307 /index.html; }", .http = ""});
    HttpRequest more = streaming();
    more.redirect = HttpRedirect::limited;
    more.max_redirects = 5;
    const Fd fd = started({.method = "POST", .url = nginx.url("/r"), .more = more});
    write(fd, "x");
    end_request(fd);
    CHECK(head_number(fd) == notsup);
}

TEST_CASE_FIXTURE(Browser, "timeouts: of all, of silence; bytes that trickle and a plugin that does "
                           "not read are no silence") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    HttpRequest more;
    more.total_timeout = 5'000'000;
    const Fd all = started({.url = "http://" + silent.address() + "/", .more = more});
    CHECK(head_number(all) == timed_out);
    CHECK(read(all).number == timed_out);
    more = {};
    more.idle_timeout = 5'000'000;
    CHECK(head_number(started({.url = "http://" + silent.address() + "/", .more = more})) ==
          timed_out);

    const auto sleep = [&](std::chrono::nanoseconds time) {
        (void)os::run(loop, [](os::Loop& its_loop, auto how_long) -> os::Task<> {
            co_await os::sleep_until(its_loop, os::deadline_after(how_long));
            co_return Result<void>();
        }(loop, time));
    };
    // On a busy machine a server may be silent by mistake: then once more with more patience. What
    // is wrong stays wrong.
    const auto with_patience = [&](auto&& test) {
        std::chrono::nanoseconds idle = 20ms;
        for (int attempt = 0; attempt < 7; ++attempt, idle *= 2) {
            more.idle_timeout = static_cast<std::uint64_t>(idle.count());
            if (test(idle)) return true;
        }
        return false;
    };
    CannedServer stalling([](CannedConnection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        connection.is_left();
    });
    CHECK(with_patience([&](std::chrono::nanoseconds) {
        const Fd fd = started({.url = stalling.url(), .more = more});
        return head_number(fd) == ok && read(fd).text == "abc" && end_of_body(fd) == timed_out;
    }));

    std::atomic<std::chrono::nanoseconds> pause = 0ns;
    CannedServer dripping([&](CannedConnection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        for (int i = 0; i < 5; ++i) {
            std::this_thread::sleep_for(pause.load());
            connection.send("x");
        }
    });
    CHECK(with_patience([&](std::chrono::nanoseconds idle) {
        pause = idle / 3;
        const Fd fd = started({.url = dripping.url(), .more = more});
        return head_number(fd) == ok && body_or_nothing(fd) == "xxxxx";
    }));

    NginxServer nginx;
    nginx.write("big", std::string(std::size_t{4} << 20, 'x'));
    CHECK(with_patience([&](std::chrono::nanoseconds idle) {
        const Fd unread = started({.url = nginx.url("/big"), .more = more});
        if (head_number(unread) != ok) return false;
        sleep(idle * 3);
        return body_or_nothing(unread).size() == std::size_t{4} << 20;
    }));
}

TEST_CASE_FIXTURE(Browser, "a plugin that ends takes its exchanges along") {
    NginxServer nginx;
    nginx.write("big", std::string(std::size_t{4} << 20, 'x'));
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    CHECK(head(started({.url = nginx.url("/big")})).status == 200);
    started({.url = "http://" + silent.address() + "/"});
    started({.method = "PUT", .url = nginx.url("/"), .more = streaming()});
}

TEST_CASE_FIXTURE(Browser, "broken answers have an error of their own, and the host goes on") {
    const auto outcome = [&](std::string answer) {
        CannedServer server(std::move(answer));
        const Fd fd = started({.url = server.url()});
        const int at_head = head_number(fd);
        const int outcome_of = at_head != ok ? at_head : end_of_body(fd);
        close(fd);
        return outcome_of;
    };
    CHECK(outcome("") == reset);
    CHECK(outcome("nonsense\r\n\r\n") == protocol);
    CHECK(outcome("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") == reset);
    CHECK(outcome("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == protocol);
    CHECK(outcome("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab") == reset);
    CHECK(outcome("HTTP/1.0 200 OK\r\n\r\nto the end") == ok);
    std::string endless = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 10'000; ++i)
        endless += "X-Padding: " + std::string(50, 'x') + "\r\n";
    CHECK(outcome(endless) == too_large);
}

TEST_CASE("methods and paths of the policy hold for each hop of a redirect") {
    NginxServer nginx({.server = "location /open/away { return 302 /closed/x; } "
                                 "location /open/post { return 303 /open/here; } "
                                 "location /open/here { return 200 here; }",
                       .http = ""});
    Browser browser({"allow http:127.0.0.1:* GET /open", "allow http:127.0.0.1:* POST /open/post"});
    HttpRequest more;
    more.redirect = HttpRedirect::limited;
    more.max_redirects = 3;
    CHECK(browser.head(browser.started({.url = nginx.url("/open/here")})).status == 200);
    CHECK(browser.start({.url = nginx.url("/closed/x")}) == denied);
    CHECK(browser.start({.method = "POST", .url = nginx.url("/open/here")}) == denied);
    CHECK(browser.head_number(browser.started({.url = nginx.url("/open/away"), .more = more})) ==
          denied);
    CHECK(nginx.access_log().find("/closed") == std::string::npos);
    const Fd fd = browser.started({.method = "POST", .url = nginx.url("/open/post"), .more = more});
    CHECK(browser.head(fd).status == 200);
}

TEST_CASE_FIXTURE(Browser, "a denied redirect is counted once, though nobody asks for the head") {
    NginxServer nginx({.server = "location / { return 302 http://127.0.0.2/x; }", .http = ""});
    std::vector<std::string> reasons;
    state.denial_sink = [&](std::string_view operation, std::string_view reason) {
        reasons.push_back(std::string(operation) + " " + std::string(reason));
    };
    HttpRequest more;
    more.redirect = HttpRedirect::limited;
    more.max_redirects = 3;
    const Fd fd = started({.url = nginx.url("/"), .more = more});
    loop.run_until([&] { return state.statistics.denials > 0; });
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0].starts_with("http_start http 127.0.0.2:80: no rule allows it"));
    for (int i = 0; i < 2; ++i)
        CHECK(head_number(fd) == denied);
    const auto told = state.descriptors
                          .find_as<core::HttpDescriptor>(
                              static_cast<core::DescriptorNumber>(fd.number))
                          .value()
                          ->peek_head();
    REQUIRE_FALSE(told.has_value());
    state.note_failure("http_head", told.error()); // as the row's binding does
    CHECK(state.statistics.denials == 1);
}

TEST_CASE("a packed body is unpacked for who asks, up to a limit of its size") {
    NginxServer nginx({.server = "gzip on; gzip_types *; gzip_min_length 1;", .http = ""});
    nginx.write("text", std::string(50'000, 'x'));
    nginx.write("bomb", std::string(std::size_t{8} << 20, 'x'));
    core::Limits limits;
    limits.http_body_bytes = 1 << 20;
    Browser browser(http_on_loopback, limits);
    const HttpRequest more = unpacking();
    const Fd text = browser.started({.url = nginx.url("/text"), .more = more});
    CHECK(browser.head(text).body_bytes == no_limit);
    CHECK_FALSE(browser.value(text, "Content-Encoding").has_value());
    CHECK(browser.body(text) == std::string(50'000, 'x'));
    const Fd bomb = browser.started({.url = nginx.url("/bomb"), .more = more});
    CHECK(browser.head(bomb).status == 200);
    CHECK(browser.end_of_body(bomb) == too_large);
    // Not unpacked, it is as large as it likes: the plugin takes it piece by piece.
    const Fd plain = browser.started({.url = nginx.url("/bomb")});
    CHECK(browser.body(plain).size() == std::size_t{8} << 20);
}

TEST_CASE_FIXTURE(Browser, "every coding that is asked for is unpacked, one upon the other, too") {
    std::string text;
    for (int i = 0; text.size() < 300'000; ++i)
        text += "line " + std::to_string(i) + "\n";
    for (const auto& [codings, packed] :
         {std::pair<std::string, std::string>{"gzip", gzip(text)},
          {"x-gzip", gzip(text)},
          {"deflate", zlib_deflate(text)},
          {"deflate", bare_deflate(text)},
          {"br", brotli(text)},
          {"zstd", zstd(text)},
          {"gzip, br", brotli(gzip(text))},
          {"zstd\r\nContent-Encoding: identity\r\ncontent-encoding: gzip", gzip(zstd(text))}}) {
        CAPTURE(codings);
        CannedServer server("HTTP/1.1 200 OK\r\nContent-Encoding: " + codings +
                            "\r\nContent-Length: " + std::to_string(packed.size()) +
                            "\r\n\r\n" + packed);
        const Fd fd = started({.url = server.url(), .more = unpacking()});
        CHECK(head(fd).body_bytes == no_limit);
        CHECK_FALSE(value(fd, "Content-Encoding").has_value());
        CHECK(body(fd) == text);
        CHECK(read(fd).bytes == 0);
        CHECK(close(fd) == ok);
        const auto asked_for = [&] { return server.heads().back(); };
        CHECK(asked_for().find("\r\nAccept-Encoding: deflate, gzip, br, zstd\r\n") !=
              std::string::npos);
        // Who does not ask for it gets it as it is.
        const Fd plain = started({.url = server.url()});
        CHECK(body(plain) == packed);
        CHECK(value(plain, "Content-Length") == std::to_string(packed.size()));
        CHECK(asked_for().find("Accept-Encoding") == std::string::npos);
        const Fd own = started({.url = server.url(), .fields = {{"accept-encoding", "br"}},
                                .more = unpacking()});
        CHECK(body(own) == packed);
        CHECK(asked_for().find("\r\naccept-encoding: br\r\n") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(Browser, "a body that is packed badly is a protocol error that says what is wrong") {
    const std::string text(1000, 'x');
    const auto end_of = [&](std::string_view codings, const std::string& packed) {
        CannedServer server("HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(codings) +
                            "\r\nContent-Length: " + std::to_string(packed.size()) +
                            "\r\n\r\n" + packed);
        const Fd fd = started({.url = server.url(), .more = unpacking()});
        CHECK(head(fd).status == 200);
        int end = ok;
        std::string seen;
        for (;;) {
            const Got got = read(fd);
            end = got.number;
            if (end != ok || got.bytes == 0) break;
            seen += got.text;
        }
        CHECK(text.starts_with(seen));
        CHECK(read(fd).number == end);
        CHECK(close(fd) == ok);
        return end;
    };
    const std::string packed = gzip(text);
    CHECK(end_of("gzip", packed) == ok);
    CHECK(end_of("gzip", "") == ok);
    CHECK(end_of("gzip", packed.substr(0, packed.size() - 1)) == protocol);
    CHECK(end_of("gzip", packed + "more") == protocol);
    CHECK(end_of("gzip", text) == protocol);
    CHECK(end_of("br", packed) == protocol);
    CHECK(end_of("zstd", packed) == protocol);
    CHECK(end_of("zstd", zstd(std::string(1 << 20, 'x'), 27)) == too_large);
    CHECK(end_of("compress", packed) == protocol);
    CHECK(end_of("compress", "") == ok);
    CHECK(end_of("gzip, gzip, gzip, gzip", packed) == protocol);
    // That the connection broke says more than that the body is cut short.
    CannedServer server("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n" +
                        packed);
    CHECK(end_of_body(started({.url = server.url(), .more = unpacking()})) == reset);
}

TEST_CASE_FIXTURE(Browser, "poll tells of a packed body only when something comes of it") {
    const std::string packed = gzip("hello");
    std::promise<void> gate;
    CannedServer server([&](CannedConnection& connection) {
        connection.read_head();
        // gzip's own head says nothing.
        connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                        std::to_string(packed.size()) + "\r\n\r\n" + packed.substr(0, 10));
        gate.get_future().wait_for(10s);
        connection.send(packed.substr(10));
    });
    const Fd fd = started({.url = server.url(), .more = unpacking()});
    set_non_blocking(fd);
    CHECK(poll(fd, poll_events::read, 10s) == poll_events::read);
    CHECK(head(fd).status == 200);
    CHECK(poll(fd, poll_events::read, 20ms) == 0);
    CHECK(read(fd).number == again);
    gate.set_value();
    CHECK(poll(fd, poll_events::read, 10s) == poll_events::read);
    CHECK(read(fd, 1).text == "h");
    CHECK(poll(fd, poll_events::read) == poll_events::read);
    CHECK(read(fd, 3).text == "ell");
    CHECK(poll(fd, poll_events::read) == poll_events::read);
    CHECK(read(fd).text == "o");
    CHECK(poll(fd, poll_events::read, 10s) == poll_events::read);
    CHECK(read(fd).bytes == 0);
}

TEST_CASE_FIXTURE(Browser, "a body packed for the sake of work gives others their turn, and ends") {
    // Eight MiB of stored blocks without content (RFC 1951, 3.2.4) in between.
    std::string nothing("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    while (nothing.size() < 8 << 20)
        nothing.append("\0\0\0\xff\xff", 5);
    nothing.append("\x03\0", 2).append(8, '\0');
    const std::string packed = gzip(nothing);
    CannedServer server("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: " +
                        std::to_string(packed.size()) + "\r\n\r\n" + packed);
    const Fd fd = started({.url = server.url(), .more = unpacking()});
    CHECK(head(fd).status == 200);
    int rounds = 0;
    auto other = [](int& count) -> os::Task<> {
        for (;; ++count)
            co_await os::yield_now();
    }(rounds);
    other.start(loop);
    CHECK(body(fd).empty());
    CHECK(rounds > 8);
    // The same by polling.
    const Fd polled = started({.url = server.url(), .more = unpacking()});
    set_non_blocking(polled);
    CHECK(poll(polled, poll_events::read, 10s) == poll_events::read);
    CHECK(head(polled).status == 200);
    CHECK(poll(polled, poll_events::read, 10s) == poll_events::read);
    CHECK(read(polled).bytes == 0);
}

TEST_CASE_FIXTURE(Browser, "a transfer coding that nobody asked for is an error, not unpacked") {
    // libcurl would unpack it beyond any limit of ours.
    const std::string packed = gzip(std::string(10'000, 'x'));
    CannedServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n" + packed);
    CHECK(head_number(started({.url = server.url(), .more = unpacking()})) == protocol);
    CHECK(head_number(started({.url = server.url()})) == protocol);
}

TEST_CASE_FIXTURE(Browser, "cookies are kept for requests that want them, and sent by no other") {
    NginxServer nginx({.server = "location /set { add_header Set-Cookie a=1; return 200 ok; } "
                                 "location /show { return 200 '$http_cookie'; }",
                       .http = ""});
    HttpRequest jar;
    jar.flags = http_flags::keep_cookies;
    CHECK(body(started({.url = nginx.url("/set")})) == "ok");
    CHECK(body(started({.url = nginx.url("/show"), .more = jar})).empty());
    CHECK(body(started({.url = nginx.url("/set"), .more = jar})) == "ok");
    CHECK(body(started({.url = nginx.url("/show"), .more = jar})) == "a=1");
    CHECK(body(started({.url = nginx.url("/show")})).empty());
}

namespace {

/// An nginx that speaks HTTP/2, without TLS and over it.
struct Http2Server {
    /// `server`: for both; `tls`: for the one over TLS; `plain`: for one that speaks HTTP/1.1.
    explicit Http2Server(const std::string& server = {}, const std::string& tls = {},
                         const std::string& plain = {})
        : nginx({.server = plain,
                 .http = "server { listen 127.0.0.1:" + std::to_string(plain_port) +
                         " http2; root @PREFIX@/www; " + server +
                         " } server { listen 127.0.0.1:" + std::to_string(tls_port) +
                         " ssl http2; ssl_certificate " + certificate.file +
                         "; ssl_certificate_key " + certificate.key_file +
                         "; root @PREFIX@/www; " + tls + server + " }"}) {}
    std::string plain_url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(plain_port) + path;
    }
    std::string tls_url(const std::string& path = "/") const {
        return "https://127.0.0.1:" + std::to_string(tls_port) + path;
    }
    int connections() const {
        std::set<std::string> numbers;
        std::istringstream lines(nginx.access_log());
        for (std::string line; std::getline(lines, line);)
            numbers.insert(line.substr(0, line.find(' ')));
        return static_cast<int>(numbers.size());
    }

    CertificateAuthority authority;
    Certificate certificate = authority.issue("IP:127.0.0.1");
    int plain_port = free_port();
    int tls_port = free_port();
    NginxServer nginx;
};

HttpRequest with_flags(HttpFlags flags) {
    HttpRequest more;
    more.flags = flags;
    return more;
}

} // namespace

TEST_CASE_FIXTURE(Browser, "HTTP/2 works by prior knowledge, with trailers and bodies either way") {
    // nginx sends a length with what it does not pack.
    Http2Server server("location /long { add_trailer T 1; } "
                       "location /end { add_trailer T 1; add_trailer U 2; gzip on; gzip_types *; "
                       "gzip_min_length 1; } location /up { proxy_pass http://127.0.0.1:@PORT@; }",
                       {}, "location /up { client_body_in_single_buffer on; return 200 "
                           "'$request_method $content_length'; }");
    server.nginx.write("end", "the end\n");
    server.nginx.write("long", "the end\n");
    HttpRequest more = with_flags(http_flags::http2_prior_knowledge | http_flags::decompress);
    for (int i = 0; i < 3; ++i) {
        const Fd fd = started({.url = server.plain_url(), .more = more});
        CHECK(head(fd).version == 20);
        CHECK(body(fd) == "hello from nginx\n");
        CHECK(close(fd) == ok);
    }
    CHECK(server.connections() == 1);
    const Fd with_length = started({.url = server.plain_url("/long"), .more = more});
    CHECK(head(with_length).body_bytes == 8);
    CHECK(body(with_length) == "the end\n");
    CHECK(value(with_length, "t", HttpFields::trailers) == "1");
    const Fd ended = started({.url = server.plain_url("/end"), .more = more});
    CHECK(body(ended) == "the end\n");
    CHECK(value(ended, "t", HttpFields::trailers) == "1");
    CHECK(value(ended, "u", HttpFields::trailers) == "2");
    const Fd posted = started({.method = "POST", .url = server.plain_url("/up"), .body = "hello",
                               .more = more});
    CHECK(body(posted) == "POST 5");
    more = streaming();
    more.flags = http_flags::http2_prior_knowledge;
    const Fd streamed = started({.method = "PUT", .url = server.plain_url("/up"), .more = more});
    for (int i = 0; i < 10; ++i)
        CHECK(write(streamed, std::string(50'000, 'x')).bytes == 50'000);
    CHECK(end_request(streamed) == ok);
    CHECK(body(streamed) == "PUT 500000");
}

TEST_CASE("HTTP/2 is agreed on over TLS, where the plugin does not want 1.1") {
    Http2Server server;
    Browser browser({"allow https:127.0.0.1:*"});
    browser.state.http_options.tls.ca_file = server.authority.file();
    const Fd newer = browser.started({.url = server.tls_url()});
    CHECK(browser.head(newer).version == 20);
    CHECK(browser.body(newer) == "hello from nginx\n");
    const Fd older = browser.started(
        {.url = server.tls_url(), .more = with_flags(http_flags::http1_only)});
    CHECK(browser.head(older).version == 11);
    CHECK(browser.body(older) == "hello from nginx\n");
    Browser distrustful({"allow https:127.0.0.1:*"});
    CHECK(distrustful.head_number(distrustful.started({.url = server.tls_url()})) == tls_failed);
}

TEST_CASE("the host's certificate is shown to a server that asks for one") {
    CertificateAuthority of_clients("authority of clients");
    Http2Server server("location /who { return 200 '$ssl_client_verify $ssl_client_s_dn'; } ",
                       "ssl_verify_client on; ssl_client_certificate " + of_clients.file() + "; ");
    const auto answer_to = [&](const core::TlsOptions& tls) {
        Browser browser({"allow https:127.0.0.1:*"});
        browser.state.http_options.tls = tls;
        const Fd fd = browser.started({.url = server.tls_url("/who")});
        return std::to_string(browser.head(fd).status) + " " + browser.body(fd);
    };
    const auto mine = of_clients.issue("DNS:plugin.test");
    CHECK(answer_to({.ca_file = server.authority.file(),
                     .certificate_file = mine.file,
                     .key_file = mine.key_file}) == "200 SUCCESS CN=plugin.test");
    CHECK(answer_to({.ca_file = server.authority.file()}).starts_with("400 "));
    CertificateAuthority stranger;
    const auto strange = stranger.issue("DNS:plugin.test");
    CHECK(answer_to({.ca_file = server.authority.file(),
                     .certificate_file = strange.file,
                     .key_file = strange.key_file})
              .starts_with("400 "));
}

TEST_CASE("an HTTP/2 exchange that nobody reads holds up no other, and is little in memory") {
    Http2Server server;
    constexpr std::size_t size = std::size_t{64} << 20;
    server.nginx.write("big", std::string(size, 'x'));
    Browser browser({"allow https:127.0.0.1:*"});
    browser.state.http_options.tls.ca_file = server.authority.file();
    const auto bytes_of_body = [&](Fd fd) {
        std::size_t all = 0;
        for (;;) {
            const Got got = browser.read(fd);
            REQUIRE(got.number == ok);
            if (got.bytes == 0) return all;
            all += got.bytes;
        }
    };
    const Fd unread = browser.started({.url = server.tls_url("/big")});
    CHECK(browser.head(unread).version == 20);
    const Fd other = browser.started({.url = server.tls_url("/big")});
    CHECK(browser.head(other).version == 20);
    const ResidentPeak memory;
    CHECK(bytes_of_body(other) == size);
    CHECK(memory.growth_bytes() < std::size_t{8} << 20);
    CHECK(bytes_of_body(unread) == size);
}

TEST_CASE("what a packed body unfolds to is made only as it is read") {
    // As a rule of gzip, members in a row are one body: 16 times 64 MiB.
    std::string packed;
    {
        const std::string member = gzip(std::string(std::size_t{64} << 20, '\0'));
        for (int i = 0; i < 16; ++i)
            packed += member;
    }
    CannedServer server("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                        std::to_string(packed.size()) + "\r\n\r\n" + packed);
    core::Limits limits;
    limits.http_body_bytes = std::size_t{2} << 30;
    Browser browser(http_on_loopback, limits);
    const ResidentPeak memory;
    const Fd fd = browser.started({.url = server.url(), .more = unpacking()});
    CHECK(browser.head(fd).status == 200);
    for (int i = 0; i < 1000; ++i)
        REQUIRE(browser.read(fd).bytes == 64 << 10);
    CHECK(browser.poll(fd, poll_events::read) == poll_events::read);
    CHECK(memory.growth_bytes() < std::size_t{2} << 20);
}

TEST_CASE_FIXTURE(Browser, "answers without a body end at once, whatever length they name") {
    CannedServer server([](CannedConnection& connection) {
        for (std::string head; !(head = connection.read_head()).empty();) {
            const std::string_view line = std::string_view(head).substr(0, head.find("\r\n"));
            if (line.starts_with("HEAD"))
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            else if (line.find("/204") != line.npos)
                connection.send("HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n");
            else if (line.find("/304") != line.npos)
                connection.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n"
                                "Content-Encoding: gzip\r\nETag: \"e\"\r\n\r\n");
            else
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    for (const HttpRequest& more : {HttpRequest{}, unpacking()}) {
        const Fd head_only = started({.method = "HEAD", .url = server.url(), .more = more});
        CHECK(head(head_only).body_bytes == 1'000'000);
        CHECK(body(head_only).empty());
        const Fd none = started({.url = server.url("/204"), .more = more});
        CHECK(head(none).status == 204);
        CHECK(body(none).empty());
        const Fd unchanged = started({.url = server.url("/304"), .more = more});
        CHECK(head(unchanged).status == 304);
        CHECK(value(unchanged, "ETag") == "\"e\"");
        CHECK(body(unchanged).empty());
        CHECK(body(started({.url = server.url(), .more = more})).empty());
    }
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(Browser, "HTTP/1.0: the connection ends the body, or a length does and it goes on") {
    CannedServer server([](CannedConnection& connection) {
        if (connection.number() == 0) {
            connection.read_head();
            connection.send("HTTP/1.0 200 OK\r\n\r\nto the end");
            return;
        }
        while (!connection.read_head().empty())
            connection.send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
                            "Content-Length: 5\r\n\r\nhello");
    });
    const Fd closing = started({.url = server.url()});
    CHECK(head(closing).version == 10);
    CHECK(load<HttpHead>(address_at).body_bytes == no_limit);
    CHECK(body(closing) == "to the end");
    for (int i = 0; i < 3; ++i) {
        const Fd kept = started({.url = server.url()});
        CHECK(head(kept).version == 10);
        CHECK(body(kept) == "hello");
    }
    CHECK(server.connections() == 2);
}

TEST_CASE_FIXTURE(Browser, "a body that waits for 100 Continue is sent after it, and not at all after a "
                           "refusal") {
    for (const bool is_streamed : {false, true}) {
        CAPTURE(is_streamed);
        const auto posted = [&](const std::string& url) {
            HttpRequest more = is_streamed ? streaming(5) : HttpRequest{};
            more.flags = http_flags::expect_continue;
            const Fd fd = started({.method = "POST", .url = url,
                                   .body = is_streamed ? "" : "hello", .more = more});
            if (is_streamed) {
                CHECK(write(fd, "hello").bytes == 5);
                CHECK(end_request(fd) == ok);
            }
            return fd;
        };
        CannedServer willing([](CannedConnection& connection) {
            const bool is_asked =
                connection.read_head().find("\r\nExpect: 100-continue\r\n") != std::string::npos;
            connection.send("HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n");
            const std::string body = connection.read(5);
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" +
                            (is_asked ? body : "nobody asked"));
        });
        const Fd fd = posted(willing.url());
        CHECK(head(fd).status == 200);
        CHECK(fields(fd, HttpFields::informational) ==
              std::vector<std::string>{":status", "100", "X", "1"});
        CHECK(body(fd) == "hello");

        for (const char* refusal : {"417 Expectation Failed", "413 Content Too Large"}) {
            std::promise<std::string> more;
            CannedServer refusing([&](CannedConnection& connection) {
                connection.read_head();
                connection.send("HTTP/1.1 " + std::string(refusal) +
                                "\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!");
                more.set_value(connection.read(1));
            });
            const Fd refused_one = posted(refusing.url());
            const bool is_expectation = refusal[2] == '7';
            CHECK(head(refused_one).status == (is_expectation ? 417 : 413));
            CHECK(body(refused_one) == (is_expectation ? "" : "no!"));
            CHECK(close(refused_one) == ok);
            CHECK(refusing.connections() == 1);
            CHECK(more.get_future().get() == "");
        }
    }
}

TEST_SUITE_END();
