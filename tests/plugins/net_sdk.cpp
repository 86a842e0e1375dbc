// clang-format off
// Drives everything in the SDK. An export's input is text; its first line is the address unless said otherwise. On failure an
// export returns 1 and the error's one-line message ("tcp_connect 127.0.0.1:1 (the reason is in the host's log): io").
// digest: 64-bit FNV-1a of the bytes, 16 hexadecimal digits. pattern: byte number i is (i * 31 + 7) % 251.
//
// export             input                                   output
// ------------------ --------------------------------------- --------------------------------------------------------------
// empty              anything                                nothing, and no host call is made
// echo               bytes                                   the same bytes
// count              anything                                "global=<n> var=<n>": calls so far, by a global and by a variable
// tcp_echo           host:port LF payload                    the payload as it came back
// tcp_read_all       host:port                               all bytes until the end of the stream
// tcp_wait           host:port                               connects, sends nothing, waits for one line; the line
// tcp_request        host:port LF payload                    sends the payload, then all bytes until the end of the stream
// tcp_bulk_send      host:port total chunk                   sends total bytes of the pattern, chunk at a time, waits for one
//                                                            line from the server; "sent=<n> digest=<hex> answer=<line>"
// tcp_bulk_recv      host:port total chunk                   reads until total bytes or the end; "received=<n> digest=<hex>"
// tcp_small_reads    host:port LF payload                    as tcp_echo, but peeks and then reads one byte at a time
// tcp_addresses      host:port                               "peer=<address or message>" LF "local=<address or message>"
// tcp_unsupported    host:port                               a line "<method>\t<code>\t<message>" for each call v1 can't do
// tcp_shutdown       host:port                               shuts down both halves, then "read: <message>" LF "write: <message>"
// session_open       host:port                               "open": a connection kept in a global until session_close
// session_exchange   payload                                 sends it on that connection; one line back, without its end
// session_close      anything                                "closed"
// redis              host:port LF command LF command ...     words of a command are separated by blanks; a line a reply:
//                                                            "+OK", ":1", "$value", "-ERR ...", "(nil)", "*2 a b"
// udp_echo           host:port LF payload                    the datagram that came back
// udp_empty_datagram host:port                               sends none bytes; "received=<n>"
// udp_cut            host:port max LF payload                receives into max bytes; what came
// udp_from           host:port LF payload                    "<n> from <address>"
// udp_wait           host:port                               receives without sending
// udp_unsupported    host:port                               as tcp_unsupported
// icmp_echo          target [seq [payload]]                  "source=<a> type=<n> code=<n> id=<n|-> seq=<n|-> data=<text>"
// icmp_send_only     target [seq [payload]]                  "sent"
// icmp_wait          timeout in ms                           as icmp_echo, for whatever comes
// http               METHOD URL LF header lines LF LF body   "status=<n>" LF, "<Name>: <value>" LF for each value, LF,
//                    (no empty line: no body)                "bytes=<n> digest=<hex>" LF
// http_text          URL                                     the body
// http_many          n URL                                   n GETs one after the other; "<n ok> of <n>"
// http_json          URL LF json                             POSTs the JSON text; the body of the answer
// config             key                                     the value; error not_found
// var_set            name LF value                           nothing
// var_get            name                                    the value; error not_found
// var_remove         name                                    nothing
// log                level LF message                        nothing; level: trace debug info warn error
// log_levels         anything                                the enabled levels, separated by blanks
// fail               text                                    set_error(text), returns 3
// fail_without_text  anything                                returns 4
// output_then_fail   text                                    sets the output, then fails with "after the output", returns 1
// print              text                                    writes "out:<text>" LF to stdout and "err:<text>" LF to stderr
// clang-format on

#include <array>
#include <charconv>
#include <cstdio>
#include <hws/net.hpp>
#include <hws/plugin.hpp>
#include <optional>

using hws::Errc;
using hws::Result;

namespace {

/// Takes the text up to `separator` off the front.
std::string_view take(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return front;
}

Result<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return hws::fail(Errc::invalid_argument, "not a number: " + std::string(text));
    return number;
}

