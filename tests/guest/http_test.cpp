#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <hws/http.hpp>

using hws::Errc;
using hws::http::Client;

namespace shapes {

// By overloads beside the type.
struct Point {
    int x = 0;
};
static std::string to_json_text(const Point& point) {
    return "[" + std::to_string(point.x) + "]";
}
static hws::Result<void> from_json_text(std::string_view text, Point& into) {
    if (!text.starts_with('[')) return hws::fail(Errc::invalid_argument, "not a point");
    into.x = text[1] - '0';
    return {};
}

// By the adaptor, for one that is somebody else's.
struct Line {
    std::string name;
};

} // namespace shapes

template <> struct hws::http::JsonAdapter<shapes::Line> {
    static std::string to_text(const shapes::Line& line) { return '"' + line.name + '"'; }
    static hws::Result<shapes::Line> from_text(std::string_view text) {
        return shapes::Line{std::string(text)};
    }
};

namespace {

std::vector<std::string> texts(std::span<const std::string> all) {
    return {all.begin(), all.end()};
}

constexpr const char* empty_answer = R"({"status":200,"headers":{},"body":""})";
// "0123456789"
constexpr const char* ten_digits =
    R"({"status":200,"headers":{"Content-Length":["10"]},"body":"MDEyMzQ1Njc4OQ=="})";

struct Collector {
    std::string all;
    std::size_t most = SIZE_MAX;
    hws::Result<void> write_all(std::span<const std::byte> from) {
        if (all.size() + from.size() > most) return hws::fail(Errc::broken_pipe, "full");
        all += hws::text_of(from);
        return {};
    }
};

} // namespace

TEST_CASE("a response has its status, all values of its headers in order, and its body") {
    FakeHost host;
    host.http_answer =
        R"({"status":404,"headers":{"Set-Cookie":["a=1","b=2"],"Content-Type":["text/plain"]},"body":"AP9oaQ=="})";
    auto response = Client().get("http://x/y").header("Accept", "a/\"b\"").send();
    REQUIRE(response);
    CHECK(host.calls.front() == R"(GET http://x/y ["Accept: a/\"b\""] no body)");
    CHECK(response->status() == 404);
    CHECK_FALSE(response->status_is_success());
    CHECK(response->text() == std::string("\0\xffhi", 4));

    CHECK(texts(response->header("set-COOKIE")) == std::vector<std::string>{"a=1", "b=2"});
    CHECK(response->headers().first("content-type") == "text/plain");
    CHECK(response->header("none").empty());
    std::string names;
    for (const auto& [name, values] : response->headers())
        names += name + " ";
    CHECK(names == "Set-Cookie Content-Type ");
}

TEST_CASE("a header map compares names without regard to case, keeps order, sets and forgets") {
    hws::http::HeaderMap headers;
    headers.append("Accept", "a");
    headers.append("Vary", "v");
    headers.append("ACCEPT", "b");
    CHECK(texts(headers.values("accept")) == std::vector<std::string>{"a", "b"});
    headers.set("accept", "c");
    CHECK(texts(headers.values("Accept")) == std::vector<std::string>{"c"});
    CHECK(headers.begin()->name == "Accept");
    headers.set("New", "n");
    headers.remove("vARY");
    headers.remove("none");
    CHECK(headers.size() == 2);
    CHECK_FALSE(headers.contains("Vary"));
}

TEST_CASE("a body is sent as it is, and an empty body is not the same as none") {
    FakeHost host;
    host.http_answer = empty_answer;
    CHECK(Client().post("http://x").body("text").send());
    CHECK(Client().put("http://x").body("").send());
    CHECK(Client().delete_("http://x").send());
    CHECK(Client().options("http://x").send());
    CHECK(Client().head("http://x").send());
    CHECK(host.calls ==
          std::vector<std::string>{"POST http://x [] body text", "PUT http://x [] body ",
                                   "DELETE http://x [] no body", "OPTIONS http://x [] no body",
                                   "HEAD http://x [] no body"});
}

TEST_CASE("a request may be sent again") {
    FakeHost host;
    host.http_answer = empty_answer;
    auto request = Client().post("http://x").body("again");
    CHECK(request.send());
    CHECK(request.send());
    CHECK(host.calls == std::vector<std::string>(2, "POST http://x [] body again"));
}

