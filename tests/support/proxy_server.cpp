#include "support/proxy_server.hpp"

#include "support/ports.hpp"

#include <functional>
#include <stdexcept>

namespace hws::test {
namespace {

/// The port may have been taken between free_port and the program's own bind.
std::uint16_t start(std::optional<Process>& process,
                    const std::function<std::vector<std::string>(std::uint16_t)>& command) {
    for (int attempt = 1;; ++attempt) {
        const std::uint16_t port = free_port();
        process.emplace(command(port));
        try {
            wait_until_accepting(port, *process);
            return port;
        } catch (const std::runtime_error&) {
            if (attempt == 3) throw;
        }
    }
}

} // namespace

TinyproxyServer::TinyproxyServer(const std::string& configuration) {
    port_ = start(process_, [&](std::uint16_t port) {
        folder_.write("tinyproxy.conf", "Listen 127.0.0.1\nPort " + std::to_string(port) +
                                            "\nLogLevel Connect\nTimeout 60\n" + configuration);
        return std::vector<std::string>{"tinyproxy", "-d", "-c",
                                        folder_.path() / "tinyproxy.conf"};
    });
}

SocksServer::SocksServer(const std::string& user, const std::string& password) {
    port_ = start(process_, [&](std::uint16_t port) {
        return std::vector<std::string>{"microsocks", "-i", "127.0.0.1", "-p",
                                        std::to_string(port), "-u", user, "-P", password};
    });
}

} // namespace hws::test
