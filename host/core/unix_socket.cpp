// NetworkSocket of the family `local`: what it does with names.

#include "core/network_socket.hpp"
#include "os/unix_socket.hpp"

namespace hws::host::core {

using os::Ready;

Result<void> NetworkSocket::check_local() const {
    if (family_ != os::Family::local) return fail(Errc::family_not_supported);
    return {};
}

Result<void> NetworkSocket::bind(const UnixName& name) {
    HWS_CHECK(check_local());
    if (!name.is_path()) {
        HWS_TRY(const VettedUnixName vetted, policy().check(Use::unix_listen, name));
        HWS_CHECK(os::bind_name(fd_.get(), vetted.name().text()));
        is_bound_ = true;
        return {};
    }
    HWS_TRY(UnixBinding binding, owner_.unix_files().find_place_for(policy(), name));
    HWS_CHECK(os::bind_name(fd_.get(), binding.path));
    if (auto added = owner_.unix_files().add(std::move(binding)); !added) {
        watch_.reset();
        fd_.reset(); // nobody may be heard where this one is bound now
        return added;
    }
    local_name_ = name.given();
    is_bound_ = true;
    return {};
}

Result<void> NetworkSocket::connect(const UnixName& peer) {
    HWS_CHECK(check_local());
    if (peer.is_unnamed()) return fail(Errc::invalid_argument);
    if (peer.is_abstract()) {
        HWS_TRY(const VettedUnixName vetted, policy().check(Use::unix_connect, peer));
        HWS_CHECK(os::connect_name(fd_.get(), vetted.name().text()));
    } else {
        HWS_TRY(const os::Place place, find_unix_peer(policy(), peer));
        HWS_CHECK(os::connect_place(fd_.get(), place));
    }
    if (is_stream()) {
        may_be_watched_ = true;
        watch_.reset();
    }
    return {};
}

Result<std::size_t> NetworkSocket::send(const os::IoList& from, std::uint32_t flags,
                                        const UnixName& to) {
    HWS_CHECK(check_local());
    if (is_stream())
        return fail(os::find_peer_name(fd_.get()) ? Errc::already_connected : Errc::unsupported);
    if (to.is_unnamed()) return fail(Errc::invalid_argument);
    // Linux says so before it looks for the receiver.
    if (has_ended_sending_) return fail(Errc::broken_pipe);
    if (to.is_abstract()) {
        HWS_TRY(const VettedUnixName vetted, policy().check(Use::unix_connect, to));
        return os::send_to_name(fd_.get(), from, flags, vetted.name().text());
    }
    HWS_TRY(const os::Place place, find_unix_peer(policy(), to));
    return os::send_to_place(fd_.get(), from, flags, place);
}

Result<os::ReceivedMessage> NetworkSocket::receive(const os::IoList& into, std::uint32_t flags,
                                                   std::string& sender) {
    sender.clear();
    if (family_ != os::Family::local || is_stream()) {
        HWS_TRY(const os::ReceivedMessage message, receive(into, flags));
        if (family_ == os::Family::local) sender = peer_name().value_or(std::string());
        return message;
    }
    if (!is_worth_trying(Ready::read, flags)) return fail(Errc::would_block);
    auto message = os::receive_named(fd_.get(), into, flags, sender);
    if (!message) return std::unexpected(not_now(Ready::read, std::move(message).error()));
    note_received();
    return message;
}

Result<std::string> NetworkSocket::local_name() const {
    HWS_CHECK(check_local());
    if (!local_name_.empty()) return local_name_;
    return os::find_local_name(fd_.get());
}

Result<std::string> NetworkSocket::peer_name() const {
    HWS_CHECK(check_local());
    return os::find_peer_name(fd_.get());
}

} // namespace hws::host::core
