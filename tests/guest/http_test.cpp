#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <hws/http.hpp>

using hws::Errc;
using hws::http::Client;

namespace {
struct Point {
    int x = 0;
};
} // namespace
template <> struct hws::http::JsonAdapter<Point> {
    static std::string to_text(const Point& point) { return "[" + std::to_string(point.x) + "]"; }
    static hws::Result<Point> from_text(std::string_view text) {
        if (!text.starts_with('[')) return hws::fail(Errc::invalid_argument, "not a point");
        return Point{text[1] - '0'};
    }
};

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

    const auto cookies = response->header("set-COOKIE");
    CHECK(std::vector<std::string>(cookies.begin(), cookies.end()) ==
          std::vector<std::string>{"a=1", "b=2"});
    CHECK(response->headers().first("content-type") == "text/plain");
    CHECK(response->header("none").empty());
    std::string names;
    for (const auto& [name, values] : response->headers())
        names += name + " ";
    CHECK(names == "Set-Cookie Content-Type ");
}

TEST_CASE("a body is sent as it is, and an empty body is not the same as none") {
    FakeHost host;
    host.http_answer = R"({"status":200,"headers":{},"body":""})";
    CHECK(Client().post("http://x").body("text").send());
    CHECK(Client().put("http://x").body("").send());
    CHECK(Client().delete_("http://x").send());
    CHECK(host.calls == std::vector<std::string>{"POST http://x [] body text",
                                                 "PUT http://x [] body ",
                                                 "DELETE http://x [] no body"});
}

TEST_CASE("JSON goes out with its content type, once, and comes in by its adaptor") {
    FakeHost host;
    host.http_answer = R"({"status":200,"headers":null,"body":"WzVd"})";
    auto response = Client().patch("http://x").json(Point{3}).send();
    CHECK(host.calls.back() == R"(PATCH http://x ["Content-Type: application/json"] body [3])");
    REQUIRE(response);
    CHECK(response->json<Point>()->x == 5);
    CHECK(Client().post("http://x").header("content-type", "a/b").json("{}").send());
    CHECK(host.calls.back() == R"(POST http://x ["content-type: a/b"] body {})");
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