TEST_CASE("a type becomes JSON by overloads beside it, or by an adaptor") {
    FakeHost host;
    host.http_answer = R"({"status":200,"headers":null,"body":"WzVd"})";
    auto response = Client().patch("http://x").json(shapes::Point{3}).send();
    CHECK(host.calls.back() == R"(PATCH http://x ["Content-Type: application/json"] body [3])");
    REQUIRE(response);
    CHECK(response->json<shapes::Point>()->x == 5);
    CHECK(response->json<shapes::Line>()->name == "[5]");
    CHECK(Client().post("http://x").header("content-type", "a/b").json(shapes::Line{"l"}).send());
    CHECK(host.calls.back() == R"(POST http://x ["content-type: a/b"] body "l")");

    host.http_answer = R"({"status":200,"headers":null,"body":"e30="})";
    CHECK(Client().get("http://x").send()->json<shapes::Point>().error() == Errc::invalid_argument);
}

TEST_CASE("the query is encoded as forms are, and stands before the fragment") {
    FakeHost host;
    host.http_answer = empty_answer;
    const auto url_of = [&](const char* url) {
        CHECK(Client().get(url).query("a b", "c&d=é").query("e", "").send());
        return host.calls.back();
    };
    CHECK(url_of("http://x/") == "GET http://x/?a+b=c%26d%3D%C3%A9&e= [] no body");
    CHECK(url_of("http://x/?") == "GET http://x/?a+b=c%26d%3D%C3%A9&e= [] no body");
    CHECK(url_of("http://x/?q=1") == "GET http://x/?q=1&a+b=c%26d%3D%C3%A9&e= [] no body");
    CHECK(url_of("http://x/?q=1&#f?g") ==
          "GET http://x/?q=1&a+b=c%26d%3D%C3%A9&e=#f?g [] no body");
    CHECK(url_of("http://x#f") == "GET http://x?a+b=c%26d%3D%C3%A9&e=#f [] no body");
}

TEST_CASE("a form is sent with its content type") {
    FakeHost host;
    host.http_answer = empty_answer;
    CHECK(Client().post("http://x").form({{"name", "a b"}, {"and", "&"}, {"name", "c"}}).send());
    CHECK(host.calls.back() ==
          R"(POST http://x ["Content-Type: application/x-www-form-urlencoded"] )"
          "body name=a+b&and=%26&name=c");
}

TEST_CASE("a form with files says its boundary in the content type, whatever was set before") {
    FakeHost host;
    host.http_answer = empty_answer;
    hws::http::Multipart form;
    form.text("title", "t");
    CHECK(Client().post("http://x").header("content-type", "a/b").multipart(form).send());
    CHECK(host.calls.back().starts_with("POST http://x [\"Content-Type: " + form.content_type() +
                                        "\"] body --"));
    form.file("f", "n", "a/b\r\nX: y", "content");
    CHECK(Client().post("http://x").multipart(form).send().error() == Errc::invalid_argument);
}

TEST_CASE("credentials become a header, and what can't be one is not sent") {
    FakeHost host;
    host.http_answer = empty_answer;
    // The examples of RFC 7617, 2 and 2.1.
    CHECK(Client().get("http://x").basic_auth("Aladdin", "open sesame").send());
    CHECK(host.calls.back() ==
          R"(GET http://x ["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="] no body)");
    CHECK(Client().get("http://x").basic_auth("test", "123£").send());
    CHECK(host.calls.back() == R"(GET http://x ["Authorization: Basic dGVzdDoxMjPCow=="] no body)");
    CHECK(Client().get("http://x").bearer_auth("mF_9.B5f-4.1JqM").send());
    CHECK(host.calls.back() == R"(GET http://x ["Authorization: Bearer mF_9.B5f-4.1JqM"] no body)");

    host.calls.clear();
    const auto refused = Client().get("http://x").basic_auth("a:b", "secret").send();
    CHECK(refused.error() == Errc::invalid_argument);
    CHECK_FALSE(refused.error().message().contains("secret"));
    CHECK_FALSE(Client().get("http://x").basic_auth("a", "b\n").send());
    CHECK_FALSE(Client().get("http://x").bearer_auth("").send());
    CHECK_FALSE(Client().get("http://x").bearer_auth("a b").send());
    CHECK_FALSE(Client().get("http://x").bearer_auth("a\r\nX: y").send());
    CHECK(host.calls.empty());
}

