// clang-format off
// HTTP by the SDK. An export's input is text, its first line the URL or URLs, separated by blanks. On failure an export
// returns 1 and the error's one-line message. digest and pattern: as in net_sdk.cpp.
//
// export     input                              output
// ---------- ---------------------------------- ------------------------------------------------------------------------
// request    METHOD URL LF option lines LF LF   "status=<n> version=<10|11|20|?> redirects=<n> length=<n|->" LF "url=<url>" LF,
//            body (no empty line: no body)      "<Name>: <value>" LF for each value, LF, the body, and LF "<Name>: <value>"
//                                               LF for each trailer.
//                                               Options: header Name: value | timeout ms | idle ms | connect ms |
//                                               redirects none|<n>|same | packed | cookies | expect | http1 | http2 |
//                                               max bytes | query n=v | form n=v | user name password | token t | fail-status
// twice      as request                         the request sent two times with one client; the output of the second
// download   URL chunk-bytes                    "bytes=<n> digest=<hex> largest=<n>", read by chunks
// drain      URL bytes                          "bytes=<n>", read into one buffer of that size
// upload     URL total known|unknown            PUTs the pattern from a source; the body of the answer
// broken_source URL                             PUTs from a source that fails after 1000 bytes with `not_found`
// dialogue   URL                                start, stream_body: writes "one", "two", ends; the body of the answer
// multipart  URL                                POSTs a form with a file; the body of the answer
// multipart_from URL known|unknown              the same, but the file is 100000 bytes of the pattern from a source
// early      URL                                "<status> <Link>" LF for each informational response, then the body
// relay      URL URL                            the body of the first GET streams into a PUT to the second; its answer
// lines      URL                                the number of lines, by BufReader
// parallel   URL URL ...                        all started at once and polled; "<index>:<status>:<body>" LF as they end
// head_later URL                                non-blocking: "would_block" LF as long as it is so is one line, then status
// hoard      URL count bytes                    starts so many POSTs with bodies of that size; "<n started> <message of the
//                                               first that failed>", and lets go of all
// abandon    URL                                starts, asks for the head, drops the response: "dropped"
// clang-format on

#include <algorithm>
#include <charconv>
#include <hws/net.hpp>
#include <hws/plugin.hpp>
#include <optional>
#include <vector>

using hws::Errc;
using hws::Result;
using hws::http::Client;

namespace {

std::string_view take(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return front;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

class Digest {
public:
    void add(std::span<const std::byte> bytes) {
        for (std::byte byte : bytes)
            value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3u;
    }
    std::string hex() const {
        std::string text(16, '0');
        for (int i = 0; i < 16; ++i)
            text[static_cast<std::size_t>(i)] = "0123456789abcdef"[value_ >> (60 - 4 * i) & 15];
        return text;
    }

private:
    std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// The pattern, as a source of a body.
hws::http::BodySource pattern_source(std::uint64_t total) {
    return [total, next = std::uint64_t{0}](
               std::span<std::byte> into) mutable -> Result<std::size_t> {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), total - next));
        for (std::size_t i = 0; i < count; ++i, ++next)
            into[i] = static_cast<std::byte>((next * 31 + 7) % 251);
        return count;
    };
}

struct Wanted {
    std::string input = hws::input_text();
    std::string_view rest = input;
    std::size_t max_bytes = hws::http::Response::default_max_bytes;
    bool must_succeed = false;

