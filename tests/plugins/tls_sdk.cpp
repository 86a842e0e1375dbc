// TlsStream of the SDK, export tls_talk. Input: the port of a server on 127.0.0.1 whose certificate is for echo.test,
// which knows the protocol echo/1 and sends lines back. Output: what was agreed on and came back.

#include <array>
#include <hws/net.hpp>
#include <hws/plugin.hpp>

namespace {

hws::Result<std::string> talk(const std::string& address) {
    HWS_TRY(auto tcp, hws::TcpStream::connect(address));
    HWS_TRY(auto stream, hws::TlsStream::connect(std::move(tcp), "echo.test",
                                                 {.protocols = {"echo/2", "echo/1"}}));
    HWS_TRY(const hws::TlsFacts info, stream.info());
    HWS_TRY(const auto certificate, stream.certificate());
    HWS_CHECK(stream.write_all("hello over TLS\n"));
    hws::BufReader reader(stream);
    HWS_TRY(const auto line, reader.read_line());
    HWS_CHECK(stream.shutdown(hws::Shutdown::write));
    std::string rest;
    HWS_CHECK(stream.read_to_end(rest));
    if (!line || certificate.empty() || !rest.empty() || info.cipher.empty())
        return hws::fail(hws::Errc::protocol, "something is missing");
    return info.protocol + " " + *line;
}

/// A stream whose handshake has begun, and cannot be over yet.
hws::Result<hws::TlsStream> begin(const std::string& address, std::string_view name) {
    HWS_TRY(auto tcp, hws::TcpStream::connect(address));
    HWS_TRY(auto stream, hws::TlsStream::try_connect(std::move(tcp), name));
    std::array<std::byte, 1> byte;
    const auto info = stream.info();
    const auto read = stream.read(byte);
    if (info || info.error() != hws::Errc::would_block || read ||
        read.error() != hws::Errc::would_block)
        return hws::fail(hws::Errc::protocol, "the handshake was waited for");
    return stream;
}

/// Two handshakes at once, which nobody waits for but a Poller: one that goes well, one that does not.
hws::Result<std::string> talk_by_poller(const std::string& address) {
    HWS_TRY(auto trusted, begin(address, "echo.test"));
    HWS_TRY(auto refused, begin(address, "other.test"));
    hws::TlsStream* const streams[] = {&trusted, &refused};
    hws::Poller poller;
    std::string said;
    for (std::uint64_t i = 0; i < 2; ++i)
        HWS_CHECK(poller.add(*streams[i], hws::Interest::write, i));
    while (poller.size() > 0) {
        HWS_TRY(const auto events, poller.wait(std::chrono::seconds(20)));
        if (events.empty()) return hws::fail(hws::Errc::timed_out);
        for (const hws::Poller::Event& event : events) {
            hws::TlsStream& stream = *streams[event.key];
            const auto outcome = stream.info();
            if (!outcome && outcome.error() == hws::Errc::would_block) continue;
            HWS_CHECK(poller.remove(stream));
            if (event.key == 0) {
                HWS_CHECK(outcome);
                HWS_CHECK(stream.set_blocking(hws::Blocking::waits));
                HWS_CHECK(stream.write_all("hello, polled\n"));
                hws::BufReader reader(stream);
                HWS_TRY(const auto line, reader.read_line());
                said += line.value_or("nothing") + "\n";
                HWS_CHECK(stream.shutdown(hws::Shutdown::both));
            } else {
                if (outcome) return std::string("trusted it");
                said += std::string(hws::name_of(outcome.error().code())) + "\n";
            }
        }
    }
    return said;
}

hws::Result<std::string> talk_to_another(const std::string& address) {
    HWS_TRY(auto tcp, hws::TcpStream::connect(address));
    auto stream = hws::TlsStream::connect(std::move(tcp), "other.test");
    if (stream) return std::string("trusted it");
    return std::string(hws::name_of(stream.error().code())) + ": " + stream.error().context();
}

} // namespace

hws::Result<void> tls_talk() {
    const std::string address = "127.0.0.1:" + hws::input_text();
    HWS_TRY(const std::string said, talk(address));
    HWS_TRY(const std::string refusal, talk_to_another(address));
    HWS_TRY(const std::string polled, talk_by_poller(address));
    hws::output(said + "\n" + refusal + "\n" + polled);
    return {};
}
HWS_PLUGIN_EXPORT(tls_talk)
