#include "v1_icmp.hpp"

#include "block.hpp"
#include "v1.hpp"

#include <algorithm>
#include <hws/json_reader.hpp>
#include <hws/quote.hpp>
#include <limits>

namespace hws::backend {

namespace {

// {"source":"127.0.0.1","type":0,"code":0,"id":1,"seq":1,"data":[104,105]}
Result<IcmpResponse> parse_icmp(std::string_view text) {
    JsonReader json(text);
    IcmpResponse response;
    std::string source;
    json.enter_object();
    while (auto key = json.next_key()) {
        if (*key == "source") {
            source = json.read_string();
        } else if (*key == "type") {
            response.type = static_cast<std::uint8_t>(json.read_integer());
        } else if (*key == "code") {
            response.code = static_cast<std::uint8_t>(json.read_integer());
        } else if (*key == "id") {
            response.id = static_cast<std::uint16_t>(json.read_integer());
        } else if (*key == "seq") {
            response.seq = static_cast<std::uint16_t>(json.read_integer());
        } else if (*key == "data") {
            json.enter_array();
            while (json.next_element())
                response.data.push_back(static_cast<std::byte>(json.read_integer()));
        } else {
            json.skip_value();
        }
    }
    if (!json.finish()) return fail(Errc::protocol, "icmp_recv: malformed answer of the host");
    // A link-local source may carry its zone, which is the host's business.
    auto address = IpAddr::parse(std::string_view(source).substr(0, source.find('%')));
    if (!address) return fail(Errc::protocol, "icmp_recv: source " + quote(source));
    response.source = *address;
    return response;
}

} // namespace

Result<void> IcmpSocket::send(std::string_view target, std::span<const std::byte> payload,
                              std::uint16_t sequence) {
    if (target.empty()) return fail(Errc::invalid_argument, "icmp send to nobody");
    HWS_TRY(OwnedBlock address, OwnedBlock::copy_of(target));
    HWS_TRY(OwnedBlock block, OwnedBlock::copy_of(payload));
    if (v1::icmp_send(address.get(), block.get(), payload.size(), sequence) == 0)
        return v1::failed(Errc::io, "icmp_send", target);
    return {};
}

Result<void> IcmpSocket::set_hops(std::uint8_t) {
    return unsupported("set_ttl", "dialect v1 has no hop limit");
}

Result<IcmpResponse> IcmpSocket::receive(std::optional<std::chrono::nanoseconds> timeout) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(
                                  timeout.value_or(std::chrono::nanoseconds::max()))
                                  .count();
    const auto bounded =
        std::clamp<std::int64_t>(milliseconds, 0, std::numeric_limits<std::int32_t>::max());
    OwnedBlock block(v1::icmp_recv(static_cast<std::uint32_t>(bounded)));
    if (!block) return fail(Errc::timed_out, "icmp_recv");
    return parse_icmp(block.text());
}

} // namespace hws::backend