    hws::http::RequestBuilder build(const Client& client) {
        using hws::Switch;
        using hws::http::Redirects;
        std::string_view first = take(rest, '\n');
        const std::string_view method = take(first, ' ');
        auto request = client.request(method, first);
        std::vector<hws::http::FormField> form;
        while (!rest.empty()) {
            std::string_view line = take(rest, '\n');
            if (line.empty()) {
                request.body(rest);
                break;
            }
            const std::string_view option = take(line, ' ');
            const auto milliseconds = std::chrono::milliseconds(number(line));
            if (option == "header") {
                const std::string_view name = take(line, ':');
                line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
                request.header(name, line);
            }
            if (option == "timeout") request.timeout(milliseconds);
            if (option == "idle") request.idle_timeout(milliseconds);
            if (option == "connect") request.connect_timeout(milliseconds);
            if (option == "redirects" && line == "none") request.redirects(Redirects::none());
            else if (option == "redirects" && line == "same")
                request.redirects(Redirects::same_origin());
            else if (option == "redirects")
                request.redirects(Redirects::limited(static_cast<std::uint32_t>(number(line))));
            if (option == "packed") request.decompression(Switch::off);
            if (option == "cookies") request.cookies(Switch::on);
            if (option == "expect") request.expect_continue(Switch::on);
            if (option == "http1") request.protocol(hws::http::Protocol::http_1);
            if (option == "http2") request.protocol(hws::http::Protocol::http_2);
            if (option == "max") max_bytes = static_cast<std::size_t>(number(line));
            if (option == "fail-status") must_succeed = true;
            if (option == "token") request.bearer_auth(line);
            if (option == "user") {
                const std::string_view user = take(line, ' ');
                request.basic_auth(user, line);
            }
            if (option == "query" || option == "form") {
                const std::string_view name = take(line, '=');
                if (option == "query")
                    request.query(name, line);
                else
                    form.emplace_back(name, line);
            }
        }
        if (!form.empty()) request.form(form);
        return request;
    }
};

std::string_view text_of(hws::http::Version version) {
    switch (version) {
    case hws::http::Version::http_1_0:
        return "10";
    case hws::http::Version::http_1_1:
        return "11";
    case hws::http::Version::http_2:
        return "20";
    case hws::http::Version::unknown:
        break;
    }
    return "?";
}

void append(std::string& text, const hws::http::HeaderMap& headers) {
    for (const auto& [name, values] : headers)
        for (const std::string& value : values)
            text += name + ": " + value + "\n";
}

Result<void> report(hws::http::Response& response, const Wanted& wanted) {
    if (wanted.must_succeed) HWS_CHECK(response.error_for_status());
    const auto length = response.content_length();
    std::string text = "status=" + std::to_string(response.status()) + " version=" +
                       std::string(text_of(response.version())) +
                       " redirects=" + std::to_string(response.redirects()) +
                       " length=" + (length ? std::to_string(*length) : "-") + "\n";
    text += "url=" + response.url().value_or("?") + "\n";
    append(text, response.headers());
    HWS_TRY(const std::string body, response.text(wanted.max_bytes));
    text += "\n" + body;
    if (const auto trailers = response.trailers(); trailers && !trailers->empty()) {
        text += "\n";
        append(text, *trailers);
    }
    hws::output(text);
    return {};
}

Result<void> output_text(hws::http::Response& response) {
    HWS_TRY(const std::string text, response.text());
    hws::output(text);
    return {};
}

} // namespace

Result<void> request() {
    Wanted wanted;
    auto builder = wanted.build(Client());
    HWS_TRY(auto response, builder.send());
    return report(response, wanted);
}
HWS_PLUGIN_EXPORT(request)

Result<void> twice() {
    Wanted wanted;
    auto builder = wanted.build(Client());
    HWS_TRY(auto first, builder.send());
    HWS_CHECK(first.bytes());
    HWS_TRY(auto second, builder.send());
    return report(second, wanted);
}
HWS_PLUGIN_EXPORT(twice)

Result<void> download() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    const std::string_view url = take(rest, ' ');
    HWS_TRY(auto response, Client().get(url).send());
    HWS_CHECK(response.error_for_status());
    Digest digest;
    std::uint64_t bytes = 0;
    std::size_t largest = 0;
    for (auto& chunk : response.chunks(static_cast<std::size_t>(number(rest)))) {
        HWS_TRY(const auto piece, chunk);
        digest.add(piece);
        bytes += piece.size();
        largest = std::max(largest, piece.size());
    }
    hws::output("bytes=" + std::to_string(bytes) + " digest=" + digest.hex() +
                " largest=" + std::to_string(largest));
    return {};
}
HWS_PLUGIN_EXPORT(download)