TEST_CASE("a client's headers are sent unless the request has one of that name") {
    FakeHost host;
    host.http_answer = empty_answer;
    Client client;
    client.default_header("User-Agent", "mine").default_header("Accept", "a/b");
    CHECK(client.get("http://x").header("accept", "c/d").send());
    CHECK(host.calls.back() == R"(GET http://x ["accept: c/d","User-Agent: mine"] no body)");
    client.default_header("A", "b\r\nC: d");
    CHECK(client.get("http://x").send().error() == Errc::invalid_argument);
}

TEST_CASE("line breaks and other forbidden bytes do not reach the host") {
    FakeHost host;
    CHECK(Client().get("http://x").header("A", "b\r\nC: d").send().error() ==
          Errc::invalid_argument);
    CHECK(Client().get("http://x").header("A", std::string_view("b\0", 2)).send().error() ==
          Errc::invalid_argument);
    CHECK(Client().get("http://x").header("A b", "c").send().error() == Errc::invalid_argument);
    CHECK(Client().get("http://x").header("", "c").send().error() == Errc::invalid_argument);
    CHECK(Client().request("GET /", "http://x").send().error() == Errc::invalid_argument);
    CHECK(Client().get("http://x/ y").send().error() == Errc::bad_url);
    CHECK(Client().get("http://x/\r\ny").send().error() == Errc::bad_url);
    CHECK(Client().get("").send().error() == Errc::bad_url);
    CHECK(host.calls.empty());
}

TEST_CASE("no answer is an error that names the request, and a broken one is a protocol error") {
    FakeHost host;
    CHECK(Client().get("http://x").send().error().message() ==
          "GET http://x (the reason is in the host's log): io");
    for (const char* answer :
         {"", "[]", R"({"status":200,"headers":{},"body":"?"})", R"({"status":200)"}) {
        host.http_answer = answer;
        CHECK(Client().get("http://x").send().error() == Errc::protocol);
    }
}

TEST_CASE("a body can be read piece by piece, and what is left kept, searched and taken as text") {
    FakeHost host;
    host.http_answer = ten_digits;
    auto response = Client().get("http://x").send();
    REQUIRE(response);
    CHECK(response->content_length() == 10);
    std::array<std::byte, 3> room;
    CHECK(response->read(std::span(room).first(0)) == 0);
    CHECK(response->read(room) == 3);
    CHECK(hws::text_of(room) == "012");
    CHECK(response->text() == "3456789");
    CHECK(response->text() == "3456789");
    CHECK(hws::text_of(*response->bytes()) == "3456789");
    CHECK(response->read(room) == 0);
}

TEST_CASE("chunks come in order, none larger than wanted, and end") {
    FakeHost host;
    host.http_answer = ten_digits;
    auto response = Client().get("http://x").send();
    std::string all;
    for (auto& chunk : response->chunks(4)) {
        REQUIRE(chunk);
        all += std::string(hws::text_of(*chunk)) + "|";
    }
    CHECK(all == "0123|4567|89|");
    for (auto& chunk : response->chunks(4))
        FAIL("there is nothing left, but " << chunk.has_value());
}

TEST_CASE("a body is copied to a writer or a function, whose error ends it") {
    FakeHost host;
    host.http_answer = ten_digits;
    Collector collector;
    CHECK(Client().get("http://x").send()->copy_to(collector) == 10);
    CHECK(collector.all == "0123456789");
    collector.most = 5;
    CHECK(Client().get("http://x").send()->copy_to(collector).error() == Errc::broken_pipe);
    std::size_t seen = 0;
    CHECK(Client().get("http://x").send()->copy_to(
              [&](std::span<const std::byte> bytes) -> hws::Result<void> {
                  seen += bytes.size();
                  return {};
              }) == 10);
    CHECK(seen == 10);
}

TEST_CASE("a response is a reader: lines can be taken from it") {
    FakeHost host;
    host.http_answer = R"({"status":200,"headers":{},"body":"YQpi"})";
    auto response = Client().get("http://x").send();
    hws::BufReader reader(*response);
    CHECK(*reader.read_line() == "a");
    CHECK(*reader.read_line() == "b");
    CHECK(*reader.read_line() == std::nullopt);
}