class Digest {
public:
    void add(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes)
            value_ = (value_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
    }
    std::string hex() const {
        std::string text(16, '0');
        for (int i = 0; i < 16; ++i)
            text[i] = "0123456789abcdef"[value_ >> (60 - 4 * i) & 15];
        return text;
    }

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

/// A plugin's input `address LF payload`.
struct AddressAndPayload {
    std::string input = hws::input_text();
    std::string_view payload = input;
    std::string_view address = take(payload, '\n');
};

struct BulkTask {
    std::string address;
    std::size_t total = 0;
    std::size_t chunk = 0;
};

Result<BulkTask> bulk_task() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    const std::string_view address = take(rest, ' ');
    HWS_TRY(const std::uint64_t total, parse_number(take(rest, ' ')));
    HWS_TRY(const std::uint64_t chunk, parse_number(take(rest, ' ')));
    return BulkTask{std::string(address), std::size_t(total),
                    std::size_t(std::max<std::uint64_t>(chunk, 1))};
}

template <class T> std::string text_or_message(const Result<T>& result) {
    if (!result) return result.error().message();
    if constexpr (requires { result->to_string(); })
        return result->to_string();
    else
        return "done";
}

template <class T>
void add_line(std::string& lines, std::string_view method, const Result<T>& result) {
    lines.append(method).append("\t");
    if (result)
        lines.append("ok\t\n");
    else
        lines.append(name_of(result.error().code()))
            .append("\t")
            .append(result.error().message())
            .append("\n");
}

std::optional<hws::TcpStream> session;
int calls = 0;

} // namespace

int empty() {
    return 0;
}
HWS_PLUGIN_EXPORT(empty)

Result<void> echo() {
    hws::output(hws::input());
    return {};
}
HWS_PLUGIN_EXPORT(echo)

Result<void> count() {
    ++calls;
    const std::string before = hws::var::get_text("count").value_or("0");
    HWS_TRY(const std::uint64_t number, parse_number(before));
    const std::string now = std::to_string(number + 1);
    HWS_CHECK(hws::var::set("count", now));
    hws::output("global=" + std::to_string(calls) + " var=" + now);
    return {};
}
HWS_PLUGIN_EXPORT(count)

Result<void> tcp_echo() {
    const AddressAndPayload in;
    HWS_TRY(auto stream, hws::TcpStream::connect(in.address));
    HWS_CHECK(stream.write_all(in.payload));
    std::vector<std::byte> echo(in.payload.size());
    HWS_CHECK(stream.read_exact(echo));
    hws::output(echo);
    return {};
}
HWS_PLUGIN_EXPORT(tcp_echo)

Result<void> tcp_read_all() {
    HWS_TRY(auto stream, hws::TcpStream::connect(hws::input_text()));
    std::vector<std::byte> all;
    HWS_CHECK(stream.read_to_end(all));
    hws::output(all);
    return {};
}
HWS_PLUGIN_EXPORT(tcp_read_all)

Result<void> tcp_wait() {
    HWS_TRY(auto stream, hws::TcpStream::connect(hws::input_text()));
    hws::BufReader reader(stream);
    HWS_TRY(const auto line, reader.read_line());
    if (!line) return hws::fail(Errc::reset, "no line came");
    hws::output(*line);
    return {};
}
HWS_PLUGIN_EXPORT(tcp_wait)

Result<void> tcp_request() {
    const AddressAndPayload in;
    HWS_TRY(auto stream, hws::TcpStream::connect(in.address));
    HWS_CHECK(stream.write_all(in.payload));
    std::string answer;
    HWS_CHECK(stream.read_to_end(answer));
    hws::output(answer);
    return {};
}
HWS_PLUGIN_EXPORT(tcp_request)

Result<void> tcp_bulk_send() {
    HWS_TRY(const BulkTask task, bulk_task());
    HWS_TRY(auto stream, hws::TcpStream::connect(task.address));
    std::vector<std::byte> chunk(task.chunk);
    Digest digest;
    for (std::size_t sent = 0; sent < task.total;) {
        const std::size_t now = std::min(task.chunk, task.total - sent);
        for (std::size_t i = 0; i < now; ++i)
            chunk[i] = static_cast<std::byte>(((sent + i) * 31 + 7) % 251);
        const auto piece = std::span<const std::byte>(chunk).first(now);
        HWS_CHECK(stream.write_all(piece));
        digest.add(piece);
        sent += now;
    }
    hws::BufReader reader(stream);
    HWS_TRY(const auto answer, reader.read_line());
    hws::output("sent=" + std::to_string(task.total) + " digest=" + digest.hex() +
                " answer=" + answer.value_or(""));
    return {};
}
HWS_PLUGIN_EXPORT(tcp_bulk_send)

