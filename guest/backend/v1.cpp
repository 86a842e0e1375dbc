#include "v1.hpp"

#include "../src/base64.hpp"
#include "block.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <hws/json_reader.hpp>
#include <hws/quote.hpp>
#include <limits>

namespace hws::backend {

namespace {

// Bounds the kernel memory that one send takes, and is large enough that the call itself costs
// nothing.
constexpr std::size_t max_send_bytes = 256 << 10;
// Asked for even when the caller wants less, because a call of the host costs more than keeping the
// rest.
constexpr std::size_t min_receive_bytes = 8 << 10;
constexpr std::size_t max_receive_bytes = 1 << 20;

std::unexpected<Error> failed(Errc code, std::string_view operation, std::string_view target = {}) {
    std::string context(operation);
    if (!target.empty()) context.append(" ").append(target);
    return fail(code, context + " (the reason is in the host's log)");
}

std::unexpected<Error> unsupported(std::string_view operation, std::string_view reason) {
    return fail(Errc::unsupported, std::string(operation) + ": dialect v1 " + std::string(reason));
}

std::unexpected<Error> option_unsupported(std::string_view kind, SocketOption option) {
    const std::string operation = std::string(kind) + " " + std::string(name_of(option));
    switch (option) {
    case SocketOption::read_timeout:
    case SocketOption::write_timeout:
        return unsupported(operation, "has fixed deadlines, which the host's operator sets");
    case SocketOption::blocking:
        return unsupported(operation, "has only calls that wait");
    default:
        return unsupported(operation, "has no function for options of sockets");
    }
}

} // namespace

Result<Peer> Peer::parse(std::string_view text) {
    if (auto address = SocketAddr::parse(text)) return Peer{std::string(text), *address};
    // A name: only the form is checked here, the rest is the host's affair.
    const std::size_t colon = text.rfind(':');
    const std::string_view host = text.substr(0, std::min(colon, text.size()));
    const std::string_view port_text = colon == text.npos ? "" : text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (host.empty() || host.contains(':') || host.contains('\0') || error != std::errc() ||
        end != port_text.data() + port_text.size() || port == 0)
        return fail(Errc::invalid_argument, quote(text) + " is not host:port");
    return Peer{std::string(text), std::nullopt};
}

Peer Peer::of(const SocketAddr& address) {
    return {address.to_string(), address};
}

Result<SocketAddr> Peer::known_address(std::string_view operation) const {
    if (!address)
        return unsupported(operation, "does not tell the address that the host found for " + text);
    return *address;
}

// --- TCP

Result<TcpSocket> TcpSocket::connect(Peer peer, std::optional<std::chrono::nanoseconds> timeout) {
    if (timeout)
        return unsupported("tcp connect_timeout",
                           "has a fixed deadline, which the host's operator sets");
    HWS_TRY(OwnedBlock address, OwnedBlock::copy_of(peer.text));
    const std::int32_t id = v1::tcp_connect(address.get());
    if (id <= 0) return failed(Errc::io, "tcp_connect", peer.text);
    return TcpSocket(id, std::move(peer));
}

void TcpSocket::close() {
    if (id_ > 0) v1::tcp_close(id_);
    id_ = 0;
}

// Waits for data and puts it behind what is kept. False: end of stream, timeout or error.
bool TcpSocket::fill(std::size_t wanted_bytes) {
    const std::size_t ask = std::clamp(wanted_bytes, min_receive_bytes, max_receive_bytes);
    OwnedBlock block(v1::tcp_recv(id_, static_cast<std::uint32_t>(ask)));
    if (!block) return false;
    arrived_ = block.bytes();
    taken_ = 0;
    return !arrived_.empty();
}

Result<std::size_t> TcpSocket::read(std::span<std::byte> into) {
    if (id_ == 0) return fail(Errc::not_connected, "tcp read after shutdown");
    if (into.empty()) return 0;
    if (taken_ == arrived_.size()) {
        const std::size_t ask = std::clamp(into.size(), min_receive_bytes, max_receive_bytes);
        OwnedBlock block(v1::tcp_recv(id_, static_cast<std::uint32_t>(ask)));
        // Once from the kernel's memory to where it is wanted; only what is too much takes a
        // detour.
        const std::size_t came = block.size();
        const std::size_t direct = std::min(came, into.size());
        load(block.get().offset, into.first(direct));
        arrived_.resize(came - direct);
        taken_ = 0;
        load(block.get().offset + direct, arrived_);
        return direct;
    }
    const std::size_t count = std::min(into.size(), arrived_.size() - taken_);
    std::memcpy(into.data(), arrived_.data() + taken_, count);
    taken_ += count;
    return count;
}

Result<std::size_t> TcpSocket::peek(std::span<std::byte> into) {
    if (id_ == 0) return fail(Errc::not_connected, "tcp peek after shutdown");
    if (into.empty()) return 0;
    if (taken_ == arrived_.size() && !fill(into.size())) return 0;
    const std::size_t count = std::min(into.size(), arrived_.size() - taken_);
    std::memcpy(into.data(), arrived_.data() + taken_, count);
    return count;
}

Result<std::size_t> TcpSocket::write(std::span<const std::byte> from) {
    if (id_ == 0) return fail(Errc::not_connected, "tcp write after shutdown");
    if (from.empty()) return 0;
    const std::span<const std::byte> piece = from.first(std::min(from.size(), max_send_bytes));
    HWS_TRY(OwnedBlock block, OwnedBlock::copy_of(piece));
    const std::uint32_t sent = v1::tcp_send(id_, block.get(), piece.size());
    if (sent == 0 || sent > piece.size()) return failed(Errc::broken_pipe, "tcp_send", peer_.text);
    return sent;
}

Result<void> TcpSocket::shutdown(Shutdown how) {
    if (how != Shutdown::both)
        return unsupported("tcp shutdown", "can't end one half of a connection, only both");
    if (id_ == 0) return fail(Errc::not_connected, "tcp shutdown");
    close();
    arrived_.clear();
    taken_ = 0;
    return {};
}

Result<SocketAddr> TcpSocket::local_addr() const {
    return unsupported("tcp local_addr", "does not tell this end's address");
}

Result<void> TcpSocket::set_option(SocketOption option, std::int64_t) {
    return option_unsupported("tcp", option);
}

Result<std::int64_t> TcpSocket::option(SocketOption option) const {
    return option_unsupported("tcp", option);
}

// --- UDP

Result<UdpSocket> UdpSocket::connect(Peer peer) {
    HWS_TRY(OwnedBlock address, OwnedBlock::copy_of(peer.text));
    const std::int32_t id = v1::udp_connect(address.get());
    if (id <= 0) return failed(Errc::io, "udp_connect", peer.text);
    return UdpSocket(id, std::move(peer));
}

Result<UdpSocket> UdpSocket::bind(std::string_view) {
    return unsupported("udp bind", "knows only UDP sockets that have a peer");
}

UdpSocket::~UdpSocket() {
    if (id_ > 0) v1::udp_close(id_);
}

Result<std::size_t> UdpSocket::send(std::span<const std::byte> datagram) {
    HWS_TRY(OwnedBlock block, OwnedBlock::copy_of(datagram));
    const std::uint32_t sent = v1::udp_send(id_, block.get(), datagram.size());
    // 0 is also what an empty datagram returns when all went well.
    if (sent != datagram.size()) return failed(Errc::io, "udp_send", peer_.text);
    return sent;
}

Result<std::size_t> UdpSocket::send_to(std::span<const std::byte>, const SocketAddr&) {
    return unsupported("udp send_to", "knows only UDP sockets that have a peer");
}

Result<std::size_t> UdpSocket::receive(std::span<std::byte> into) {
    const std::size_t max = std::clamp<std::size_t>(into.size(), 1, 65535);
    OwnedBlock block(v1::udp_recv(id_, static_cast<std::uint32_t>(max)));
    if (!block) return failed(Errc::timed_out, "udp_recv", peer_.text);
    const std::size_t count = std::min(block.size(), into.size());
    load(block.get().offset, into.first(count));
    return count;
}

Result<SocketAddr> UdpSocket::local_addr() const {
    return unsupported("udp local_addr", "does not tell this end's address");
}

Result<void> UdpSocket::set_option(SocketOption option, std::int64_t) {
    return option_unsupported("udp", option);
}

Result<std::int64_t> UdpSocket::option(SocketOption option) const {
    return option_unsupported("udp", option);
}

// --- ICMP

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
        return failed(Errc::io, "icmp_send", target);
    return {};
}

