// The way of packets to a host: echo requests that may pass one router, two, three ...; each router
// that lets one die says so, and thereby who it is.
//
// Input of `execute`: an address or a name, the most hops (30 unless given), and how many seconds
// to wait for an answer (1 unless given).
//     hws call traceroute.wasm execute --input "example.com 20" --allow icmp:example.com
// Output: one line a hop: its number, who answered, how long each of three requests took, and a
// word where the way ends otherwise than at the target.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <hws/net.hpp>
#include <hws/plugin.hpp>

using hws::Errc;
using hws::IcmpResponse;
using hws::Result;

namespace {

constexpr int probes_per_hop = 3;

struct Input {
    std::string target;
    std::uint32_t most_hops = 30;
    std::chrono::seconds patience{1};
};

/// Takes the first word off the text.
std::string_view next_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
}

Result<std::uint32_t> number_of(std::string_view word) {
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
    if (parsed.ec != std::errc() || number < 1 || number > 255)
        return hws::fail(Errc::invalid_argument, "input: hops and seconds are 1 to 255");
    return number;
}

Result<Input> parse_input(std::string_view text) {
    Input input;
    input.target = next_word(text);
    if (input.target.empty()) return hws::fail(Errc::invalid_argument, "input: no target");
    if (!text.empty()) {
        HWS_TRY(input.most_hops, number_of(next_word(text)));
    }
    if (!text.empty()) {
        HWS_TRY(const std::uint32_t seconds, number_of(next_word(text)));
        input.patience = std::chrono::seconds(seconds);
    }
    return input;
}

std::string milliseconds(std::chrono::nanoseconds time) {
    const auto hundredths =
        std::chrono::round<std::chrono::duration<int, std::ratio<1, 100'000>>>(time);
    const std::string fraction = std::to_string(100 + hundredths.count() % 100).substr(1);
    return std::to_string(hundredths.count() / 100) + "." + fraction + " ms";
}

/// The answer to the request with that number; those of earlier hops that come late are skipped.
Result<IcmpResponse> answer_to(hws::IcmpSocket& socket, std::uint16_t number,
                               std::chrono::seconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        HWS_TRY(auto response, socket.recv(deadline - std::chrono::steady_clock::now()));
        if (response.request_seq == number) return response;
    }
}

/// Appends one hop's line to the report. Whether the way ends there.
Result<bool> trace_hop(hws::IcmpSocket& socket, const Input& input, std::uint32_t hop,
                       std::string& report) {
    HWS_CHECK(socket.set_ttl(hop));
    std::string line = std::to_string(hop);
    std::optional<hws::IpAddr> known;
    bool has_ended = false;
    for (int probe = 0; probe < probes_per_hop; ++probe) {
        const auto number = static_cast<std::uint16_t>(hop * probes_per_hop + probe);
        HWS_CHECK(socket.send(input.target, hws::bytes_of("traceroute"), number));
        const auto response = answer_to(socket, number, input.patience);
        if (!response && response.error() != Errc::timed_out)
            return std::unexpected(response.error());
        if (!response) {
            line += "  *";
            continue;
        }
        if (known != response->source) line += "  " + response->source.to_string();
        known = response->source;
        line += "  " + milliseconds(response->round_trip.value_or(std::chrono::nanoseconds(0)));
        if (response->is_unreachable())
            line += "  unreachable, code " + std::to_string(response->code);
        has_ended |= !response->is_time_exceeded();
    }
    report += line + "\n";
    return has_ended;
}

} // namespace

Result<void> execute() {
    HWS_TRY(const Input input, parse_input(hws::input_text()));
    HWS_TRY(auto socket, hws::IcmpSocket::open());
    std::string report;
    for (std::uint32_t hop = 1; hop <= input.most_hops; ++hop) {
        HWS_TRY(const bool has_ended, trace_hop(socket, input, hop, report));
        if (has_ended) break;
    }
    hws::output(report);
    return {};
}
HWS_PLUGIN_EXPORT(execute)
