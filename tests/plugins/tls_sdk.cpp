// TlsStream of the SDK, export tls_talk. Input: the port of a server on 127.0.0.1 whose certificate is for echo.test,
// which knows the protocol echo/1 and sends lines back. Output: what was agreed on and came back.

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
    hws::output(said + "\n" + refusal + "\n");
    return {};
}
HWS_PLUGIN_EXPORT(tls_talk)
