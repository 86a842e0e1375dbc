// Dialect v1 has one call for a whole exchange, so all of it is done when `start` returns.

#include "../src/base64.hpp"
#include "../src/http_syntax.hpp"
#include "block.hpp"
#include "http_exchange.hpp"
#include "v1.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <hws/json_reader.hpp>
#include <vector>

namespace hws::backend {

namespace {

std::unexpected<Error> no_such_word(std::string_view what) {
    return fail(Errc::unsupported, "http: dialect v1 can't " + std::string(what));
}

/// What the host does anyway is fine; the rest it has no words for.
Result<void> check_supported(const HttpRequestMessage& request) {
    if (request.body_kind == HttpRequestMessage::Body::stream)
        return no_such_word("send a body piece by piece");
    const http::Options& options = request.options;
    if (options.timeout || options.connect_timeout || options.idle_timeout)
        return no_such_word("be told a timeout; the host's operator sets it");
    const http::Options usual;
    if (options.redirects != usual.redirects)
        return no_such_word("be told which redirects to follow; it follows up to 10");
    if (options.protocol != usual.protocol) return no_such_word("be told the version of HTTP");
    if (options.decompression != usual.decompression)
        return no_such_word("leave a body packed; the header Accept-Encoding: identity may help");
    if (options.cookies != usual.cookies) return no_such_word("keep cookies");
    if (options.expect_continue != usual.expect_continue)
        return no_such_word("ask before it sends a body");
    return {};
}

// ["Accept: */*","X: y"]
std::string json_lines(std::span<const std::pair<std::string, std::string>> headers) {
    std::string array = "[";
    for (const auto& [name, value] : headers) {
        if (array.size() > 1) array += ',';
        array += json_string(name + ": " + value);
    }
    return array + "]";
}

class Answer final : public HttpExchange {
public:
    // {"status":200,"headers":{"Set-Cookie":["a=1","b=2"]},"body":"aGk="}
    static Result<std::shared_ptr<HttpExchange>> parse(std::string_view text) {
        auto answer = std::make_shared<Answer>();
        http::ResponseHead& head = answer->head_;
        JsonReader json(text);
        std::string storage;
        std::string name_storage;
        json.enter_object();
        while (auto key = json.next_key(name_storage)) {
            if (*key == "status") {
                head.status = static_cast<std::uint16_t>(json.read_integer());
            } else if (*key == "headers") {
                json.enter_object();
                while (auto name = json.next_key(name_storage)) {
                    json.enter_array();
                    while (json.next_element())
                        answer->take_field(*name, json.read_string(storage));
                }
            } else if (*key == "body") {
                auto body = guest::decode_base64(json.read_string(storage));
                if (!body) return fail(Errc::protocol, "http_request: the body is not base64");
                answer->body_ = std::move(*body);
            } else {
                json.skip_value();
            }
        }
        if (!json.finish())
            return fail(Errc::protocol, "http_request: malformed answer of the host");
        return answer;
    }

    Result<http::ResponseHead> head() override { return head_; }

    Result<http::HeaderMap> headers() override {
        http::HeaderMap headers;
        std::size_t name = 0;
        for (const auto& [value, end] : fields_) {
            headers.append(std::string_view(field_text_).substr(name, value - name),
                           std::string_view(field_text_).substr(value, end - value));
            name = end;
        }
        return headers;
    }

    Result<std::size_t> read(std::span<std::byte> into) override {
        const std::size_t count = std::min(into.size(), body_.size() - taken_);
        if (count > 0) std::memcpy(into.data(), body_.data() + taken_, count);
        taken_ += count;
        return count;
    }

    Result<std::size_t> write(std::span<const std::byte>) override {
        return no_such_word("send a body piece by piece");
    }
    Result<void> finish_body() override { return no_such_word("send a body piece by piece"); }
    Result<http::HeaderMap> trailers() override { return no_such_word("tell trailers"); }
    Result<std::vector<http::Informational>> informational() override {
        return no_such_word("tell what came before the response");
    }
    Result<std::string> url() override { return no_such_word("tell where redirects led"); }
    Result<void> set_blocking(Blocking blocking) override {
        if (blocking == Blocking::waits) return {};
        return no_such_word("go on meanwhile: it has only calls that wait");
    }
    int descriptor() const override { return -1; }

private:
    void take_field(std::string_view name, std::string_view value) {
        field_text_.append(name);
        const std::size_t begin = field_text_.size();
        field_text_.append(value);
        fields_.push_back({begin, field_text_.size()});
        if (head_.content_length || !guest::equal_ignoring_case(name, "Content-Length")) return;
        std::uint64_t bytes = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
        if (error == std::errc() && end == value.data() + value.size()) head_.content_length = bytes;
    }

    http::ResponseHead head_;
    /// Names and values without anything between, until somebody asks for a header.
    struct Field {
        std::size_t value; // where it begins, the name's end
        std::size_t end;
    };
    std::string field_text_;
    std::vector<Field> fields_;
    std::vector<std::byte> body_;
    std::size_t taken_ = 0;
};

} // namespace

Result<std::shared_ptr<HttpExchange>> HttpExchange::start(const HttpRequestMessage& request) {
    HWS_CHECK(check_supported(request));
    HWS_TRY(OwnedBlock method, OwnedBlock::copy_of(request.method));
    HWS_TRY(OwnedBlock url, OwnedBlock::copy_of(request.url));
    HWS_TRY(OwnedBlock headers, OwnedBlock::copy_of(json_lines(request.headers)));
    OwnedBlock body;
    if (request.body_kind == HttpRequestMessage::Body::memory) {
        // Not copy_of: an empty body is a block too, 0 means that there is none.
        body = OwnedBlock(extism::alloc(request.body.size()));
        if (!body && !request.body.empty())
            return fail(Errc::out_of_memory, "http_request: the body");
        store(body.get().offset, request.body);
    }
    std::string text;
    {
        OwnedBlock answer(v1::http_request(method.get(), url.get(), headers.get(), body.get()));
        if (!answer)
            return v1::failed(Errc::io, request.method, request.url);
        text = answer.text();
    }
    return Answer::parse(text);
}

} // namespace hws::backend
