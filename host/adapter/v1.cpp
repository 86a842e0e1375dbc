#include "adapter/v1.hpp"

#include "adapter/http_json.hpp"
#include "adapter/kernel_block.hpp"
#include "core/destination.hpp"
#include "core/http_client.hpp"
#include "core/icmp_client.hpp"
#include "core/socket.hpp"
#include "core/target.hpp"

#include <algorithm>

namespace hws::host::adapter::v1 {
namespace {

using core::TcpSocket;
using core::UdpSocket;
using core::Use;

/// The block's `host:port`, vetted for `use`.
os::Task<std::vector<core::Vetted>> vet_address(PluginState& state, Use use, Block address,
                                                os::Deadline deadline) {
    HWS_CO_TRY(const std::string_view text, text_of(state, address));
    HWS_CO_TRY(const core::Target target, core::parse_target(text));
    co_return co_await core::vet(state.policy, use, target, state.lookups, deadline);
}

os::Deadline socket_deadline(const PluginState& state) {
    return os::deadline_after(state.limits.v1_socket_wait);
}

/// A descriptor number is the id. 0 means failure here, so a plugin that has closed its standard input does not get it.
Result<std::int32_t> id_of(PluginState& state, std::unique_ptr<core::Descriptor> socket) {
    HWS_TRY(const core::DescriptorNumber number, state.descriptors.insert(std::move(socket), 1));
    return static_cast<std::int32_t>(number);
}

template <class Socket>
Result<Socket*> find(PluginState& state, std::int32_t id) {
    // A negative id becomes a number far beyond any table.
    return state.descriptors.find_as<Socket>(static_cast<core::DescriptorNumber>(id));
}

template <class Socket>
Result<void> close(PluginState& state, std::int32_t id) {
    HWS_CHECK(find<Socket>(state, id));
    return state.descriptors.close(static_cast<core::DescriptorNumber>(id));
}

/// Waits until the socket may be readable, then receives into a fresh block with `receive(span)`, which tells how many bytes of the
/// block count. The block is made only when there is something to put into it.
template <class Socket, class Receive>
os::Task<Block> receive_block(PluginState& state, std::int32_t id, std::uint32_t max, Receive receive) {
    HWS_CO_TRY(Socket * socket, find<Socket>(state, id));
    // Of a stream, nothing asked for is nothing to wait for: "0 bytes" and "nothing" are both 0 here.
    if (max == 0 && std::is_same_v<Socket, TcpSocket>) co_return fail(Errc::invalid_argument, "max is 0");
    const std::size_t room = std::min<std::size_t>(max, state.limits.receive_bytes);
    const os::Deadline deadline = socket_deadline(state);
    for (;;) {
        if (co_await socket->readiness().until(os::Ready::read, deadline) == os::Wake::timed_out)
            co_return fail(Errc::timed_out);
        HWS_CO_TRY(const Block block, make_block(state, room));
        HWS_CO_TRY(const std::span<std::byte> into, bytes_of(state, block));
        const Result<std::size_t> count = receive(*socket, into);
        if (count) {
            state.statistics.bytes_received += *count;
            shrink_block(state, block, *count);
            co_return block;
        }
        release_block(state, block);
        if (count.error() != Errc::would_block) co_return std::unexpected(count.error());
    }
}

} // namespace

os::Task<std::int32_t> tcp_connect(PluginState& state, Block address) {
    const os::Deadline deadline = socket_deadline(state);
    HWS_CO_TRY(auto peers, co_await vet_address(state, Use::tcp, address, deadline));
    HWS_CO_TRY(auto socket, co_await TcpSocket::connect_any(state.loop, std::move(peers), deadline));
    co_return id_of(state, std::move(socket));
}

os::Task<std::uint32_t> tcp_send(PluginState& state, std::int32_t id, Block data, std::uint64_t length) {
    HWS_CO_TRY(TcpSocket * socket, find<TcpSocket>(state, id));
    const os::Deadline deadline = socket_deadline(state);
    std::uint64_t sent = 0;
    for (;;) {
        // Asked for again after each wait: the kernel's memory may have moved.
        HWS_CO_TRY(const std::span<const std::byte> all, bytes_of(state, data, length));
        if (sent >= all.size()) break;
        const std::span<const std::byte> rest[] = {all.subspan(sent)};
        const Result<std::size_t> count = socket->try_write(rest);
        if (count) {
            sent += *count;
            state.statistics.bytes_sent += *count;
        } else if (count.error() != Errc::would_block) {
            co_return std::unexpected(count.error());
        } else if (co_await socket->readiness().until(os::Ready::write, deadline) ==
                   os::Wake::timed_out) {
            co_return fail(Errc::timed_out);
        }
    }
    co_return static_cast<std::uint32_t>(sent);
}

os::Task<Block> tcp_recv(PluginState& state, std::int32_t id, std::uint32_t max) {
    return receive_block<TcpSocket>(
        state, id, max, [](TcpSocket& socket, std::span<std::byte> into) -> Result<std::size_t> {
            const std::span<std::byte> buffers[] = {into};
            HWS_TRY(const std::size_t count, socket.try_read(buffers));
            if (count == 0) return fail(Errc::not_connected, "end of stream");
            return count;
        });
}

Result<void> tcp_close(PluginState& state, std::int32_t id) { return close<TcpSocket>(state, id); }

os::Task<std::int32_t> udp_connect(PluginState& state, Block address) {
    const os::Deadline deadline = socket_deadline(state);
    HWS_CO_TRY(auto peers, co_await vet_address(state, Use::udp, address, deadline));
    HWS_CO_TRY(auto socket, co_await UdpSocket::connect(state.loop, peers.front()));
    co_return id_of(state, std::move(socket));
}

os::Task<std::uint32_t> udp_send(PluginState& state, std::int32_t id, Block data, std::uint64_t length) {
    HWS_CO_TRY(UdpSocket * socket, find<UdpSocket>(state, id));
    const os::Deadline deadline = socket_deadline(state);
    for (;;) {
        // No block and no length: the empty datagram.
        std::span<const std::byte> all;
        if (data || length > 0) {
            HWS_CO_TRY(all, bytes_of(state, data, length));
        }
        const std::span<const std::byte> datagram[] = {all};
        const Result<std::size_t> count = socket->try_write(datagram);
        if (count) {
            state.statistics.bytes_sent += *count;
            co_return static_cast<std::uint32_t>(*count);
        }
        if (count.error() != Errc::would_block) co_return std::unexpected(count.error());
        if (co_await socket->readiness().until(os::Ready::write, deadline) == os::Wake::timed_out)
            co_return fail(Errc::timed_out);
    }
}

os::Task<Block> udp_recv(PluginState& state, std::int32_t id, std::uint32_t max) {
    return receive_block<UdpSocket>(
        state, id, max, [](UdpSocket& socket, std::span<std::byte> into) -> Result<std::size_t> {
            HWS_TRY(const std::size_t whole, socket.try_receive(into));
            return std::min(whole, into.size());
        });
}

Result<void> udp_close(PluginState& state, std::int32_t id) { return close<UdpSocket>(state, id); }

os::Task<std::uint32_t> icmp_send(PluginState& state, Block target, Block payload, std::uint64_t length,
                                  std::uint32_t sequence) {
    HWS_CO_TRY(const std::string_view text, text_of(state, target));
    HWS_CO_TRY(const core::Target host, core::parse_host(text));
    HWS_CO_TRY(auto peers, co_await core::vet(state.policy, Use::icmp, host, state.lookups,
                                              socket_deadline(state)));
    std::span<const std::byte> data;
    if (payload) {
        HWS_CO_TRY(data, bytes_of(state, payload, length));
    }
    HWS_CO_CHECK(state.icmp().send(peers.front(), data, static_cast<std::uint16_t>(sequence)));
    state.statistics.bytes_sent += data.size();
    co_return 1u;
}

os::Task<Block> icmp_recv(PluginState& state, std::uint32_t timeout_ms) {
    const os::Deadline deadline = os::deadline_after(std::chrono::milliseconds(timeout_ms));
    HWS_CO_TRY(const core::IcmpReply reply, co_await state.icmp().receive(deadline));
    state.statistics.bytes_received += reply.data.size();
    std::string json = "{\"source\":\"" + reply.source.to_string() + "\",\"type\":" +
                       std::to_string(reply.type) + ",\"code\":" + std::to_string(reply.code);
    if (reply.id) json += ",\"id\":" + std::to_string(*reply.id);
    if (reply.sequence) json += ",\"seq\":" + std::to_string(*reply.sequence);
    json += ",\"data\":[";
    for (std::size_t i = 0; i < reply.data.size(); ++i) {
        if (i > 0) json += ',';
        json += std::to_string(std::to_integer<int>(reply.data[i]));
    }
    json += "]}";
    co_return make_block(state, json);
}

os::Task<Block> http_request(PluginState& state, Block method, Block url, Block headers, Block body) {
    core::HttpRequest request;
    HWS_CO_TRY(request.method, text_of(state, method));
    HWS_CO_TRY(request.url, text_of(state, url));
    if (headers) {
        HWS_CO_TRY(const std::string_view text, text_of(state, headers));
        HWS_CO_TRY(request.headers, parse_header_lines(text));
    }
    if (body) {
        HWS_CO_TRY(request.body, copy_of(state, body, state.limits.http_request_bytes));
    }
    request.max_redirects = state.limits.v1_http_redirects;
    state.statistics.bytes_sent += request.body.size();
    HWS_CO_TRY(const core::HttpResponse response,
               co_await state.http().fetch(std::move(request), os::deadline_after(state.limits.v1_http_wait)));
    state.statistics.bytes_received += response.body.size();
    co_return make_block(state, format_v1_response(response));
}

void append_rows(std::vector<HostFunction>& rows) {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    rows.push_back(bind<signature, &v1::name, abi::wait, ZeroAndLog, #name>("env", sentence));
#include "v1.def"
#undef ABI_FUNCTION
}

} // namespace hws::host::adapter::v1