Result<void> tcp_bulk_recv() {
    HWS_TRY(const BulkTask task, bulk_task());
    HWS_TRY(auto stream, hws::TcpStream::connect(task.address));
    std::vector<std::byte> chunk(task.chunk);
    Digest digest;
    std::size_t received = 0;
    while (received < task.total) {
        const auto into = std::span(chunk).first(std::min(task.chunk, task.total - received));
        HWS_TRY(const std::size_t came, stream.read(into));
        if (came == 0) break;
        digest.add(into.first(came));
        received += came;
    }
    hws::output("received=" + std::to_string(received) + " digest=" + digest.hex());
    return {};
}
HWS_PLUGIN_EXPORT(tcp_bulk_recv)

Result<void> tcp_small_reads() {
    const AddressAndPayload in;
    HWS_TRY(auto stream, hws::TcpStream::connect(in.address));
    HWS_CHECK(stream.write_all(in.payload));
    std::string echo;
    while (echo.size() < in.payload.size()) {
        std::array<std::byte, 1> peeked, read;
        HWS_TRY(const std::size_t peeked_bytes, stream.peek(peeked));
        HWS_TRY(const std::size_t read_bytes, stream.read(read));
        if (peeked_bytes != read_bytes || read_bytes != 1 || peeked != read)
            return hws::fail(Errc::protocol, "peek and read differ");
        echo += static_cast<char>(read[0]);
    }
    hws::output(echo);
    return {};
}
HWS_PLUGIN_EXPORT(tcp_small_reads)

Result<void> tcp_addresses() {
    HWS_TRY(auto stream, hws::TcpStream::connect(hws::input_text()));
    hws::output("peer=" + text_or_message(stream.peer_addr()) +
                "\nlocal=" + text_or_message(stream.local_addr()));
    return {};
}
HWS_PLUGIN_EXPORT(tcp_addresses)

Result<void> tcp_unsupported() {
    using namespace std::chrono_literals;
    HWS_TRY(auto stream, hws::TcpStream::connect(hws::input_text()));
    std::string lines;
    add_line(lines, "connect_timeout", hws::TcpStream::connect_timeout(hws::SocketAddr(), 1s));
    add_line(lines, "shutdown(read)", stream.shutdown(hws::Shutdown::read));
    add_line(lines, "shutdown(write)", stream.shutdown(hws::Shutdown::write));
    add_line(lines, "local_addr", stream.local_addr());
    add_line(lines, "set_read_timeout", stream.set_read_timeout(1s));
    add_line(lines, "set_write_timeout", stream.set_write_timeout(1s));
    add_line(lines, "read_timeout", stream.read_timeout());
    add_line(lines, "write_timeout", stream.write_timeout());
    add_line(lines, "set_blocking", stream.set_blocking(hws::Blocking::never_waits));
    add_line(lines, "set_nodelay", stream.set_nodelay(hws::Switch::on));
    add_line(lines, "nodelay", stream.nodelay());
    add_line(lines, "set_ttl", stream.set_ttl(64));
    add_line(lines, "ttl", stream.ttl());
    add_line(lines, "take_error", stream.take_error());
    hws::output(lines);
    return {};
}
HWS_PLUGIN_EXPORT(tcp_unsupported)

Result<void> tcp_shutdown() {
    HWS_TRY(auto stream, hws::TcpStream::connect(hws::input_text()));
    HWS_CHECK(stream.shutdown(hws::Shutdown::both));
    std::array<std::byte, 8> buffer;
    hws::output("read: " + text_or_message(stream.read(buffer)) +
                "\nwrite: " + text_or_message(stream.write("x")));
    return {};
}
HWS_PLUGIN_EXPORT(tcp_shutdown)

