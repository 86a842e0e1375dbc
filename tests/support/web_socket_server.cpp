#include "support/web_socket_server.hpp"

#include "support/ports.hpp"

#include <stdexcept>

namespace hws::test {

WebSocketServer::WebSocketServer(const std::optional<Certificate>& certificate)
    : is_secure_(certificate.has_value()) {
    for (int attempt = 1;; ++attempt) {
        port_ = free_port();
        // Debian's, which its package belongs to.
        std::vector<std::string> arguments = {
            "/usr/bin/python3", HWS_SUPPORT_DIR "/web_socket_server.py", std::to_string(port_)};
        if (certificate)
            arguments.insert(arguments.end(),
                             {"--certificate", certificate->file, "--key", certificate->key_file});
        process_.emplace(arguments);
        try {
            wait_until_accepting(port_, *process_);
            return;
        } catch (const std::runtime_error&) {
            // The port may have been taken between free_port and the server's own bind.
            if (attempt == 3) throw;
        }
    }
}

} // namespace hws::test
