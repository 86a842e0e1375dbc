#pragma once
/// What the library's tests share: one runtime for the whole executable, the test plugins, and a
/// plugin with its log at hand.

#include <functional>
#include <future>
#include <hws/host/runtime.hpp>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hws::test {

/// The runtime that tests use which need none of their own. Its modules are cached in the build
/// folder.
host::Runtime& runtime();
/// Options of a runtime that caches where `runtime()` does.
host::RuntimeOptions runtime_options();

/// A test plugin by its name: "net_sdk". Loaded once.
const host::Module& module_of(const std::string& name);
/// False for a plugin in Rust or Go where its compiler is not installed; says so.
bool has_module(const std::string& name);
std::vector<std::byte> bytes_of_module(const std::string& name);
/// Those of net_sdk, net_raw, rust_v1 that were built.
std::vector<std::string> network_plugins();

std::vector<std::byte> bytes_of(std::string_view text);

/// Lines that came from the loop's thread.
class Lines {
public:
    void add(std::string line);
    std::vector<std::string> all() const;
    /// One text, a line each.
    std::string text() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

struct Setup {
    /// Rules as Policy::parse takes them; loopback is open unless said otherwise.
    std::vector<std::string> rules = {"allow tcp:loopback:*", "allow udp:loopback:*",
                                      "allow icmp:loopback", "allow http:loopback:*"};
    host::Limits limits = {};
    std::map<std::string, std::string, std::less<>> config = {};
    host::LogLevel log_level = host::LogLevel::debug;
    host::Runtime* runtime = nullptr; ///< null: the shared one
};

/// Limits under which waiting for a socket ends soon.
host::Limits impatient();

class TestPlugin {
public:
    explicit TestPlugin(const std::string& module, Setup setup = {});
    explicit TestPlugin(const host::Module& module, Setup setup = {});

    /// The output as text, or `<code>: <context>` of the failure.
    std::string call(std::string_view export_name, std::string_view input = {});
    std::future<Result<host::Output>> begin(std::string_view export_name,
                                            std::string_view input = {});
    /// Runs net_raw's script; the result of each line. `FAIL`s the test where the script itself did
    /// not run.
    std::vector<std::string> script(std::initializer_list<std::string> lines);
    std::vector<std::string> script(const std::vector<std::string>& lines);

    /// `tcp_connect: refused` and the like: what the host remarked.
    std::string remarks() const { return remarks_->text(); }
    std::string last_remark() const;
    std::string log() const { return log_->text(); }
    host::Plugin& plugin() { return plugin_; }

private:
    std::shared_ptr<Lines> log_ = std::make_shared<Lines>();
    std::shared_ptr<Lines> remarks_ = std::make_shared<Lines>();
    host::Plugin plugin_;
};

/// As TestPlugin::call gives it.
std::string text_of(const Result<host::Output>& result);

bool contains(std::string_view text, std::string_view part);

/// net_sdk's and net_raw's digest and pattern.
std::string digest(std::string_view bytes);
std::string pattern(std::size_t size);

/// A TCP server that accepts one connection and hands it to `work`, on a thread of its own. The
/// destructor shuts the connection down, so that `work` ends where it waits.
class OneConnection {
public:
    explicit OneConnection(std::function<void(int)> work);
    ~OneConnection();
    OneConnection(const OneConnection&) = delete;
    OneConnection& operator=(const OneConnection&) = delete;

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    int connection_ = -1; // guarded by mutex_
    std::thread thread_;
};

/// Writes it all; false where the connection ends first.
bool write_all(int socket, std::string_view bytes);
/// Waits until the peer, or the fixture's destructor, has ended the connection.
void wait_for_end(int socket);

} // namespace hws::test