Result<void> session_open() {
    HWS_TRY(auto stream, hws::TcpStream::connect(hws::input_text()));
    session = std::move(stream);
    hws::output("open");
    return {};
}
HWS_PLUGIN_EXPORT(session_open)

Result<void> session_exchange() {
    if (!session) return hws::fail(Errc::not_connected, "session_open first");
    HWS_CHECK(session->write_all(hws::input_text()));
    // Byte by byte, so that what came beyond the line stays with the stream for the next call.
    std::string line;
    while (!line.ends_with('\n')) {
        std::array<std::byte, 1> byte;
        HWS_CHECK(session->read_exact(byte));
        line += static_cast<char>(byte[0]);
    }
    line.pop_back();
    hws::output(line);
    return {};
}
HWS_PLUGIN_EXPORT(session_exchange)

Result<void> session_close() {
    session.reset();
    hws::output("closed");
    return {};
}
HWS_PLUGIN_EXPORT(session_close)

namespace {

using RedisReader = hws::BufReader<hws::TcpStream>;

Result<std::string> redis_reply(RedisReader& reader) {
    HWS_TRY(const auto head, reader.read_line());
    if (!head || head->empty()) return hws::fail(Errc::reset, "redis: no reply");
    const char kind = head->front();
    if (kind == '+' || kind == '-' || kind == ':') return *head;
    if (*head == "$-1" || *head == "*-1") return "(nil)";
    HWS_TRY(const std::uint64_t count, parse_number(std::string_view(*head).substr(1)));
    if (kind == '$') {
        std::string value(count + 2, '\0');
        HWS_CHECK(reader.read_exact(std::as_writable_bytes(std::span(value))));
        value.resize(count);
        return "$" + value;
    }
    if (kind != '*') return hws::fail(Errc::protocol, "redis: " + *head);
    std::string list = "*" + std::to_string(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        HWS_TRY(const std::string element, redis_reply(reader));
        list += " " + (element.starts_with('$') ? element.substr(1) : element);
    }
    return list;
}

} // namespace

Result<void> redis() {
    const AddressAndPayload in;
    HWS_TRY(auto stream, hws::TcpStream::connect(in.address));
    RedisReader reader(stream);
    std::string replies;
    for (std::string_view rest = in.payload; !rest.empty();) {
        std::string_view command = take(rest, '\n');
        std::vector<std::string_view> words;
        while (!command.empty())
            words.push_back(take(command, ' '));
        std::string request = "*" + std::to_string(words.size()) + "\r\n";
        for (const std::string_view word : words)
            request.append("$")
                .append(std::to_string(word.size()))
                .append("\r\n")
                .append(word)
                .append("\r\n");
        HWS_CHECK(stream.write_all(request));
        HWS_TRY(const std::string reply, redis_reply(reader));
        replies += reply + "\n";
    }
    hws::output(replies);
    return {};
}
HWS_PLUGIN_EXPORT(redis)

Result<void> udp_echo() {
    const AddressAndPayload in;
    HWS_TRY(auto socket, hws::UdpSocket::connect(in.address));
    HWS_CHECK(socket.send(in.payload));
    std::vector<std::byte> buffer(65535);
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    hws::output(std::span(buffer).first(count));
    return {};
}
HWS_PLUGIN_EXPORT(udp_echo)

Result<void> udp_empty_datagram() {
    HWS_TRY(auto socket, hws::UdpSocket::connect(hws::input_text()));
    HWS_CHECK(socket.send(std::span<const std::byte>()));
    std::array<std::byte, 64> buffer;
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    hws::output("received=" + std::to_string(count));
    return {};
}
HWS_PLUGIN_EXPORT(udp_empty_datagram)

Result<void> udp_cut() {
    const std::string input = hws::input_text();
    std::string_view payload = input;
    std::string_view head = take(payload, '\n');
    const std::string_view address = take(head, ' ');
    HWS_TRY(const std::uint64_t max, parse_number(head));
    HWS_TRY(auto socket, hws::UdpSocket::connect(address));
    HWS_CHECK(socket.send(payload));
    std::vector<std::byte> buffer(max);
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    hws::output(std::span(buffer).first(count));
    return {};
}
HWS_PLUGIN_EXPORT(udp_cut)