Result<void> drain() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    const std::string_view url = take(rest, ' ');
    HWS_TRY(auto response, Client().get(url).send());
    std::vector<std::byte> buffer(static_cast<std::size_t>(number(rest)));
    for (std::uint64_t all = 0;;) {
        HWS_TRY(const std::size_t bytes, response.read(buffer));
        if (bytes == 0) {
            hws::output("bytes=" + std::to_string(all));
            return {};
        }
        all += bytes;
    }
}
HWS_PLUGIN_EXPORT(drain)

Result<void> upload() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    const std::string_view url = take(rest, ' ');
    const std::uint64_t total = number(take(rest, ' '));
    std::optional<std::uint64_t> length;
    if (rest == "known") length = total;
    HWS_TRY(auto response, Client().put(url).body_from(pattern_source(total), length).send());
    return output_text(response);
}
HWS_PLUGIN_EXPORT(upload)

Result<void> broken_source() {
    bool has_given = false;
    const auto source = [&](std::span<std::byte> into) -> Result<std::size_t> {
        if (std::exchange(has_given, true)) return hws::fail(Errc::not_found, "the source is dry");
        return std::min<std::size_t>(into.size(), 1000);
    };
    HWS_TRY(auto response, Client().put(hws::input_text()).body_from(source).send());
    return output_text(response);
}
HWS_PLUGIN_EXPORT(broken_source)

Result<void> dialogue() {
    HWS_TRY(auto exchange, Client().post(hws::input_text()).stream_body().start());
    HWS_CHECK(exchange.write_all("one"));
    HWS_CHECK(exchange.write_all("two"));
    HWS_CHECK(exchange.finish_body());
    const auto late = exchange.write("three");
    if (late || late.error() != Errc::broken_pipe)
        return hws::fail(Errc::protocol, "writing after the end: " +
                                             (late ? "taken" : late.error().message()));
    HWS_TRY(auto response, exchange.response());
    return output_text(response);
}
HWS_PLUGIN_EXPORT(dialogue)

Result<void> multipart() {
    hws::http::Multipart form;
    form.text("title", "Holidays").file("picture", "beach.png", "image/png", "not a picture");
    HWS_TRY(auto response, Client().post(hws::input_text()).multipart(form).send());
    return output_text(response);
}
HWS_PLUGIN_EXPORT(multipart)

Result<void> multipart_from() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    const std::string_view url = take(rest, ' ');
    constexpr std::uint64_t size = 100'000;
    std::optional<std::uint64_t> length;
    if (rest == "known") length = size;
    hws::http::Multipart form;
    form.text("title", "Holidays")
        .file_from("picture", "beach.png", "image/png", pattern_source(size), length)
        .text("last", "one");
    HWS_TRY(auto response, Client().post(url).multipart(form).send());
    return output_text(response);
}
HWS_PLUGIN_EXPORT(multipart_from)

Result<void> early() {
    HWS_TRY(auto response, Client().get(hws::input_text()).send());
    HWS_TRY(const auto heads, response.informational());
    std::string text;
    for (const auto& head : heads)
        text += std::to_string(head.status) + " " +
                std::string(head.headers.first("link").value_or("")) + "\n";
    HWS_TRY(const std::string body, std::move(response).text());
    hws::output(text + body);
    return {};
}
HWS_PLUGIN_EXPORT(early)

Result<void> relay() {
    const std::string input = hws::input_text();
    std::string_view to = input;
    const std::string_view from = take(to, ' ');
    HWS_TRY(auto source, Client().get(from).send());
    HWS_TRY(auto response, Client().put(to).body_from(source, source.content_length()).send());
    return output_text(response);
}
HWS_PLUGIN_EXPORT(relay)

