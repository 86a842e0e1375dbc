#include "support/dnsmasq_server.hpp"

#include "support/ports.hpp"

#include <stdexcept>
#include <unistd.h>

namespace hws::test {

DnsmasqServer::DnsmasqServer(const std::vector<std::string>& arguments) {
    // Debian keeps it in a folder that an ordinary user's PATH lacks.
    const char* const installed = "/usr/sbin/dnsmasq";
    const std::string program = ::access(installed, X_OK) == 0 ? installed : "dnsmasq";
    for (int attempt = 1;; ++attempt) {
        port_ = free_port();
        std::vector<std::string> command{program,
                                         "--no-daemon",
                                         "--conf-file=/dev/null",
                                         "--no-resolv",
                                         "--no-hosts",
                                         "--bind-interfaces",
                                         "--listen-address=127.0.0.1",
                                         "--port=" + std::to_string(port_),
                                         "--pid-file=",
                                         "--log-queries",
                                         "--log-facility=-"};
        // Otherwise root's dnsmasq becomes a user that the machine may lack.
        if (::geteuid() == 0) command.push_back("--user=root");
        command.insert(command.end(), arguments.begin(), arguments.end());
        process_.emplace(command);
        try {
            wait_until_accepting(port_, *process_);
            return;
        } catch (const std::runtime_error&) {
            // The port may have been taken between free_port and dnsmasq's own bind.
            if (attempt == 3) throw;
        }
    }
}

} // namespace hws::test
