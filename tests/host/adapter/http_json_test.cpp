#include "adapter/http_json.hpp"
#include "core/http_client.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

using namespace hws::host;
using Json = nlohmann::json;

namespace {

/// Text and what it stands for in base64, by every length of the last group.
const std::pair<std::string, std::string> bodies[] = {
    {"", ""},         {"f", "Zg=="},        {"fo", "Zm8="},         {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"\xfb\xff\xbf", "+/+/"},
};

core::HttpResponse response(core::HttpHeaders headers, std::string_view body) {
    core::HttpResponse made;
    made.status = 207;
    made.headers = std::move(headers);
    const auto* const first = reinterpret_cast<const std::byte*>(body.data());
    made.body.assign(first, first + body.size());
    return made;
}

} // namespace

TEST_SUITE_BEGIN("http_json");

TEST_CASE("v1's answer has its headers by name, each value in its order, and the body in base64") {
    CHECK(adapter::format_v1_response(
              response({{"x-b", "1"}, {"set-cookie", "a=1"}, {"X-A", "2"}, {"SET-COOKIE", "b=2"}},
                       "hi")) ==
          R"({"status":207,"headers":{"Set-Cookie":["a=1","b=2"],"X-A":["2"],"X-B":["1"]},"body":"aGk="})");
    CHECK(adapter::format_v1_response(response({}, "")) ==
          R"({"status":207,"headers":{},"body":""})");
    for (const auto& [plain, encoded] : bodies)
        CHECK(Json::parse(adapter::format_v1_response(response({}, plain)))["body"] == encoded);
}

TEST_CASE("v1's answer is the JSON that a library would write, whatever the headers hold") {
    const std::string values[] = {"plain", "", "quote \" and \\ slash", "tab\there", "\xc3\xa9",
                                  "no UTF-8 \xff\xfe", "\x7f", std::string(300, 'x'), "a/b~c"};
    const std::string names[] = {"content-type", "X-Y-z", "b", "etag", "x\xff"};
    core::HttpHeaders headers;
    std::map<std::string, std::vector<std::string>> by_name;
    for (std::size_t i = 0; i < 200; ++i) {
        headers.emplace_back(names[i * 7 % std::size(names)], values[i * 5 % std::size(values)]);
        const auto& [name, value] = headers.back();
        static const std::map<std::string, std::string> canonical = {
            {"content-type", "Content-Type"}, {"X-Y-z", "X-Y-Z"}, {"b", "B"}, {"etag", "Etag"},
            {"x\xff", "X\xff"}};
        by_name[canonical.at(name)].push_back(value);
        const std::string expected =
            R"({"status":207,"headers":)" +
            Json(by_name).dump(-1, ' ', false, Json::error_handler_t::replace) +
            R"(,"body":"Zg=="})";
        CHECK(adapter::format_v1_response(response(headers, "f")) == expected);
    }
}

TEST_SUITE_END();
