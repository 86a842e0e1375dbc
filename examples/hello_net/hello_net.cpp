// clang-format off
// One of everything the network offers: a TCP echo, a datagram, a ping, an HTTP request with two cookies.
//
// Input of `execute`: where the servers are, as JSON or as words `key=value`; a step without its server is skipped.
//     {"tcp": "127.0.0.1:6000", "udp": "127.0.0.1:6001", "icmp": "127.0.0.1", "http": "http://127.0.0.1:8080/cookies"}
//     tcp=127.0.0.1:6000 udp=127.0.0.1:6001 icmp=127.0.0.1 http=http://127.0.0.1:8080/cookies
// Output: one line a step, `step<TAB>result<TAB>detail`. The result is "ok", "skipped" or the name of an error; a step that
// fails does not stop the others.
// clang-format on

#include <array>
#include <chrono>
#include <hws/json_reader.hpp>
#include <hws/net.hpp>
#include <hws/plugin.hpp>

using hws::Errc;
using hws::Result;

namespace {

struct Servers {
    std::string tcp;
    std::string udp;
    std::string icmp;
    std::string http;

    std::string* find(std::string_view key) {
        if (key == "tcp") return &tcp;
        if (key == "udp") return &udp;
        if (key == "icmp") return &icmp;
        if (key == "http") return &http;
        return nullptr;
    }
};

Result<Servers> parse_json(std::string_view text) {
    Servers servers;
    hws::JsonReader json(text);
    json.enter_object();
    while (auto key = json.next_key()) {
        std::string* server = servers.find(*key);
        if (!server) return hws::fail(Errc::invalid_argument, "input: no step is called " + *key);
        *server = json.read_string();
    }
    if (!json.finish())
        return hws::fail(Errc::invalid_argument, "input: not a JSON object of strings");
    return servers;
}

Result<Servers> parse_words(std::string_view text) {
    Servers servers;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
        if (text.empty()) return servers;
        const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
        text.remove_prefix(word.size());

        const std::size_t equals = std::min(word.find('='), word.size());
        std::string* server = servers.find(word.substr(0, equals));
        if (!server || equals == word.size())
            return hws::fail(Errc::invalid_argument, "input: " + std::string(word) +
                                                         " is not tcp=, udp=, icmp= or http=...");
        *server = word.substr(equals + 1);
    }
}

Result<Servers> parse_input(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    return start != text.npos && text[start] == '{' ? parse_json(text) : parse_words(text);
}

class Report {
public:
    void add(std::string_view step, std::string_view result, std::string_view detail) {
        lines_.append(step).append("\t").append(result).append("\t").append(detail).append("\n");
    }
    /// A step whose outcome is a sentence or an error.
    void add(std::string_view step, const Result<std::string>& outcome) {
        if (outcome)
            add(step, "ok", *outcome);
        else
            add(step, name_of(outcome.error().code()), outcome.error().message());
    }
    const std::string& lines() const { return lines_; }

private:
    std::string lines_;
};

std::string microseconds_since(std::chrono::steady_clock::time_point start) {
    const auto elapsed = std::chrono::steady_clock::now() - start;
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()) +
           " us";
}

Result<std::string> tcp_echo(hws::TcpStream& stream) {
    constexpr std::string_view message = "Hello over TCP";
    const auto start = std::chrono::steady_clock::now();
    HWS_CHECK(stream.write_all(message));
    std::array<std::byte, message.size()> echo;
    HWS_CHECK(stream.read_exact(echo));
    if (hws::text_of(echo) != message) return hws::fail(Errc::protocol, "the echo differs");
    return "\"" + std::string(hws::text_of(echo)) + "\" came back in " + microseconds_since(start);
}

void run_tcp(const std::string& server, Report& report) {
    auto stream = hws::TcpStream::connect(server);
    if (!stream) return report.add("tcp connect", std::unexpected(stream.error()));
    const auto peer = stream->peer_addr();
    report.add("tcp connect", "ok", "to " + (peer ? peer->to_string() : server));
    report.add("tcp echo", tcp_echo(*stream));
}

Result<std::string> udp_echo(const std::string& server) {
    constexpr std::string_view message = "Hello over UDP";
    HWS_TRY(auto socket, hws::UdpSocket::connect(server));
    const auto start = std::chrono::steady_clock::now();
    HWS_CHECK(socket.send(message));
    std::array<std::byte, 1500> buffer;
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    const auto answer = hws::text_of(std::span(buffer).first(count));
    return "\"" + std::string(answer) + "\" came back in " + microseconds_since(start);
}

Result<std::string> icmp_echo(const std::string& target) {
    HWS_TRY(auto socket, hws::IcmpSocket::open());
    const auto start = std::chrono::steady_clock::now();
    HWS_CHECK(socket.send(target, hws::bytes_of("Hello over ICMP"), 1));
    HWS_TRY(const auto reply, socket.recv(std::chrono::seconds(2)));
    if (!reply.is_echo_reply())
        return hws::fail(Errc::host_unreachable, "ICMP type " + std::to_string(reply.type) +
                                                     " from " + reply.source.to_string());
    return std::to_string(reply.data.size()) + " bytes from " + reply.source.to_string() + " in " +
           microseconds_since(start);
}

void run_http(const std::string& url, Report& report) {
    auto response = hws::http::Client().get(url).header("Accept", "*/*").send();
    if (!response) return report.add("http get", std::unexpected(response.error()));
    const auto body = response->bytes();
    if (!body) return report.add("http get", std::unexpected(body.error()));
    report.add("http get", response->status_is_success() ? "ok" : "failed",
               "status " + std::to_string(response->status()) + ", " +
                   std::to_string(body->size()) + " bytes");
    for (const std::string& cookie : response->header("Set-Cookie"))
        report.add("http cookie", "ok", cookie);
}

} // namespace

Result<void> name() {
    hws::output("hello_net");
    return {};
}
HWS_PLUGIN_EXPORT(name)

Result<void> description() {
    hws::output(
        "Talks to a TCP, a UDP and an HTTP server and pings a host, and reports each step.");
    return {};
}
HWS_PLUGIN_EXPORT(description)

Result<void> json_schema() {
    hws::output(R"({"type":"object","additionalProperties":false,"properties":{)"
                R"("tcp":{"type":"string","description":"host:port of a TCP echo server"},)"
                R"("udp":{"type":"string","description":"host:port of a UDP echo server"},)"
                R"("icmp":{"type":"string","description":"address or name to ping"},)"
                R"("http":{"type":"string","description":"URL to get"}}})");
    return {};
}
HWS_PLUGIN_EXPORT(json_schema)

Result<void> execute() {
    HWS_TRY(const Servers servers, parse_input(hws::input_text()));
    Report report;
    if (servers.tcp.empty())
        report.add("tcp", "skipped", "no server given");
    else
        run_tcp(servers.tcp, report);
    if (servers.udp.empty())
        report.add("udp", "skipped", "no server given");
    else
        report.add("udp datagram", udp_echo(servers.udp));
    if (servers.icmp.empty())
        report.add("icmp", "skipped", "no target given");
    else
        report.add("icmp echo", icmp_echo(servers.icmp));
    if (servers.http.empty())
        report.add("http", "skipped", "no URL given");
    else
        run_http(servers.http, report);
    hws::output(report.lines());
    return {};
}
HWS_PLUGIN_EXPORT(execute)
