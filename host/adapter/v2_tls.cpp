// Dialect v2: TLS on a connected stream.

#include "adapter/v2_guest.hpp"

#include <algorithm>
#include <cstring>

namespace hws::host::adapter::v2 {
namespace {

Result<core::TlsRequest> load_request(PluginState& state, GuestPointer<const TlsOptions> pointer) {
    HWS_TRY(const TlsOptions wire, load(state, pointer));
    core::TlsRequest request;
    HWS_TRY(request.peer, load_host(state, {wire.name.address, wire.name.size}));
    if (wire.protocols.size > max_protocols_bytes)
        return fail(Errc::invalid_argument, "too many application protocols");
    HWS_TRY(const auto protocols, guest_bytes(state, wire.protocols.address, wire.protocols.size));
    request.alpn.assign(reinterpret_cast<const char*>(protocols.data()), protocols.size());
    const os::Deadline longest = os::deadline_after(state.limits.tls_handshake);
    request.deadline = wire.timeout == 0 ? longest : std::min(longest, deadline_of(wire.timeout));
    return request;
}

Result<core::TlsFacts> find_facts(PluginState& state, Fd fd) {
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    if (!socket->tls()) return fail(Errc::not_connected, "this is no TLS connection");
    HWS_CHECK(socket->tls()->handshake_outcome());
    return *socket->tls()->facts();
}

} // namespace

os::Task<> tls_start(PluginState& state, Fd fd, GuestPointer<const TlsOptions> pointer) {
    HWS_CO_TRY(NetworkSocket * first_look, find_socket(state, fd));
    HWS_CO_TRY(core::TlsRequest request, load_request(state, pointer));
    HWS_CO_CHECK(
        first_look->start_tls(state.tls_client(), state.http_options.tls, std::move(request)));
    if (first_look->is_non_blocking()) co_return fail(Errc::in_progress);
    // It ends by itself, at its deadline at the latest.
    co_await first_look->tls()->handshake_ended().until(os::no_deadline);
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    if (!socket->tls()) co_return fail(Errc::canceled);
    co_return socket->tls()->handshake_outcome();
}

Result<void> tls_info(PluginState& state, Fd fd, GuestPointer<TlsInfo> info) {
    HWS_CHECK(check_room(state, info));
    HWS_TRY(const core::TlsFacts facts, find_facts(state, fd));
    TlsInfo wire;
    wire.version = facts.version;
    wire.cipher = facts.cipher;
    std::copy_n(facts.cipher_name.data(),
                std::min(facts.cipher_name.size(), sizeof wire.cipher_name - 1), wire.cipher_name);
    std::memcpy(wire.fingerprint, facts.fingerprint.data(), sizeof wire.fingerprint);
    wire.protocol_bytes = static_cast<std::uint32_t>(facts.alpn.size()); // one byte on the wire
    std::copy_n(facts.alpn.data(), facts.alpn.size(), wire.protocol);
    return store(state, info, wire);
}

Result<void> tls_certificate(PluginState& state, Fd fd, GuestSpan<char> der,
                             GuestPointer<std::uint32_t> length) {
    HWS_TRY(const core::TlsFacts facts, find_facts(state, fd));
    return store_text(
        state, der, length,
        {reinterpret_cast<const char*>(facts.certificate.data()), facts.certificate.size()});
}

} // namespace hws::host::adapter::v2