Result<void> udp_from() {
    const AddressAndPayload in;
    HWS_TRY(auto socket, hws::UdpSocket::connect(in.address));
    HWS_CHECK(socket.send(in.payload));
    std::array<std::byte, 2048> buffer;
    HWS_TRY(const auto received, socket.recv_from(buffer));
    hws::output(std::to_string(received.bytes) + " from " + received.from.to_string());
    return {};
}
HWS_PLUGIN_EXPORT(udp_from)

Result<void> udp_wait() {
    HWS_TRY(auto socket, hws::UdpSocket::connect(hws::input_text()));
    std::array<std::byte, 2048> buffer;
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    hws::output(std::span(buffer).first(count));
    return {};
}
HWS_PLUGIN_EXPORT(udp_wait)

Result<void> udp_unsupported() {
    using namespace std::chrono_literals;
    HWS_TRY(auto socket, hws::UdpSocket::connect(hws::input_text()));
    std::string lines;
    add_line(lines, "bind", hws::UdpSocket::bind("127.0.0.1:0"));
    add_line(lines, "send_to", socket.send_to({}, hws::SocketAddr()));
    add_line(lines, "local_addr", socket.local_addr());
    add_line(lines, "set_read_timeout", socket.set_read_timeout(1s));
    add_line(lines, "set_write_timeout", socket.set_write_timeout(1s));
    add_line(lines, "read_timeout", socket.read_timeout());
    add_line(lines, "write_timeout", socket.write_timeout());
    add_line(lines, "set_blocking", socket.set_blocking(hws::Blocking::never_waits));
    add_line(lines, "set_ttl", socket.set_ttl(64));
    add_line(lines, "ttl", socket.ttl());
    add_line(lines, "set_broadcast", socket.set_broadcast(hws::Switch::on));
    add_line(lines, "broadcast", socket.broadcast());
    add_line(lines, "take_error", socket.take_error());
    hws::output(lines);
    return {};
}
HWS_PLUGIN_EXPORT(udp_unsupported)

namespace {

Result<void> icmp_send(hws::IcmpSocket& socket, std::string_view input) {
    const std::string_view target = take(input, ' ');
    const std::string_view seq_text = take(input, ' ');
    std::uint64_t seq = 1;
    if (!seq_text.empty()) {
        HWS_TRY(seq, parse_number(seq_text));
    }
    return socket.send(target, hws::bytes_of(input.empty() ? "ping" : input),
                       static_cast<std::uint16_t>(seq));
}

Result<void> icmp_output(hws::IcmpSocket& socket, std::chrono::milliseconds timeout) {
    HWS_TRY(const auto response, socket.recv(timeout));
    auto number = [](std::optional<std::uint16_t> value) {
        return value ? std::to_string(*value) : "-";
    };
    hws::output("source=" + response.source.to_string() + " type=" + std::to_string(response.type) +
                " code=" + std::to_string(response.code) + " id=" + number(response.id) + " seq=" +
                number(response.seq) + " data=" + std::string(hws::text_of(response.data)));
    return {};
}

} // namespace

Result<void> icmp_echo() {
    HWS_TRY(auto socket, hws::IcmpSocket::open());
    HWS_CHECK(icmp_send(socket, hws::input_text()));
    return icmp_output(socket, std::chrono::seconds(5));
}
HWS_PLUGIN_EXPORT(icmp_echo)

Result<void> icmp_send_only() {
    HWS_TRY(auto socket, hws::IcmpSocket::open());
    HWS_CHECK(icmp_send(socket, hws::input_text()));
    hws::output("sent");
    return {};
}
HWS_PLUGIN_EXPORT(icmp_send_only)

Result<void> icmp_wait() {
    HWS_TRY(auto socket, hws::IcmpSocket::open());
    HWS_TRY(const std::uint64_t timeout, parse_number(hws::input_text()));
    return icmp_output(socket, std::chrono::milliseconds(timeout));
}
HWS_PLUGIN_EXPORT(icmp_wait)

