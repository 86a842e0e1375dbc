#include "support/redis_server.hpp"

#include "support/ports.hpp"

#include <stdexcept>

namespace hws::test {

RedisServer::RedisServer(const std::vector<std::string>& options) {
    for (int attempt = 1;; ++attempt) {
        port_ = free_port();
        std::vector<std::string> arguments = {
            "redis-server", "--port", std::to_string(port_),   "--bind", "127.0.0.1",
            "-::1",         "--dir",  folder_.path().string(), "--save", "",
            "--appendonly", "no",     "--daemonize",           "no",     "--loglevel",
            "warning"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        process_.emplace(arguments);
        try {
            wait_until_accepting(port_, *process_);
            return;
        } catch (const std::runtime_error&) {
            // The port may have been taken between free_port and redis' own bind.
            if (attempt == 3) throw;
        }
    }
}

} // namespace hws::test
