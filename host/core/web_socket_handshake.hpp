#pragma once
/// The opening handshake of a WebSocket, as texts. Source: RFC 6455, 4.1 and 4.2.2.

#include "core/http_exchange.hpp"
#include "core/url.hpp"

#include <hws/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hws::host::core {

struct WebSocketOffer {
    Url url; ///< of Url::parse_web_socket
    HttpHeaders fields{};
    std::vector<std::string> protocols{}; ///< subprotocols, the wanted one first
};

/// A random one, for one handshake. Errors: io.
Result<std::string> make_web_socket_key();

/// What the client sends. Errors: invalid_argument (a field that is none, or is the handshake's
/// own; a subprotocol that is none, or stands there twice; the text names it), too_large.
Result<std::string> format_opening(const WebSocketOffer& offer, std::string_view key,
                                   std::size_t max_bytes);

struct ResponseHead {
    int status = 0;
    HttpHeaders fields;
};

/// A head with its blank line. Strict: lines end in CR LF, none is folded. Errors: protocol.
Result<ResponseHead> parse_response_head(std::string_view text);

/// Whether the server has agreed; gives the subprotocol that it chose, which may be none. Errors:
/// bad_status (anything but 101; the text has it), protocol (it does not prove that it understood,
/// or chose a subprotocol or an extension that was not offered).
Result<std::string> check_opening(const ResponseHead& head, const WebSocketOffer& offer,
                                  std::string_view key);

} // namespace hws::host::core