Result<void> http() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    std::string_view first = take(rest, '\n');
    const std::string_view method = take(first, ' ');
    auto request = hws::http::Client().request(method, first);
    while (!rest.empty()) {
        std::string_view line = take(rest, '\n');
        if (line.empty()) {
            request.body(rest);
            break;
        }
        const std::string_view name = take(line, ':');
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        request.header(name, line);
    }
    HWS_TRY(auto response, request.send());
    HWS_TRY(const auto body, response.bytes());
    std::string text = "status=" + std::to_string(response.status()) + "\n";
    for (const auto& [name, values] : response.headers())
        for (const std::string& value : values)
            text += name + ": " + value + "\n";
    Digest digest;
    digest.add(body);
    text += "\nbytes=" + std::to_string(body.size()) + " digest=" + digest.hex() + "\n";
    hws::output(text);
    return {};
}
HWS_PLUGIN_EXPORT(http)

Result<void> http_text() {
    HWS_TRY(auto response, hws::http::Client().get(hws::input_text()).send());
    HWS_TRY(const std::string text, response.text());
    hws::output(text);
    return {};
}
HWS_PLUGIN_EXPORT(http_text)

Result<void> http_many() {
    const std::string input = hws::input_text();
    std::string_view url = input;
    HWS_TRY(const std::uint64_t wanted, parse_number(take(url, ' ')));
    const hws::http::Client client;
    std::uint64_t good = 0;
    for (std::uint64_t i = 0; i < wanted; ++i) {
        HWS_TRY(const auto response, client.get(url).send());
        good += response.status_is_success();
    }
    hws::output(std::to_string(good) + " of " + std::to_string(wanted));
    return {};
}
HWS_PLUGIN_EXPORT(http_many)

Result<void> http_json() {
    const AddressAndPayload in;
    HWS_TRY(auto response, hws::http::Client().post(in.address).json(in.payload).send());
    HWS_TRY(const std::string text, response.text());
    hws::output(text);
    return {};
}
HWS_PLUGIN_EXPORT(http_json)

Result<void> config() {
    const auto value = hws::config(hws::input_text());
    if (!value) return hws::fail(Errc::not_found, "config " + hws::input_text());
    hws::output(*value);
    return {};
}
HWS_PLUGIN_EXPORT(config)

Result<void> var_set() {
    const AddressAndPayload in;
    return hws::var::set(in.address, in.payload);
}
HWS_PLUGIN_EXPORT(var_set)

Result<void> var_get() {
    const auto value = hws::var::get(hws::input_text());
    if (!value) return hws::fail(Errc::not_found, "var " + hws::input_text());
    hws::output(*value);
    return {};
}
HWS_PLUGIN_EXPORT(var_get)

int var_remove() {
    hws::var::remove(hws::input_text());
    return 0;
}
HWS_PLUGIN_EXPORT(var_remove)

namespace {
constexpr std::pair<std::string_view, hws::log::Level> levels[] = {
    {"trace", hws::log::Level::trace}, {"debug", hws::log::Level::debug},
    {"info", hws::log::Level::info},   {"warn", hws::log::Level::warn},
    {"error", hws::log::Level::error},
};
} // namespace

Result<void> log_message() {
    const AddressAndPayload in;
    for (const auto& [name, level] : levels) {
        if (name != in.address) continue;
        hws::log::write(level, in.payload);
        return {};
    }
    return hws::fail(Errc::invalid_argument, "no such level");
}
HWS_PLUGIN_EXPORT_AS(log, log_message)

Result<void> log_levels() {
    std::string enabled;
    for (const auto& [name, level] : levels)
        if (hws::log::is_enabled(level)) enabled.append(enabled.empty() ? "" : " ").append(name);
    hws::output(enabled);
    return {};
}
HWS_PLUGIN_EXPORT(log_levels)

int fail() {
    hws::set_error(hws::input_text());
    return 3;
}
HWS_PLUGIN_EXPORT(fail)

int fail_without_text() {
    return 4;
}
HWS_PLUGIN_EXPORT(fail_without_text)

Result<void> output_then_fail() {
    hws::output(hws::input_text());
    return hws::fail(Errc::io, "after the output");
}
HWS_PLUGIN_EXPORT(output_then_fail)

Result<void> print() {
    const std::string text = hws::input_text();
    std::printf("out:%s\n", text.c_str());
    std::fflush(stdout);
    std::fprintf(stderr, "err:%s\n", text.c_str());
    return {};
}
HWS_PLUGIN_EXPORT(print)
