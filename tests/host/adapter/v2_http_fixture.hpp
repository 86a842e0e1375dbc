#pragma once
/// A plugin of dialect v2 without wasm (v2_fixture.hpp) that speaks HTTP.

#include "v2_fixture.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws::test {

using abi::v2::HttpBody;
using abi::v2::HttpFields;
using abi::v2::HttpHead;
using abi::v2::HttpRequest;
using abi::v2::Iovec;
using abi::v2::no_limit;

constexpr int too_large = 202, too_many_redirects = 204, bad_url = 206,
              not_capable = 76, protocol = 65, reset = 15, tls_failed = 205;

const std::vector<std::string> http_on_loopback = {"allow http:127.0.0.1:*"};

struct Ask {
    std::string method = "GET";
    std::string url{};
    std::vector<std::pair<std::string, std::string>> fields{};
    std::string body{};
    HttpRequest more{};
};

/// A plugin that speaks HTTP.
struct Browser : Plugin {
    explicit Browser(const std::vector<std::string>& rules = http_on_loopback,
                     core::Limits limits = {}, core::ResolverOptions resolving = {})
        : Plugin(rules, limits, std::move(resolving)) {}

    int start(const Ask& ask) {
        std::string text;
        HttpRequest wire = ask.more;
        const auto append = [&](std::string_view part) {
            const Iovec place{static_cast<std::uint32_t>(data_at + text.size()),
                              static_cast<std::uint32_t>(part.size())};
            text += part;
            return place;
        };
        wire.method = append(ask.method);
        wire.url = append(ask.url);
        std::string fields;
        for (const auto& [name, value] : ask.fields)
            fields.append(name).append(1, '\0').append(value).append(1, '\0');
        wire.fields = append(fields);
        if (!ask.body.empty()) {
            wire.body = append(ask.body);
            wire.body_kind = HttpBody::memory;
        }
        put(data_at, text);
        put_value(address_at, wire);
        return number(v2::http_start(state, {address_at}, {result_at}));
    }
    Fd started(const Ask& ask) {
        REQUIRE(start(ask) == ok);
        return load<Fd>(result_at);
    }
    int head_number(Fd fd) { return number(v2::http_head(state, fd, {address_at})); }
    HttpHead head(Fd fd) {
        REQUIRE(head_number(fd) == ok);
        return load<HttpHead>(address_at);
    }
    std::vector<std::string> fields(Fd fd, HttpFields which = HttpFields::head) {
        REQUIRE(number(v2::http_fields(state, fd, which, {data_at, 64 << 10}, {result_at})) == ok);
        std::vector<std::string> parts;
        std::string all = text(data_at, result());
        for (std::size_t end = 0; (end = all.find('\0')) != all.npos; all.erase(0, end + 1))
            parts.push_back(all.substr(0, end));
        return parts;
    }
    std::optional<std::string> value(Fd fd, std::string_view name,
                                     HttpFields which = HttpFields::head) {
        const auto parts = fields(fd, which);
        for (std::size_t i = 0; i + 1 < parts.size(); i += 2)
            if (parts[i] == name) return parts[i + 1];
        return {};
    }
    std::string url(Fd fd) {
        REQUIRE(number(v2::http_fields(state, fd, HttpFields::url, {data_at, 4096}, {result_at})) ==
                ok);
        return text(data_at, result());
    }
    Got read(Fd fd, std::uint32_t size = 64 << 10) {
        std::vector<Iovec> list{{data_at, size}};
        std::memcpy(memory.contents.data() + iovecs_at, list.data(), sizeof(Iovec));
        Got got;
        auto task = preview1::fd_read(state, fd, {iovecs_at, 1}, {result_at});
        const auto result_of = os::run(loop, std::move(task));
        got.number = result_of ? ok : static_cast<int>(result_of.error().code());
        if (result_of) got.text = text(data_at, got.bytes = result());
        return got;
    }
    /// The body to its end; REQUIREs that there is one.
    std::string body(Fd fd) {
        std::string all;
        for (;;) {
            const Got got = read(fd);
            REQUIRE(got.number == ok);
            if (got.bytes == 0) return all;
            all += got.text;
        }
    }
    /// The same; nothing if it ends badly.
    std::string body_or_nothing(Fd fd) {
        std::string all;
        for (;;) {
            const Got got = read(fd);
            if (got.number != ok) return {};
            if (got.bytes == 0) return all;
            all += got.text;
        }
    }
    /// How the body ends: 0, or the number of an error.
    int end_of_body(Fd fd) {
        for (;;)
            if (const Got got = read(fd); got.number != ok || got.bytes == 0) return got.number;
    }
    Sent write(Fd fd, std::string_view what) {
        put(data_at, what);
        const auto list = iovecs({{data_at, static_cast<std::uint32_t>(what.size())}});
        Sent sent;
        const auto result_of = os::run(
            loop, preview1::fd_write(state, fd, {list.address, list.count}, {result_at}));
        sent.number = result_of ? ok : static_cast<int>(result_of.error().code());
        sent.bytes = result_of ? result() : 0;
        return sent;
    }
    int end_request(Fd fd) { return number(v2::socket_shutdown(state, fd, abi::v2::Half::write)); }
};

inline HttpRequest streaming(std::uint64_t length = no_limit) {
    HttpRequest more;
    more.body_kind = HttpBody::stream;
    more.stream_bytes = length;
    return more;
}

inline HttpRequest unpacking() {
    HttpRequest more;
    more.flags = abi::v2::http_flags::decompress;
    return more;
}

} // namespace hws::test