Result<IcmpResponse> IcmpSocket::receive(std::chrono::nanoseconds timeout) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    const auto bounded =
        std::clamp<std::int64_t>(milliseconds, 0, std::numeric_limits<std::int32_t>::max());
    OwnedBlock block(v1::icmp_recv(static_cast<std::uint32_t>(bounded)));
    if (!block) return fail(Errc::timed_out, "icmp_recv");
    return parse_icmp(block.text());
}

// --- HTTP

namespace {

std::string json_array(std::span<const std::string> texts) {
    std::string array = "[";
    for (const std::string& text : texts) {
        if (array.size() > 1) array += ',';
        array += json_string(text);
    }
    return array + "]";
}

// {"status":200,"headers":{"Set-Cookie":["a=1","b=2"]},"body":"aGk="}
Result<HttpResponseMessage> parse_http(std::string_view text) {
    JsonReader json(text);
    HttpResponseMessage response;
    std::string storage;
    json.enter_object();
    while (auto key = json.next_key()) {
        if (*key == "status") {
            response.status = static_cast<std::uint16_t>(json.read_integer());
        } else if (*key == "headers") {
            json.enter_object();
            while (auto name = json.next_key()) {
                json.enter_array();
                while (json.next_element())
                    response.headers.append(*name, json.read_string(storage));
            }
        } else if (*key == "body") {
            auto body = guest::decode_base64(json.read_string(storage));
            if (!body) return fail(Errc::protocol, "http_request: the body is not base64");
            response.body = std::move(*body);
        } else {
            json.skip_value();
        }
    }
    if (!json.finish()) return fail(Errc::protocol, "http_request: malformed answer of the host");
    return response;
}

} // namespace

Result<HttpResponseMessage> exchange(const HttpRequestMessage& request) {
    HWS_TRY(OwnedBlock method, OwnedBlock::copy_of(request.method));
    HWS_TRY(OwnedBlock url, OwnedBlock::copy_of(request.url));
    HWS_TRY(OwnedBlock headers, OwnedBlock::copy_of(json_array(request.header_lines)));
    OwnedBlock body;
    if (request.body) {
        // Not copy_of: an empty body is a block too, 0 means that there is none.
        body = OwnedBlock(extism::alloc(request.body->size()));
        if (!body && !request.body->empty())
            return fail(Errc::out_of_memory, "http_request: the body");
        store(body.get().offset, *request.body);
    }
    std::string text;
    {
        OwnedBlock answer(v1::http_request(method.get(), url.get(), headers.get(), body.get()));
        if (!answer) return failed(Errc::io, std::string(request.method), request.url);
        text = answer.text();
    }
    return parse_http(text);
}

} // namespace hws::backend
