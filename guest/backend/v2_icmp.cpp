#include "v2_icmp.hpp"

#include "v2.hpp"
#include "v2_address.hpp"
#include "v2_failure.hpp"

#include <hws/quote.hpp>

namespace hws::backend {
namespace {

/// Larger than what any IP packet carries.
constexpr std::size_t room_bytes = 65'536;

v2::Iovec buffer_of(std::span<const std::byte> bytes) {
    return {v2::at(bytes.data()).address, static_cast<std::uint32_t>(bytes.size())};
}

std::string operation(std::string_view target) {
    return "icmp send " + quote(target);
}

} // namespace

Result<IcmpSocket> IcmpSocket::open() {
    v2::Fd made;
    const auto status =
        v2::socket_open(v2::Family::any, v2::SocketType::icmp_echo, 0, v2::at(&made));
    if (status != v2::Status::ok) return v2::failed(status);
    return IcmpSocket(made.number);
}

Result<void> IcmpSocket::send(std::string_view target, std::span<const std::byte> payload,
                              std::uint16_t sequence) {
    if (target.empty()) return fail(Errc::invalid_argument, "icmp send to nobody");
    if (const auto address = IpAddr::parse(target)) return send(*address, payload, sequence);
    const v2::Iovec buffer = buffer_of(payload);
    return checked(
        v2::result_of(v2::icmp_send_name({fd()}, v2::span_at(target.data(), target.size()),
                                         v2::span_at(&buffer, 1), sequence, v2::no_limit, {})),
        operation(target));
}

Result<void> IcmpSocket::send(const IpAddr& target, std::span<const std::byte> payload,
                              std::uint16_t sequence) {
    const v2::Iovec buffer = buffer_of(payload);
    const v2::Address to = v2::to_wire(SocketAddr(target, 0));
    const auto status = v2::icmp_send({fd()}, v2::span_at(&buffer, 1), sequence, v2::at(&to));
    if (status == v2::Status::ok) return {};
    return failed(v2::failed(status).error(), operation(target.to_string()));
}

Result<IcmpResponse> IcmpSocket::receive(system::Timeout timeout) {
    if (!room_) room_ = std::make_unique_for_overwrite<std::byte[]>(room_bytes);
    const v2::Iovec buffer = buffer_of({room_.get(), room_bytes});
    const v2::Duration wait =
        timeout ? static_cast<v2::Duration>(std::max<std::int64_t>(timeout->count(), 0))
                : v2::no_limit;
    v2::IcmpReceived told;
    const auto status = v2::icmp_receive({fd()}, v2::span_at(&buffer, 1), 0, wait, v2::at(&told));
    if (status != v2::Status::ok) return failed(v2::failed(status).error(), "icmp recv");
    const auto source = v2::from_wire(told.source);
    const auto target = v2::from_wire(told.target);
    if (!source || !target) return fail(Errc::protocol, "icmp recv: an address of no family");
    IcmpResponse response;
    response.source = source->ip();
    response.target = target->ip();
    response.type = told.type;
    response.code = told.code;
    if (told.icmp_flags & v2::icmp_flags::echo_reply) {
        response.id = told.identifier;
        response.seq = told.sequence;
    }
    response.request_seq = told.sequence;
    if (told.icmp_flags & v2::icmp_flags::has_ttl) response.ttl = told.ttl;
    response.round_trip = std::chrono::nanoseconds(told.round_trip);
    response.data.assign(room_.get(), room_.get() + std::min<std::size_t>(told.bytes, room_bytes));
    return response;
}

Result<void> IcmpSocket::set_hops(std::uint8_t hops) {
    for (const v2::Option option : {v2::Option::ipv4_ttl, v2::Option::ipv6_hops})
        HWS_CHECK(v2::result_of(v2::socket_set_option({fd()}, option, hops)));
    return {};
}

} // namespace hws::backend
