// fetch: "URL count"; the digest (FNV-1a) of all bodies. fetch_bytes: the sum of their sizes.
#include <hws/http.hpp>
#include <hws/plugin.hpp>

#include <array>
#include <cstdlib>

namespace {

alignas(64) std::array<std::byte, 64 << 10> buffer;

/// Calls `take` with each piece of each body.
template <class Take> hws::Result<void> fetch_all(Take take) {
    const std::string input = hws::input_text();
    const std::size_t blank = input.find(' ');
    const std::string url = input.substr(0, blank);
    const hws::http::Client client;
    for (std::uint64_t left = std::strtoull(input.c_str() + blank, nullptr, 10); left > 0; --left) {
        HWS_TRY(auto response, client.get(url).send());
        if (!response.status_is_success()) return hws::fail(hws::Errc::io, "status " + std::to_string(response.status()));
        for (;;) {
            HWS_TRY(const std::size_t count, response.read(buffer));
            if (count == 0) break;
            take(std::span(buffer).first(count));
        }
    }
    return {};
}

} // namespace

hws::Result<void> fetch() {
    std::uint64_t digest = 0xcbf29ce484222325u;
    HWS_CHECK(fetch_all([&](std::span<const std::byte> body) {
        for (const std::byte byte : body) digest = (digest ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3u;
    }));
    hws::output(std::to_string(digest));
    return {};
}
HWS_PLUGIN_EXPORT(fetch)

hws::Result<void> fetch_bytes() {
    std::uint64_t bytes = 0;
    HWS_CHECK(fetch_all([&](std::span<const std::byte> body) { bytes += body.size(); }));
    hws::output(std::to_string(bytes));
    return {};
}
HWS_PLUGIN_EXPORT(fetch_bytes)
