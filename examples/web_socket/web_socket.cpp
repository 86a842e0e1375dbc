// Says something to a WebSocket server, line by line, and shows what it answers.
//
//     hws call web_socket.wasm execute --allow ws:127.0.0.1:8765 --input "ws://127.0.0.1:8765/echo
//     hello
//     how are you?"
//
// Input of `execute`: the URL in the first line, then the lines to be said. Output: the answer to
// each, and how the conversation ended.

#include <chrono>
#include <hws/plugin.hpp>
#include <hws/web_socket.hpp>

using namespace std::chrono_literals;

namespace {

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string shown(const hws::WebSocket::Message& message) {
    if (message.is_text()) return message.data;
    if (message.is_close()) return "closed: " + std::to_string(message.code) + " " + message.data;
    return std::to_string(message.data.size()) + " bytes";
}

} // namespace

hws::Result<void> execute() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    HWS_TRY(auto socket, hws::WebSocket::connect(take_line(rest), {.timeout = 10s}));
    HWS_CHECK(socket.set_read_timeout(10s));

    std::string conversation;
    while (!rest.empty()) {
        // After the server's close nothing can be sent; receive tells it.
        const auto sent = socket.send_text(take_line(rest));
        if (!sent && sent.error() != hws::Errc::broken_pipe) return sent;
        HWS_TRY(const auto answer, socket.receive());
        conversation += shown(answer) + "\n";
        if (answer.is_close()) break;
    }
    HWS_CHECK(socket.close(1000, "that was all"));
    hws::output(conversation);
    return {};
}
HWS_PLUGIN_EXPORT(execute)
