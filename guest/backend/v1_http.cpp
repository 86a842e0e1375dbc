#include "../src/base64.hpp"
#include "block.hpp"
#include "http_exchange.hpp"
#include "v1.hpp"

#include <hws/json_reader.hpp>

namespace hws::backend {

namespace {

std::string json_array(std::span<const std::string> texts) {
    std::string array = "[";
    for (const std::string& text : texts) {
        if (array.size() > 1) array += ',';
        array += json_string(text);
    }
    return array + "]";
}

// {"status":200,"headers":{"Set-Cookie":["a=1","b=2"]},"body":"aGk="}
Result<HttpResponseMessage> parse_http(std::string_view text) {
    JsonReader json(text);
    HttpResponseMessage response;
    std::string storage;
    json.enter_object();
    while (auto key = json.next_key()) {
        if (*key == "status") {
            response.status = static_cast<std::uint16_t>(json.read_integer());
        } else if (*key == "headers") {
            json.enter_object();
            while (auto name = json.next_key()) {
                json.enter_array();
                while (json.next_element())
                    response.headers.append(*name, json.read_string(storage));
            }
        } else if (*key == "body") {
            auto body = guest::decode_base64(json.read_string(storage));
            if (!body) return fail(Errc::protocol, "http_request: the body is not base64");
            response.body = std::move(*body);
        } else {
            json.skip_value();
        }
    }
    if (!json.finish()) return fail(Errc::protocol, "http_request: malformed answer of the host");
    return response;
}

} // namespace

Result<HttpResponseMessage> exchange(const HttpRequestMessage& request) {
    HWS_TRY(OwnedBlock method, OwnedBlock::copy_of(request.method));
    HWS_TRY(OwnedBlock url, OwnedBlock::copy_of(request.url));
    HWS_TRY(OwnedBlock headers, OwnedBlock::copy_of(json_array(request.header_lines)));
    OwnedBlock body;
    if (request.body) {
        // Not copy_of: an empty body is a block too, 0 means that there is none.
        body = OwnedBlock(extism::alloc(request.body->size()));
        if (!body && !request.body->empty())
            return fail(Errc::out_of_memory, "http_request: the body");
        store(body.get().offset, *request.body);
    }
    std::string text;
    {
        OwnedBlock answer(v1::http_request(method.get(), url.get(), headers.get(), body.get()));
        if (!answer) return v1::failed(Errc::io, std::string(request.method), request.url);
        text = answer.text();
    }
    return parse_http(text);
}

} // namespace hws::backend
