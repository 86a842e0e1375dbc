#pragma once
/// An nginx of a test's own.

#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hws::test {

struct NginxOptions {
    /// Goes inside the one `server { }`, which listens on the free port and serves the folder
    /// `www`: location blocks and the like.
    /// @PORT@ and @PREFIX@ (the temporary folder) are replaced.
    std::string server;
    /// Goes inside `http { }`, beside that server: maps, further servers.
    std::string http;
    /// A master with one worker instead of one process for both; a test of reloading needs it.
    bool with_master_process = false;
};

/// nginx on a free port of 127.0.0.1 and ::1, in a temporary folder.
/// It accepts connections when the constructor returns, and is gone when the destructor does.
class NginxServer {
public:
    /// Throws std::runtime_error, with nginx' own message, where it is not installed or refuses the
    /// configuration.
    explicit NginxServer(const NginxOptions& options = {});

    /// Puts a file where "GET /name" finds it.
    void write(const std::string& name, std::string_view content) const {
        folder_.write("www/" + name, content);
    }

    /// One line for each request answered so far: connection number, number of the request on it,
    /// method, target, status. Requests with the same connection number used one connection.
    std::string access_log() const { return read_file(folder_.path() / "access.log"); }

    std::uint16_t port() const { return port_; }
    /// "127.0.0.1:8080"
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// "http://127.0.0.1:8080" + `path`, which begins with a slash.
    std::string url(std::string_view path = "/") const {
        return "http://" + address() + std::string(path);
    }
    const std::filesystem::path& folder() const { return folder_.path(); }
    Process& process() { return *process_; }

private:
    TemporaryFolder folder_;
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

} // namespace hws::test