TEST_CASE("more than the wanted size is too_large, also when asked again") {
    FakeHost host;
    host.http_answer = ten_digits;
    CHECK(Client().get("http://x").send()->text(9).error() == Errc::too_large);
    auto response = Client().get("http://x").send();
    CHECK(response->bytes(10));
    CHECK(response->bytes(9).error() == Errc::too_large);
    CHECK(response->json<shapes::Point>(9).error() == Errc::too_large);
    std::string all = "before ";
    CHECK(Client().get("http://x").send()->read_to_end(all, 10) == 10);
    CHECK(all == "before 0123456789");
}

TEST_CASE("error_for_status makes an error of 400 and more, which names the request") {
    FakeHost host;
    host.http_answer = R"({"status":399,"headers":{},"body":""})";
    CHECK(Client().get("http://x").send()->error_for_status());
    host.http_answer = R"({"status":400,"headers":{},"body":""})";
    const auto error = Client().get("http://x/y").send()->error_for_status();
    CHECK(error.error().message() == "GET http://x/y: status 400: bad_status");
}

TEST_CASE("a body comes either from a source or from the caller, not from nobody") {
    FakeHost host;
    const auto source = [](std::span<std::byte>) -> hws::Result<std::size_t> { return 0; };
    CHECK(Client().put("http://x").body_from(source).start().error() == Errc::invalid_argument);
    CHECK(Client().put("http://x").body_from(nullptr).send().error() == Errc::invalid_argument);
    CHECK(Client().put("http://x").stream_body().send().error() == Errc::invalid_argument);
    CHECK(host.calls.empty());
}

TEST_CASE("what dialect v1 has no words for is unsupported, and nothing is sent") {
    using namespace std::chrono_literals;
    using hws::Switch;
    using hws::http::Protocol;
    using hws::http::Redirects;
    FakeHost host;
    const auto code = [](hws::http::RequestBuilder& request) {
        const auto sent = request.send();
        REQUIRE_FALSE(sent);
        CHECK(sent.error().message().contains("dialect v1"));
        return sent.error().code();
    };
    const Client client;
    CHECK(code(client.get("http://x").timeout(1s)) == Errc::unsupported);
    CHECK(code(client.get("http://x").connect_timeout(1s)) == Errc::unsupported);
    CHECK(code(client.get("http://x").idle_timeout(1s)) == Errc::unsupported);
    CHECK(code(client.get("http://x").redirects(Redirects::none())) == Errc::unsupported);
    CHECK(code(client.get("http://x").redirects(Redirects::limited(3))) == Errc::unsupported);
    CHECK(code(client.get("http://x").redirects(Redirects::same_origin())) == Errc::unsupported);
    CHECK(code(client.get("http://x").protocol(Protocol::http_2)) == Errc::unsupported);
    CHECK(code(client.get("http://x").decompression(Switch::off)) == Errc::unsupported);
    CHECK(code(client.get("http://x").cookies(Switch::on)) == Errc::unsupported);
    CHECK(code(client.get("http://x").expect_continue(Switch::on)) == Errc::unsupported);
    const auto source = [](std::span<std::byte>) -> hws::Result<std::size_t> { return 0; };
    CHECK(code(client.put("http://x").body_from(source)) == Errc::unsupported);
    CHECK(client.put("http://x").stream_body().start().error() == Errc::unsupported);
    CHECK(host.calls.empty());

    // The client's options are those of its requests.
    Client strict;
    strict.timeout(1s);
    CHECK(strict.get("http://x").send().error() == Errc::unsupported);

    host.http_answer = empty_answer;
    auto exchange = client.get("http://x").redirects(Redirects::limited(10)).start();
    REQUIRE(exchange);
    CHECK(exchange->as_raw_fd() == -1);
    CHECK(exchange->write("x").error() == Errc::unsupported);
    auto response = exchange->response();
    REQUIRE(response);
    CHECK(response->url().error() == Errc::unsupported);
    CHECK(response->trailers().error() == Errc::unsupported);
    CHECK(response->set_blocking(hws::Blocking::never_waits).error() == Errc::unsupported);
    CHECK(response->set_blocking(hws::Blocking::waits));
}
