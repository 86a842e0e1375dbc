#include "core/http_proxy.hpp"

#include <curl/curl.h>
#include <memory>

namespace hws::host::core {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::unexpected<Error> bad_proxy(std::string_view why) {
    // Without the text, which may have a password in it.
    return fail(Errc::bad_url, "proxy: " + std::string(why));
}

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
    return text;
}

} // namespace

Result<HttpProxy> HttpProxy::parse(std::string_view url) {
    Kind kind = Kind::http;
    std::string_view rest = url;
    if (url.starts_with("http://"))
        rest.remove_prefix(7);
    else if (url.starts_with("https://"))
        kind = Kind::https, rest.remove_prefix(8);
    else if (url.starts_with("socks5://"))
        kind = Kind::socks5, rest.remove_prefix(9);
    else
        return bad_proxy("is not http://, https:// or socks5://");
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/?#\\") != rest.npos) return bad_proxy("has a path");

    const std::size_t at = rest.rfind('@');
    const std::string_view host_and_port = at == rest.npos ? rest : rest.substr(at + 1);
    auto target = parse_target(host_and_port);
    if (!target) return bad_proxy("is not host:port");
    HttpProxy proxy(kind, *std::move(target));
    if (at != rest.npos) {
        const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
        if (!parsed) return fail(Errc::out_of_memory);
        const std::string text = "http://" + std::string(rest);
        if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
            return bad_proxy("its user name or password cannot be read");
        proxy.user_ = part_of(parsed.get(), CURLUPART_USER);
        proxy.password_ = part_of(parsed.get(), CURLUPART_PASSWORD);
        if (proxy.user_.empty()) return bad_proxy("its user name is empty");
    }
    return proxy;
}

} // namespace hws::host::core
