// run: "count"; the sum of the first words of all replies
#include <hws/net.hpp>
#include <hws/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

hws::Result<void> run() {
    const std::uint64_t count = std::strtoull(hws::input_text().c_str(), nullptr, 10);
    std::array<std::byte, 56> payload;
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<std::byte>((i * 31 + 7) % 251);
    std::uint64_t sum = 0;
    HWS_TRY(auto socket, hws::IcmpSocket::open());
    const hws::IpAddr target = hws::Ipv4Addr::localhost;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(payload.data(), &i, sizeof i);
        HWS_CHECK(socket.send(target, payload, static_cast<std::uint16_t>(i)));
        HWS_TRY(const auto reply, socket.recv(std::chrono::seconds(60)));
        if (!std::ranges::equal(reply.data, payload)) return hws::fail(hws::Errc::io, "another reply");
        std::uint64_t word;
        std::memcpy(&word, reply.data.data(), sizeof word);
        sum += word + 1;
    }
    hws::output(std::to_string(sum));
    return {};
}
HWS_PLUGIN_EXPORT(run)