Result<void> lines() {
    HWS_TRY(auto response, Client().get(hws::input_text()).send());
    hws::BufReader reader(response);
    std::size_t count = 0;
    while (true) {
        HWS_TRY(const auto line, reader.read_line());
        if (!line) break;
        ++count;
    }
    hws::output(std::to_string(count));
    return {};
}
HWS_PLUGIN_EXPORT(lines)

namespace {

/// One of several exchanges, until its body has ended.
struct Running {
    explicit Running(hws::http::Exchange begun) : exchange(std::move(begun)) {}

    hws::http::Exchange exchange;
    std::optional<hws::http::Response> response;
    std::string body;

    /// Whether it has ended. Never waits.
    Result<bool> go_on() {
        if (!response) {
            auto head = exchange.response();
            if (!head && head.error() == Errc::would_block) return false;
            if (!head) return std::unexpected(head.error());
            response = std::move(*head);
        }
        auto read = response->read_to_end(body);
        if (!read && read.error() == Errc::would_block) return false;
        if (!read) return std::unexpected(read.error());
        return true;
    }
};

} // namespace

Result<void> parallel() {
    const std::string input = hws::input_text();
    std::vector<Running> all;
    hws::Poller poller;
    for (std::string_view rest = input; !rest.empty();) {
        HWS_TRY(auto exchange, Client().get(take(rest, ' ')).start());
        HWS_CHECK(exchange.set_blocking(hws::Blocking::never_waits));
        HWS_CHECK(poller.add(exchange, hws::Interest::read, all.size()));
        all.emplace_back(std::move(exchange));
    }
    std::string text;
    while (poller.size() > 0) {
        HWS_TRY(const auto events, poller.wait());
        for (const hws::Poller::Event& event : events) {
            Running& running = all[event.key];
            HWS_TRY(const bool has_ended, running.go_on());
            if (!has_ended) continue;
            HWS_CHECK(poller.remove(running.exchange));
            text += std::to_string(event.key) + ":" + std::to_string(running.response->status()) +
                    ":" + running.body + "\n";
        }
    }
    hws::output(text);
    return {};
}
HWS_PLUGIN_EXPORT(parallel)

Result<void> head_later() {
    HWS_TRY(auto exchange, Client().get(hws::input_text()).start());
    HWS_CHECK(exchange.set_blocking(hws::Blocking::never_waits));
    std::string text;
    hws::Poller poller;
    HWS_CHECK(poller.add(exchange, hws::Interest::read, 0));
    while (true) {
        auto response = exchange.response();
        if (response) {
            hws::output(text + std::to_string(response->status()));
            return {};
        }
        if (response.error() != Errc::would_block) return std::unexpected(response.error());
        text = "would_block\n";
        HWS_CHECK(poller.wait());
    }
}
HWS_PLUGIN_EXPORT(head_later)

Result<void> hoard() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    const std::string_view url = take(rest, ' ');
    const std::uint64_t count = number(take(rest, ' '));
    const std::string body(static_cast<std::size_t>(number(rest)), 'x');
    std::vector<hws::http::Exchange> all;
    std::string message;
    while (all.size() < count && message.empty()) {
        auto exchange = Client().post(url).body(body).start();
        if (exchange)
            all.push_back(std::move(*exchange));
        else
            message = exchange.error().message();
    }
    hws::output(std::to_string(all.size()) + " " + message);
    return {};
}
HWS_PLUGIN_EXPORT(hoard)

Result<void> abandon() {
    {
        HWS_TRY(auto response, Client().get(hws::input_text()).send());
        std::array<std::byte, 10> some;
        HWS_CHECK(response.read(some));
    }
    hws::output("dropped");
    return {};
}
HWS_PLUGIN_EXPORT(abandon)
