// run: "host:port count"; the sum of the first words of all echoes
#include <hws/net.hpp>
#include <hws/plugin.hpp>

#include <array>
#include <cstdlib>
#include <cstring>

hws::Result<void> run() {
    const std::string input = hws::input_text();
    const std::size_t blank = input.find(' ');
    const std::uint64_t count = std::strtoull(input.c_str() + blank, nullptr, 10);
    std::array<std::byte, 64> message;
    std::array<std::byte, 64> echo;
    for (std::size_t i = 0; i < message.size(); ++i)
        message[i] = static_cast<std::byte>((i * 31 + 7) % 251);
    std::uint64_t sum = 0;
    HWS_TRY(auto stream, hws::TcpStream::connect(input.substr(0, blank)));
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(message.data(), &i, sizeof i);
        HWS_CHECK(stream.write_all(message));
        HWS_CHECK(stream.read_exact(echo));
        if (message != echo) return hws::fail(hws::Errc::io, "another echo");
        std::uint64_t word;
        std::memcpy(&word, echo.data(), sizeof word);
        sum += word + 1;
    }
    hws::output(std::to_string(sum));
    return {};
}
HWS_PLUGIN_EXPORT(run)
