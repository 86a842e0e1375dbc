// Downloads a file of any size as a stream, counts its lines, and posts the result as JSON.
//
//     hws call http_stream.wasm execute --input "http://127.0.0.1:8080/log.txt http://127.0.0.1:8080/report" \
//         --allow http:127.0.0.1:8080
//
// Input of `execute`: the URL to read and the URL to report to. Output: what the second one answered.

#include <algorithm>
#include <chrono>
#include <hws/http.hpp>
#include <hws/json_reader.hpp>
#include <hws/plugin.hpp>

using namespace std::chrono_literals;

namespace {

struct Summary {
    std::string url;
    std::uint64_t bytes = 0;
    std::uint64_t lines = 0;
};

// How a Summary becomes JSON: RequestBuilder::json finds this function beside the type.
std::string to_json_text(const Summary& summary) {
    return R"({"url":)" + hws::json_string(summary.url) +
           R"(,"bytes":)" + std::to_string(summary.bytes) +
           R"(,"lines":)" + std::to_string(summary.lines) + "}";
}

hws::Result<Summary> summarize(const hws::http::Client& client, std::string_view url) {
    HWS_TRY(auto response, client.get(url).send());
    HWS_CHECK(response.error_for_status());
    Summary summary{.url = std::string(url)};
    // However large the file is, there is one chunk of it in memory.
    for (auto& chunk : response.chunks()) {
        HWS_TRY(const auto bytes, chunk);
        summary.bytes += bytes.size();
        summary.lines += static_cast<std::uint64_t>(std::ranges::count(bytes, std::byte('\n')));
    }
    return summary;
}

} // namespace

hws::Result<void> execute() {
    const std::string input = hws::input_text();
    const std::size_t blank = input.find(' ');
    if (blank == input.npos)
        return hws::fail(hws::Errc::invalid_argument, "input: two URLs, with a blank between them");

    hws::http::Client client;
    client.default_header("User-Agent", "http_stream").connect_timeout(5s).idle_timeout(10s);
    HWS_TRY(const Summary summary, summarize(client, std::string_view(input).substr(0, blank)));
    HWS_TRY(auto answer, client.post(input.substr(blank + 1)).json(summary).send());
    HWS_CHECK(answer.error_for_status());
    HWS_TRY(const std::string text, answer.text());
    hws::output(text);
    return {};
}
HWS_PLUGIN_EXPORT(execute)
